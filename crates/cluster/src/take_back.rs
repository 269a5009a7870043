//! Making a person's edit ours before we apply over it, so that what they *added* goes too.
//!
//! A forced apply takes back the fields that we set; what somebody added beside them stays (measured). So the entries of
//! people's tools in `managedFields` are moved to our own first: the apply that follows then removes what it does not list.
//! An object without our mark is taken over from whoever deployed it: then what that tool set is moved as well, or it would
//! stay for ever where git no longer has it.
//!
//! A restart by hand (`restartedAt`) is no edit and stays theirs.

use http::Method;
use serde_json::{Map, Value, json};

use crate::client::{Call, ClusterClient, JSON_PATCH, Query};
use crate::error::ClusterError;
use crate::key::ObjectKey;
use crate::managed_fields::{self, ManagerKind, is_deployer, leaves, manager_kind};
use crate::mark::{FIELD_MANAGER, has_mark};
use crate::objects::resource_version;

/// Fields that one field manager set, and when. A tool, never a person: `managedFields` does not know who held it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// The field manager (`kubectl-edit`).
    pub manager: String,
    /// When it last wrote them, as the cluster says it.
    pub at: String,
    /// The fields (`spec.template.spec.containers[web].image`).
    pub fields: Vec<String>,
}

/// What was taken back of one object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakenBack {
    /// What people's tools owned and is ours now.
    pub taken: Vec<Owned>,
    /// What unknown managers own: reported, not fought.
    pub foreign: Vec<Owned>,
}

/// How often an object is read anew when others keep writing it.
const READS: usize = 6;
const RESTARTED_AT: &[&str] =
    &["f:spec", "f:template", "f:metadata", "f:annotations", "f:kubectl.kubernetes.io/restartedAt"];

impl ClusterClient {
    /// Moves what people's tools own of an object to us. Writes only when there is something; the object's own fields stay as
    /// they are until the next apply. Gives back the object as it is then, if it was written.
    ///
    /// Controllers write an object's status all the time, so a conflict is answered by reading again, a few times.
    pub async fn take_back(&self, key: &ObjectKey, live: &Value) -> Result<(TakenBack, Option<Value>), ClusterError> {
        let mut fresh = None;
        for _ in 0..READS {
            match self.take_back_once(key, fresh.as_ref().unwrap_or(live)).await {
                Err(ClusterError::Conflict { .. }) => {}
                done => return done,
            }
            fresh = self.get(key).await?;
            if fresh.is_none() {
                return Ok((TakenBack::default(), None));
            }
        }
        Err(ClusterError::Conflict { object: Box::new(key.clone()) })
    }

    async fn take_back_once(&self, key: &ObjectKey, live: &Value) -> Result<(TakenBack, Option<Value>), ClusterError> {
        let plan = plan(live);
        let result = TakenBack { taken: plan.taken, foreign: foreign(live) };
        let Some(managed_fields) = plan.managed_fields else { return Ok((result, None)) };
        let kind = self.kind(&key.kind).await?;
        let call = Call::on("patch", &kind.resource(), key);
        let patch = json!([
            {"op": "replace", "path": "/metadata/managedFields", "value": managed_fields},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": resource_version(live)},
        ]);
        let query = Query::new().with("fieldManager", FIELD_MANAGER);
        let answer = self.send(&call, Method::PATCH, &kind.path(key)?, &query, Some((JSON_PATCH, &patch))).await?;
        Ok((result, Some(answer.body)))
    }
}

/// What of an object [`ClusterClient::take_back`] would take back.
pub fn to_take_back(live: &Value) -> Vec<Owned> {
    plan(live).taken
}

/// Whether there is something to take back, or to tell of.
pub(crate) fn is_due(live: &Value) -> bool {
    plan(live).managed_fields.is_some() || !foreign(live).is_empty()
}

/// What unknown managers own outside of `status`.
fn foreign(live: &Value) -> Vec<Owned> {
    let unknown = |entry: &managed_fields::Entry<'_>| {
        manager_kind(entry.manager) == ManagerKind::Unknown && entry.subresource != "status"
    };
    managed_fields::entries(live)
        .iter()
        .filter(|e| unknown(e))
        .filter_map(|e| owned(e.manager, e.time, e.fields))
        .collect()
}

fn owned(manager: &str, at: &str, fields: &Map<String, Value>) -> Option<Owned> {
    let fields: Vec<String> =
        leaves(fields).iter().map(ToString::to_string).filter(|p| !p.starts_with("status")).collect();
    (!fields.is_empty()).then(|| Owned { manager: manager.to_owned(), at: at.to_owned(), fields })
}

struct Plan {
    /// The new `managedFields`; none when nothing moves.
    managed_fields: Option<Value>,
    taken: Vec<Owned>,
}

fn plan(live: &Value) -> Plan {
    let api_version = live.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array).cloned().unwrap_or_default();
    let (mut kept, mut ours, mut moved, mut taken) = (Vec::new(), None, Map::new(), Vec::new());
    let taken_over = !has_mark(live);
    for mut entry in entries {
        if is_ours(&entry) {
            ours = Some(entry);
        } else if is_persons(&entry, api_version, taken_over) {
            let whole = fields_of(&entry);
            let (rest, restart) = without(&whole, RESTARTED_AT);
            taken.extend(owned(text(&entry, "manager"), text(&entry, "time"), &rest));
            merge(&mut moved, &rest);
            if let Some(restart) = restart {
                set_fields(&mut entry, restart);
                kept.push(entry);
            }
        } else {
            kept.push(entry);
        }
    }
    if taken.is_empty() {
        return Plan { managed_fields: None, taken };
    }
    let mut ours = ours.unwrap_or_else(
        || json!({"manager": FIELD_MANAGER, "operation": "Apply", "apiVersion": api_version, "fieldsType": "FieldsV1"}),
    );
    let mut fields = fields_of(&ours);
    merge(&mut fields, &moved);
    set_fields(&mut ours, fields);
    kept.push(ours);
    Plan { managed_fields: Some(Value::Array(kept)), taken }
}

fn is_ours(entry: &Value) -> bool {
    text(entry, "manager") == FIELD_MANAGER
        && text(entry, "operation") == "Apply"
        && text(entry, "subresource").is_empty()
}

/// An entry of a person's tool that can be merged into ours: of the object itself (or its scale), in the same version.
fn is_persons(entry: &Value, api_version: &str, taken_over: bool) -> bool {
    let manager = text(entry, "manager");
    let moves = manager_kind(manager) == ManagerKind::Person || taken_over && is_deployer(manager);
    let of_it = text(entry, "subresource").is_empty() && text(entry, "apiVersion") == api_version;
    moves && (of_it || text(entry, "subresource") == "scale")
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn fields_of(entry: &Value) -> Map<String, Value> {
    entry.get("fieldsV1").and_then(Value::as_object).cloned().unwrap_or_default()
}

fn set_fields(entry: &mut Value, fields: Map<String, Value>) {
    if let Some(entry) = entry.as_object_mut() {
        entry.insert("fieldsV1".to_owned(), Value::Object(fields));
    }
}

fn merge(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (key, value) in from {
        let inner = into.entry(key).or_insert_with(|| json!({}));
        if let (Some(inner), Some(value)) = (inner.as_object_mut(), value.as_object()) {
            merge(inner, value);
        }
    }
}

/// The field set without one path, and the path alone when it was there. What is left empty goes too.
fn without(fields: &Map<String, Value>, path: &[&str]) -> (Map<String, Value>, Option<Map<String, Value>>) {
    let mut rest = fields.clone();
    let Some((first, path)) = path.split_first() else { return (Map::new(), Some(fields.clone())) };
    let Some(inner) = rest.shift_remove(*first).as_ref().and_then(Value::as_object).cloned() else {
        return (fields.clone(), None);
    };
    let (inner, taken) = without(&inner, path);
    if inner.keys().any(|key| key != ".") {
        rest.insert((*first).to_owned(), Value::Object(inner));
    }
    let taken = taken.map(|taken| Map::from_iter([((*first).to_owned(), Value::Object(taken))]));
    (rest, taken)
}

#[cfg(test)]
mod tests;
