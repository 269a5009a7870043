//! What an engine says, made fit for people: short, without terminal codes, and without the values that its files hold for
//! Secrets.

use serde_json::Value;

use super::Files;
use crate::yaml;

/// More than that nobody reads.
const LONGEST: usize = 1_500;
/// Shorter values would tear holes into ordinary words.
const SHORTEST_SECRET: usize = 5;

/// What an engine said, for people.
pub(super) fn for_people(said: &str, files: &Files) -> String {
    let mut text = secrets::clean_terminal(said.trim());
    let mut hidden: Vec<String> = files.iter().flat_map(|(path, bytes)| values_to_hide(path, bytes)).collect();
    // The longest first, so that a value in another does not leave the rest of the other standing.
    hidden.sort_by_key(|value| std::cmp::Reverse(value.len()));
    for value in hidden {
        text = text.replace(&value, "***");
    }
    let text = text.strip_prefix("Error: ").unwrap_or(&text);
    // Flags that nobody here can set are no advice.
    let of_use = |line: &&str| !line.is_empty() && !line.starts_with("Use --debug");
    let text = text.split('\n').map(str::trim_end).filter(of_use).collect::<Vec<_>>().join("\n");
    secrets::clip(&text, LONGEST)
}

fn values_to_hide(path: &str, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    if yaml::is_manifest(path) {
        for document in yaml::documents(path, bytes).unwrap_or_default() {
            let all = document.value.get("kind").and_then(Value::as_str) == Some("Secret");
            if all {
                ["data", "stringData"].iter().filter_map(|field| document.value.get(field)).for_each(|values| {
                    collect(values, true, &mut found);
                });
            }
            collect(&document.value, false, &mut found);
        }
    } else if let Ok(text) = std::str::from_utf8(bytes) {
        // Files of variables, from which Secrets are generated.
        let values = text.lines().filter_map(|line| line.split_once('=')).filter(|(name, _)| sounds_secret(name));
        found.extend(values.map(|(_, value)| value.trim().to_owned()).filter(|value| value.len() >= SHORTEST_SECRET));
    }
    found
}

fn collect(value: &Value, secret: bool, found: &mut Vec<String>) {
    match value {
        Value::String(text) if secret && text.len() >= SHORTEST_SECRET => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, secret, found)),
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| collect(value, secret || sounds_secret(name), found));
        }
        _ => {}
    }
}

fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "secret", "token", "credential", "apikey", "api_key", "privatekey", "private_key"]
        .iter()
        .any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_secrets_are_not_repeated() {
        let files = Files::from([
            ("values.yaml".to_owned(), b"db: {password: hunter2hunter2, host: db.internal}".to_vec()),
            ("secret.yaml".to_owned(), b"kind: Secret\nstringData: {a: swordfish}".to_vec()),
            ("prod.env".to_owned(), b"API_TOKEN=correcthorse\nMODE=fast".to_vec()),
        ]);
        let said = "Error: bad hunter2hunter2 at db.internal\n\n\u{1b}[31mswordfish correcthorse fast";
        assert_eq!(for_people(said, &files), "bad *** at db.internal\n*** *** fast");
    }

    #[test]
    fn it_is_short() {
        assert!(for_people(&"word ".repeat(10_000), &Files::new()).chars().count() <= LONGEST + 1);
    }
}
