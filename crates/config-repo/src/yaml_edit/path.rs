//! A scalar's path as people read and write it: `spec.containers[name=web].image`, `metadata.labels["a.b/c"]`.

use super::EditError;
use super::tree::{Content, NodeId, Tree};

/// A path being written.
#[derive(Default)]
pub(super) struct Written(Vec<String>);

impl Written {
    pub(super) fn key(&mut self, key: &str) {
        let simple = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let key: String = key.chars().take(80).collect();
        let quoted = key.is_empty() || !key.chars().all(simple);
        let dot = if self.0.is_empty() { "" } else { "." };
        self.0.push(if quoted { format!("[{key:?}]") } else { format!("{dot}{key}") });
    }

    pub(super) fn index(&mut self, index: usize) {
        self.0.push(format!("[{index}]"));
    }

    pub(super) fn finish(self) -> String {
        self.0.concat()
    }
}

/// One part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Key(String),
    Index(usize),
    Where(String, String),
}

/// The scalar at a path of a document. Nothing is reached through an alias or a merge key: an edit there would change
/// other places too.
pub(super) fn resolve(tree: &Tree, document: usize, path: &str) -> Result<NodeId, EditError> {
    let missing = || EditError::NoSuchPath { path: path.to_owned() };
    let parts = parse(path).ok_or_else(|| EditError::NotAPath { path: path.to_owned() })?;
    let mut id = *tree.documents.get(document).ok_or_else(missing)?;
    for part in &parts {
        let node = tree.node(id);
        if let Content::Mapping { duplicate: Some(key), .. } = node.content {
            return Err(EditError::duplicate_key(tree, key));
        }
        id = step(tree, id, part).ok_or_else(missing)?;
        if matches!(tree.node(id).content, Content::Alias(_)) {
            return Err(EditError::IsAlias { line: tree.node(id).line });
        }
    }
    match tree.scalar(id) {
        Some(_) => Ok(id),
        None => Err(EditError::NotAScalar { line: tree.node(id).line }),
    }
}

/// Where one part leads from a node, if anything of its own stands there.
pub(super) fn step(tree: &Tree, id: NodeId, part: &Part) -> Option<NodeId> {
    match (part, &tree.node(id).content) {
        (Part::Key(key), Content::Mapping { .. }) => tree.own(id, key),
        (Part::Index(index), Content::Sequence(items)) => items.get(*index).copied(),
        (Part::Where(key, value), Content::Sequence(items)) => {
            let is = |item: &&NodeId| tree.own(**item, key).and_then(|id| tree.scalar(id)) == Some(value);
            items.iter().find(is).copied()
        }
        _ => None,
    }
}

/// Whether a text is a path at all.
pub(super) fn is_path(text: &str) -> bool {
    parse(text).is_some()
}

pub(super) fn parse(path: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix("[\"") {
            let (key, tail) = inner.split_once("\"]")?;
            parts.push(Part::Key(key.to_owned()));
            rest = tail;
        } else if let Some(inner) = rest.strip_prefix('[') {
            let (selector, tail) = inner.split_once(']')?;
            parts.push(match selector.split_once('=') {
                Some((key, value)) => Part::Where(key.to_owned(), value.to_owned()),
                None => Part::Index(selector.parse().ok()?),
            });
            rest = tail;
        } else {
            let rest_of = if parts.is_empty() { rest } else { rest.strip_prefix('.')? };
            let end = rest_of.find(['.', '[']).unwrap_or(rest_of.len());
            let (key, tail) = rest_of.split_at(end);
            if key.is_empty() {
                return None;
            }
            parts.push(Part::Key(key.to_owned()));
            rest = tail;
        }
    }
    (!parts.is_empty()).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_as_they_are_written() {
        let key = |text: &str| Part::Key(text.to_owned());
        assert_eq!(
            parse(r#"a.b[0][name=web]["k.d/s"].c"#).unwrap(),
            [key("a"), key("b"), Part::Index(0), Part::Where("name".into(), "web".into()), key("k.d/s"), key("c")]
        );
        for bad in ["", ".a", "a..b", "a[", "a[x]", "a[\"b]", "a.", "[0]a"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
