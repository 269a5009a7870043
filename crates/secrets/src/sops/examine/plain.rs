//! Secrets in the clear, by where they stand: in objects of the cluster, in files of values, in what makes objects, in `.env` files.

use super::entries::{Entry, shown};
use super::suspect::{Looks, looks, looks_in_the_clear};
use super::{Finding, NOT_SECRET};

/// What is wrong with Secrets of the cluster.
pub(super) fn in_secrets(document: &[Entry]) -> Vec<Finding> {
    let found = objects(document).filter(|object| object.version == "v1" && object.kind == "Secret");
    let values = found.flat_map(|object| object.below(document, &["data", "stringData"]));
    values.filter_map(|entry| Some(of_secret(entry, looks_in_the_clear(&entry.value.text)?))).collect()
}

fn of_secret(entry: &Entry, looks: Looks) -> Finding {
    // In a list of objects nobody wants to read which one it is.
    let path = shown(entry.path.get(entry.path.len().saturating_sub(2)..).unwrap_or_default());
    let what = match looks {
        Looks::Placeholder => format!(
            "`{path}` of a Secret is a placeholder, and would be used as it is: write the value, and encrypt the file with `pinnace \
             secrets encrypt --in-place`"
        ),
        _ => format!(
            "`{path}` of a Secret is in the clear: `pinnace secrets encrypt --in-place`, and change the value if it was committed"
        ),
    };
    Finding { line: entry.line, what }
}

/// What looks like a secret where no secret should be, in a file of this name.
pub(super) fn suspicious(name: &str, documents: &[Vec<Entry>]) -> Vec<Finding> {
    let is_values = is_values(name);
    let is_kustomization = file_name(name).to_ascii_lowercase().starts_with("kustomization");
    let mut found = Vec::new();
    for document in documents {
        let mut candidates: Vec<&Entry> = Vec::new();
        for object in objects(document) {
            if object.kind == "ConfigMap" && object.version == "v1" {
                candidates.extend(object.below(document, &["data"]));
            }
        }
        if is_values && objects(document).next().is_none() {
            candidates.extend(document.iter().filter(|entry| !is_reference(entry)));
        }
        found.extend(candidates.into_iter().flat_map(|entry| of_entry(entry.key(), entry)));
        found.extend(variables(document));
        if is_kustomization {
            found.extend(document.iter().filter_map(literal));
        }
    }
    found
}

/// The same of lines `KEY=value`; where it is an example for others, placeholders are right.
pub(super) fn in_dotenv(name: &str, text: &str) -> Vec<Finding> {
    const EXAMPLES: [&str; 5] = ["example", "sample", "template", "dist", "defaults"];
    let name = file_name(name).to_ascii_lowercase();
    let is_example = EXAMPLES.iter().any(|word| name.contains(word));
    let lines = text.lines().enumerate().filter_map(|(at, line)| {
        let (key, value) = assigned(line)?;
        let looks = looks(key, value).filter(|looks| !(is_example && *looks == Looks::Placeholder))?;
        Some(Finding { line: at + 1, what: told(key, looks) })
    });
    lines.collect()
}

/// Whether it is such a file: `.env`, `.env.production`, `shop.env`.
pub(super) fn is_dotenv(name: &str) -> bool {
    let name = file_name(name);
    let is_other = [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end));
    !is_other && (name.starts_with(".env") || name.split('.').skip(1).any(|part| part == "env"))
}

/// Values of charts, by the words of the file's name: `values.prod.yaml`, `secrets.yaml`.
fn is_values(name: &str) -> bool {
    let name = file_name(name).to_ascii_lowercase();
    let is_text = [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end));
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    is_text && words.any(|word| ["values", "secret", "secrets"].contains(&word))
}

fn file_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// An object of the cluster, or one in a list of them.
struct Object<'d> {
    place: &'d [String],
    version: &'d str,
    kind: &'d str,
}

impl<'d> Object<'d> {
    /// The values of these fields.
    fn below<'e>(
        &self,
        document: &'e [Entry],
        fields: &'static [&'static str],
    ) -> impl Iterator<Item = &'e Entry> + use<'e, 'd> {
        let place = self.place;
        document.iter().filter(move |entry| match entry.path.strip_prefix(place) {
            Some([field, _]) => fields.contains(&field.as_str()),
            _ => false,
        })
    }
}

fn objects(document: &[Entry]) -> impl Iterator<Item = Object<'_>> {
    document.iter().filter_map(move |entry| {
        let (last, place) = entry.path.split_last()?;
        let is_place = place.is_empty() || (place.len() == 2 && place.first().is_some_and(|key| key == "items"));
        if last != "kind" || !is_place {
            return None;
        }
        let version = beside(document, place, "apiVersion")?;
        Some(Object { place, version, kind: &entry.value.text })
    })
}

/// An object of the cluster that is no Secret: patterns like `^(data|stringData)$` are meant for Secrets.
pub(super) fn is_other_object(document: &[Entry]) -> bool {
    objects(document).any(|object| object.place.is_empty() && object.kind != "Secret")
}

/// The value of this key at a place.
fn beside<'d>(document: &'d [Entry], place: &[String], key: &str) -> Option<&'d str> {
    let here = |entry: &&Entry| entry.path.split_last().is_some_and(|(last, above)| last == key && above == place);
    document.iter().find(here).map(|entry| entry.value.text.as_str())
}

/// What only names the place where a secret is.
fn is_reference(entry: &Entry) -> bool {
    entry.path.iter().any(|key| key.ends_with("Ref") || key == "valueFrom" || key.starts_with("existing"))
}

/// Variables of containers: `- name: DB_PASSWORD` and `value: ...`.
fn variables(document: &[Entry]) -> Vec<Finding> {
    let mut found = Vec::new();
    for pair in document.windows(2) {
        let [one, other] = pair else { continue };
        let (Some((first, place)), Some((second, same))) = (one.path.split_last(), other.path.split_last()) else {
            continue;
        };
        let in_list = place.last().is_some_and(|last| last.starts_with('[')) && place == same;
        let (name, value) = match (first.as_str(), second.as_str()) {
            ("name", "value") if in_list => (one, other),
            ("value", "name") if in_list => (other, one),
            _ => continue,
        };
        found.extend(of_entry(&name.value.text, value));
    }
    found
}

/// What `secretGenerator` and `configMapGenerator` of Kustomize make objects of: `- password=hunter22`.
fn literal(entry: &Entry) -> Option<Finding> {
    let generator = entry.path.first().filter(|_| entry.path.iter().any(|key| key == "literals"))?;
    let (key, value) = entry.value.text.split_once('=')?;
    let value = unquoted(value);
    let looks = match generator.as_str() {
        "secretGenerator" => looks_in_the_clear(value),
        "configMapGenerator" => looks(key, value),
        _ => None,
    }?;
    Some(Finding { line: entry.line, what: told(key, looks) })
}

/// A value, and the settings in it where it has lines.
fn of_entry(key: &str, entry: &Entry) -> Vec<Finding> {
    let text = &entry.value.text;
    if !text.trim_end().contains('\n') {
        let path = if entry.path.last().is_some_and(|last| last == "value") { key.to_owned() } else { entry.shown() };
        if let Some(looks) = looks(key, text) {
            return vec![Finding { line: entry.line, what: told(&path, looks) }];
        }
        if !entry.value.block {
            return Vec::new();
        }
    }
    let lines = text.lines().enumerate().filter_map(|(at, line)| {
        let (key, value) = assigned(line).or_else(|| line.split_once(": "))?;
        let key = key.trim().trim_matches(['"', '\'']);
        let looks = looks(key, unquoted(value.trim().trim_end_matches(',')))?;
        let line = if entry.value.block { entry.line + 1 + at } else { entry.line };
        Some(Finding {
            line,
            what: told(&format!("{}, {}", entry.shown(), crate::clip(&crate::clean_terminal(key), 80)), looks),
        })
    });
    lines.collect()
}

/// `KEY=value`, as a shell reads it.
fn assigned(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (key, value) = line.split_once('=').filter(|_| !line.starts_with(['#', ';']))?;
    let key = key.trim();
    let is_name = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    is_name.then(|| (key, unquoted(value)))
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    let inner = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.split(*quote).next());
    inner.unwrap_or_else(|| value.split(" #").next().unwrap_or(value).trim())
}

/// In words.
pub(super) fn told(path: &str, looks: Looks) -> String {
    let none = format!("where it is none, write `{NOT_SECRET}` on the line");
    match looks {
        Looks::Secret => format!(
            "`{path}` looks like a secret in the clear: put it into an encrypted file, and change it if it was committed; {none}"
        ),
        Looks::Address => format!(
            "`{path}` is an address with a password in the clear: put it into an encrypted file, and change the password if it was \
             committed; {none}"
        ),
        Looks::Placeholder => format!(
            "`{path}` is a placeholder for a secret, and would be used as it is: leave it empty, or put the value into an encrypted \
             file; where it is right, write `{NOT_SECRET}` on the line"
        ),
    }
}
