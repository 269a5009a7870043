//! Quotas: whether all pods that a set asks for can be there at once. The API server looks at each pod alone, and at none before it is made.

use serde_json::Value;

use super::need::Wrong;
use super::pods;
use crate::object::Object;
use crate::quantity::thousandths;

/// What a quota may limit, and where a container says it.
const LIMITED: &[(&str, &str)] = &[
    ("cpu", "/resources/requests/cpu"),
    ("requests.cpu", "/resources/requests/cpu"),
    ("memory", "/resources/requests/memory"),
    ("requests.memory", "/resources/requests/memory"),
    ("limits.cpu", "/resources/limits/cpu"),
    ("limits.memory", "/resources/limits/memory"),
];

/// What of this set can't be there because of these quotas of its namespace. `defaults` says whether the namespace has a LimitRange, which
/// fills in what containers leave out.
pub fn over_quota(objects: &[Object], quotas: &[Value], defaults: bool) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    // One with a scope counts some pods only; which is not worth guessing.
    let whole =
        |quota: &&Value| quota.pointer("/spec/scopes").is_none() && quota.pointer("/spec/scopeSelector").is_none();
    for quota in quotas.iter().filter(whole) {
        let name = super::text(quota, "/metadata/name").unwrap_or_default();
        let hard = quota.pointer("/spec/hard").and_then(Value::as_object);
        for (what, limit) in hard.into_iter().flatten() {
            let limit_text = limit.as_str().map_or_else(|| limit.to_string(), str::to_owned);
            let Some(limit) = thousandths(&limit_text) else { continue };
            wrong.extend(over(objects, what, limit, defaults).map(|over| over.told(name, what, &limit_text)));
        }
    }
    wrong
}

/// Whether a set keeps any pods up, so that quotas matter.
pub fn asks_for_pods(objects: &[Object]) -> bool {
    objects.iter().any(|object| replicas(object) > 0 && pods::of(object).is_some())
}

struct Over<'a> {
    object: &'a Object,
    /// What is missing, else what is wanted of it in all.
    wanted: Option<i128>,
}

impl Over<'_> {
    fn told(self, quota: &str, what: &str, limit: &str) -> Wrong {
        let called = what.trim_start_matches("requests.");
        let message = match self.wanted {
            Some(wanted) => format!(
                "needs more {called} than the quota `{quota}` allows: {} of {limit}; ask for less, or raise the quota",
                spoken(wanted)
            ),
            None => format!(
                "says no {called}, and the quota `{quota}` lets in only pods that do: set it in `resources` of each container"
            ),
        };
        Wrong::with(self.object, message)
    }
}

/// The object with which the set goes over one limit.
fn over<'a>(objects: &'a [Object], what: &str, limit: i128, defaults: bool) -> Option<Over<'a>> {
    let pointer = LIMITED.iter().find(|(limited, _)| *limited == what).map(|(_, pointer)| *pointer);
    if pointer.is_none() && what != "pods" && what != "count/pods" {
        return None;
    }
    let mut sum = 0_i128;
    for object in objects {
        let Some(pod) = pods::of(object) else { continue };
        let replicas = replicas(object);
        if replicas == 0 {
            continue;
        }
        let one = match pointer {
            None => Some(1_000),
            Some(pointer) => amount(pod.spec, pointer),
        };
        match one {
            Some(one) => sum = sum.saturating_add(one.saturating_mul(replicas)),
            None if defaults => {}
            None => return Some(Over { object, wanted: None }),
        }
        if sum > limit {
            return Some(Over { object, wanted: Some(sum) });
        }
    }
    None
}

/// How many pods an object keeps up. Tasks come and go.
fn replicas(object: &Object) -> i128 {
    match object.key.kind.as_str() {
        "Deployment" | "StatefulSet" | "ReplicaSet" => {
            object.value.pointer("/spec/replicas").and_then(Value::as_i64).map_or(1, i128::from)
        }
        "Pod" => 1,
        _ => 0,
    }
}

/// What a pod's containers ask for together; nothing where one does not say it.
fn amount(spec: &Value, pointer: &str) -> Option<i128> {
    let asked = |container: &Value| match container.pointer(pointer) {
        Some(Value::String(text)) => thousandths(text),
        Some(Value::Number(number)) => thousandths(&number.to_string()),
        // Without a request the limit is the request.
        _ => {
            let limit = container.pointer(&pointer.replace("requests", "limits"))?;
            thousandths(limit.as_str().map_or_else(|| limit.to_string(), str::to_owned).as_str())
        }
    };
    super::list(spec, "/containers").iter().map(asked).sum()
}

/// Thousandths as people write them.
fn spoken(thousandths: i128) -> String {
    const UNITS: &[(u32, &str)] = &[(30, "Gi"), (20, "Mi"), (10, "Ki")];
    let whole = thousandths / 1_000;
    if thousandths % 1_000 != 0 {
        return format!("{thousandths}m");
    }
    let unit = UNITS.iter().find(|(power, _)| whole > 0 && whole % (1 << power) == 0);
    unit.map_or_else(|| whole.to_string(), |(power, unit)| format!("{}{unit}", whole >> power))
}
