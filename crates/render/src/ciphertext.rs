//! Finding values that are still encrypted. What is found stops the render: a cluster that gets ciphertext runs with
//! broken passwords, and the error shows only hours later.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Set to `"true"`, it lets a ConfigMap or Secret carry ciphertext to an app that opens it itself.
pub(crate) const MARK: &str = "pinnace.dev/ciphertext";
/// Where such an object carries it.
const CARRYING: [&str; 3] = ["data", "stringData", "binaryData"];

/// The beginning of a value, and what it is.
const MARKS: &[(&str, &str)] = &[
    ("ENC[", "SOPS or eyaml"),
    ("EJ[1:", "ejson"),
    ("$ANSIBLE_VAULT;", "Ansible Vault"),
    ("-----BEGIN AGE ENCRYPTED FILE-----", "age"),
    ("age-encryption.org/v1", "age"),
    ("-----BEGIN PGP MESSAGE-----", "PGP"),
    ("\u{0}GITCRYPT", "git-crypt"),
];

/// Whether an object may carry ciphertext in its data.
pub(crate) fn may_carry(object: &Value) -> bool {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let kind = text("/apiVersion") == Some("v1") && matches!(text("/kind"), Some("ConfigMap" | "Secret"));
    kind && text("/metadata/annotations/pinnace.dev~1ciphertext") == Some("true")
}

/// Whether it carries some: what was opened on the way must not go in its place.
pub(crate) fn carries(object: &Value) -> bool {
    let values = CARRYING.iter().filter_map(|field| object.get(field)?.as_object()).flat_map(serde_json::Map::values);
    values.filter_map(Value::as_str).any(|text| format_of(text).is_some() || format_within(text).is_some())
}

/// What a text in base64 looks like, when it looks encrypted.
pub(crate) fn format_within(packed: &str) -> Option<&'static str> {
    let bytes = STANDARD.decode(packed.trim()).ok()?;
    format_of(&String::from_utf8_lossy(&bytes))
}

/// The first encrypted value in an object, outside of what it may carry: its path and its format.
pub(crate) fn find(object: &Value) -> Option<(String, &'static str)> {
    if let Some(sops) = object.get("sops")
        && ["mac", "lastmodified", "version"].iter().any(|part| sops.get(part).is_some())
    {
        return Some(("sops".to_owned(), "SOPS"));
    }
    if !may_carry(object) {
        return search(object, &mut String::new());
    }
    let mut rest = object.clone();
    if let Some(fields) = rest.as_object_mut() {
        fields.retain(|field, _| !CARRYING.contains(&field.as_str()));
    }
    search(&rest, &mut String::new())
}

/// What a text looks like, when it looks encrypted, or holds something that does: a file within it, a part of an address.
pub(crate) fn format_of(text: &str) -> Option<&'static str> {
    let begins = text.trim_start_matches([' ', '\n', '\t', '\r']);
    let found = MARKS.iter().find(|(mark, _)| begins.starts_with(mark)).map(|(_, format)| *format);
    found.or_else(|| text.contains(secrets::sops::SEALED).then_some("SOPS"))
}

fn search(value: &Value, path: &mut String) -> Option<(String, &'static str)> {
    let length = path.len();
    match value {
        Value::String(text) => format_of(text).map(|format| (path.clone(), format)),
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            path.truncate(length);
            path.extend(["[", &index.to_string(), "]"]);
            search(item, path)
        }),
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            path.truncate(length);
            if length > 0 {
                path.push('.');
            }
            path.push_str(&secrets::clip(name, 80));
            search(field, path)
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciphertext_is_seen_within_a_text_too() {
        let sealed = "ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]";
        for text in [
            sealed.to_owned(),
            format!("  {sealed}"),
            format!("TOKEN: {sealed}\nsops: {{}}\n"),
            format!("pg://u:{sealed}@db"),
        ] {
            assert!(format_of(&text).is_some(), "{text}");
        }
        for text in ["", "plain", "see ENC[...] in the docs", "a: b"] {
            assert_eq!(format_of(text), None, "{text}");
        }
    }
}
