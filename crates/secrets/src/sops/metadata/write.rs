//! The block written, with its fields in the order in which SOPS writes them.

use serde_json::{Map, Value as Json, json};

use super::{Group, Metadata};

/// The block of a new file.
pub(in super::super) fn to_json(metadata: &Metadata) -> Json {
    let mut fields: Vec<(&str, Json)> = Vec::new();
    if let [group] = metadata.groups.as_slice() {
        fields.push(("age", age(group)));
    } else {
        let groups = metadata.groups.iter().map(|group| json!({"age": age(group), "hc_vault": []})).collect();
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

fn age(group: &Group) -> Json {
    group.age.iter().map(|key| json!({"enc": key.sealed, "recipient": key.recipient})).collect()
}
