//! YAML as a tree with places. What SOPS itself would expand or lose (anchors, aliases, merges, tags) is refused.

mod comments;
mod resolve;
mod tags;
mod write;

use std::collections::HashSet;

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, StructureStyle, Tag};

use super::error::Problem;
use super::tree::{Comment, Content, DEEPEST, Document, Entry, Item, MOST_COMMENTS, MOST_VALUES, Node, Tree};
use super::value::Value;

pub(super) use write::{block, key, scalar};

/// Reads every document of a file.
pub(super) fn parse(text: &str) -> Result<Tree, Problem> {
    let mut builder = Builder::new(text);
    for next in Parser::<StrInput>::new_from_str(text) {
        let (event, span) = next.map_err(|error| Problem::syntax(error.marker().line(), "this is not valid YAML"))?;
        builder.take(event, &span)?;
        if builder.values > MOST_VALUES || builder.comments.len() > MOST_COMMENTS {
            return Err(Problem::syntax(span.start.line(), "there are too many values or comments: split the file"));
        }
    }
    Ok(builder.finish())
}

/// Turns events into a tree, without recursion.
struct Builder<'t> {
    text: &'t str,
    tree: Tree,
    open: Vec<Open>,
    comments: Vec<Comment>,
    /// How many there are until now.
    values: usize,
    /// Where the last token before a scalar ended: the head of a block scalar begins after it.
    before: usize,
    /// Where the document begins.
    start: usize,
    /// Where documents begin, to give comments to them.
    starts: Vec<usize>,
    /// The last document ended with `...` here.
    ended: Option<usize>,
}

/// A collection whose end has not come yet.
struct Open {
    node: Node,
    key: Option<(String, usize)>,
    keys: HashSet<String>,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        let (tree, open, comments, starts) = (Tree::default(), Vec::new(), Vec::new(), Vec::new());
        Self { text, tree, open, comments, values: 0, before: 0, start: 0, starts, ended: None }
    }

    fn take(&mut self, event: Event, span: &Span) -> Result<(), Problem> {
        let line = span.start.line();
        let range = span.byte_range().unwrap_or(0..0);
        match event {
            Event::DocumentStart(..) => {
                if let Some(last) = self.tree.documents.last_mut() {
                    last.end = self.ended.take().unwrap_or(range.start);
                }
                self.start = range.start;
                self.before = range.end;
            }
            Event::DocumentEnd => {
                let explicit = self.text.get(range.start..).is_some_and(|rest| rest.starts_with("..."));
                self.ended = explicit.then_some(range.start);
                self.starts.push(self.start);
            }
            Event::Comment(text, _) => {
                let text_before = self.text.get(..range.start).unwrap_or_default();
                let inline = text_before.rsplit('\n').next().is_some_and(|line| !line.trim().is_empty());
                self.comments.push(Comment { text: text.into_owned(), span: range, inline });
            }
            Event::Alias(_) => return Err(Problem::Unsupported { line, what: "an alias" }),
            Event::Scalar(_, _, anchor, _) | Event::SequenceStart(_, anchor, _) | Event::MappingStart(_, anchor, _)
                if anchor != 0 =>
            {
                return Err(Problem::Unsupported { line, what: "an anchor" });
            }
            Event::SequenceStart(_, _, Some(tag)) if !tags::says_nothing(&tag, "seq") => {
                return Err(tags::problem(&tag, line, self.path(), tags::LOST));
            }
            Event::MappingStart(_, _, Some(tag)) if !tags::says_nothing(&tag, "map") => {
                return Err(tags::problem(&tag, line, self.path(), tags::LOST));
            }
            Event::Scalar(value, style, _, tag) => {
                self.scalar(&value, style, tag.as_deref(), span)?;
                self.before = range.end;
            }
            Event::SequenceStart(style, ..) => {
                self.start_of(Content::List(Vec::new()), style, span)?;
                self.before = if style == StructureStyle::Flow { range.end } else { range.start };
            }
            Event::MappingStart(style, ..) => self.start_of(Content::Map(Vec::new()), style, span)?,
            Event::SequenceEnd | Event::MappingEnd => {
                self.close(range.end)?;
                self.before = range.end.max(self.before);
            }
            _ => {}
        }
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: &Span) -> Result<(), Problem> {
        let line = span.start.line();
        let wants_key =
            self.open.last().is_some_and(|open| matches!(open.node.content, Content::Map(_)) && open.key.is_none());
        let mut range = span.byte_range().unwrap_or(0..0);
        if wants_key {
            return match tag {
                None => self.key(text, style, range.start, line),
                Some(tag) => Err(tags::problem(tag, line, self.path_of(text), tags::OF_KEY)),
            };
        }
        let is_plain = style == ScalarStyle::Plain;
        let value = match tag {
            None if is_plain => resolve::resolve(text).map_err(|()| too_large(line))?,
            None => Some(Value::text(text)),
            Some(tag) => tags::value(tag, text, is_plain).map_err(|wrong| match wrong {
                tags::Wrong::Number => too_large(line),
                tags::Wrong::Tag(why) => tags::problem(tag, line, self.path(), why),
            })?,
        };
        if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            range = self.block_scalar(range);
        }
        if tag.is_some() {
            // The tag goes with the value: what is written in its place is a plain string.
            let start = self.text.get(self.before..range.start).and_then(|text| text.find('!'));
            range.start = start.map_or(range.start, |at| self.before + at);
        }
        let content = value.map_or(Content::Null, Content::Scalar);
        self.add(Node { content, span: range, column: span.start.col(), flow: self.in_flow() })
    }

    fn key(&mut self, text: &str, style: ScalarStyle, start: usize, line: usize) -> Result<(), Problem> {
        if text == "<<" && style == ScalarStyle::Plain {
            return Err(Problem::Unsupported { line, what: "a merge key `<<`" });
        }
        let plain = style == ScalarStyle::Plain;
        if plain && !matches!(resolve::resolve(text), Ok(Some(value)) if value.kind() == super::Kind::Str) {
            return Err(Problem::syntax(line, "a key is not a text: quote it"));
        }
        let Some(open) = self.open.last_mut() else { return Ok(()) };
        if !open.keys.insert(text.to_owned()) {
            return Err(Problem::syntax(line, "a key stands twice: remove one"));
        }
        open.key = Some((text.to_owned(), start));
        Ok(())
    }

    /// From the head (`|`, `>-`) to the end of the last line with text.
    fn block_scalar(&self, body: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let mut at = self.before;
        let start = loop {
            let Some(found) = self.text.get(at..body.start).and_then(|text| text.find(['|', '>', '#'])) else {
                break body.start;
            };
            let found = at + found;
            match self.comments.iter().find(|comment| comment.span.start == found) {
                Some(comment) => at = comment.span.end,
                None => break found,
            }
        };
        let text = self.text.get(start..body.end).unwrap_or_default();
        start..start + text.trim_end_matches([' ', '\t', '\r', '\n']).len()
    }

    /// Where the next value stands, as people write it.
    fn path(&self) -> String {
        let mut path = String::new();
        for open in &self.open {
            match (&open.node.content, &open.key) {
                (Content::Map(_), Some((key, _))) => super::walk::push_key(&mut path, key),
                (Content::List(items), _) => {
                    let before = items.iter().filter(|entry| matches!(entry, Entry::Item(_))).count();
                    path.push_str(&format!("[{before}]"));
                }
                _ => {}
            }
        }
        path
    }

    fn path_of(&self, key: &str) -> String {
        let mut path = self.path();
        super::walk::push_key(&mut path, key);
        path
    }

    fn in_flow(&self) -> bool {
        self.open.last().is_some_and(|open| open.node.flow)
    }

    fn start_of(&mut self, content: Content, style: StructureStyle, span: &Span) -> Result<(), Problem> {
        let line = span.start.line();
        if self.open.len() >= DEEPEST {
            return Err(Problem::syntax(line, "nested too deeply: write it flatter"));
        }
        let in_key =
            self.open.last().is_some_and(|open| matches!(open.node.content, Content::Map(_)) && open.key.is_none());
        if in_key {
            return Err(Problem::Unsupported { line, what: "a key that is no text" });
        }
        let span_of = span.byte_range().unwrap_or(0..0);
        let node = Node { content, span: span_of, column: span.start.col(), flow: style == StructureStyle::Flow };
        self.open.push(Open { node, key: None, keys: HashSet::new() });
        Ok(())
    }

    fn close(&mut self, end: usize) -> Result<(), Problem> {
        let Some(Open { mut node, .. }) = self.open.pop() else { return Ok(()) };
        // The end of a block is only known by what comes after it.
        node.span.end = if node.flow { end } else { node.items().last().map_or(node.span.start, Item::end) };
        self.add(node)
    }

    fn add(&mut self, node: Node) -> Result<(), Problem> {
        self.values += 1;
        let Some(open) = self.open.last_mut() else { return self.document(node) };
        let key = open.key.take();
        let start = key.as_ref().map_or(node.span.start, |(_, start)| *start);
        let item = Entry::Item(Item { key: key.map(|(key, _)| key), start, node });
        if let Content::Map(entries) | Content::List(entries) = &mut open.node.content {
            entries.push(item);
        }
        Ok(())
    }

    fn document(&mut self, node: Node) -> Result<(), Problem> {
        let line = 1 + self.text.get(..node.span.start).unwrap_or_default().matches('\n').count();
        let root = match node.content {
            Content::Map(_) => node,
            Content::Null => Node { content: Content::Map(Vec::new()), ..node },
            _ => return Err(Problem::syntax(line, "a document must be a mapping: write it as `data: ...`")),
        };
        self.tree.documents.push(Document { root, end: self.text.len() });
        Ok(())
    }

    fn finish(mut self) -> Tree {
        if let (Some(last), Some(end)) = (self.tree.documents.last_mut(), self.ended) {
            last.end = end;
        }
        if self.tree.documents.is_empty() {
            let root = Node { content: Content::Map(Vec::new()), span: 0..0, column: 0, flow: false };
            self.tree.documents.push(Document { root, end: self.text.len() });
            self.starts.push(0);
        }
        comments::place(self.text, &mut self.tree, &self.starts, self.comments);
        self.tree
    }
}

fn too_large(line: usize) -> Problem {
    Problem::syntax(line, "the number does not fit into 64 bits: quote it")
}
