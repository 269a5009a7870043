//! An entry that is taken out of a mapping or a list, with its own lines and no others.

use std::ops::Range;

use super::prove::{self, Expected};
use super::{insert, reach};
use crate::yaml_edit::EditError;
use crate::yaml_edit::path::{self, Part};
use crate::yaml_edit::tree::{Content, NodeId, Tree};
use crate::yaml_edit::uses;

/// Takes what stands at a path of a document out of it. What holds nothing else is taken out as well: an empty mapping or list says
/// something of its own. Comments stay where they are.
pub fn remove_value(text: &str, document: usize, path: &str) -> Result<String, EditError> {
    let tree = Tree::parse(text)?;
    let parts = path::parse(path).ok_or_else(|| EditError::NotAPath { path: path.to_owned() })?;
    let missing = || EditError::NoSuchPath { path: path.to_owned() };
    let root = *tree.documents.get(document).ok_or_else(missing)?;
    let (id, rest) = reach(&tree, root, &parts)?;
    if !rest.is_empty() {
        return Err(missing());
    }
    uses::check_alone(&tree, id)?;
    let (mut id, mut depth) = (id, parts.len());
    while let Some(parent) = tree.node(id).parent.filter(|parent| depth > 1 && holds_one(&tree, *parent)) {
        (id, depth) = (parent, depth - 1);
    }
    let (Some(parent), Some((last, above))) = (tree.node(id).parent, parts.get(..depth).and_then(<[Part]>::split_last))
    else {
        return Err(missing());
    };
    let line = tree.node(id).line;
    let refused = || EditError::Unwritable { line, why: "what to take out can't be told from what is around it" };
    let cut = if insert::is_flow(text, &tree, parent) {
        from_a_line(&tree, parent, id)
    } else {
        own_lines(text, &tree, parent, id)
    };
    let cut = cut.ok_or_else(refused)?;
    let mut edited = text.to_owned();
    edited.replace_range(cut, "");
    // Put in again it is what it was: that is what adding proves.
    let after = Tree::parse(&edited).map_err(|_| EditError::NotProven { line })?;
    let at = after.documents.get(document).copied().ok_or_else(missing)?;
    let (at, _) = reach(&after, at, above)?;
    let expected = match last {
        Part::Key(key) => Expected::Field(key),
        Part::Index(_) | Part::Where(..) => Expected::Item,
    };
    prove::prove(&after, text, at, &expected).map_err(|_| EditError::NotProven { line })?;
    Ok(edited)
}

fn holds_one(tree: &Tree, id: NodeId) -> bool {
    match &tree.node(id).content {
        Content::Mapping { entries, .. } => entries.len() == 1,
        Content::Sequence(items) => items.len() == 1,
        _ => false,
    }
}

/// Where the entries of a mapping or the items of a list begin, and what each holds.
fn children(tree: &Tree, parent: NodeId) -> Vec<(NodeId, NodeId)> {
    match &tree.node(parent).content {
        Content::Mapping { entries, .. } => entries.clone(),
        Content::Sequence(items) => items.iter().map(|item| (*item, *item)).collect(),
        _ => Vec::new(),
    }
}

/// The bytes of one of several in a line, with one comma.
fn from_a_line(tree: &Tree, parent: NodeId, id: NodeId) -> Option<Range<usize>> {
    let all = children(tree, parent);
    let at = all.iter().position(|(_, value)| *value == id)?;
    let begins = |child: &(NodeId, NodeId)| tree.node(child.0).span.start;
    if let Some(next) = all.get(at + 1) {
        return Some(begins(all.get(at)?)..begins(next));
    }
    // Only a scalar is known to end where it ends.
    let ends = |child: &(NodeId, NodeId)| {
        let node = tree.node(child.1);
        let is_scalar = matches!(node.content, Content::Scalar { .. }) && !node.span.is_empty();
        is_scalar.then_some(node.span.end)
    };
    Some(ends(all.get(at.checked_sub(1)?)?)?..ends(all.get(at)?)?)
}

/// The lines of an entry of a block: from its own to the last one that is deeper.
fn own_lines(text: &str, tree: &Tree, parent: NodeId, id: NodeId) -> Option<Range<usize>> {
    let (first, _) = children(tree, parent).into_iter().find(|(_, value)| *value == id)?;
    let is_item = matches!(tree.node(parent).content, Content::Sequence(_));
    let start = tree.node(first).span.start;
    let begins = text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
    let before = text.get(begins..start)?;
    let lead = if is_item { before.trim_end().strip_suffix('-')? } else { before };
    // Something else begins in the same line.
    if !lead.chars().all(|c| c == ' ') {
        return None;
    }
    let may_be_items = !is_item && matches!(tree.node(id).content, Content::Sequence(_));
    let mut ends = begins;
    for (at, line) in lines(text.get(begins..)?) {
        let depth = line.len() - line.trim_start_matches(' ').len();
        let rest = line.trim();
        let is_own =
            depth > lead.len() || (may_be_items && depth == lead.len() && rest.starts_with('-') && rest != "---");
        if at > 0 && !rest.is_empty() && !rest.starts_with('#') && !is_own {
            break;
        }
        // Blank lines and comments below belong to what follows, unless more of it comes.
        if at == 0 || (is_own && !rest.is_empty()) {
            ends = begins + at + line.len();
        }
    }
    Some(begins..ends)
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let here = at;
        at += line.len();
        (here, line)
    })
}
