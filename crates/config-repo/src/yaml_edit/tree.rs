//! YAML text as a tree that remembers where every node stands. Aliases stay aliases: nothing is ever expanded.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::EditError;

/// More than this in one file was not written for people to review.
const LONGEST_FILE: usize = 16 * 1024 * 1024;

/// The number of a node in its tree, in the order of the file.
pub(super) type NodeId = usize;

/// All documents of a file.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    pub(super) documents: Vec<NodeId>,
}

/// One node and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) content: Content,
    /// Bytes of a scalar: quotes included, anchor, tag and the header of a block scalar not.
    pub(super) span: Range<usize>,
    /// Counted from 1.
    pub(super) line: usize,
    /// In characters, counted from 1.
    pub(super) column: usize,
    pub(super) anchored: bool,
    pub(super) tag: Option<String>,
    pub(super) parent: Option<NodeId>,
}

/// What a node is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Scalar { value: String, style: ScalarStyle },
    Sequence(Vec<NodeId>),
    Mapping { entries: Vec<(NodeId, NodeId)>, duplicate: Option<NodeId> },
    Alias(NodeId),
}

impl Tree {
    /// Reads every document of a file.
    pub(super) fn parse(text: &str) -> Result<Self, EditError> {
        if text.len() > LONGEST_FILE {
            return Err(EditError::TooLarge { bytes: text.len(), most: LONGEST_FILE });
        }
        let mut options = granit_parser::Options::default();
        options.set_emit_comments(false);
        let mut builder = Builder::default();
        for next in Parser::<StrInput>::new_from_str_with_options(text, options) {
            let (event, span) = next.map_err(|error| not_yaml(text, &error))?;
            builder.take(event, &span)?;
        }
        Ok(builder.tree)
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        // Ids are made by the builder of this very tree, one per node.
        &self.nodes[id]
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The nodes in the order of the file.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate()
    }

    /// The text of a scalar; `None` for anything else.
    pub(super) fn scalar(&self, id: NodeId) -> Option<&str> {
        match &self.node(id).content {
            Content::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }

    /// The value under a mapping's own key. Merge keys are not looked into.
    pub(super) fn own(&self, mapping: NodeId, key: &str) -> Option<NodeId> {
        let Content::Mapping { entries, .. } = &self.node(mapping).content else { return None };
        entries.iter().find(|(name, _)| self.scalar(*name) == Some(key)).map(|(_, value)| *value)
    }

    /// Whether a scalar is nothing: null in any spelling, or an empty text.
    pub(super) fn is_empty(&self, id: NodeId) -> bool {
        match &self.node(id).content {
            Content::Scalar { value, style: ScalarStyle::Plain } => {
                matches!(value.as_str(), "" | "~" | "null" | "Null" | "NULL")
            }
            Content::Scalar { value, .. } => value.is_empty(),
            _ => false,
        }
    }
}

fn not_yaml(text: &str, error: &ScanError) -> EditError {
    let (line, column) = (error.marker().line(), error.marker().col() + 1);
    let filled_in = |line: &str| line.trim_start().starts_with("{{") || line.contains(": {{") || line.contains("- {{");
    if text.lines().any(filled_in) {
        return EditError::Template { line };
    }
    EditError::NotYaml { line, column, message: error.info().chars().take(300).collect() }
}

/// Turns events into a tree, without recursion.
#[derive(Default)]
struct Builder {
    tree: Tree,
    open: Vec<Open>,
    anchors: HashMap<usize, NodeId>,
}

/// A collection whose end has not come yet.
struct Open {
    id: NodeId,
    children: Vec<NodeId>,
}

impl Builder {
    fn take(&mut self, event: Event, span: &Span) -> Result<(), EditError> {
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let content = Content::Scalar { value: value.into_owned(), style };
                self.add(content, span, anchor, tag.map(|tag| tag.original()));
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.open(Content::Sequence(Vec::new()), span, anchor, tag.map(|tag| tag.original()));
            }
            Event::MappingStart(_, anchor, tag) => {
                let content = Content::Mapping { entries: Vec::new(), duplicate: None };
                self.open(content, span, anchor, tag.map(|tag| tag.original()));
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => {
                let unknown = || EditError::NotYaml {
                    line: span.start.line(),
                    column: span.start.col() + 1,
                    message: "an alias of an anchor that is not there".to_owned(),
                };
                let target = *self.anchors.get(&anchor).ok_or_else(unknown)?;
                self.add(Content::Alias(target), span, 0, None);
            }
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self, content: Content, span: &Span, anchor: usize, tag: Option<String>) -> NodeId {
        let id = self.tree.nodes.len();
        self.tree.nodes.push(Node {
            content,
            span: span.byte_range().unwrap_or(0..0),
            line: span.start.line(),
            column: span.start.col() + 1,
            anchored: anchor != 0,
            tag,
            parent: self.open.last().map(|open| open.id),
        });
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        match self.open.last_mut() {
            Some(open) => open.children.push(id),
            None => self.tree.documents.push(id),
        }
        id
    }

    fn open(&mut self, content: Content, span: &Span, anchor: usize, tag: Option<String>) {
        let id = self.add(content, span, anchor, tag);
        self.open.push(Open { id, children: Vec::new() });
    }

    fn close(&mut self) {
        let Some(Open { id, children }) = self.open.pop() else { return };
        let content = match &self.tree.node(id).content {
            Content::Mapping { .. } => {
                let pairs = children.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?)));
                let entries: Vec<_> = pairs.collect();
                let duplicate = self.duplicate(&entries);
                Content::Mapping { entries, duplicate }
            }
            _ => Content::Sequence(children),
        };
        if let Some(node) = self.tree.nodes.get_mut(id) {
            node.content = content;
        }
    }

    fn duplicate(&self, entries: &[(NodeId, NodeId)]) -> Option<NodeId> {
        let mut seen = HashSet::new();
        let again = |key: &str, seen: &mut HashSet<String>| key != "<<" && !seen.insert(key.to_owned());
        entries
            .iter()
            .map(|(key, _)| *key)
            .find(|key| self.tree.scalar(*key).is_some_and(|text| again(text, &mut seen)))
    }
}
