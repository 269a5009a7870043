//! When a verdict has stood for long enough. Counts only time in which we looked.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::verdict::{Cause, Failure, Progress, Verdict};

/// The wait for one candidate: passes when it has been Current without a break for the stable window, fails on the
/// first Failed and at the deadline. It is told how much time was observed and reads no clock, so that an outage of
/// ours (or of the API server) uses up nobody's deadline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    deadline: Duration,
    stable_for: Duration,
    observed: Duration,
    current_for: Option<Duration>,
    extended: bool,
    last: Option<Progress>,
}

/// What to do after one look.
#[expect(clippy::large_enum_variant, reason = "one lives at a time, and a box would only be unpacked at once")]
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Go on watching.
    Wait,
    /// It is proven.
    Passed,
    /// It will not come.
    Failed(Failure),
}

impl Watch {
    /// A wait that fails when it is not Current after `deadline`, and passes when it was for `stable_for` at a stretch.
    pub fn new(deadline: Duration, stable_for: Duration) -> Self {
        Self { deadline, stable_for, observed: Duration::ZERO, current_for: None, extended: false, last: None }
    }

    /// Takes in one look: the verdict now, and how much time was observed since the look before.
    pub fn observe(&mut self, verdict: &Verdict, since_last: Duration) -> Decision {
        // What has a deadline of its own is not hurried by ours.
        if !matches!(verdict, Verdict::InProgress(progress) if progress.timed) {
            self.observed = self.observed.saturating_add(since_last);
        }
        match verdict {
            Verdict::Failed(failure) => return Decision::Failed(failure.clone()),
            Verdict::Current => {
                // The time before this look counts only if it was Current at the look before.
                let current_for = self.current_for.map_or(Duration::ZERO, |before| before.saturating_add(since_last));
                self.current_for = Some(current_for);
                return if current_for >= self.stable_for { Decision::Passed } else { Decision::Wait };
            }
            Verdict::InProgress(progress) => {
                self.extended |= progress.patience;
                self.last = Some(progress.clone());
            }
            Verdict::Terminating | Verdict::Unknown(_) => {}
        }
        self.current_for = None;
        if self.observed >= self.limit() { Decision::Failed(self.too_late(verdict)) } else { Decision::Wait }
    }

    /// How long until time alone can change the decision; a look is due then even if nothing is reported.
    pub fn look_again_in(&self) -> Duration {
        match self.current_for {
            Some(current_for) => self.stable_for.saturating_sub(current_for),
            None => self.limit().saturating_sub(self.observed),
        }
    }

    /// How much time was observed so far.
    pub fn observed(&self) -> Duration {
        self.observed
    }

    /// A machine being added is worth waiting for once more as long, but once only.
    fn limit(&self) -> Duration {
        if self.extended { self.deadline.saturating_mul(2) } else { self.deadline }
    }

    fn too_late(&self, verdict: &Verdict) -> Failure {
        let waited = spoken(self.limit());
        let last = match verdict {
            Verdict::InProgress(progress) => Some(progress),
            _ => self.last.as_ref(),
        };
        let why = match (verdict, last) {
            (Verdict::InProgress(_), _) | (_, None) => verdict.sentence().to_owned(),
            (_, Some(last)) => format!("{}; before: {}", verdict.sentence(), last.sentence),
        };
        let object = last.map_or_else(crate::key::ObjectKey::nothing, |last| last.object.clone());
        Failure {
            object,
            cause: Cause::DeadlineExceeded,
            sentence: format!("not ready after {waited}: {why}"),
            technical: last.map_or_else(String::new, |last| last.technical.clone()),
            logs_of: last.and_then(|last| last.logs_of.clone()),
            exit_code: None,
        }
    }
}

/// `3 m 12 s`
fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 60, seconds % 60) {
        (0, 0) => format!("{} ms", duration.as_millis()),
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} m"),
        (minutes, seconds) => format!("{minutes} m {seconds} s"),
    }
}
