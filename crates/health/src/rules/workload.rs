//! What the workload rules have in common: counts beside the evidence of pods.

use crate::pods::Evidence;
use crate::read::text;
use crate::rules::Subject;
use crate::verdict::{Cause, Failure, Progress, Verdict};
use crate::words;

/// How far a rollout is.
#[derive(Clone, Copy)]
pub(crate) struct Counts {
    /// So many are wanted.
    pub(crate) desired: u64,
    /// So many of the newest revision are there.
    pub(crate) updated: u64,
    /// So many of the newest revision are ready (for as long as `minReadySeconds` asks).
    pub(crate) ready: u64,
    /// So many that should not be there any more are.
    pub(crate) surplus: u64,
}

impl Counts {
    /// Whether all that is wanted is there and nothing else.
    pub(crate) fn complete(self) -> bool {
        self.updated >= self.desired && self.ready >= self.desired && self.surplus == 0
    }
}

/// The verdict on a rollout: the pods' evidence first, then the counts.
pub(crate) fn verdict(subject: &Subject<'_>, counts: Counts, evidence: Evidence) -> Verdict {
    if let Some(failed) = evidence.failed {
        return Verdict::Failed(failed);
    }
    if counts.complete() {
        return Verdict::Current;
    }
    let name = &subject.key.name;
    let Counts { desired, updated, ready, surplus } = counts;
    let mut progress = match evidence.waits {
        Some(waits) => waits,
        None if updated < desired => {
            let sentence = format!("{name}: {updated} of {desired} of the new version started");
            Progress::new(&subject.key, sentence, format!("{}: updated {updated}/{desired}", subject.key))
        }
        None if ready < desired => {
            let sentence = format!("{name}: {ready} of {desired} are ready");
            Progress::new(&subject.key, sentence, format!("{}: ready {ready}/{desired}", subject.key))
        }
        None => {
            let sentence = format!("{name}: {surplus} still to stop");
            Progress::new(&subject.key, sentence, format!("{}: {surplus} surplus pods", subject.key))
        }
    };
    progress.ready = Some((ready.min(desired), desired));
    Verdict::InProgress(progress)
}

/// What a refused pod means: final when a quota or a rule of the cluster says no, else worth another try.
pub(crate) fn refused(subject: &Subject<'_>, message: &str, can_make_room: bool) -> Verdict {
    const FINAL: &[&str] = &["forbidden", "denied", "violates", "is invalid", "not allowed"];
    const PASSING: &[&str] = &["failed calling webhook", "timeout", "deadline exceeded", "connection refused"];
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let sentence = words::not_admitted(&subject.key.name, message);
    let full = message.contains("exceeded quota");
    if full && can_make_room {
        return subject.in_progress(format!("{sentence}; the version before makes room"), message);
    }
    if (full || says(FINAL)) && !says(PASSING) {
        return subject.failed(Cause::QuotaOrAdmission, sentence, message);
    }
    subject.in_progress(format!("{sentence}; trying again"), message)
}

/// Whether pods could not be made since the newest revision came to be. Read from events, where the kind's own
/// status does not say it.
pub(crate) fn refused_by_event(subject: &Subject<'_>, since: Option<&str>) -> Option<Verdict> {
    let event = subject.children.newest_event(subject.object, &["FailedCreate", "SuccessfulCreate"])?;
    if text(event, "/reason") != Some("FailedCreate") {
        return None;
    }
    // The event may be about the version before; times are in one form and have full seconds.
    let at = crate::children::happened_at(event);
    if since.is_none_or(|since| at.get(..19) < since.get(..19)) {
        return None;
    }
    Some(refused(subject, text(event, "/message").unwrap_or_default(), false))
}

/// The newest revision can't go on by Kubernetes' own reckoning.
pub(crate) fn too_slow(subject: &Subject<'_>, evidence: Evidence, message: &str) -> Verdict {
    let waits = evidence.waits;
    let why = waits.as_ref().map_or_else(|| words::short(message), |waits| waits.sentence.clone());
    Verdict::Failed(Failure {
        object: subject.key.clone(),
        cause: Cause::DeadlineExceeded,
        sentence: format!("{} was not ready in the time its own settings allow: {why}", subject.key.name),
        technical: format!("{}: ProgressDeadlineExceeded: {message}", subject.key),
        logs_of: waits.and_then(|waits| waits.logs_of),
        exit_code: None,
    })
}
