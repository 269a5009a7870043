//! The block `sops` as it stands in a file: carried over into a new text of the same file.

use serde_json::{Map, Number, Value as Json};

use super::super::metadata::KEY;
use super::super::plain::line_end;
use super::super::tree::{Content, Document, Item, Node, Splice, Tree};
use super::super::value::Kind;
use super::super::walk::is_metadata;
use super::super::{Format, dotenv, yaml};

/// The block of a file, as it is, at the end of each document of a new text.
pub(in super::super) fn carried(old_text: &str, old: &Tree, text: &str, new: &Tree, format: Format) -> Vec<Splice> {
    let first = old.documents.first();
    let pairs = new.documents.iter().enumerate().filter_map(|(at, new)| Some((old.documents.get(at).or(first)?, new)));
    pairs.filter_map(|(old, new)| carried_to(old_text, old, text, new, format)).collect()
}

fn carried_to(old_text: &str, old: &Document, text: &str, new: &Document, format: Format) -> Option<Splice> {
    let items: Vec<&Item> = old.root.items().collect();
    let is_ours = |item: &&Item| item.key.as_deref().is_some_and(|key| is_metadata(key, format));
    if old.root.flow != new.root.flow {
        let block = json(&items.into_iter().find(is_ours)?.node);
        return Some(placed(&block, text, new, format));
    }
    if !old.root.flow {
        let lines = items.into_iter().filter(is_ours).map(|item| {
            let lines = old_text.get(item.start..line_end(old_text, item.end())).unwrap_or_default();
            format!("{}\n", lines.strip_suffix('\n').unwrap_or(lines))
        });
        return Some(at_end(&lines.collect::<String>(), text, new));
    }
    let at = items.iter().position(is_ours)?;
    let item = items.get(at)?;
    let written = old_text.get(item.start..item.end())?;
    let before = at.checked_sub(1).and_then(|before| items.get(before));
    let glue = before.and_then(|before| old_text.get(before.end()..item.start)).unwrap_or(", ");
    if let Some(last) = new.root.items().last() {
        return Some(Splice { range: last.end()..last.end(), text: format!("{glue}{written}") });
    }
    let start = new.root.span.start + 1;
    let end = if glue.contains('\n') { "\n" } else { "" };
    Some(Splice { range: start..start, text: format!("{}{written}{end}", glue.trim_start_matches(',')) })
}

/// A block at the end of a document.
pub(in super::super) fn placed(block: &Json, text: &str, document: &Document, format: Format) -> Splice {
    if !document.root.flow {
        let lines = if format == Format::Dotenv { dotenv::metadata(block) } else { yaml::block(KEY, block) };
        return at_end(&lines, text, document);
    }
    let end = document.root.items().last();
    let (at, comma) = end.map_or((document.root.span.start + 1, ""), |last| (last.end(), ","));
    let in_lines = format != Format::Yaml;
    let value = if in_lines { indented(block) } else { block.to_string() };
    let (before, after) = match (in_lines, end) {
        (true, Some(_)) => ("\n\t", ""),
        (true, None) => ("\n\t", "\n"),
        (false, Some(_)) => (" ", ""),
        (false, None) => ("", ""),
    };
    Splice { range: at..at, text: format!("{comma}{before}\"{KEY}\": {value}{after}") }
}

fn at_end(lines: &str, text: &str, document: &Document) -> Splice {
    let at = document.end;
    let missing_end = text.get(..at).is_some_and(|before| !before.is_empty() && !before.ends_with('\n'));
    Splice { range: at..at, text: format!("{}{lines}", if missing_end { "\n" } else { "" }) }
}

/// With tabs, as SOPS does, and one deeper.
fn indented(block: &Json) -> String {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"\t");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    match serde::Serialize::serialize(block, &mut serializer) {
        Ok(()) => String::from_utf8_lossy(&bytes).replace('\n', "\n\t"),
        Err(_) => block.to_string(),
    }
}

/// A block with its numbers and booleans as they are.
pub(super) fn json(node: &Node) -> Json {
    match &node.content {
        Content::Map(_) => {
            let fields = node.items().map(|item| (item.key.clone().unwrap_or_default(), json(&item.node)));
            Json::Object(fields.collect::<Map<_, _>>())
        }
        Content::List(_) => Json::Array(node.items().map(|item| json(&item.node)).collect()),
        Content::Null => Json::Null,
        Content::Scalar(value) => {
            let text = String::from_utf8_lossy(value.bytes.expose());
            match value.kind() {
                Kind::Bool => Json::Bool(text == "True"),
                Kind::Int => text.parse::<i64>().map_or(Json::Null, |number| Json::Number(Number::from(number))),
                _ => Json::String(text.into_owned()),
            }
        }
    }
}
