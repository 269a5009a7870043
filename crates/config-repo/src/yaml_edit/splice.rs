//! The cut itself, and the proof that it changed what it should and nothing else.

use std::collections::BTreeMap;

use super::EditError;
use super::scalar::splice;
use super::tree::{Content, Node, NodeId, Tree};

/// Gives these scalars these values. The result is read again and compared node by node before it is handed out.
pub(super) fn apply(text: &str, tree: &Tree, edits: &BTreeMap<NodeId, String>) -> Result<String, EditError> {
    let mut splices = Vec::new();
    for (id, value) in edits {
        splices.push(splice(text, tree, *id, value)?);
    }
    splices.sort_by_key(|splice| splice.range.start);
    let mut edited = String::with_capacity(text.len() + 128 * splices.len());
    let mut done = 0;
    for splice in &splices {
        edited.push_str(text.get(done..splice.range.start).unwrap_or_default());
        edited.push_str(&splice.text);
        done = splice.range.end;
    }
    edited.push_str(text.get(done..).unwrap_or_default());
    prove(tree, &edited, edits)?;
    Ok(edited)
}

/// Every node but the edited ones is what it was, and those say what they should.
fn prove(before: &Tree, edited: &str, edits: &BTreeMap<NodeId, String>) -> Result<(), EditError> {
    let line = edits.keys().next().map_or(1, |id| before.node(*id).line);
    let refused = || EditError::NotProven { line };
    let after = Tree::parse(edited).map_err(|_| refused())?;
    if before.len() != after.len() || before.documents != after.documents {
        return Err(refused());
    }
    let same = |(id, old): (NodeId, &Node)| {
        let new = after.node(id);
        let content = match edits.get(&id) {
            Some(value) => after.scalar(id).is_some_and(|text| text.trim_end_matches('\n') == value),
            None => contents_equal(&old.content, &new.content),
        };
        content && old.anchored == new.anchored && old.tag == new.tag
    };
    if before.nodes().all(same) { Ok(()) } else { Err(refused()) }
}

fn contents_equal(old: &Content, new: &Content) -> bool {
    // An edited key could become a duplicate, but only values are edited: `duplicate` is equal with the entries.
    old == new
}
