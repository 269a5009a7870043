//! One value of an encrypted file changed or added; every other byte but the MAC and the date stays as it is.

use zeroize::Zeroizing;

use super::cipher::DataKey;
use super::error::{Problem, SopsError};
use super::file::{Encrypted, Opened, mac_of};
use super::metadata::{KEY, PREFIX};
use super::path::{KeyPath, Step};
use super::tree::{Content, Item, Node, Splice, spliced};
use super::value::{Kind, Value};
use super::walk::{What, is_metadata, leaves};
use super::{Format, json, plain, yaml};

impl Opened<'_> {
    /// The file with this value at this path. `now` is like `2026-01-31T12:00:00Z`.
    pub fn set(&self, path: &KeyPath, value: &Value, now: &str) -> Result<Vec<u8>, SopsError> {
        self.changed(path, value, now).map_err(|problem| problem.of(&self.file.name))
    }

    fn changed(&self, path: &KeyPath, value: &Value, now: &str) -> Result<Vec<u8>, Problem> {
        let file = self.file;
        if path.steps.first().is_some_and(|step| matches!(step, Step::Key(key) if is_metadata(key, file.format))) {
            return Err(Problem::Unwritable { path: path.shown(), why: "it is the file's own metadata" });
        }
        if file.format == Format::Binary {
            let why = "a binary file is one value: encrypt the new one, or use `pinnace secrets edit`";
            return Err(Problem::Unwritable { path: path.shown(), why });
        }
        if file.format == Format::Dotenv && value.kind() != Kind::Str {
            return Err(Problem::Unwritable { path: path.shown(), why: "a dotenv file holds texts only" });
        }
        // First in the clear, so that its place is known; then as the rules want it there.
        let text = Zeroizing::new(self.with_plain(path, value)?);
        let text = sealed(&text, file, path, value, &self.key)?;
        let text = with_mac(&text, file, &self.key, now)?;
        let key = DataKey::new(self.key.bytes().clone()).ok_or(Problem::NoRandomness)?;
        let not_proven = || Problem::NotProven { path: path.shown() };
        let new = Encrypted::read("", text.as_bytes(), file.format).map_err(|_| not_proven())?;
        let opened = new.open_with(key).map_err(|_| not_proven())?;
        self.keeps_scope(&opened)?;
        let found = opened.get(path).map_err(|_| not_proven())?;
        if found.same_in(value, file.format) { Ok(text.into_bytes()) } else { Err(not_proven()) }
    }

    fn with_plain(&self, path: &KeyPath, value: &Value) -> Result<String, Problem> {
        let file = self.file;
        if let Some(item) = path.find(&file.tree) {
            if !plain::is_single(&item.node) {
                let what = if matches!(item.node.content, Content::List(_)) { "a list" } else { "a mapping" };
                return Err(Problem::NotAValue { path: path.shown(), what });
            }
            return replaced(file, item, value, path);
        }
        let [document] = file.tree.documents.as_slice() else {
            return Err(Problem::NoSuchPath { path: path.shown() });
        };
        let (node, item, rest) = path.follow(&document.root);
        let keys: Option<Vec<&str>> =
            rest.iter().map(|step| if let Step::Key(key) = step { Some(key.as_str()) } else { None }).collect();
        let keys = keys.filter(|_| matches!(node.content, Content::Map(_)));
        let keys = keys.ok_or_else(|| Problem::NoSuchPath { path: path.shown() })?;
        added(file, node, item.is_none(), &keys, value, path)
    }
}

/// The text with a value in the clear where another was.
fn replaced(file: &Encrypted, item: &Item, value: &Value, path: &KeyPath) -> Result<String, Problem> {
    let node = &item.node;
    let written = file.format.write(value, &quoted_place(node), 0, &file.text, &path.shown())?;
    let mut range = node.span.clone();
    let mut text = Zeroizing::new(written);
    if range.is_empty() && file.format == Format::Yaml {
        // `key:` without a value: the place is before the colon.
        let rest = file.text.get(range.start..).unwrap_or_default();
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let colon = rest.get(blanks..).is_some_and(|rest| rest.starts_with(':'));
        let at = range.start + if colon { blanks + 1 } else { 0 };
        range = at..at;
        text = Zeroizing::new(format!(" {}", *text));
    }
    Ok(spliced(&file.text, vec![Splice { range, text: std::mem::take(&mut *text) }]))
}

/// In one line, wherever it stands.
fn quoted_place(node: &Node) -> Node {
    Node { content: Content::Null, span: node.span.clone(), column: node.column, flow: true }
}

/// The text with keys that were not there.
fn added(
    file: &Encrypted,
    map: &Node,
    is_root: bool,
    keys: &[&str],
    value: &Value,
    path: &KeyPath,
) -> Result<String, Problem> {
    let written = file.format.write(value, &quoted_place(map), 0, &file.text, &path.shown())?;
    let ours = |item: &&Item| is_root && item.key.as_deref().is_some_and(|key| is_metadata(key, file.format));
    let last = map.items().filter(|item| !ours(item)).last();
    let text = &file.text;
    if file.format == Format::Dotenv {
        let [key] = keys else { return Err(Problem::NoSuchPath { path: path.shown() }) };
        if key.contains(['=', '\n', '\r']) || key.starts_with('#') || key.starts_with(PREFIX) {
            return Err(Problem::Unwritable { path: path.shown(), why: "the key is none that a dotenv file can have" });
        }
        let at = last.map_or(0, |last| plain::line_end(text, last.end()));
        return Ok(spliced(text, vec![Splice { range: at..at, text: format!("{key}={written}\n") }]));
    }
    if map.flow {
        let (first, deeper) = keys.split_first().ok_or_else(|| Problem::NoSuchPath { path: path.shown() })?;
        let value = deeper.iter().rev().fold(written, |inner, key| format!("{{{}: {inner}}}", json::quoted(key)));
        let entry = format!("{}: {value}", json::quoted(first));
        let start = map.span.start + 1;
        let blank =
            map.items().next().and_then(|first| text.get(start..first.start)).filter(|gap| gap.trim().is_empty());
        let blank = blank.unwrap_or(" ");
        let (at, entry) = match last {
            Some(last) => (last.end(), format!(",{blank}{entry}")),
            None if map.items().next().is_some() => (start, format!("{blank}{entry},")),
            None => (start, entry),
        };
        return Ok(spliced(text, vec![Splice { range: at..at, text: entry }]));
    }
    let at = match last {
        Some(last) => plain::line_end(text, last.end()),
        None => map.get(KEY).map_or(text.len(), |item| item.start),
    };
    let missing_end = text.get(..at).is_some_and(|before| !before.is_empty() && !before.ends_with('\n'));
    let mut lines = if missing_end { "\n".to_owned() } else { String::new() };
    for (depth, key) in keys.iter().enumerate() {
        let pad = " ".repeat(map.column + 4 * depth);
        let end = if depth + 1 == keys.len() { format!(" {written}\n") } else { "\n".to_owned() };
        lines.push_str(&format!("{pad}{}:{end}", yaml::key(key)));
    }
    Ok(spliced(text, vec![Splice { range: at..at, text: lines }]))
}

/// The text with the new value encrypted, where the file's rules want that.
fn sealed(text: &str, file: &Encrypted, path: &KeyPath, value: &Value, key: &DataKey) -> Result<String, Problem> {
    let not_proven = || Problem::NotProven { path: path.shown() };
    let (_, tree) = file.format.parse(text.as_bytes()).map_err(|_| not_proven())?;
    let item = path.find(&tree).ok_or_else(not_proven)?;
    let leaves = leaves(&tree, &file.metadata().rules, file.format);
    let here = leaves
        .iter()
        .find(|leaf| matches!(leaf.what, What::Value(node, _) if std::ptr::eq(node, &raw const item.node)));
    let leaf = here.ok_or_else(not_proven)?;
    if !leaf.encrypt {
        return Ok(text.to_owned());
    }
    let sealed = key.seal(value, &leaf.bound_to)?;
    let written = plain::sealed_text(&sealed, &item.node, file.format);
    Ok(spliced(text, vec![Splice { range: item.node.span.clone(), text: written }]))
}

/// The text with the MAC of its values and the date.
pub(super) fn with_mac(text: &str, file: &Encrypted, key: &DataKey, now: &str) -> Result<String, Problem> {
    let new = Encrypted::read(&file.name, text.as_bytes(), file.format)?;
    let mac = mac_of(&new.values(key)?, new.metadata().rules.raw().mac_only_encrypted);
    let mac = key.seal(&Value::text(mac), now)?;
    let mut splices = Vec::new();
    for document in &new.tree.documents {
        let fields = [("mac", &mac), ("lastmodified", &now.to_owned())];
        for (field, value) in fields {
            let node = match file.format {
                Format::Dotenv => document.root.get(&format!("{PREFIX}{field}")),
                _ => document.root.get(KEY).and_then(|item| item.node.get(field)),
            };
            let Some(node) = node.map(|item| &item.node) else { continue };
            // Quoted, so that the date is a text to every reader.
            let written = match file.format {
                Format::Dotenv => value.clone(),
                Format::Yaml if field == "mac" && !node.flow => value.clone(),
                _ => json::quoted(value),
            };
            splices.push(Splice { range: node.span.clone(), text: written });
        }
    }
    Ok(spliced(text, splices))
}
