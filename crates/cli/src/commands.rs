//! The commands, one file each.

pub(crate) mod accept_rewrite;
pub(crate) mod adopt;
pub(crate) mod app;
pub(crate) mod approve;
pub(crate) mod builds;
pub(crate) mod cancel;
pub(crate) mod charts;
pub(crate) mod chat;
pub(crate) mod confirm_prune;
pub(crate) mod crds;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod eject;
pub(crate) mod fleets;
pub(crate) mod health;
pub(crate) mod lint;
pub(crate) mod lock;
pub(crate) mod login;
pub(crate) mod logout;
mod on_instance;
mod on_pin;
pub(crate) mod operator;
pub(crate) mod pins;
pub(crate) mod plan;
pub(crate) mod pruned;
pub(crate) mod rbac;
pub(crate) mod reject;
pub(crate) mod render;
mod render_args;
pub(crate) mod render_child;
mod repo;
pub(crate) mod restore;
pub(crate) mod retry;
pub(crate) mod revert;
pub(crate) mod secrets;
pub(crate) mod serve;
pub(crate) mod set_image;
pub(crate) mod show;
pub(crate) mod sign_in;
pub(crate) mod status;
pub(crate) mod sync;
pub(crate) mod unlock;
pub(crate) mod unpin;
pub(crate) mod write_drift;

/// A secret of the environment; an empty one is none.
pub(crate) fn secret(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}
