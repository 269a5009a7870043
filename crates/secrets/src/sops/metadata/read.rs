//! The block read: from its mapping, or from the flat keys of a dotenv file.

use serde_json::{Map, Value as Json};

use super::super::error::Problem;
use super::super::pgp::PgpKey;
use super::super::rules::{RawRules, Rules};
use super::super::tree::{Content, Node};
use super::{AgeKey, Group, Metadata, PREFIX};

/// Nobody gives more keys to a file.
const MOST_KEYS: usize = 1000;

/// Kinds of keys that we keep and don't use, with the fields that name the key.
const OTHERS: [(&str, &[&str]); 5] = [
    ("kms", &["arn"]),
    ("gcp_kms", &["resource_id"]),
    ("azure_kv", &["vault_url", "name", "version"]),
    ("hc_vault", &["vault_address", "engine_path", "key_name"]),
    ("hckms", &["key_id"]),
];

/// From the mapping `sops`.
pub(in super::super) fn nested(node: &Node) -> Result<Metadata, Problem> {
    match plain(node) {
        Json::Object(fields) => read(&fields),
        _ => Err(bad("", "it is not a mapping")),
    }
}

/// From the keys `sops_...`, which say `sops_age__list_0__map_recipient`.
pub(in super::super) fn dotenv(root: &Node) -> Result<Option<Metadata>, Problem> {
    match flat(root)? {
        Some(Json::Object(fields)) => read(&fields).map(Some),
        _ => Ok(None),
    }
}

/// Those keys as a mapping.
pub(super) fn flat(root: &Node) -> Result<Option<Json>, Problem> {
    let mut fields = Json::Object(Map::new());
    let mut found = false;
    for item in root.items() {
        let Some(path) = item.key.as_deref().and_then(|key| key.strip_prefix(PREFIX)) else { continue };
        found = true;
        let steps: Vec<String> =
            path.replace("__list_", "\n#").replace("__map_", "\n").split('\n').map(str::to_owned).collect();
        if steps.len() > 10 || !put(&mut fields, &steps, plain(&item.node)) {
            return Err(bad(path, "its key does not fit the others"));
        }
    }
    Ok(found.then_some(fields))
}

fn put(at: &mut Json, steps: &[String], value: Json) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        *at = value;
        return true;
    };
    if let Some(index) = step.strip_prefix('#') {
        let Ok(index) = index.parse::<usize>() else { return false };
        if at.is_null() {
            *at = Json::Array(Vec::new());
        }
        let Json::Array(items) = at else { return false };
        if index > items.len() || index > MOST_KEYS {
            return false;
        }
        if index == items.len() {
            items.push(Json::Null);
        }
        return items.get_mut(index).is_some_and(|item| put(item, rest, value));
    }
    if at.is_null() {
        *at = Json::Object(Map::new());
    }
    match at {
        Json::Object(fields) => put(fields.entry(step.clone()).or_insert(Json::Null), rest, value),
        _ => false,
    }
}

fn plain(node: &Node) -> Json {
    match &node.content {
        Content::Map(_) => {
            Json::Object(node.items().map(|item| (item.key.clone().unwrap_or_default(), plain(&item.node))).collect())
        }
        Content::List(_) => Json::Array(node.items().map(|item| plain(&item.node)).collect()),
        Content::Scalar(value) => Json::String(String::from_utf8_lossy(value.bytes.expose()).into_owned()),
        Content::Null => Json::Null,
    }
}

fn read(fields: &Map<String, Json>) -> Result<Metadata, Problem> {
    let text = |field: &str| -> Result<String, Problem> {
        match fields.get(field) {
            None | Some(Json::Null) => Ok(String::new()),
            Some(Json::String(text)) => Ok(text.clone()),
            Some(_) => Err(bad(field, "it is not a text")),
        }
    };
    let needed = |field: &str| {
        text(field).and_then(|text| if text.is_empty() { Err(bad(field, "it is missing")) } else { Ok(text) })
    };
    let own = group(fields, "")?;
    let groups = match fields.get("key_groups") {
        _ if !own.names().is_empty() => vec![own],
        Some(Json::Array(groups)) => {
            groups.iter().enumerate().map(|(at, one)| group_of(one, at)).collect::<Result<_, _>>()?
        }
        _ => return Err(bad("age", "no key is there")),
    };
    if groups.iter().map(|group: &Group| group.names().len()).sum::<usize>() > MOST_KEYS {
        return Err(bad("age", "there are too many keys"));
    }
    let threshold = match text("shamir_threshold")?.as_str() {
        "" | "0" => groups.len(),
        number => number.parse().map_err(|_| bad("shamir_threshold", "it is not a number"))?,
    };
    let last_modified = needed("lastmodified")?;
    // Only a time that is written as SOPS writes it again is what the MAC was bound to.
    if super::super::time::parse(&last_modified).as_ref() != Some(&last_modified) || last_modified.contains('.') {
        return Err(bad("lastmodified", "it is not a time like 2026-01-31T12:00:00Z"));
    }
    let rules = RawRules {
        unencrypted_suffix: text("unencrypted_suffix")?,
        encrypted_suffix: text("encrypted_suffix")?,
        unencrypted_regex: text("unencrypted_regex")?,
        encrypted_regex: text("encrypted_regex")?,
        unencrypted_comment_regex: text("unencrypted_comment_regex")?,
        encrypted_comment_regex: text("encrypted_comment_regex")?,
        mac_only_encrypted: matches!(text("mac_only_encrypted")?.as_str(), "True" | "true" | "1"),
    };
    let rules = Rules::new(rules.or_usual()).map_err(|(field, why)| bad(field, &why))?;
    Ok(Metadata { groups, threshold, last_modified, version: needed("version")?, mac: needed("mac")?, rules })
}

fn group_of(value: &Json, at: usize) -> Result<Group, Problem> {
    let place = format!("key_groups[{at}].");
    match value {
        Json::Object(fields) => group(fields, &place),
        _ => Err(bad(&place, "it is not a mapping")),
    }
}

fn group(fields: &Map<String, Json>, place: &str) -> Result<Group, Problem> {
    let list = |kind: &str| fields.get(kind).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let field = |key: &Json, name: &str| key.get(name).and_then(Json::as_str).map(str::to_owned);
    let mut group = Group::default();
    for (at, key) in list("age").iter().enumerate() {
        let wanted =
            |name: &str| field(key, name).ok_or_else(|| bad(&format!("{place}age[{at}].{name}"), "it is missing"));
        group.age.push(AgeKey { recipient: wanted("recipient")?, sealed: wanted("enc")? });
    }
    for (at, key) in list("pgp").iter().enumerate() {
        let wanted =
            |name: &str| field(key, name).ok_or_else(|| bad(&format!("{place}pgp[{at}].{name}"), "it is missing"));
        let (fingerprint, sealed) = (wanted("fp")?, wanted("enc")?);
        group.pgp.push(PgpKey { fingerprint, sealed, created: field(key, "created_at").unwrap_or_default() });
    }
    for (kind, names) in OTHERS {
        let name = |key: &Json| names.iter().filter_map(|name| field(key, name)).collect::<Vec<_>>().join("/");
        group.others.extend(list(kind).iter().map(|key| format!("{kind} {}", name(key))));
    }
    Ok(group)
}

fn bad(field: &str, why: &str) -> Problem {
    let field = field.trim_end_matches('.').chars().take(100).collect();
    Problem::Metadata { field, why: why.to_owned() }
}
