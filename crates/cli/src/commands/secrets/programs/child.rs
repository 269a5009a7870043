//! A program that works for the person at the terminal, and that we wait for.

use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

/// One that was told to end gets so long for it.
const TO_END: Duration = Duration::from_secs(3);

/// Runs it to its end. There is no limit: people take the time that they take.
pub(super) async fn run(mut command: Command, told: impl FnOnce() -> String) -> anyhow::Result<ExitStatus> {
    let (mut terminate, mut hang_up) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut child = command.kill_on_drop(true).spawn().with_context(told)?;
    loop {
        tokio::select! {
            status = child.wait() => return status.context("waiting for a program failed"),
            // Ctrl-C goes to all that run at a terminal, and the program knows what it means to it.
            _ = interrupt.recv() => {}
            _ = terminate.recv() => return stopped(child).await,
            _ = hang_up.recv() => return stopped(child).await,
        }
    }
}

async fn stopped(mut child: Child) -> anyhow::Result<ExitStatus> {
    if let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)) {
        let _ = kill_process(pid, Signal::TERM);
    }
    if timeout(TO_END, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
    bail!("stopped by a signal: nothing was written");
}
