//! A new entry in a mapping or list that is there already.

use serde_json::{Map, Value, json};

use super::prove::{self, Expected};
use super::write::{Splice, in_line, quoted, string};
use crate::yaml_edit::EditError;
use crate::yaml_edit::path::Part;
use crate::yaml_edit::scalar;
use crate::yaml_edit::tree::{Content, NodeId, Tree};

/// Adds to a node what its path has beyond it.
pub(super) fn insert(text: &str, tree: &Tree, into: NodeId, rest: &[Part], value: &Value) -> Result<String, EditError> {
    let line = tree.node(into).line;
    let refused = |why| EditError::Unwritable { line, why };
    let Some((first, after)) = rest.split_first() else { return Err(EditError::NotAScalar { line }) };
    let value = built(after, value).ok_or_else(|| refused("its place in a list can't be told"))?;
    let entry = match (first, &tree.node(into).content) {
        (Part::Key(key), Content::Mapping { .. }) => Entry::Field(key, value),
        (Part::Where(key, name), Content::Sequence(_)) => {
            let item = item(key, name, value).ok_or_else(|| refused("its place in a list can't be told"))?;
            Entry::Item(item)
        }
        _ => return Err(refused("there is no mapping or list to add it to")),
    };
    let written = entry.written(text, line)?;
    // At the end where that can be told, else at the beginning.
    let splices = [at_end(text, tree, into, &written), at_begin(text, tree, into, &written)];
    for splice in splices.into_iter().flatten() {
        let edited = splice.into_text(text);
        if prove::prove(tree, &edited, into, &entry.expected()).is_ok() {
            return Ok(edited);
        }
    }
    Err(EditError::NotProven { line })
}

enum Entry<'p> {
    Field(&'p str, Value),
    Item(Value),
}

impl Entry<'_> {
    fn written(&self, text: &str, line: usize) -> Result<String, EditError> {
        let is_json = scalar::is_json(text);
        let value = |value: &Value| if is_json { Ok(value.to_string()) } else { in_line(value, line) };
        match self {
            Self::Field(key, field) => {
                let key = if is_json { quoted(key) } else { string(key) };
                Ok(format!("{key}: {}", value(field)?))
            }
            Self::Item(item) => value(item),
        }
    }

    fn expected(&self) -> Expected<'_> {
        match self {
            Self::Field(key, _) => Expected::Field(key),
            Self::Item(_) => Expected::Item,
        }
    }
}

/// The value in whatever the rest of its path says is around it. None where a list has no name for it.
fn built(rest: &[Part], value: &Value) -> Option<Value> {
    rest.iter().rev().try_fold(value.clone(), |inner, part| match part {
        Part::Key(key) => Some(json!({key: inner})),
        Part::Where(key, name) => Some(json!([item(key, name, inner)?])),
        Part::Index(_) => None,
    })
}

/// An item of a list with the key that tells it from others.
fn item(key: &str, name: &str, inner: Value) -> Option<Value> {
    let Value::Object(mut fields) = inner else { return None };
    // Whether a key is a number, the list does not say: only names are surely texts.
    let number = name.parse::<i64>().ok().filter(|_| key != "name");
    let mut item = Map::from_iter([(key.to_owned(), number.map_or_else(|| Value::from(name), Value::from))]);
    fields.remove(key);
    item.extend(fields);
    Some(Value::Object(item))
}

fn at_end(text: &str, tree: &Tree, into: NodeId, written: &str) -> Option<Splice> {
    let last = last_child(tree, into)?;
    if is_flow(text, tree, into) {
        let node = tree.node(last);
        let is_scalar = matches!(node.content, Content::Scalar { .. }) && !node.span.is_empty();
        return is_scalar.then(|| at(node.span.end, format!(", {written}")));
    }
    let end = end_of(text, tree, last)?;
    let (indent, mark) = indent(text, tree, into)?;
    let rest = text.get(end..)?;
    Some(match rest.find('\n') {
        Some(line_end) => {
            let is_dos = rest.get(..line_end)?.ends_with('\r');
            at(end + line_end + 1, format!("{indent}{mark}{written}{}", if is_dos { "\r\n" } else { "\n" }))
        }
        None => at(text.len(), format!("\n{indent}{mark}{written}")),
    })
}

fn at_begin(text: &str, tree: &Tree, into: NodeId, written: &str) -> Option<Splice> {
    let first = first_child(tree, into);
    if is_flow(text, tree, into) {
        let comma = if first.is_some() { ", " } else { "" };
        return Some(at(tree.node(into).span.start + 1, format!("{written}{comma}")));
    }
    let (indent, mark) = indent(text, tree, into)?;
    let begin = tree.node(first?).span.start;
    // The first item keeps the mark that stands before it.
    Some(at(begin, format!("{written}\n{indent}{mark}")))
}

fn at(place: usize, text: String) -> Splice {
    Splice { range: place..place, text, keeps_line_end: false }
}

pub(super) fn is_flow(text: &str, tree: &Tree, id: NodeId) -> bool {
    text.get(tree.node(id).span.start..).is_some_and(|rest| rest.starts_with(['{', '[']))
}

/// The blanks before an entry of a block, and the mark of an item.
fn indent(text: &str, tree: &Tree, into: NodeId) -> Option<(String, &'static str)> {
    let first = tree.node(first_child(tree, into)?);
    let before = text.get(..first.span.start)?;
    let line = before.rsplit_once('\n').map_or(before, |(_, line)| line);
    match tree.node(into).content {
        Content::Sequence(_) => {
            let dash = line.trim_end().strip_suffix('-')?;
            Some((blanks(dash), "- "))
        }
        _ => Some((blanks(line), "")),
    }
}

/// As many blanks as there are characters: what stands there may be the mark of an item.
fn blanks(line: &str) -> String {
    " ".repeat(line.chars().count())
}

fn first_child(tree: &Tree, id: NodeId) -> Option<NodeId> {
    match &tree.node(id).content {
        Content::Mapping { entries, .. } => entries.first().map(|(key, _)| *key),
        Content::Sequence(items) => items.first().copied(),
        _ => None,
    }
}

fn last_child(tree: &Tree, id: NodeId) -> Option<NodeId> {
    match &tree.node(id).content {
        Content::Mapping { entries, .. } => entries.last().map(|(_, value)| *value),
        Content::Sequence(items) => items.last().copied(),
        _ => None,
    }
}

/// The last byte that is known to belong to a node.
fn end_of(text: &str, tree: &Tree, mut id: NodeId) -> Option<usize> {
    while let Some(last) = last_child(tree, id) {
        id = last;
    }
    let span = &tree.node(id).span;
    let raw = text.get(span.clone())?;
    Some(span.start + scalar::without_closing_lines(raw).len())
}
