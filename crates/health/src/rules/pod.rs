//! Pod, where one is applied by itself. One that is not restarted is a task: Current when it ended well.

use crate::children::container_statuses;
use crate::pods::{self, Restarting};
use crate::read::{Condition, condition, int, text};
use crate::rules::Subject;
use crate::verdict::{Cause, Failure, Progress, Verdict};

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    let (object, name) = (subject.object, &subject.key.name);
    match text(object, "/status/phase") {
        Some("Succeeded") => return Verdict::Current,
        Some("Failed") => return Verdict::Failed(failure(subject)),
        None => return subject.unseen("no phase yet"),
        Some(_) => {}
    }
    let evidence = pods::evidence(subject.children, &subject.key, [object], Restarting::IsAFault);
    if let Some(failed) = evidence.failed {
        return Verdict::Failed(failed);
    }
    let stays = text(object, "/spec/restartPolicy").is_none_or(|policy| policy == "Always");
    let ready = condition(object, "Ready").is_some_and(Condition::is_true);
    if ready && stays {
        return Verdict::Current;
    }
    let at_work = || {
        let technical = format!("{}: {}", subject.key, text(object, "/status/phase").unwrap_or_default());
        Progress::new(&subject.key, format!("{name} is at work"), technical)
    };
    Verdict::InProgress(evidence.waits.filter(|_| !ready).unwrap_or_else(at_work))
}

/// Nobody replaces a pod that was applied by itself, so being moved off its machine is a failure too.
fn failure(subject: &Subject<'_>) -> Failure {
    let (object, name) = (subject.object, &subject.key.name);
    let reason = text(object, "/status/reason").unwrap_or_default();
    let message = text(object, "/status/message").unwrap_or_default();
    let technical = format!("{}: phase Failed: {reason}: {message}", subject.key);
    let bad = container_statuses(object)
        .find(|status| int(status, "/state/terminated/exitCode").is_some_and(|code| code != 0));
    let Some(status) = bad else {
        let why = if pods::was_moved(object) { "it was moved off its machine" } else { "no container says why" };
        return Failure::new(&subject.key, Cause::JobFailed, format!("{name} ended badly: {why}"), technical);
    };
    let code = int(status, "/state/terminated/exitCode");
    let out_of_memory = text(status, "/state/terminated/reason") == Some("OOMKilled");
    let who = pods::called(&subject.key, object, status);
    Failure {
        object: subject.key.clone(),
        cause: if out_of_memory { Cause::OutOfMemory } else { Cause::JobFailed },
        sentence: if out_of_memory {
            crate::words::out_of_memory(&who, None, 1)
        } else {
            format!("{who} ended badly: exit code {}", code.unwrap_or(-1))
        },
        technical,
        logs_of: Some(pods::logs_of(object, status)),
        exit_code: code,
    }
}
