//! What the pods of the newest revision say together.

use serde_json::Value;

use crate::children::{Children, container_statuses};
use crate::containers::{Container, State};
use crate::key::ObjectKey;
use crate::read::{Condition, condition, flag, is_deleted, list, name, text};
use crate::verdict::{Failure, LogSource, Progress};
use crate::words;

/// What a set of pods says about the object that owns them.
#[derive(Default)]
pub(crate) struct Evidence {
    /// A pod that will not run without a change.
    pub(crate) failed: Option<Failure>,
    /// The most telling thing that a pod waits for.
    pub(crate) waits: Option<Progress>,
}

/// Whether restarts count against a pod.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Restarting {
    /// They do: it is meant to stay.
    IsAFault,
    /// They don't: its job counts its tries.
    IsAllowed,
}

/// Gathers what these pods say. Pods on their way out and pods that were moved off a machine say nothing: their
/// owner replaces them.
pub(crate) fn evidence<'a>(
    children: &Children<'a>,
    owner: &ObjectKey,
    pods: impl IntoIterator<Item = &'a Value>,
    restarting: Restarting,
) -> Evidence {
    let mut evidence = Evidence::default();
    let mut best = 0;
    for pod in pods {
        if is_deleted(pod) || was_moved(pod) {
            continue;
        }
        match judge_pod(children, owner, pod, restarting) {
            PodState::Failed(failure) => {
                evidence.failed = Some(failure);
                return evidence;
            }
            PodState::Waits(weight, progress) if weight > best => {
                best = weight;
                evidence.waits = Some(progress);
            }
            PodState::Waits(..) | PodState::Ready => {}
        }
    }
    evidence
}

/// Whether it was thrown off its machine, or its machine went away: not its own fault.
pub(crate) fn was_moved(pod: &Value) -> bool {
    const REASONS: &[&str] = &[
        "Evicted",
        "Preempting",
        "Preempted",
        "NodeLost",
        "NodeShutdown",
        "Shutdown",
        "Terminated",
        "NodeAffinity",
        "UnexpectedAdmissionError",
        "OutOfcpu",
        "OutOfmemory",
        "OutOfpods",
    ];
    text(pod, "/status/phase") == Some("Failed")
        && (text(pod, "/status/reason").is_some_and(|reason| REASONS.contains(&reason))
            || condition(pod, "DisruptionTarget").is_some_and(Condition::is_true))
}

enum PodState {
    Ready,
    /// How telling it is, and what.
    Waits(u8, Progress),
    Failed(Failure),
}

fn judge_pod(children: &Children<'_>, owner: &ObjectKey, pod: &Value, restarting: Restarting) -> PodState {
    let mut waits: Option<(u8, Progress)> = None;
    for status in container_statuses(pod) {
        let called = called(owner, pod, status);
        let container = Container {
            pod,
            status,
            called: &called,
            restarts: children.restarts(pod, status),
            may_not_restart: restarting == Restarting::IsAFault,
        };
        match container.judge() {
            State::Waiting(said) if waits.is_none() => {
                let mut progress = Progress::new(owner, said.sentence, said.technical);
                progress.logs_of = Some(logs_of(pod, status));
                waits = Some((4, progress));
            }
            State::Fine | State::Waiting(_) => {}
            State::Doomed(fault) => {
                return PodState::Failed(Failure {
                    object: owner.clone(),
                    cause: fault.cause,
                    sentence: fault.sentence,
                    technical: fault.technical,
                    logs_of: fault.has_logs.then(|| logs_of(pod, status)),
                    exit_code: fault.exit_code,
                });
            }
        }
    }
    match waits.or_else(|| scheduling(children, owner, pod)).or_else(|| starting(children, owner, pod)) {
        Some((weight, progress)) => PodState::Waits(weight, progress),
        None => PodState::Ready,
    }
}

/// Where a container's last words are.
pub(crate) fn logs_of(pod: &Value, status: &Value) -> LogSource {
    let ended = status.pointer("/state/terminated").is_some_and(Value::is_object);
    let ended_before = status.pointer("/lastState/terminated").is_some_and(Value::is_object);
    LogSource {
        namespace: text(pod, "/metadata/namespace").unwrap_or_default().to_owned(),
        pod: name(pod).to_owned(),
        container: text(status, "/name").unwrap_or_default().to_owned(),
        previous: ended_before && !ended,
    }
}

/// How people call a container: by the object they know, and by its own name only where that says more.
pub(crate) fn called(owner: &ObjectKey, pod: &Value, status: &Value) -> String {
    let own = text(status, "/name").unwrap_or_default();
    if list(pod, "/spec/initContainers").iter().any(|spec| text(spec, "/name") == Some(own)) {
        return format!("`{own}`, which prepares {},", owner.name);
    }
    if own == owner.name || list(pod, "/spec/containers").len() <= 1 {
        return owner.name.clone();
    }
    format!("`{own}` in {}", owner.name)
}

/// Whether it waits for a machine.
fn scheduling(children: &Children<'_>, owner: &ObjectKey, pod: &Value) -> Option<(u8, Progress)> {
    let scheduled = condition(pod, "PodScheduled").filter(|scheduled| scheduled.is_false())?;
    let technical = format!("Pod {}: {}: {}", name(pod), scheduled.reason, scheduled.message);
    let mut progress = Progress::new(owner, words::no_room(&owner.name, pod), technical);
    if scheduled.message.contains("persistentvolumeclaim") || scheduled.message.contains("PersistentVolumeClaim") {
        progress.sentence = format!("{} waits for its storage: {}", owner.name, words::short(scheduled.message));
    } else if scheduled.reason == "SchedulingGated" {
        progress.sentence = format!("{} is held back: another program has to let it start", owner.name);
    } else if scheduled.message.contains(": ") && !scheduled.message.contains("Insufficient") {
        // It is not for want of room: a selector, a taint, a port.
        progress.sentence = format!("no machine takes {}: {}", owner.name, words::short(scheduled.message));
    }
    if children.newest_event(pod, &["TriggeredScaleUp"]).is_some() {
        progress.patience = true;
        progress.sentence.push_str("; a machine is being added");
    }
    Some((3, progress))
}

/// Whether it starts, or runs and isn't ready.
fn starting(children: &Children<'_>, owner: &ObjectKey, pod: &Value) -> Option<(u8, Progress)> {
    if condition(pod, "Ready").is_some_and(Condition::is_true) || text(pod, "/status/phase") == Some("Succeeded") {
        return None;
    }
    let technical = format!("Pod {}: {}", name(pod), text(pod, "/status/phase").unwrap_or("no phase yet"));
    if let Some(status) = list(pod, "/status/containerStatuses").iter().find(|status| runs_unready(status)) {
        let who = called(owner, pod, status);
        let probe = children.newest_event(pod, &["Unhealthy"]).and_then(|event| text(event, "/message"));
        let sentence = match probe {
            Some(probe) => format!("{who} runs but is not ready: {}", words::short(probe)),
            None => format!("{who} runs but is not ready"),
        };
        let technical = probe.map_or(technical, |probe| format!("Pod {}: {probe}", name(pod)));
        let mut progress = Progress::new(owner, sentence, technical);
        progress.logs_of = Some(LogSource { previous: false, ..logs_of(pod, status) });
        return Some((2, progress));
    }
    if let Some(event) = children.newest_event(pod, &["FailedMount", "FailedAttachVolume"]) {
        let message = text(event, "/message").unwrap_or_default();
        let sentence = format!("{} waits for files or storage: {}", owner.name, words::short(message));
        return Some((2, Progress::new(owner, sentence, format!("{technical}: {message}"))));
    }
    Some((1, Progress::new(owner, format!("{} is starting", owner.name), technical)))
}

fn runs_unready(status: &Value) -> bool {
    status.pointer("/state/running").is_some_and(Value::is_object) && !flag(status, "/ready")
}
