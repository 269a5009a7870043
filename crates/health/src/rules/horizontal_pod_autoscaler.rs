//! HorizontalPodAutoscaler: Current when it can read the load, or when what it scales is switched off.

use crate::read::{Condition, condition};
use crate::rules::Subject;
use crate::verdict::{Cause, Verdict};
use crate::words;

pub(crate) fn judge(subject: &Subject<'_>) -> Verdict {
    let (object, name) = (subject.object, &subject.key.name);
    let technical = |kind: &str, found: Condition<'_>| format!("{kind}: {}: {}", found.reason, found.message);
    if let Some(able) = condition(object, "AbleToScale").filter(|able| able.is_false()) {
        // What it scales may be on its way.
        let sentence = format!("{name} can't scale yet: {}", words::short(able.told()));
        return subject.in_progress(sentence, technical("AbleToScale", able));
    }
    match condition(object, "ScalingActive") {
        Some(active) if active.is_true() || active.reason == "ScalingDisabled" => Verdict::Current,
        Some(active) if is_final(active.reason) => {
            let sentence = format!("{name} can never scale: {}", words::short(active.told()));
            subject.failed(Cause::Stalled, sentence, technical("ScalingActive", active))
        }
        // New pods have no figures for a while.
        Some(active) => {
            let sentence = format!("{name} can't read the load yet: {}", words::short(active.told()));
            subject.in_progress(sentence, technical("ScalingActive", active))
        }
        // The version `v1` has its conditions in an annotation, and its figures here.
        None if subject.object.pointer("/status/currentReplicas").is_some() && is_v1(subject) => Verdict::Current,
        None => subject.unseen("no condition ScalingActive yet"),
    }
}

fn is_final(reason: &str) -> bool {
    matches!(reason, "InvalidSelector" | "AmbiguousSelector" | "InvalidMetricSourceType")
}

fn is_v1(subject: &Subject<'_>) -> bool {
    crate::read::text(subject.object, "/apiVersion") == Some("autoscaling/v1")
}
