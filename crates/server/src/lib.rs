//! HTTP: hooks, chat callbacks, JSON API, the live page.
//!
//! Place in the path: whatever arrives is bounded, proven and parsed here; then one verb of [`control::Control`] is called,
//! and what it answers is shown as a page, as JSON or as a status. Nothing is decided here. Every address is one line in
//! `router.rs`, with the permission that it needs.

mod api;
mod app;
mod assets;
mod body;
mod glance;
mod guard;
mod hooks;
mod live;
mod metrics;
mod origin;
mod pages;
mod permission;
mod probes;
mod problem;
mod router;
mod secure_headers;
mod serve;
mod session;
mod settings;
mod sign_in;
mod slack;
#[cfg(test)]
mod tests;
mod verbs;
mod wire;

pub use serve::{ServeError, router, serve};
pub use settings::ServerSettings;
pub use sign_in::{SIGN_IN_LINK_LASTS, sign_in_link};
