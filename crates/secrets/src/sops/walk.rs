//! The values of a file in order, each with its path and whether it is encrypted: what is encrypted, decrypted and hashed.

use super::Format;
use super::metadata::{KEY, PREFIX};
use super::rules::Rules;
use super::tree::{Comment, Content, Entry, Item, Node, Tree};
use super::value::Value;

/// A value or a comment.
pub(super) struct Leaf<'t> {
    pub(super) what: What<'t>,
    /// What its ciphertext is bound to: the keys above it, without places in lists.
    pub(super) bound_to: String,
    /// Its path for people.
    pub(super) shown: String,
    pub(super) encrypt: bool,
    /// The column of the mapping or list that it stands in.
    pub(super) indent: usize,
    /// A comment on a line of its own between the items of a list.
    pub(super) between_items: bool,
}

pub(super) enum What<'t> {
    Value(&'t Node, &'t Value),
    /// With the paths that SOPS might have bound it to, the likeliest first.
    Comment(&'t Comment, Vec<String>),
}

/// All of them.
pub(super) fn leaves<'t>(tree: &'t Tree, rules: &Rules, format: Format) -> Vec<Leaf<'t>> {
    let mut walk =
        Walk { rules, format, keys: Vec::new(), shown: String::new(), comments: Vec::new(), leaves: Vec::new() };
    for document in &tree.documents {
        walk.entries(&document.root);
    }
    walk.leaves
}

/// Whether an item of a document is metadata.
pub(super) fn is_metadata(key: &str, format: Format) -> bool {
    if format == Format::Dotenv { key.starts_with(PREFIX) } else { key == KEY }
}

struct Walk<'t, 'r> {
    rules: &'r Rules,
    format: Format,
    keys: Vec<String>,
    shown: String,
    comments: Vec<Vec<&'t str>>,
    leaves: Vec<Leaf<'t>>,
}

impl<'t> Walk<'t, '_> {
    /// The depth of trees is bounded by those who make them.
    fn entries(&mut self, node: &'t Node) {
        self.comments.push(Vec::new());
        let mut place = 0;
        for (at, entry) in node.entries().iter().enumerate() {
            match entry {
                Entry::Comment(comment) => {
                    if let Some(active) = self.comments.last_mut() {
                        active.push(&comment.text);
                    }
                    let before = at.checked_sub(1).and_then(|at| node.entries().get(at));
                    let bound = self.candidates(before);
                    self.leaf(What::Comment(comment, bound), true, node.column);
                    if let Some(leaf) = self.leaves.last_mut() {
                        leaf.between_items = matches!(node.content, Content::List(_)) && !node.flow && !comment.inline;
                    }
                }
                Entry::Item(item) => {
                    self.item(item, place, node);
                    place += 1;
                    if let Some(active) = self.comments.last_mut() {
                        active.clear();
                    }
                }
            }
        }
        self.comments.pop();
    }

    fn item(&mut self, item: &'t Item, place: usize, parent: &'t Node) {
        let shown = self.shown.len();
        if let Some(key) = &item.key {
            if self.keys.is_empty() && self.comments.len() == 1 && is_metadata(key, self.format) {
                return;
            }
            self.keys.push(key.clone());
            push_key(&mut self.shown, key);
        } else {
            self.shown.push_str(&format!("[{place}]"));
        }
        match &item.node.content {
            Content::Scalar(value) => self.leaf(What::Value(&item.node, value), false, parent.column),
            Content::Map(_) | Content::List(_) => self.entries(&item.node),
            Content::Null => {}
        }
        self.shown.truncate(shown);
        if item.key.is_some() {
            self.keys.pop();
        }
    }

    fn leaf(&mut self, what: What<'t>, is_comment: bool, indent: usize) {
        let encrypt = self.rules.encrypt(&self.keys, &self.comments, is_comment);
        let shown = if is_comment { format!("{} (a comment)", self.shown) } else { self.shown.clone() };
        self.leaves.push(Leaf { what, bound_to: bound(&self.keys), shown, encrypt, indent, between_items: false });
    }

    /// SOPS gives comments to places by rules of its own: this one's, those above, and those of what ended just before.
    fn candidates(&self, before: Option<&Entry>) -> Vec<String> {
        let above = (0..=self.keys.len()).rev().map(|depth| bound(self.keys.get(..depth).unwrap_or_default()));
        let mut all: Vec<String> = above.collect();
        let mut keys = self.keys.clone();
        let mut last = before;
        while let Some(Entry::Item(item)) = last {
            if let Some(key) = &item.key {
                keys.push(key.clone());
            }
            all.push(bound(&keys));
            last = item.node.entries().iter().rev().find(|entry| matches!(entry, Entry::Item(_)));
        }
        all.dedup();
        all
    }
}

fn bound(keys: &[String]) -> String {
    keys.join(":") + ":"
}

/// Writes a key onto a path as people write it.
pub(super) fn push_key(path: &mut String, key: &str) {
    let key = crate::clip(&crate::clean_terminal(key), 80);
    if !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&key);
    } else {
        path.push_str(&format!("[{key:?}]"));
    }
}
