//! Where live differs from desired, and which field manager made it so.
//!
//! What we set is compared through a dry run of the apply, because only the API server knows how it writes what we wrote
//! (`1000m` is `1`). What others added is not undone by a dry run, so it is read from `managedFields`.

use serde_json::Value;

use crate::client::ClusterClient;
use crate::error::ClusterError;
use crate::key::ObjectKey;
use crate::managed_fields::{self, Entry, FieldPath, ManagerKind, Step, leaves, manager_kind};
use crate::mark::{Target, marked};
use crate::objects::resource_version;
use crate::replicas::leave_out;

/// The differences of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// Which object.
    pub key: ObjectKey,
    /// True when it does not exist; then there are no fields.
    pub missing: bool,
    /// The fields that differ, in the order of the object.
    pub fields: Vec<FieldDrift>,
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldDrift {
    /// Where (`spec.template.spec.containers[web].image`).
    pub path: String,
    /// Where an edit of the manifest finds it (`spec.template.spec.containers[name=web].image`); none where it has no such place.
    pub in_manifest: Option<String>,
    /// What is there now. Never a value of a Secret.
    pub live: Option<Value>,
    /// What should be there. Never a value of a Secret.
    pub desired: Option<Value>,
    /// Which field manager set what is there, where the cluster knows.
    pub manager: Option<String>,
    /// What that manager is.
    pub by: ManagerKind,
    /// When it wrote, as the cluster says it.
    pub at: Option<String>,
}

/// How often an object is read anew when others keep writing it.
const READS: usize = 6;

/// Parts of an object that servers write: never drift.
const NOT_OURS: &[&str] = &[
    "managedFields",
    "resourceVersion",
    "generation",
    "uid",
    "creationTimestamp",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

impl ClusterClient {
    /// How one live object differs from what is desired; nothing when it does not.
    ///
    /// Costs one dry run. A field whose manager is [`ManagerKind::Ours`] was not changed by anybody: desired moved on.
    pub async fn drift(
        &self,
        target: &Target,
        desired: &Value,
        live: Option<&Value>,
    ) -> Result<Option<Drift>, ClusterError> {
        let key = self.key_of(desired, target.default_namespace()).await?;
        let Some(live) = live else { return Ok(Some(Drift { key, missing: true, fields: Vec::new() })) };
        let Some(found) = self.compared(target, desired, live, &key).await? else {
            return Ok(Some(Drift { key, missing: true, fields: Vec::new() }));
        };
        let fields: Vec<FieldDrift> = found.into_iter().map(|(_, field)| field).collect();
        Ok((!fields.is_empty()).then_some(Drift { key, missing: false, fields }))
    }

    /// The fields that differ, each with its path; none when the object is gone meanwhile.
    pub(crate) async fn compared(
        &self,
        target: &Target,
        desired: &Value,
        live: &Value,
        key: &ObjectKey,
    ) -> Result<Option<Vec<(FieldPath, FieldDrift)>>, ClusterError> {
        let mut object = marked(desired, key, target);
        leave_out(&mut object, Some(live), key, &target.autoscaled);
        let mut fresh = None;
        for _ in 0..READS {
            let live = fresh.as_ref().unwrap_or(live);
            let (_, after) = self.server_side_apply(key, &object, true).await?;
            // A dry run answers with the version it started from: another one means that `live` is older.
            if resource_version(live) == resource_version(&after) {
                return Ok(Some(compare(&object, live, &after, key.kind.is_secret())));
            }
            fresh = self.get(key).await?;
            if fresh.is_none() {
                return Ok(None);
            }
        }
        Err(ClusterError::Conflict { object: Box::new(key.clone()) })
    }
}

/// The differences between live and what our apply would make of it, and what others added.
fn compare(desired: &Value, live: &Value, after: &Value, secret: bool) -> Vec<(FieldPath, FieldDrift)> {
    let entries = managed_fields::entries(live);
    let mut found = Vec::new();
    differences(live, after, &FieldPath::default(), &mut found);
    let mut drifts: Vec<(FieldPath, FieldDrift)> = found
        .into_iter()
        .map(|(path, live, desired)| {
            let field = field_drift(&path, live, desired, maker(&path, &entries), secret);
            (path, field)
        })
        .collect();
    for entry in entries.iter().filter(|entry| adds_fields(entry)) {
        for path in leaves(entry.fields) {
            if path.of(desired).is_none()
                && !is_restart(&path)
                && let Some(added) = path.of(live)
            {
                let field = field_drift(&path, Some(added), None, Some(entry), secret);
                drifts.push((path, field));
            }
        }
    }
    drifts
}

fn adds_fields(entry: &Entry<'_>) -> bool {
    entry.subresource != "status" && matches!(manager_kind(entry.manager), ManagerKind::Person | ManagerKind::Unknown)
}

fn is_restart(path: &FieldPath) -> bool {
    path.0.last() == Some(&Step::Field(RESTARTED_AT.to_owned()))
}

fn field_drift(
    path: &FieldPath,
    live: Option<&Value>,
    desired: Option<&Value>,
    entry: Option<&Entry<'_>>,
    secret: bool,
) -> FieldDrift {
    // kubectl keeps a copy of a Secret in an annotation: of a Secret, only labels are shown.
    let hidden = secret && !path.to_string().starts_with("metadata.labels");
    let shown = |value: Option<&Value>| value.filter(|_| !hidden).cloned();
    FieldDrift {
        path: path.to_string(),
        in_manifest: path.in_manifest(),
        live: shown(live),
        desired: shown(desired),
        manager: entry.map(|entry| entry.manager.to_owned()),
        by: entry.map_or(ManagerKind::Unknown, |entry| manager_kind(entry.manager)),
        at: entry.map(|entry| entry.time.to_owned()).filter(|at| !at.is_empty()),
    }
}

/// Who made a field what it is: its owner other than us; where nobody owns it, it was removed, most likely by the person who
/// wrote last; else it is ours and desired moved on.
fn maker<'a, 'b>(path: &FieldPath, entries: &'b [Entry<'a>]) -> Option<&'b Entry<'a>> {
    let main = || entries.iter().filter(|entry| entry.subresource != "status");
    let owns = |kind: fn(ManagerKind) -> bool| {
        main().filter(|e| kind(manager_kind(e.manager)) && path.is_in(e.fields)).max_by_key(|e| e.time)
    };
    owns(|kind| kind != ManagerKind::Ours)
        .or_else(|| owns(|kind| kind == ManagerKind::Ours))
        .or_else(|| main().filter(|e| manager_kind(e.manager) == ManagerKind::Person).max_by_key(|e| e.time))
}

type Difference<'a> = (FieldPath, Option<&'a Value>, Option<&'a Value>);

fn differences<'a>(live: &'a Value, after: &'a Value, at: &FieldPath, found: &mut Vec<Difference<'a>>) {
    match (live, after) {
        (Value::Object(live), Value::Object(after)) => {
            let mut names: Vec<&String> = live.keys().collect();
            names.extend(after.keys().filter(|name| !live.contains_key(*name)));
            for name in names.into_iter().filter(|name| !is_servers(at, name)) {
                let path = at.then(Step::Field(name.clone()));
                one(live.get(name), after.get(name), path, found);
            }
        }
        (Value::Array(live), Value::Array(after)) if named(live) && named(after) => {
            let name = |item: &Value| item["name"].as_str().unwrap_or_default().to_owned();
            let mut names: Vec<String> = live.iter().map(name).collect();
            names.extend(after.iter().map(name).filter(|n| !live.iter().any(|item| name(item) == *n)));
            for n in names {
                let of = |items: &'a [Value]| items.iter().find(|item| name(item) == n);
                one(of(live), of(after), at.then(Step::named(&n)), found);
            }
        }
        (live, after) if live != after => found.push((at.clone(), Some(live), Some(after))),
        _ => {}
    }
}

fn one<'a>(live: Option<&'a Value>, after: Option<&'a Value>, path: FieldPath, found: &mut Vec<Difference<'a>>) {
    match (live, after) {
        (Some(live), Some(after)) => differences(live, after, &path, found),
        (None, None) => {}
        (live, after) => found.push((path, live, after)),
    }
}

fn is_servers(at: &FieldPath, name: &str) -> bool {
    match at.0.as_slice() {
        [] => name == "status",
        [Step::Field(top)] => top == "metadata" && NOT_OURS.contains(&name),
        _ => false,
    }
}

fn named(items: &[Value]) -> bool {
    items.iter().all(|item| item.get("name").is_some_and(Value::is_string))
}

#[cfg(test)]
mod tests;
