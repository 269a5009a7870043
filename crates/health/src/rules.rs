//! The rules: one file a kind, one list, alphabetic. What no rule knows is looked for in
//! `operators`, and else judged by `generic`.

mod api_service;
mod app;
mod certificate_signing_request;
mod cron_job;
mod custom_resource_definition;
mod daemon_set;
mod deployment;
mod gateway;
mod generic;
mod horizontal_pod_autoscaler;
mod ingress;
mod job;
mod namespace;
mod operators;
mod persistent_volume;
mod persistent_volume_claim;
mod pod;
mod pod_disruption_budget;
mod replica_set;
mod resource_quota;
mod route;
mod service;
mod stateful_set;
mod workload;

use serde_json::Value;

use crate::children::Children;
use crate::custom::CustomRules;
use crate::key::ObjectKey;
use crate::read::{condition, int, is_deleted, list};
use crate::verdict::{Cause, Failure, LogSource, Progress, Verdict};
use crate::words;

/// What a rule is given: the live object, its key, and what the cluster made of it.
pub(crate) struct Subject<'a> {
    pub(crate) object: &'a Value,
    pub(crate) key: ObjectKey,
    pub(crate) children: &'a Children<'a>,
    /// Whether the API server serves a status for this kind, where that is known.
    pub(crate) has_status: Option<bool>,
}

/// How one kind is judged.
struct Rule {
    group: &'static str,
    kind: &'static str,
    /// Whether the rule looks at pods.
    needs_children: bool,
    judge: fn(&Subject<'_>) -> Verdict,
}

const fn rule(
    group: &'static str,
    kind: &'static str,
    needs_children: bool,
    judge: fn(&Subject<'_>) -> Verdict,
) -> Rule {
    Rule { group, kind, needs_children, judge }
}

/// Every rule. To add one: a file beside the others, a line here, fixtures in `tests/`.
const RULES: &[Rule] = &[
    rule("apiregistration.k8s.io", "APIService", false, api_service::judge),
    rule("pinnace.dev", "App", false, app::judge),
    rule("certificates.k8s.io", "CertificateSigningRequest", false, certificate_signing_request::judge),
    rule("batch", "CronJob", false, cron_job::judge),
    rule("apiextensions.k8s.io", "CustomResourceDefinition", false, custom_resource_definition::judge),
    rule("apps", "DaemonSet", true, daemon_set::judge),
    rule("apps", "Deployment", true, deployment::judge),
    rule("gateway.networking.k8s.io", "GRPCRoute", false, route::judge),
    rule("gateway.networking.k8s.io", "Gateway", false, gateway::judge),
    rule("gateway.networking.k8s.io", "GatewayClass", false, gateway::judge_class),
    rule("gateway.networking.k8s.io", "HTTPRoute", false, route::judge),
    rule("autoscaling", "HorizontalPodAutoscaler", false, horizontal_pod_autoscaler::judge),
    rule("networking.k8s.io", "Ingress", false, ingress::judge),
    rule("batch", "Job", true, job::judge),
    rule("", "Namespace", false, namespace::judge),
    rule("", "PersistentVolume", false, persistent_volume::judge),
    rule("", "PersistentVolumeClaim", false, persistent_volume_claim::judge),
    rule("", "Pod", true, pod::judge),
    rule("policy", "PodDisruptionBudget", false, pod_disruption_budget::judge),
    rule("apps", "ReplicaSet", true, replica_set::judge),
    rule("", "ReplicationController", true, replica_set::judge),
    rule("", "ResourceQuota", false, resource_quota::judge),
    rule("", "Service", false, service::judge),
    rule("apps", "StatefulSet", true, stateful_set::judge),
    rule("gateway.networking.k8s.io", "TCPRoute", false, route::judge),
    rule("gateway.networking.k8s.io", "TLSRoute", false, route::judge),
    rule("gateway.networking.k8s.io", "UDPRoute", false, route::judge),
];

/// Judges a live object: first what holds for every kind, in the order of kstatus, then the rule of its kind.
/// What people say about a kind of theirs outranks what its conditions say.
pub(crate) fn apply(
    object: &Value,
    children: &Children<'_>,
    custom: &CustomRules,
    has_status: Option<bool>,
) -> Verdict {
    let key = ObjectKey::of(object);
    if key.kind.is_empty() || key.name.is_empty() {
        return Verdict::Unknown("an object without a kind or a name can't be judged".to_owned());
    }
    if is_deleted(object) {
        return Verdict::Terminating;
    }
    let subject = Subject { object, key, children, has_status };
    let common = || by_common_conditions(&subject);
    if let Some(verdict) = not_observed(&subject).or_else(|| custom.judge(&subject)).or_else(common) {
        return verdict;
    }
    match RULES.iter().find(|rule| rule.group == subject.key.group && rule.kind == subject.key.kind) {
        Some(rule) => (rule.judge)(&subject),
        None => operators::judge(&subject).unwrap_or_else(|| generic::judge(&subject)),
    }
}

/// Whether the verdict on an object may change though nobody writes its specification: a rollout goes on, an address comes, a
/// condition is set. A snapshot that is a moment old says nothing about these.
pub fn rests_on_status(object: &Value, custom: &CustomRules) -> bool {
    let key = ObjectKey::of(object);
    let at_once = match (key.group.as_str(), key.kind.as_str()) {
        ("networking.k8s.io", "Ingress") => true,
        ("", "Service") => service::is_current_at_once(object),
        _ => false,
    };
    let children = Children::new(std::iter::empty());
    let subject = Subject { object, key, children: &children, has_status: None };
    !at_once || !list(object, "/status/conditions").is_empty() || custom.judge(&subject).is_some()
}

/// The kinds that have a rule of their own, as (group, kind).
pub fn kinds_with_a_rule() -> impl Iterator<Item = (&'static str, &'static str)> {
    RULES.iter().map(|rule| (rule.group, rule.kind))
}

/// Whether a kind has a rule of its own.
pub(crate) fn has_rule(group: &str, kind: &str) -> bool {
    RULES.iter().any(|rule| rule.group == group && rule.kind == kind)
}

/// Whether a verdict on this kind looks at pods, so that they have to be watched too.
pub fn needs_children(group: &str, kind: &str) -> bool {
    RULES.iter().any(|rule| rule.needs_children && rule.group == group && rule.kind == kind)
}

impl Subject<'_> {
    /// A wait for this object.
    pub(crate) fn in_progress(&self, sentence: impl Into<String>, technical: impl Into<String>) -> Verdict {
        let technical = format!("{}: {}", self.key, technical.into());
        Verdict::InProgress(Progress::new(&self.key, sentence, technical))
    }

    /// A failure of this object.
    pub(crate) fn failed(&self, cause: Cause, sentence: impl Into<String>, technical: impl Into<String>) -> Verdict {
        let technical = format!("{}: {}", self.key, technical.into());
        Verdict::Failed(Failure::new(&self.key, cause, sentence, technical))
    }

    /// Where our own kinds say that the lines of what is not well are to be had.
    pub(crate) fn lines(&self) -> Option<LogSource> {
        let logs = self.object.get("status")?.get("logs").filter(|_| self.key.group == "pinnace.dev")?;
        let text = |name: &str| logs.get(name).and_then(Value::as_str).map(str::to_owned);
        let previous = logs.get("previous").and_then(Value::as_bool).unwrap_or_default();
        let namespace = self.key.namespace.clone()?;
        Some(LogSource { namespace, pod: text("pod")?, container: text("container")?, previous })
    }

    /// A wait until the object's controller has seen it.
    pub(crate) fn unseen(&self, technical: &str) -> Verdict {
        self.in_progress(format!("the cluster has not taken up {} yet", self.key.name), technical)
    }
}

/// A status from before the newest spec is no evidence, for or against.
fn not_observed(subject: &Subject<'_>) -> Option<Verdict> {
    let generation = int(subject.object, "/metadata/generation")?;
    let observed = int(subject.object, "/status/observedGeneration")?;
    (observed < generation).then(|| subject.unseen(&format!("observed generation {observed} of {generation}")))
}

/// `Stalled` and `Reconciling` outrank the rules: they are made to be read by others.
fn by_common_conditions(subject: &Subject<'_>) -> Option<Verdict> {
    let name = &subject.key.name;
    if let Some(stalled) = condition(subject.object, "Stalled").filter(|stalled| stalled.is_true()) {
        let sentence = format!("{name} can't go on: {}", words::short(stalled.told()));
        let technical = format!("Stalled: {}: {}", stalled.reason, stalled.message);
        let failed = subject.failed(Cause::Stalled, sentence, technical);
        return Some(match failed {
            Verdict::Failed(failure) => Verdict::Failed(Failure { logs_of: subject.lines(), ..failure }),
            other => other,
        });
    }
    let reconciling = condition(subject.object, "Reconciling").filter(|reconciling| reconciling.is_true())?;
    let sentence = format!("{name} is being worked on: {}", words::short(reconciling.told()));
    Some(subject.in_progress(sentence, format!("Reconciling: {}", reconciling.reason)))
}
