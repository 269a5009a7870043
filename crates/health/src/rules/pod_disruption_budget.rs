//! PodDisruptionBudget: Current once it was taken up. That it allows no disruption now is what it is for.

use crate::read::{condition, int};
use crate::rules::Subject;
use crate::verdict::Verdict;
use crate::words;

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    if int(subject.object, "/status/observedGeneration").is_none() {
        return subject.unseen("no observedGeneration yet");
    }
    let allowed = condition(subject.object, "DisruptionAllowed");
    match allowed.filter(|allowed| allowed.is_false() && allowed.reason == "SyncFailed") {
        Some(failed) => {
            let sentence = format!("{} protects nothing yet: {}", subject.key.name, words::short(failed.told()));
            subject.in_progress(sentence, format!("DisruptionAllowed: {}: {}", failed.reason, failed.message))
        }
        None => Verdict::Current,
    }
}
