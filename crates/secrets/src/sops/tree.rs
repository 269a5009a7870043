//! A file as a tree that remembers where every value stands, so that values are replaced in place and all else stays.

use std::ops::Range;

use zeroize::Zeroize as _;

use super::value::Value;

/// Files larger than this are refused before anything is read.
pub(super) const LONGEST_FILE: usize = 32 * 1024 * 1024;
/// Nothing that people write is as deep.
pub(super) const DEEPEST: usize = 100;
/// More values, or comments, in one file were not written by people.
pub(super) const MOST_VALUES: usize = 100_000;
pub(super) const MOST_COMMENTS: usize = 10_000;

/// All documents of a file; only YAML has more than one.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) documents: Vec<Document>,
}

/// One document.
pub(super) struct Document {
    /// Always a mapping.
    pub(super) root: Node,
    /// Where lines can be added to it.
    pub(super) end: usize,
}

/// Something with a place in the file.
pub(super) struct Node {
    pub(super) content: Content,
    /// All that is replaced when the value is: quotes and the head of a block scalar are in it.
    pub(super) span: Range<usize>,
    /// In characters from the line's begin.
    pub(super) column: usize,
    /// Between brackets or braces.
    pub(super) flow: bool,
}

pub(super) enum Content {
    Map(Vec<Entry>),
    List(Vec<Entry>),
    Scalar(Value),
    Null,
}

pub(super) enum Entry {
    Comment(Comment),
    Item(Item),
}

/// A value with its key, or without one in a list.
pub(super) struct Item {
    pub(super) key: Option<String>,
    /// Where the key begins, or the value where there is no key.
    pub(super) start: usize,
    pub(super) node: Node,
}

/// A comment; the text is what follows `#`.
pub(super) struct Comment {
    pub(super) text: String,
    pub(super) span: Range<usize>,
    pub(super) inline: bool,
}

impl Node {
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Map(entries) | Content::List(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.entries().iter().filter_map(|entry| match entry {
            Entry::Item(item) => Some(item),
            Entry::Comment(_) => None,
        })
    }

    /// The item of a mapping.
    pub(super) fn get(&self, key: &str) -> Option<&Item> {
        self.items().find(|item| item.key.as_deref() == Some(key))
    }
}

impl Item {
    /// Where it ends.
    pub(super) fn end(&self) -> usize {
        self.node.items().last().map_or(self.node.span.end, |last| last.end().max(self.node.span.end))
    }
}

/// A text to stand in the place of some bytes.
pub(super) struct Splice {
    pub(super) range: Range<usize>,
    pub(super) text: String,
}

impl Drop for Splice {
    fn drop(&mut self) {
        // It may be a value in the clear.
        self.text.zeroize();
    }
}

/// The text with all splices made. They must not overlap.
pub(super) fn spliced(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|splice| (splice.range.start, splice.range.end));
    // Room for all, so that no half of a secret is left where a smaller buffer was.
    let room = text.len() + splices.iter().map(|splice| splice.text.len()).sum::<usize>();
    let mut new = String::with_capacity(room);
    let mut done = 0;
    for splice in &splices {
        new.push_str(text.get(done..splice.range.start).unwrap_or_default());
        new.push_str(&splice.text);
        done = splice.range.end.max(done);
    }
    new.push_str(text.get(done..).unwrap_or_default());
    new
}
