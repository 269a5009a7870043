//! The loops that keep the verbs true. None takes an input: each is woken by a signal or a timer and re-reads the world.

mod apps;
mod builds;
mod config;
mod conversation;
mod fleets;
mod lanes;
mod rest;
mod unbroken;
mod until_writable;

use futures::future::BoxFuture;
use unbroken::unbroken;

use crate::Control;

/// Runs all loops until the process ends.
pub(crate) async fn run(control: Control) {
    // What is written first would hide that the database was empty.
    while let Err(trouble) = control.inner.read_back().await {
        tracing::warn!(%trouble, "recorded pins can't be read back from git, and it is tried again");
        until_writable::until_writable(&control, "all").await;
    }
    let (it, mut tasks) = (&control, tokio::task::JoinSet::new());
    tasks.spawn(begun(it, "taking builds in", builds::run));
    tasks.spawn(begun(it, "following the config repo", config::run));
    tasks.spawn(begun(it, "looking at Apps", apps::run));
    tasks.spawn(begun(it, "releasing fleets", fleets::run));
    tasks.spawn(begun(it, "telling chat", conversation::tell));
    tasks.spawn(begun(it, "listening to chat", conversation::listen));
    tasks.spawn(begun(it, "the list of instances", lanes::run));
    tasks.join_all().await;
}

/// One of the loops, whatever breaks in it.
fn begun<F>(control: &Control, what: &'static str, run: fn(Control) -> F) -> BoxFuture<'static, ()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let control = control.clone();
    Box::pin(async move { unbroken(&control, what, || run(control.clone())).await })
}
