//! The loops that keep the verbs true. None takes an input: each is woken by a signal or a timer and re-reads the world.

mod builds;
mod config;
mod conversation;
mod fleets;
mod lanes;
mod rest;
mod until_writable;

use crate::Control;

/// Runs all loops until the process ends.
pub(crate) async fn run(control: Control) {
    // What is written first would hide that the database was empty.
    while let Err(trouble) = control.inner.read_back().await {
        tracing::warn!(%trouble, "recorded pins can't be read back from git, and it is tried again");
        until_writable::until_writable(&control).await;
    }
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(builds::run(control.clone()));
    tasks.spawn(config::run(control.clone()));
    tasks.spawn(fleets::run(control.clone()));
    tasks.spawn(conversation::tell(control.clone()));
    tasks.spawn(conversation::listen(control.clone()));
    tasks.spawn(lanes::run(control));
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a loop ended");
        }
    }
}
