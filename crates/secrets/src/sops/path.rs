//! A value's path as people write it: `database.users[0].password`, `["a.b"]["c"]`.

use super::error::Problem;
use super::tree::{Item, Node, Tree};

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// Where a value is in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPath {
    written: String,
    pub(super) steps: Vec<Step>,
}

impl KeyPath {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let none = || Problem::BadPath { path: crate::clip(&crate::clean_terminal(text), 200) };
        let (mut steps, mut rest) = (Vec::new(), text);
        while !rest.is_empty() {
            let (step, after) =
                if let Some(inner) = rest.strip_prefix('[') { bracket(inner) } else { name(rest, steps.is_empty()) }
                    .ok_or_else(none)?;
            steps.push(step);
            rest = after;
        }
        // A file is a mapping, and no file is deeper than this.
        if !matches!(steps.first(), Some(Step::Key(_))) || steps.len() > super::tree::DEEPEST {
            return Err(none());
        }
        Ok(Self { written: text.to_owned(), steps })
    }

    pub(super) fn shown(&self) -> String {
        crate::clip(&crate::clean_terminal(&self.written), 200)
    }

    /// How far the path leads: the item there, with what remains of the steps.
    pub(super) fn follow<'t, 'p>(&'p self, root: &'t Node) -> (&'t Node, Option<&'t Item>, &'p [Step]) {
        let (mut node, mut item, mut rest) = (root, None, self.steps.as_slice());
        while let Some((step, after)) = rest.split_first() {
            let next = match step {
                Step::Key(key) => node.get(key),
                Step::Index(index) => node.items().filter(|item| item.key.is_none()).nth(*index),
            };
            let Some(next) = next else { break };
            (node, item, rest) = (&next.node, Some(next), after);
        }
        (node, item, rest)
    }

    /// The item in the first document that has it.
    pub(super) fn find<'t>(&self, tree: &'t Tree) -> Option<&'t Item> {
        tree.documents.iter().find_map(|document| match self.follow(&document.root) {
            (_, item, []) => item,
            _ => None,
        })
    }
}

/// After a bracket: a place in a list, or a key in quotes.
fn bracket(inner: &str) -> Option<(Step, &str)> {
    let quote = inner.chars().next()?;
    if quote != '"' && quote != '\'' {
        let (index, rest) = inner.split_once(']')?;
        return Some((Step::Index(index.parse().ok()?), rest));
    }
    let (mut key, mut escaped) = (String::new(), false);
    for (at, c) in inner.char_indices().skip(1) {
        match c {
            c if escaped => {
                key.push(c);
                escaped = false;
            }
            '\\' if quote == '"' => escaped = true,
            c if c == quote => return Some((Step::Key(key), inner.get(at + 1..)?.strip_prefix(']')?)),
            c => key.push(c),
        }
    }
    None
}

fn name(text: &str, first: bool) -> Option<(Step, &str)> {
    let text = if first { text } else { text.strip_prefix('.')? };
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (key, rest) = text.split_at(end);
    (!key.is_empty()).then(|| (Step::Key(key.to_owned()), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_in_both_ways_of_writing() {
        let key = |key: &str| Step::Key(key.to_owned());
        for (text, steps) in [
            ("a", vec![key("a")]),
            ("a.b-c.d", vec![key("a"), key("b-c"), key("d")]),
            ("a[0].b", vec![key("a"), Step::Index(0), key("b")]),
            (r#"["a.b"]["c"][1]"#, vec![key("a.b"), key("c"), Step::Index(1)]),
            (r#"['a"b']"#, vec![key("a\"b")]),
            (r#"a["b\"c"]"#, vec![key("a"), key("b\"c")]),
        ] {
            assert_eq!(KeyPath::parse(text).unwrap().steps, steps, "{text}");
        }
        for text in ["", "[0]", ".a", "a.", "a..b", "a[", "a[x]", r#"a["b"#, "a[0]b"] {
            assert!(KeyPath::parse(text).is_err(), "{text}");
        }
    }
}
