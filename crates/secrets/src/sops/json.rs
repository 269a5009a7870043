//! JSON as a tree with places. Our own reader, because no other says where a value stands.

use std::collections::HashSet;

use super::Format;
use super::error::Problem;
use super::tree::{Content, DEEPEST, Document, Entry, Item, Node, Tree};
use super::value::{Kind, Value, float_in};

/// Reads a file.
pub(super) fn parse(text: &str) -> Result<Tree, Problem> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let root = reader.value()?;
    reader.blanks();
    if reader.at < text.len() {
        return Err(reader.bad("something follows the closing brace"));
    }
    if !matches!(root.content, Content::Map(_)) {
        return Err(Problem::syntax(1, "a file must be an object: write it as {\"data\": ...}"));
    }
    Ok(Tree { documents: vec![Document { root, end: text.len() }] })
}

/// A value as JSON.
pub(super) fn scalar(value: &Value, path: &str) -> Result<String, Problem> {
    let why = "it is not text, and JSON knows nothing else";
    let text = value.as_text().map_err(|_| Problem::Unwritable { path: path.to_owned(), why })?;
    Ok(match value.kind() {
        Kind::Bool => text.to_ascii_lowercase(),
        Kind::Float if text.contains(['I', 'N']) => {
            return Err(Problem::Unwritable { path: path.to_owned(), why: "JSON has no infinite numbers" });
        }
        Kind::Float => float_in(text, Format::Json),
        Kind::Int => text.to_owned(),
        Kind::Str | Kind::Bytes | Kind::Time | Kind::Comment => quoted(text),
    })
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn bad(&self, what: &str) -> Problem {
        let line = 1 + self.text.get(..self.at).unwrap_or_default().matches('\n').count();
        Problem::syntax(line, format!("this is not valid JSON: {what}"))
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    /// Whether this comes next; then it is passed.
    fn next_is(&mut self, what: &str) -> bool {
        self.blanks();
        let found = self.rest().starts_with(what);
        self.at += if found { what.len() } else { 0 };
        found
    }

    fn value(&mut self) -> Result<Node, Problem> {
        self.blanks();
        let start = self.at;
        let content = match self.rest().bytes().next() {
            Some(b'{') => self.collection('}')?,
            Some(b'[') => self.collection(']')?,
            Some(b'"') => Content::Scalar(Value::text(self.string()?)),
            _ => self.word()?,
        };
        Ok(Node { content, span: start..self.at, column: 0, flow: true })
    }

    fn collection(&mut self, end: char) -> Result<Content, Problem> {
        if self.depth >= DEEPEST {
            return Err(self.bad("nested too deeply"));
        }
        self.depth += 1;
        self.at += 1;
        let (mut entries, mut keys) = (Vec::new(), HashSet::new());
        while !self.next_is(&end.to_string()) {
            if !entries.is_empty() && !self.next_is(",") {
                return Err(self.bad("a comma is missing"));
            }
            self.blanks();
            let start = self.at;
            let key = if end == '}' { Some(self.key(&mut keys)?) } else { None };
            let node = self.value()?;
            entries.push(Entry::Item(Item { key, start, node }));
        }
        self.depth -= 1;
        Ok(if end == '}' { Content::Map(entries) } else { Content::List(entries) })
    }

    fn key(&mut self, keys: &mut HashSet<String>) -> Result<String, Problem> {
        if !self.rest().starts_with('"') {
            return Err(self.bad("a key in quotes is missing"));
        }
        let key = self.string()?;
        if !keys.insert(key.clone()) {
            return Err(self.bad("a key stands twice"));
        }
        if self.next_is(":") { Ok(key) } else { Err(self.bad("a colon is missing")) }
    }

    fn string(&mut self) -> Result<String, Problem> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.bytes().enumerate().skip(1).find_map(|(place, byte)| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes.then_some(place)
        });
        let raw = end.and_then(|end| rest.get(..=end)).ok_or_else(|| self.bad("a text has no end"))?;
        let read = serde_json::from_str(raw).map_err(|_| self.bad("a text has an escape that is none"));
        self.at += raw.len();
        read
    }

    fn word(&mut self) -> Result<Content, Problem> {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c))).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        let content = match word {
            "null" => Content::Null,
            "true" => Content::Scalar(Value::boolean(true)),
            "false" => Content::Scalar(Value::boolean(false)),
            word => {
                let number: serde_json::Number =
                    serde_json::from_str(word).map_err(|_| self.bad("a value is missing"))?;
                let value = number.as_i64().map(Value::int).or_else(|| number.as_f64().map(Value::float));
                Content::Scalar(value.ok_or_else(|| self.bad("a number is too large"))?)
            }
        };
        self.at += word.len();
        Ok(content)
    }
}
