//! A plain file made an encrypted one. This needs public keys only.

use super::cipher::{DataKey, check};
use super::creation::{Creation, KeyGroup};
use super::error::{Problem, SopsError};
use super::file::{Encrypted, mac_of};
use super::keys::Recipient;
use super::metadata::{self, AgeKey, Group, Metadata, VERSION};
use super::pgp::{self, Fingerprint, PgpKey, SealPgp};
use super::rules::{RawRules, Rules};
use super::tree::{Splice, Tree, spliced};
use super::value::{Kind, Value};
use super::walk::{Leaf, What, is_metadata, leaves};
use super::{Format, json, plain, scope, shamir};
use crate::Secret;

/// Encrypts a file that is in the clear. `now` is like `2026-01-31T12:00:00Z`. What was written is opened again before it
/// is handed out.
pub fn encrypt(name: &str, bytes: &[u8], format: Format, creation: &Creation, now: &str) -> Result<Vec<u8>, SopsError> {
    encrypt_by(name, bytes, format, creation, now, &mut pgp::no_seal)
}

/// The same, with a way to seal for PGP keys.
pub fn encrypt_by(
    name: &str,
    bytes: &[u8],
    format: Format,
    creation: &Creation,
    now: &str,
    pgp: SealPgp<'_>,
) -> Result<Vec<u8>, SopsError> {
    let encrypted = match format {
        Format::Binary => binary(bytes, creation, now, pgp),
        _ => structured(bytes, format, creation, now, pgp),
    };
    encrypted.map_err(|problem| problem.of(name))
}

fn structured(
    bytes: &[u8],
    format: Format,
    creation: &Creation,
    now: &str,
    pgp: SealPgp<'_>,
) -> Result<Vec<u8>, Problem> {
    let (text, tree) = format.parse(bytes)?;
    refuse_metadata(&tree, format)?;
    let rules = creation.rules()?;
    let scope = match &creation.scope {
        Some(scope) => Some(scope.clone()),
        None => scope::written(&text, &tree)?,
    };
    if scope.is_some() && rules.raw().mac_only_encrypted {
        return Err(Problem::ScopeNotBound);
    }
    let scoped = match &scope {
        Some(scope) => scope::put_into(&text, &tree, format, scope)?,
        None => None,
    };
    let (text, tree) = match scoped {
        Some(text) => {
            let text = Secret::new(text.into_bytes());
            format.parse(text.expose())?
        }
        None => (text, tree),
    };
    let key = DataKey::random(scope.as_ref())?;
    let values: Vec<_> = leaves(&tree, &rules, format).into_iter().map(|leaf| (value(&leaf), leaf)).collect();
    let mut splices = Vec::new();
    for (value, leaf) in &values {
        if value.as_text().is_ok_and(|text| check(text).is_ok()) {
            return Err(Problem::Orphan { path: leaf.shown.clone() });
        }
        splices.extend(splice(leaf, value, &key, format, &rules)?);
    }
    let values: Vec<_> = values.into_iter().map(|(value, leaf)| (leaf, Some(value))).collect();
    let mac = mac_of(&values, rules.raw().mac_only_encrypted);
    let metadata = metadata(creation, rules, &key, mac, now, pgp)?;
    splices.extend(added(&text, &tree, &metadata, format));
    let new = spliced(&text, splices);
    prove(&new, format, &values, key)?;
    Ok(new.into_bytes())
}

/// A plain text has no place for metadata.
pub(super) fn refuse_metadata(tree: &Tree, format: Format) -> Result<(), Problem> {
    let keys = tree.documents.iter().flat_map(|document| document.root.items()).filter_map(|item| item.key.as_ref());
    match keys.into_iter().find(|key| is_metadata(key, format)) {
        Some(key) => Err(Problem::AlreadyEncrypted { key: crate::clip(&crate::clean_terminal(key), 80) }),
        None => Ok(()),
    }
}

/// What is to be encrypted of a plain text.
pub(super) fn value(leaf: &Leaf<'_>) -> Value {
    match leaf.what {
        What::Value(_, value) => value.clone(),
        What::Comment(comment, _) => Value::comment(&comment.text),
    }
}

/// The value encrypted in its place; none where it stays as it is.
pub(super) fn splice(
    leaf: &Leaf<'_>,
    value: &Value,
    key: &DataKey,
    format: Format,
    rules: &Rules,
) -> Result<Option<Splice>, Problem> {
    if !leaf.encrypt || value.is_empty() {
        return Ok(None);
    }
    let sealed = key.seal(value, &leaf.bound_to)?;
    Ok(Some(match leaf.what {
        What::Value(node, _) => Splice { range: node.span.clone(), text: plain::sealed_text(&sealed, node, format) },
        What::Comment(..) if rules.comment_switches_off(&sealed) => {
            let what = "`unencrypted_comment_regex` matches encrypted comments too".to_owned();
            return Err(Problem::Rule { what });
        }
        What::Comment(comment, _) => Splice { range: comment.span.clone(), text: format!("#{sealed}") },
    }))
}

fn binary(bytes: &[u8], creation: &Creation, now: &str, pgp: SealPgp<'_>) -> Result<Vec<u8>, Problem> {
    if bytes.len() > super::tree::LONGEST_FILE / 2 {
        return Err(Problem::TooLarge { bytes: bytes.len(), most: super::tree::LONGEST_FILE / 2 });
    }
    // The one value is always encrypted, whatever the rules say of keys.
    let mac_only_encrypted = creation.rules.mac_only_encrypted;
    if creation.scope.is_some() && mac_only_encrypted {
        return Err(Problem::ScopeNotBound);
    }
    let raw = RawRules { mac_only_encrypted, ..RawRules::default() }.or_usual();
    let rules = Rules::new(raw).map_err(|(_, what)| Problem::Rule { what })?;
    let key = DataKey::random(creation.scope.as_ref())?;
    let value = Value::text(bytes);
    let scope = creation.scope.as_ref().map(|scope| Value::text(scope.to_string()));
    let mut text = format!("{{\n\t\"data\": {}", json::quoted(&key.seal(&value, "data:")?));
    if let Some(scope) = &scope {
        let scope = json::quoted(scope.as_text().unwrap_or_default());
        text.push_str(&format!(",\n\t\"{}\": {scope}", scope::SCOPE_KEY));
    }
    text.push_str("\n}\n");
    let tree = json::parse(&text)?;
    let all = std::iter::once(value).chain(scope);
    let values: Vec<_> = leaves(&tree, &rules, Format::Binary).into_iter().zip(all.map(Some)).collect();
    let mac = mac_of(&values, rules.raw().mac_only_encrypted);
    let metadata = metadata(creation, rules, &key, mac, now, pgp)?;
    let new = spliced(&text, added(&text, &tree, &metadata, Format::Binary));
    prove(&new, Format::Binary, &values, key)?;
    Ok(new.into_bytes())
}

fn metadata(
    creation: &Creation,
    rules: Rules,
    key: &DataKey,
    mac: Vec<u8>,
    now: &str,
    pgp: SealPgp<'_>,
) -> Result<Metadata, Problem> {
    let groups = &creation.groups;
    if groups.is_empty() || groups.iter().any(KeyGroup::is_empty) {
        return Err(Problem::NoRecipient);
    }
    let threshold = creation.threshold.unwrap_or(groups.len());
    let parts = if groups.len() == 1 {
        vec![key.bytes().clone()]
    } else {
        let bounded = u8::try_from(groups.len()).ok().zip(u8::try_from(threshold).ok());
        let fits = bounded.filter(|(groups, threshold)| *threshold >= 2 && threshold <= groups);
        let what = format!("`shamir_threshold` is {threshold}, and must be between 2 and the number of key groups");
        let (groups, threshold) = fits.ok_or(Problem::Rule { what })?;
        shamir::split(key.bytes().expose(), groups, threshold)?
    };
    let sealed = |recipient: &Recipient, part: &Secret<Vec<u8>>| -> Result<AgeKey, Problem> {
        Ok(AgeKey { recipient: recipient.as_str().to_owned(), sealed: recipient.seal(part)? })
    };
    let mut by_pgp = |key: &Fingerprint, part: &Secret<Vec<u8>>| -> Result<PgpKey, Problem> {
        let fingerprint = key.as_str().to_owned();
        let sealed = pgp(key, part).map_err(|why| Problem::NotSealed { fingerprint: fingerprint.clone(), why })?;
        Ok(PgpKey { fingerprint, sealed: sealed.trim().to_owned(), created: now.to_owned() })
    };
    let group = |(keys, part): (&KeyGroup, &Secret<Vec<u8>>)| -> Result<Group, Problem> {
        let age = keys.age.iter().map(|recipient| sealed(recipient, part)).collect::<Result<_, _>>()?;
        let pgp = keys.pgp.iter().map(|key| by_pgp(key, part)).collect::<Result<_, _>>()?;
        Ok(Group { age, pgp, others: Vec::new() })
    };
    let groups = groups.iter().zip(&parts).map(group).collect::<Result<_, _>>()?;
    let mac = key.seal(&Value::text(mac), now)?;
    Ok(Metadata { groups, threshold, last_modified: now.to_owned(), version: VERSION.to_owned(), mac, rules })
}

/// The block, at the end of each document.
fn added(text: &str, tree: &Tree, metadata: &Metadata, format: Format) -> Vec<Splice> {
    let block = metadata::to_json(metadata);
    tree.documents.iter().map(|document| metadata::placed(&block, text, document, format)).collect()
}

/// Whether the new text opens with its key and holds what it was made of.
pub(super) fn prove(
    new: &str,
    format: Format,
    values: &[(Leaf<'_>, Option<Value>)],
    key: DataKey,
) -> Result<(), Problem> {
    let not_proven = |path: &str| Problem::NotProven { path: path.to_owned() };
    let file = Encrypted::read("", new.as_bytes(), format).map_err(|_| not_proven(metadata::KEY))?;
    let opened = file.open_with(key).map_err(|problem| match problem {
        Problem::DoesNotOpen { path } | Problem::BadCiphertext { path, .. } | Problem::InTheClear { path } => {
            not_proven(&path)
        }
        _ => not_proven("sops.mac"),
    })?;
    let of_values = |values: &[(Leaf<'_>, Option<Value>)]| -> Vec<(String, String, Option<Value>)> {
        // A comment of a list that SOPS wrote as an item is one of these too, and may have become a comment again.
        let is_value = |value: &Option<Value>| value.as_ref().is_none_or(|value| value.kind() != Kind::Comment);
        let values = values.iter().filter(|(leaf, value)| matches!(leaf.what, What::Value(..)) && is_value(value));
        values.map(|(leaf, value)| (leaf.bound_to.clone(), leaf.shown.clone(), value.clone())).collect()
    };
    let (old, new) = (of_values(values), of_values(&opened.values));
    for ((bound, shown, value), (new_bound, _, new_value)) in old.iter().zip(&new) {
        if bound != new_bound || !value.as_ref().zip(new_value.as_ref()).is_some_and(|(old, new)| old.same(new)) {
            return Err(not_proven(shown));
        }
    }
    if old.len() == new.len() { Ok(()) } else { Err(not_proven(metadata::KEY)) }
}
