//! The block written, with its fields in the order in which SOPS writes them.

use serde_json::{Map, Value as Json, json};

use super::super::pgp::PgpKey;
use super::{Group, Metadata};

/// The block of a new file.
pub(in super::super) fn to_json(metadata: &Metadata) -> Json {
    let mut fields: Vec<(&str, Json)> = Vec::new();
    if let [group] = metadata.groups.as_slice() {
        fields.extend(keys(group));
    } else {
        let of = |group: &Group| {
            let fields = keys(group).into_iter().chain([("hc_vault", json!([]))]);
            Json::Object(fields.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
        };
        let groups = metadata.groups.iter().map(of).collect();
        fields.push(("key_groups", Json::Array(groups)));
        fields.push(("shamir_threshold", json!(metadata.threshold)));
    }
    fields.push(("lastmodified", json!(metadata.last_modified)));
    fields.push(("mac", json!(metadata.mac)));
    let rules = metadata.rules.raw();
    fields
        .extend(rules.texts().into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| (name, json!(text))));
    if rules.mac_only_encrypted {
        fields.push(("mac_only_encrypted", json!(true)));
    }
    fields.push(("version", json!(metadata.version)));
    fields.sort_by_key(|(name, _)| *name);
    Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

/// The kinds of keys that a group has.
fn keys(group: &Group) -> Vec<(&'static str, Json)> {
    let age: Json = group.age.iter().map(|key| json!({"enc": key.sealed, "recipient": key.recipient})).collect();
    let pgp = |key: &PgpKey| json!({"created_at": key.created, "enc": key.sealed, "fp": key.fingerprint});
    let pgp: Json = group.pgp.iter().map(pgp).collect();
    let is_there = |keys: &Json| keys.as_array().is_some_and(|keys| !keys.is_empty());
    [("age", age), ("pgp", pgp)].into_iter().filter(|(_, keys)| is_there(keys)).collect()
}
