//! Whether a scalar under an anchor may be edited: only when every use of the anchor is an image of that repository.

use std::collections::BTreeSet;

use super::EditError;
use super::places::Found;
use super::tree::{Content, NodeId, Tree};

/// Refuses an edit of `target` that would change something that is not among `agreed`, the places it was reached by.
pub(super) fn check(tree: &Tree, target: NodeId, agreed: &[&Found]) -> Result<(), EditError> {
    let agrees = |alias: NodeId| agreed.iter().any(|found| found.aliases.contains(&alias));
    // The value shows at its own place, at each alias of what it stands in, and wherever those are repeated in turn.
    let mut sites = vec![target];
    let mut seen = BTreeSet::new();
    while let Some(site) = sites.pop() {
        let mut child = site;
        for id in upward(tree, site) {
            for alias in aliases_of(tree, id).filter(|alias| !is_overridden(tree, *alias, id, child)) {
                if !agrees(alias) {
                    return Err(shared(tree, target, alias));
                }
                if seen.insert(alias) {
                    sites.push(alias);
                }
            }
            child = id;
        }
    }
    if is_image_itself(tree, target, agreed) || is_set_aside(tree, target) {
        Ok(())
    } else {
        Err(shared(tree, target, target))
    }
}

fn shared(tree: &Tree, target: NodeId, other: NodeId) -> EditError {
    EditError::SharedAnchor { line: tree.node(target).line, other_line: tree.node(other).line }
}

/// The node and all that it stands in.
fn upward(tree: &Tree, id: NodeId) -> impl Iterator<Item = NodeId> {
    std::iter::successors(Some(id), |id| tree.node(*id).parent)
}

fn aliases_of(tree: &Tree, id: NodeId) -> impl Iterator<Item = NodeId> {
    // Most nodes have no anchor: only for the others the tree is searched.
    let searched = tree.node(id).anchored.then(|| tree.nodes()).into_iter().flatten();
    searched.filter(move |(_, node)| node.content == Content::Alias(id)).map(|(alias, _)| alias)
}

/// Whether an alias is a merge whose mapping has a key of its own instead of the one that leads to the target.
fn is_overridden(tree: &Tree, alias: NodeId, anchored: NodeId, child: NodeId) -> bool {
    let Some(parent) = tree.node(alias).parent else { return false };
    let mapping = match tree.node(parent).content {
        Content::Sequence(_) => tree.node(parent).parent.unwrap_or(parent),
        _ => parent,
    };
    let is_merge = tree.own(mapping, "<<").is_some_and(|value| value == alias || value == parent);
    let key = key_of(tree, anchored, child);
    is_merge && key.is_some_and(|key| tree.own(mapping, key).is_some())
}

/// The key that a value stands under in a mapping.
fn key_of(tree: &Tree, mapping: NodeId, value: NodeId) -> Option<&str> {
    let Content::Mapping { entries, .. } = &tree.node(mapping).content else { return None };
    entries.iter().find(|(_, other)| *other == value).and_then(|(key, _)| tree.scalar(*key))
}

/// Whether the place where the value is written is an image, and not only the aliases that repeat it.
fn is_image_itself(tree: &Tree, target: NodeId, agreed: &[&Found]) -> bool {
    let around: BTreeSet<_> = upward(tree, target).collect();
    let leads_here = |alias: &NodeId| match tree.node(*alias).content {
        Content::Alias(anchored) => around.contains(&anchored),
        _ => false,
    };
    agreed.iter().any(|found| !found.aliases.iter().any(leads_here))
}

/// Whether the definition stands under a key at the document's top that is there to hold anchors (`x-images:`, `.image:`).
fn is_set_aside(tree: &Tree, target: NodeId) -> bool {
    let way: Vec<_> = upward(tree, target).collect();
    let [.., child, root] = way.as_slice() else { return false };
    key_of(tree, *root, *child).is_some_and(|key| key.starts_with("x-") || key.starts_with('.'))
}

/// Refuses an edit of a scalar that shows anywhere but at its own place.
pub(super) fn check_alone(tree: &Tree, target: NodeId) -> Result<(), EditError> {
    let mut child = target;
    for id in upward(tree, target) {
        if let Some(alias) = aliases_of(tree, id).find(|alias| !is_overridden(tree, *alias, id, child)) {
            return Err(shared(tree, target, alias));
        }
        child = id;
    }
    Ok(())
}
