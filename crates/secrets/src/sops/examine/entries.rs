//! What stands in a file in the clear, as keys with their values, whatever way it was read.

use super::super::tree::{Content, Node, Tree};
use super::super::value::Kind;

/// A value with the keys above it; a place in a list is `[3]`.
pub(super) struct Entry {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) path: Vec<String>,
    pub(super) value: Value,
}

/// A single value.
pub(super) struct Value {
    pub(super) text: String,
    /// A block: its lines follow the line of the key.
    pub(super) block: bool,
}

impl Entry {
    /// The nearest key, which for a value of a list is that of the list.
    pub(super) fn key(&self) -> &str {
        self.path.iter().rev().find(|name| !name.starts_with('[')).map_or("", String::as_str)
    }

    /// The path as people write it.
    pub(super) fn shown(&self) -> String {
        shown(&self.path)
    }
}

/// Keys as people write a path.
pub(super) fn shown(keys: &[String]) -> String {
    let mut path = String::new();
    for name in keys {
        if name.starts_with('[') {
            path.push_str(name);
        } else {
            super::super::walk::push_key(&mut path, name);
        }
    }
    path
}

/// The entries of each document of a file that was read as a whole.
pub(super) fn documents(tree: &Tree, text: &str) -> Vec<Vec<Entry>> {
    let lines = Lines::of(text);
    let of = |root: &Node| {
        let mut entries = Vec::new();
        walk(root, &mut Vec::new(), (text, &lines), &mut entries);
        entries
    };
    tree.documents.iter().map(|document| of(&document.root)).collect()
}

/// The depth of trees is bounded by those who make them.
fn walk(node: &Node, path: &mut Vec<String>, text: (&str, &Lines), entries: &mut Vec<Entry>) {
    for (place, item) in node.items().enumerate() {
        path.push(item.key.clone().unwrap_or_else(|| format!("[{place}]")));
        match &item.node.content {
            Content::Scalar(value) if value.kind() != Kind::Bool => {
                let written = value.as_text().map(str::to_owned).unwrap_or_default();
                let block = text.0.get(item.node.span.start..).is_some_and(|rest| rest.starts_with(['|', '>']));
                let line = text.1.at(if block { item.node.span.start } else { item.start });
                entries.push(Entry { line, path: path.clone(), value: Value { text: written, block } });
            }
            Content::Map(_) | Content::List(_) => walk(&item.node, path, text, entries),
            Content::Scalar(_) | Content::Null => {}
        }
        path.pop();
    }
}

/// Where lines begin: files with many values are asked often.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    fn at(&self, place: usize) -> usize {
        1 + self.0.partition_point(|end| *end < place)
    }
}
