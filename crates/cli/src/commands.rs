//! The commands, one file each.

pub(crate) mod chat;
pub(crate) mod demo;
pub(crate) mod rbac;
mod repo;
pub(crate) mod serve;
pub(crate) mod set_image;
pub(crate) mod sign_in;

/// A secret of the environment; an empty one is none.
fn secret(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}
