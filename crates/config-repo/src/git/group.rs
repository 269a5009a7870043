//! The process group of one run: git and every helper that it started (ssh, git-remote-https, ...).

use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process_group, prlimit};
use tokio::process::Child;

/// How long git gets to remove its lock files before it is killed.
const GRACE: Duration = Duration::from_millis(500);

/// Kills the group when dropped before [`ProcessGroup::ended`]: that is how a caller who gives up stops git.
#[derive(Debug)]
pub(super) struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    pub(super) fn of(child: &Child) -> Self {
        let raw = child.id().and_then(|id| i32::try_from(id).ok());
        Self(raw.and_then(Pid::from_raw))
    }

    /// Bounds each file that the leader and whoever it starts from now on may write. It is set from outside, right after
    /// the start: git takes far longer to have its first helper write something.
    pub(super) fn limit_files(&self, bytes: u64) {
        let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
        if let Err(error) = prlimit(self.0, Resource::Fsize, limit).map_or_else(Err, |_before| Ok(())) {
            tracing::warn!(%error, "git runs without a limit for the length of files");
        }
    }

    /// Asks the group to end, then kills it, then reaps the leader.
    pub(super) async fn stop(&mut self, child: &mut Child) {
        self.signal(Signal::TERM);
        // The answer of either wait is of no use: the group is killed in any case, members that ignored us included.
        let _graceful = tokio::time::timeout(GRACE, child.wait()).await;
        self.signal(Signal::KILL);
        let _reaped = child.wait().await;
        self.ended();
    }

    /// The leader was waited for, so its number may belong to others from now on.
    pub(super) fn ended(&mut self) {
        self.0 = None;
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.0 {
            // The only failure is that nobody is left.
            let _gone = kill_process_group(pid, signal);
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
