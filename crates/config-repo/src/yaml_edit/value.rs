//! Any value at a path of a document: in the place of the scalar that stands there, or as a new entry where nothing does. Every
//! other byte stays, and the result is read again to prove it.

mod insert;
mod prove;
mod remove;
mod write;

use serde_json::Value;

use super::path::{self, Part};
use super::tree::{Content, NodeId, Tree};
use super::{EditError, uses};
use prove::Expected;

pub use remove::remove_value;

/// Gives what stands at a path of a document this value. Where nothing stands an entry is added to the mapping or list that is there
/// already. A mapping or list that is there is not replaced as a whole.
pub fn set_value(text: &str, document: usize, path: &str, value: &Value) -> Result<String, EditError> {
    let tree = Tree::parse(text)?;
    let parts = path::parse(path).ok_or_else(|| EditError::NotAPath { path: path.to_owned() })?;
    let missing = || EditError::NoSuchPath { path: path.to_owned() };
    let root = *tree.documents.get(document).ok_or_else(missing)?;
    let (id, rest) = reach(&tree, root, &parts)?;
    uses::check_alone(&tree, id)?;
    if !rest.is_empty() {
        return insert::insert(text, &tree, id, rest, value);
    }
    let line = tree.node(id).line;
    let Some(old) = tree.scalar(id) else { return Err(EditError::NotAScalar { line }) };
    let splice = write::splice(text, &tree, id, value)?;
    let says = match value {
        Value::String(text) => text.clone(),
        // A whole mapping or list in the place of a single value is another thing.
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return Err(EditError::NotAScalar { line }),
    };
    // A block scalar is read with the line end that closes it.
    let says = if splice.keeps_line_end && !says.ends_with('\n') && old.ends_with('\n') { says + "\n" } else { says };
    let edited = splice.into_text(text);
    prove::prove(&tree, &edited, id, &Expected::Scalar(&says))?;
    Ok(edited)
}

/// How far a path leads: the last node that is there, and the parts that are not.
fn reach<'p>(tree: &Tree, root: NodeId, parts: &'p [Part]) -> Result<(NodeId, &'p [Part]), EditError> {
    let (mut id, mut rest) = (root, parts);
    while let Some((part, after)) = rest.split_first() {
        let node = tree.node(id);
        if let Content::Mapping { duplicate: Some(key), .. } = node.content {
            return Err(EditError::duplicate_key(tree, key));
        }
        let Some(next) = path::step(tree, id, part) else { break };
        if matches!(tree.node(next).content, Content::Alias(_)) {
            return Err(EditError::IsAlias { line: tree.node(next).line });
        }
        (id, rest) = (next, after);
    }
    Ok((id, rest))
}

/// What stands at a path of an object that was read already.
pub fn value_at<'v>(object: &'v Value, path: &str) -> Option<&'v Value> {
    path::parse(path)?.iter().try_fold(object, |value, part| match part {
        Part::Key(key) => value.get(key),
        Part::Index(index) => value.get(index),
        Part::Where(key, wanted) => {
            let is = |item: &&Value| match item.get(key) {
                Some(Value::String(text)) => text == wanted,
                Some(other) => {
                    let text = other.to_string();
                    text == *wanted
                }
                None => false,
            };
            value.as_array()?.iter().find(is)
        }
    })
}

/// Names an object in a file of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectName<'a> {
    /// Its API group; empty for the core group.
    pub group: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// Its namespace, where the manifest may leave it out.
    pub namespace: Option<&'a str>,
    /// Its name.
    pub name: &'a str,
}

/// Which document of a file is this object. None when none is, or when it stands in a list of objects.
pub fn find_object(text: &str, object: &ObjectName<'_>) -> Result<Option<usize>, EditError> {
    let tree = Tree::parse(text)?;
    let is = |root: &NodeId| {
        let top = |key: &str| tree.own(*root, key).and_then(|id| tree.scalar(id)).unwrap_or_default();
        let metadata = tree.own(*root, "metadata");
        let meta = |key: &str| metadata.and_then(|id| tree.own(id, key)).and_then(|id| tree.scalar(id));
        let group = top("apiVersion").split_once('/').map_or("", |(group, _)| group);
        let namespace = meta("namespace").is_none_or(|named| object.namespace.is_none_or(|wanted| wanted == named));
        group == object.group && top("kind") == object.kind && meta("name") == Some(object.name) && namespace
    };
    Ok(tree.documents.iter().position(is))
}

/// The lines of one document of a file, without the marks around it, as it is written. None when there is none of that number.
pub fn document_text(text: &str, document: usize) -> Result<Option<&str>, EditError> {
    let tree = Tree::parse(text)?;
    let Some(root) = tree.documents.get(document) else { return Ok(None) };
    let at = tree.node(*root).span.start;
    let is_mark = |line: &str| {
        let rest = line.strip_prefix("---").or_else(|| line.strip_prefix("..."));
        rest.is_some_and(|rest| rest.trim_end_matches(['\r', '\n']).is_empty() || rest.starts_with([' ', '\t']))
    };
    let (mut begins, mut ends, mut here) = (0, text.len(), 0);
    for line in text.split_inclusive('\n') {
        let next = here + line.len();
        match is_mark(line) {
            // What stands beside the mark is the document's own.
            true if here < at && next > at => return Ok(None),
            true if next <= at => begins = next,
            true => {
                ends = here;
                break;
            }
            false => {}
        }
        here = next;
    }
    Ok(text.get(begins..ends))
}

#[cfg(test)]
mod tests;
