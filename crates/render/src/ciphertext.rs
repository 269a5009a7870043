//! Finding values that are still encrypted. What is found stops the render: a cluster that gets ciphertext runs with
//! broken passwords, and the error shows only hours later.

use serde_json::Value;

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

/// The first encrypted value in an object: its path and its format.
pub(crate) fn find(object: &Value) -> Option<(String, &'static str)> {
    if let Some(sops) = object.get("sops")
        && ["mac", "lastmodified", "version"].iter().any(|part| sops.get(part).is_some())
    {
        return Some(("sops".to_owned(), "SOPS"));
    }
    search(object, &mut String::new())
}

/// What a text looks like, when it looks encrypted.
pub(crate) fn format_of(text: &str) -> Option<&'static str> {
    let text = text.trim_start_matches([' ', '\n', '\t', '\r']);
    MARKS.iter().find(|(mark, _)| text.starts_with(mark)).map(|(_, format)| *format)
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
