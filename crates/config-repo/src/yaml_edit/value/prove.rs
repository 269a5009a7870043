//! The proof that an edit changed what it should and nothing else, whether a value took another's place or was added.

use std::collections::HashMap;

use crate::yaml_edit::EditError;
use crate::yaml_edit::tree::{Content, NodeId, Tree};

/// What must be otherwise at the one place.
pub(super) enum Expected<'a> {
    /// The scalar says this.
    Scalar(&'a str),
    /// The mapping has this key besides.
    Field(&'a str),
    /// The list has one item more.
    Item,
}

/// Every node but the one is what it was, and that one is as expected.
pub(super) fn prove(before: &Tree, edited: &str, at: NodeId, expected: &Expected<'_>) -> Result<(), EditError> {
    let refused = || EditError::NotProven { line: before.node(at).line };
    let after = Tree::parse(edited).map_err(|_| refused())?;
    let mut walk = Walk { before, after: &after, pairs: Vec::new(), twins: HashMap::new() };
    if walk.is_so(at, expected) { Ok(()) } else { Err(refused()) }
}

struct Walk<'t> {
    before: &'t Tree,
    after: &'t Tree,
    /// Nodes that are still to be compared.
    pairs: Vec<(NodeId, NodeId)>,
    /// Where each node of before is now.
    twins: HashMap<NodeId, NodeId>,
}

impl Walk<'_> {
    fn is_so(&mut self, at: NodeId, expected: &Expected<'_>) -> bool {
        if !self.all(&self.before.documents, &self.after.documents) {
            return false;
        }
        let mut aliases = Vec::new();
        while let Some((old, new)) = self.pairs.pop() {
            self.twins.insert(old, new);
            let (was, is) = (self.before.node(old), self.after.node(new));
            if was.anchored != is.anchored || was.tag != is.tag {
                return false;
            }
            let same = if old == at { self.changed(old, new, expected) } else { self.same(&was.content, &is.content) };
            if !same {
                return false;
            }
            if let (Content::Alias(old), Content::Alias(new)) = (&was.content, &is.content) {
                aliases.push((*old, *new));
            }
        }
        aliases.iter().all(|(old, new)| self.twins.get(old) == Some(new))
    }

    fn same(&mut self, was: &Content, is: &Content) -> bool {
        match (was, is) {
            (Content::Scalar { value: was, style: old }, Content::Scalar { value: is, style: new }) => {
                was == is && old == new
            }
            (Content::Sequence(was), Content::Sequence(is)) => self.all(was, is),
            (Content::Mapping { entries: was, .. }, Content::Mapping { entries: is, .. }) => self.entries(was, is),
            (Content::Alias(_), Content::Alias(_)) => true,
            _ => false,
        }
    }

    fn changed(&mut self, old: NodeId, new: NodeId, expected: &Expected<'_>) -> bool {
        match (expected, &self.before.node(old).content, &self.after.node(new).content) {
            (Expected::Scalar(value), Content::Scalar { .. }, Content::Scalar { value: is, .. }) => value == is,
            (Expected::Field(key), Content::Mapping { entries: was, .. }, Content::Mapping { entries: is, .. }) => {
                let rest: Vec<_> =
                    is.iter().filter(|(name, _)| self.after.scalar(*name) != Some(key)).copied().collect();
                rest.len() + 1 == is.len() && self.entries(was, &rest)
            }
            (Expected::Item, Content::Sequence(was), Content::Sequence(is)) => {
                // It is where the two lists begin to differ: the others are as they were.
                let at = was.iter().zip(is).take_while(|(was, is)| self.are_alike(**was, **is)).count();
                let kept: Vec<_> = is.iter().take(at).chain(is.iter().skip(at + 1)).copied().collect();
                kept.len() + 1 == is.len() && self.all(was, &kept)
            }
            _ => false,
        }
    }

    /// Whether two items begin alike, which tells where one was added.
    fn are_alike(&self, was: NodeId, is: NodeId) -> bool {
        let text = |tree: &Tree, id: NodeId| tree.scalar(id).unwrap_or_default().to_owned();
        let shape = |tree: &Tree, id: NodeId| match &tree.node(id).content {
            Content::Scalar { value, .. } => vec![value.clone()],
            Content::Mapping { entries, .. } => {
                entries.iter().flat_map(|(key, value)| [text(tree, *key), text(tree, *value)]).collect()
            }
            Content::Sequence(items) => vec![items.len().to_string()],
            Content::Alias(_) => vec!["*".to_owned()],
        };
        shape(self.before, was) == shape(self.after, is)
    }

    fn all(&mut self, was: &[NodeId], is: &[NodeId]) -> bool {
        self.pairs.extend(was.iter().copied().zip(is.iter().copied()));
        was.len() == is.len()
    }

    fn entries(&mut self, was: &[(NodeId, NodeId)], is: &[(NodeId, NodeId)]) -> bool {
        for (was, is) in was.iter().zip(is) {
            self.pairs.extend([(was.0, is.0), (was.1, is.1)]);
        }
        was.len() == is.len()
    }
}
