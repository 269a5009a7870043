//! Everything seen about one instance at one moment, and what it comes to.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::children::Children;
use crate::custom::CustomRules;
use crate::key::ObjectKey;
use crate::read::{int, text};
use crate::rules;
use crate::verdict::{Progress, Verdict};

/// Everything about one instance at one moment.
#[derive(Debug)]
pub struct Observation<'a> {
    /// What we applied.
    pub objects: &'a [Observed<'a>],
    /// What the cluster made of it.
    pub children: &'a Children<'a>,
    /// The rules that `pinnace.yaml` gives.
    pub custom: &'a CustomRules,
}

/// One object that we applied, as it is seen now.
#[derive(Debug, Clone)]
pub struct Observed<'a> {
    /// Which one.
    pub key: ObjectKey,
    /// The object as it is live; none when it is not seen.
    pub live: Option<&'a Value>,
    /// What the API server answered when we applied it; none when it was not applied in this run.
    pub applied: Option<Applied>,
    /// Whether the API server serves a `status` for this kind; none when that is not known. A custom resource whose
    /// kind can't have a status is not waited for.
    pub has_status: Option<bool>,
}

/// What the API server answered to an apply: anything older than this is no evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// `metadata.uid`
    pub uid: Option<String>,
    /// `metadata.generation`; kinds without a spec have none.
    pub generation: Option<i64>,
    /// `metadata.resourceVersion`
    pub resource_version: Option<String>,
}

impl Applied {
    /// Takes it from the answer.
    pub fn of(answer: &Value) -> Self {
        Self {
            uid: text(answer, "/metadata/uid").map(str::to_owned),
            generation: int(answer, "/metadata/generation"),
            resource_version: text(answer, "/metadata/resourceVersion").map(str::to_owned),
        }
    }

    /// Whether an object as seen is from before this answer.
    fn is_ahead_of(&self, live: &Value) -> bool {
        if self.uid.as_deref().is_some_and(|uid| text(live, "/metadata/uid") != Some(uid)) {
            // Somebody deleted it and made it anew: what is live now is all there is to judge.
            return false;
        }
        if let (Some(applied), Some(seen)) = (self.generation, int(live, "/metadata/generation")) {
            return seen < applied;
        }
        let number = |version: Option<&str>| version.and_then(|version| version.parse::<u64>().ok());
        match (number(self.resource_version.as_deref()), number(text(live, "/metadata/resourceVersion"))) {
            (Some(applied), Some(seen)) => seen < applied,
            _ => false,
        }
    }
}

/// What an observation comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The worst of all.
    pub verdict: Verdict,
    /// Each object's own, in the order they were given.
    pub objects: Vec<(ObjectKey, Verdict)>,
}

/// Judges all objects of an instance together: it is as well as the worst of them. Of equally bad ones the first
/// speaks for all. No objects at all are Unknown: an empty list is never taken for success.
pub fn judge(observation: &Observation<'_>) -> Judgement {
    let objects: Vec<_> = observation
        .objects
        .iter()
        .map(|observed| (observed.key.clone(), judge_observed(observed, observation)))
        .collect();
    let mut worst: Option<&Verdict> = None;
    for (_, verdict) in &objects {
        if worst.is_none_or(|worst| verdict.badness() > worst.badness()) {
            worst = Some(verdict);
        }
    }
    let verdict = worst.cloned().unwrap_or_else(|| Verdict::Unknown("there is nothing to judge".to_owned()));
    Judgement { verdict, objects }
}

/// Judges one live object.
pub fn judge_object(object: &Value, children: &Children<'_>, custom: &CustomRules) -> Verdict {
    rules::apply(object, children, custom, None)
}

fn judge_observed(observed: &Observed<'_>, observation: &Observation<'_>) -> Verdict {
    let Some(live) = observed.live else {
        let name = &observed.key.name;
        let sentence = format!("{name} is not to be seen in the cluster yet");
        return Verdict::InProgress(Progress::new(&observed.key, sentence, format!("{} not found", observed.key)));
    };
    if observed.applied.as_ref().is_some_and(|applied| applied.is_ahead_of(live)) {
        let sentence = format!("waiting to see the change of {}", observed.key.name);
        let technical = format!("{}: the watch is behind our apply", observed.key);
        return Verdict::InProgress(Progress::new(&observed.key, sentence, technical));
    }
    rules::apply(live, observation.children, observation.custom, observed.has_status)
}
