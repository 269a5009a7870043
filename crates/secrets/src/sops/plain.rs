//! A file in the clear: each value in the place of its ciphertext, and no metadata.

use super::error::Problem;
use super::file::Opened;
use super::tree::{Content, Document, Item, Node, Splice, spliced};
use super::value::{Kind, Value};
use super::walk::{Leaf, What, is_metadata, leaves};
use super::{Format, metadata, scope};
use crate::Secret;

/// The whole file, without its scope where that is not wanted. What was written is read again and compared before it is handed
/// out.
pub(super) fn write(opened: &Opened<'_>, with_scope: bool) -> Result<Secret<Vec<u8>>, Problem> {
    let file = opened.file;
    if file.format == Format::Binary {
        return whole(opened);
    }
    let mut splices = Vec::new();
    let is_wanted = |leaf: &Leaf<'_>| with_scope || leaf.bound_to != scope::BOUND;
    for (leaf, value) in opened.values.iter().filter(|(leaf, _)| is_wanted(leaf)) {
        if let Some(value) = value.as_ref().filter(|value| leaf.encrypt && !value.is_empty()) {
            splices.extend(splice(opened, leaf, value)?);
        }
    }
    for document in &file.tree.documents {
        let goes = |key: &str| is_metadata(key, file.format) || (!with_scope && key == scope::SCOPE_KEY);
        splices.extend(without(&file.text, document, goes));
    }
    let text = spliced(&file.text, splices);
    let bytes = Secret::new(text.into_bytes());
    prove(opened, is_wanted, &bytes)?;
    Ok(bytes)
}

/// The one value of a binary file.
fn whole(opened: &Opened<'_>) -> Result<Secret<Vec<u8>>, Problem> {
    let data = opened.values.iter().find(|(leaf, _)| leaf.bound_to == "data:").and_then(|(_, value)| value.as_ref());
    data.map(|value| value.bytes.clone()).ok_or_else(|| Problem::NoSuchPath { path: "data".to_owned() })
}

fn splice(opened: &Opened<'_>, leaf: &Leaf<'_>, value: &Value) -> Result<Option<Splice>, Problem> {
    let text = &opened.file.text;
    let comment = |range| {
        let comment = value.as_text().ok().filter(|text| !text.contains(['\n', '\r']));
        comment.map(|comment| Splice { range, text: format!("#{comment}") })
    };
    match &leaf.what {
        What::Comment(at, _) => Ok(comment(at.span.clone())),
        // SOPS writes a comment of a list as an item.
        What::Value(node, _) if value.kind() == Kind::Comment => {
            let dash = dash(text, node).filter(|_| opened.file.format == Format::Yaml);
            let why = "it is a comment, and the format has none";
            let start = dash.ok_or_else(|| Problem::Unwritable { path: leaf.shown.clone(), why })?;
            Ok(comment(start..node.span.end))
        }
        What::Value(node, _) => {
            let written = opened.file.format.write(value, node, leaf.indent, text, &leaf.shown)?;
            Ok(Some(Splice { range: node.span.clone(), text: written }))
        }
    }
}

/// Where the dash of a list's item is.
pub(super) fn dash(text: &str, node: &Node) -> Option<usize> {
    let before = text.get(..node.span.start)?.trim_end_matches([' ', '\t']);
    before.strip_suffix('-').filter(|_| !node.flow).map(str::len)
}

/// Takes the block `sops`, and what else goes, out of a document.
pub(super) fn without(text: &str, document: &Document, goes: impl Fn(&str) -> bool) -> Vec<Splice> {
    let items: Vec<&Item> = document.root.items().collect();
    let is_ours = |item: &Item| item.key.as_deref().is_some_and(&goes);
    let ours = items.iter().enumerate().filter(|(_, item)| is_ours(item));
    ours.map(|(at, item)| {
        let range = if document.root.flow {
            match (at.checked_sub(1).and_then(|at| items.get(at)), items.get(at + 1)) {
                (Some(before), _) => before.end()..item.end(),
                (None, Some(after)) => item.start..after.start,
                (None, None) => item.start..item.end(),
            }
        } else {
            item.start..line_end(text, item.end())
        };
        Splice { range, text: String::new() }
    })
    .collect()
}

/// After the line end that comes next.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |found| at + found + 1)
}

/// Whether every value is read back as it is.
fn prove(opened: &Opened<'_>, is_wanted: impl Fn(&Leaf<'_>) -> bool, bytes: &Secret<Vec<u8>>) -> Result<(), Problem> {
    let format = opened.file.format;
    let not_proven = |path: &str| Problem::NotProven { path: path.to_owned() };
    let (_, tree) = format.parse(bytes.expose()).map_err(|_| not_proven(metadata::KEY))?;
    let rules = super::rules::Rules::default();
    let new = leaves(&tree, &rules, format);
    let mut new = new.iter().filter_map(|leaf| match leaf.what {
        What::Value(_, value) => Some((leaf, value)),
        What::Comment(..) => None,
    });
    for (leaf, old) in opened.values.iter().filter(|(leaf, _)| is_wanted(leaf)) {
        let (What::Value(..), Some(old)) = (&leaf.what, old) else { continue };
        if old.kind() == Kind::Comment {
            continue;
        }
        // Only YAML has timestamps, and dotenv has texts only.
        let same = |new: &Value| old.same(new) || (format != Format::Yaml && old.bytes.expose() == new.bytes.expose());
        if !new.next().is_some_and(|(place, value)| place.bound_to == leaf.bound_to && same(value)) {
            return Err(not_proven(&leaf.shown));
        }
    }
    if new.next().is_none() { Ok(()) } else { Err(not_proven(metadata::KEY)) }
}

/// The value in a text that is being changed: quoted where the place wants it.
pub(super) fn sealed_text(sealed: &str, node: &Node, format: Format) -> String {
    match format {
        Format::Yaml if !node.flow && !sealed.is_empty() => sealed.to_owned(),
        Format::Dotenv => sealed.to_owned(),
        _ => super::json::quoted(sealed),
    }
}

/// Whether anything is at this node that a value can be written over.
pub(super) fn is_single(node: &Node) -> bool {
    matches!(node.content, Content::Scalar(_) | Content::Null)
}
