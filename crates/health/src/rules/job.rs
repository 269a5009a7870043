//! Job: Current only when it is complete. Its tries are counted by itself; what can't start at all fails at once.

use serde_json::Value;

use crate::children::{ChildKind, container_statuses};
use crate::pods::{self, Restarting};
use crate::read::{condition, count, flag, int, text};
use crate::rules::Subject;
use crate::rules::workload;
use crate::verdict::{Cause, Failure, Progress, Verdict};
use crate::words;

/// Why a Job failed, or a pod of it, whose time was over.
const TOO_LATE: &str = "DeadlineExceeded";

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    let (object, name) = (subject.object, &subject.key.name);
    let holds = |kind: &str| condition(object, kind).filter(|condition| condition.is_true());
    if holds("Complete").is_some() {
        return Verdict::Current;
    }
    if let Some(failed) = holds("Failed").or_else(|| holds("FailureTarget")) {
        return Verdict::Failed(failure(subject, failed.reason, failed.message));
    }
    if flag(object, "/spec/suspend") {
        return Verdict::Current;
    }
    let pods = subject.children.owned(object, ChildKind::Pod);
    let evidence = pods::evidence(subject.children, &subject.key, pods, Restarting::IsAllowed);
    if let Some(failed) = evidence.failed {
        return Verdict::Failed(failed);
    }
    let pods_there =
        count(object, "/status/active") + count(object, "/status/failed") + count(object, "/status/succeeded");
    if pods_there == 0
        && let Some(refused) = workload::refused_by_event(subject, text(object, "/metadata/creationTimestamp"))
    {
        return refused;
    }
    if text(object, "/status/startTime").is_none() {
        return subject.unseen("no startTime yet");
    }
    let tries = count(object, "/status/failed");
    let mut progress = if tries == 0 {
        evidence.waits.filter(|_| count(object, "/status/ready") == 0).unwrap_or_else(|| {
            Progress::new(&subject.key, format!("{name} is at work"), format!("{}: active", subject.key))
        })
    } else {
        let limit = int(object, "/spec/backoffLimit").unwrap_or(6);
        let sentence = format!("{name} is at work: try {} of {}", tries + 1, limit + 1);
        Progress::new(&subject.key, sentence, format!("{}: {tries} failed, backoffLimit {limit}", subject.key))
    };
    if let Some(wanted) = int(object, "/spec/completions").and_then(|wanted| u64::try_from(wanted).ok()) {
        progress.ready = Some((count(object, "/status/succeeded"), wanted));
    }
    Verdict::InProgress(progress)
}

fn failure(subject: &Subject<'_>, reason: &str, message: &str) -> Failure {
    let name = &subject.key.name;
    let pods = || subject.children.owned(subject.object, ChildKind::Pod);
    let newest = pods().filter_map(last_bad_end).max_by(|a, b| a.at.cmp(b.at));
    let was_late = newest.as_ref().map_or_else(|| pods().any(was_ended), |end| was_ended(end.pod));
    let took_too_long = reason == TOO_LATE || was_late;
    let sentence = if took_too_long {
        format!("{name} took longer than its settings allow")
    } else {
        format!("{name} ended badly")
    };
    let technical = format!("{}: {reason}: {message}", subject.key);
    let mut failure = Failure::new(&subject.key, Cause::JobFailed, sentence, technical);
    if let Some(end) = newest {
        let out_of_memory = end.reason == "OOMKilled";
        failure.exit_code = end.code;
        failure.logs_of = Some(pods::logs_of(end.pod, end.status));
        let who = pods::called(&subject.key, end.pod, end.status);
        if out_of_memory {
            failure.cause = Cause::OutOfMemory;
            failure.sentence = words::out_of_memory(&who, None, 1);
        } else if let Some(code) = end.code.filter(|_| !took_too_long) {
            let tries = count(subject.object, "/status/failed");
            let tries = if tries > 1 { format!(" (tried {tries} times)") } else { String::new() };
            failure.sentence = format!("{who} ended badly{tries}: exit code {code}");
        }
    }
    failure
}

/// Whether its own time was over. Then it was a bad end, whatever it says for itself.
fn was_ended(pod: &Value) -> bool {
    text(pod, "/status/reason") == Some(TOO_LATE)
}

/// How a container of a job ended.
struct End<'a> {
    pod: &'a Value,
    status: &'a Value,
    reason: &'a str,
    code: Option<i64>,
    at: &'a str,
}

fn last_bad_end(pod: &Value) -> Option<End<'_>> {
    container_statuses(pod)
        .filter_map(|status| {
            let end = ["/state/terminated", "/lastState/terminated"]
                .iter()
                .filter_map(|at| status.pointer(at))
                .find(|end| int(end, "/exitCode").is_some_and(|code| code != 0 || was_ended(pod)))?;
            Some(End {
                pod,
                status,
                reason: text(end, "/reason").unwrap_or_default(),
                code: int(end, "/exitCode"),
                at: text(end, "/finishedAt").unwrap_or_default(),
            })
        })
        .max_by(|a, b| a.at.cmp(b.at))
}
