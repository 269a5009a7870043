//! Whether somebody changed an object since it was last compared with what is desired, told from the object alone.
//!
//! The API server keeps who owns which field: who changes the value of a field that we set takes it from us, and who adds one
//! owns it. So as long as our own entry in `managedFields` is as it was and nobody else has one, a dry run of our apply would change
//! nothing. What parts of Kubernetes write beside it (a status, a revision) is theirs and not counted. Where people's tools or
//! unknown managers own something, every field but the status counts as well; of a Secret, which may come as its metadata alone, the
//! version counts in their place.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::key::ObjectKey;
use crate::managed_fields::{Entry, ManagerKind, entries, manager_kind};
use crate::objects::{meta, uid};

/// A number that changes with whatever may be drift. It holds no values, so that it may be kept anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Imprint(u64);

impl Imprint {
    /// The imprint of a live object.
    pub fn of(object: &Value) -> Self {
        let mut hash = Sha256::new();
        hash.update(uid(object));
        hash.update(meta(object, "deletionTimestamp"));
        let entries: Vec<Entry<'_>> = entries(object).into_iter().filter(counts).collect();
        let is_ours = |entry: &Entry<'_>| manager_kind(entry.manager) == ManagerKind::Ours;
        let is_secret = ObjectKey::of(object).kind.is_secret();
        if entries.is_empty() || !entries.iter().all(is_ours) {
            plain(object, is_secret, &mut hash);
        }
        for entry in &entries {
            owned(entry, is_ours(entry), &mut hash);
        }
        let mut first = [0_u8; 8];
        first.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
        Self(u64::from_be_bytes(first))
    }
}

/// Parts of Kubernetes take nothing from us that our own entry would not tell; a status is never desired.
fn counts(entry: &Entry<'_>) -> bool {
    entry.subresource != "status" && manager_kind(entry.manager) != ManagerKind::System
}

fn owned(entry: &Entry<'_>, ours: bool, hash: &mut Sha256) {
    for part in [entry.manager, entry.subresource, "\n"] {
        hash.update(part);
        hash.update([0]);
    }
    // Who writes the same again and again is no news; our own values are not looked at, so their time is.
    if ours {
        hash.update(entry.time);
    }
    for (name, fields) in entry.fields {
        hash.update(name);
        hash.update(fields.to_string());
    }
}

fn plain(object: &Value, is_secret: bool, hash: &mut Sha256) {
    let counts = |name: &str| if is_secret { name == "metadata" } else { name != "status" };
    for (name, value) in object.as_object().into_iter().flatten().filter(|(name, _)| counts(name)) {
        match value.as_object().filter(|_| name == "metadata") {
            None => hash.update(format!("{name} {value}")),
            Some(metadata) => {
                let lasting = |name: &str| match name {
                    "resourceVersion" => is_secret,
                    name => !matches!(name, "managedFields" | "generation"),
                };
                let kept = metadata.iter().filter(|(name, _)| lasting(name));
                kept.for_each(|(name, value)| hash.update(format!("{name} {value}")));
            }
        }
    }
}

impl fmt::Display for Imprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Imprint {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Imprint {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        u64::from_str_radix(&text, 16).map(Self).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(manager: &str, subresource: &str, time: &str, field: &str) -> Value {
        json!({"manager": manager, "subresource": subresource, "time": time, "fieldsV1": {"f:spec": {field: {}}}})
    }

    fn object(entries: &[Value]) -> Value {
        json!({"kind": "Deployment", "metadata": {"name": "web", "uid": "u", "resourceVersion": "1", "managedFields": entries},
            "spec": {"replicas": 1}})
    }

    fn ours() -> Value {
        entry("pinnace", "", "t1", "f:replicas")
    }

    #[test]
    fn a_secret_has_the_same_one_whether_its_values_came_or_not() {
        let mut secret = object(&[ours(), entry("kubectl-edit", "", "t1", "f:a")]);
        (secret["apiVersion"], secret["kind"]) = (json!("v1"), json!("Secret"));
        let whole = Imprint::of(&secret);
        secret.as_object_mut().unwrap().remove("spec");
        assert_eq!(Imprint::of(&secret), whole);
        secret["metadata"]["resourceVersion"] = json!("2");
        assert_ne!(Imprint::of(&secret), whole, "they wrote again");
    }

    #[test]
    fn what_parts_of_kubernetes_write_beside_it_is_no_news() {
        let before = Imprint::of(&object(&[ours()]));
        let status = entry("kube-controller-manager", "status", "t2", "f:x");
        let revision = entry("kube-controller-manager", "", "t2", "f:revision");
        let mut after = object(&[ours(), status, revision]);
        after["metadata"]["resourceVersion"] = json!("2");
        after["status"] = json!({"replicas": 1});
        assert_eq!(Imprint::of(&after), before);
    }

    #[test]
    fn who_takes_a_field_from_us_or_adds_one_is_news() {
        let before = Imprint::of(&object(&[ours()]));
        let scaled =
            [entry("pinnace", "", "t1", "f:other"), entry("kube-controller-manager", "scale", "t2", "f:replicas")];
        let edited = [ours(), entry("kubectl-edit", "", "t2", "f:paused")];
        let added = [ours(), entry("istiod", "", "t2", "f:sidecar")];
        for entries in [&scaled, &edited, &added] {
            assert_ne!(Imprint::of(&object(entries)), before);
        }
    }

    #[test]
    fn who_else_owns_something_writes_news_only_with_another_value() {
        let at = |time: &str, value: u32| {
            let mut object = object(&[ours(), entry("kubectl-edit", "", time, "f:paused")]);
            object["spec"]["paused"] = json!(value);
            Imprint::of(&object)
        };
        assert_eq!(at("t2", 1), at("t3", 1));
        assert_ne!(at("t2", 1), at("t2", 2));
    }

    #[test]
    fn without_owners_every_field_but_the_status_counts() {
        let before = Imprint::of(&object(&[]));
        let mut after = object(&[]);
        after["status"] = json!({"replicas": 1});
        assert_eq!(Imprint::of(&after), before);
        after["spec"]["replicas"] = json!(2);
        assert_ne!(Imprint::of(&after), before);
    }

    #[test]
    fn one_made_anew_or_about_to_go_is_news() {
        let before = Imprint::of(&object(&[ours()]));
        for (field, value) in [("uid", "v"), ("deletionTimestamp", "now")] {
            let mut after = object(&[ours()]);
            after["metadata"][field] = json!(value);
            assert_ne!(Imprint::of(&after), before, "{field}");
        }
    }

    #[test]
    fn it_reads_back_as_it_was_written() {
        let imprint = Imprint::of(&object(&[ours()]));
        assert_eq!(serde_json::from_value::<Imprint>(json!(imprint)).unwrap(), imprint);
    }
}
