//! Files of `KEY=value` lines, as SOPS reads them: nothing is quoted, `\n` is a line end, `#` begins a comment.

use std::collections::HashSet;

use super::error::Problem;
use super::tree::{Comment, Content, Document, Entry, Item, Node, Tree};
use super::value::Value;

/// Reads a file.
pub(super) fn parse(text: &str) -> Result<Tree, Problem> {
    let (mut entries, mut keys, mut start) = (Vec::new(), HashSet::new(), 0);
    for (number, line) in text.split('\n').enumerate() {
        let (begin, end) = (start, start + line.len());
        start = end + 1;
        if line.is_empty() {
            continue;
        }
        if let Some(comment) = line.strip_prefix('#') {
            entries.push(Entry::Comment(Comment { text: comment.to_owned(), span: begin..end, inline: false }));
            continue;
        }
        let missing = || Problem::syntax(number + 1, "the line is neither `KEY=value` nor a comment");
        let (key, value) = line.split_once('=').ok_or_else(missing)?;
        if !keys.insert(key) {
            return Err(Problem::syntax(number + 1, "a key stands twice: remove one"));
        }
        let content = Content::Scalar(Value::text(value.replace("\\n", "\n")));
        let node = Node { content, span: begin + key.len() + 1..end, column: 0, flow: false };
        entries.push(Entry::Item(Item { key: Some(key.to_owned()), start: begin, node }));
    }
    let root = Node { content: Content::Map(entries), span: 0..text.len(), column: 0, flow: false };
    Ok(Tree { documents: vec![Document { root, end: text.len() }] })
}

/// A value after its `=`.
pub(super) fn scalar(value: &Value, path: &str) -> Result<String, Problem> {
    let why = "it is not text: encrypt it as a file of its own";
    let text = value.as_text().map_err(|_| Problem::Unwritable { path: path.to_owned(), why })?;
    if text.contains("\\n") {
        let why = "a backslash before an `n` would be read as a line end: use YAML";
        return Err(Problem::Unwritable { path: path.to_owned(), why });
    }
    Ok(text.replace('\n', "\\n"))
}

/// The metadata as lines `sops_age__list_0__map_enc=...`.
pub(super) fn metadata(block: &serde_json::Value) -> String {
    let mut lines = String::new();
    flat("sops", "_", block, &mut lines);
    lines
}

fn flat(name: &str, next: &str, value: &serde_json::Value, lines: &mut String) {
    use serde_json::Value as Json;
    match value {
        Json::Object(fields) => {
            fields.iter().for_each(|(key, value)| flat(&format!("{name}{next}{key}"), "__map_", value, lines));
        }
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| flat(&format!("{name}__list_{at}"), "__map_", item, lines));
        }
        Json::String(text) => lines.push_str(&format!("{name}={}\n", text.replace('\n', "\\n"))),
        other => lines.push_str(&format!("{name}={other}\n")),
    }
}
