//! How a value is written: a scalar in the style that stood there, anything else in one line.

use granit_parser::ScalarStyle;
use serde_json::Value;

use crate::yaml_edit::EditError;
use crate::yaml_edit::scalar;
use crate::yaml_edit::tree::{Content, NodeId, Tree};

/// Bytes to be replaced by a text.
pub(super) struct Splice {
    pub(super) range: std::ops::Range<usize>,
    pub(super) text: String,
    /// Whether the line end after it belongs to the value.
    pub(super) keeps_line_end: bool,
}

impl Splice {
    /// The whole text with the splice made.
    pub(super) fn into_text(self, text: &str) -> String {
        let (before, after) = (text.get(..self.range.start), text.get(self.range.end..));
        format!("{}{}{}", before.unwrap_or_default(), self.text, after.unwrap_or_default())
    }
}

/// How to give a scalar this value and keep all around it.
pub(super) fn splice(text: &str, tree: &Tree, id: NodeId, value: &Value) -> Result<Splice, EditError> {
    let node = tree.node(id);
    let refused = |why| EditError::Unwritable { line: node.line, why };
    let Content::Scalar { style, .. } = node.content else { return Err(EditError::NotAScalar { line: node.line }) };
    let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
    match value {
        Value::String(new) if is_simple(new) => {
            let scalar::Splice { range, text } = scalar::splice(text, tree, id, new)?;
            Ok(Splice { range, text, keeps_line_end: is_block })
        }
        Value::String(new) if style == ScalarStyle::Literal => literal(text, tree, id, new),
        Value::String(_) if is_block => Err(refused("a folded text of several lines has to be written by hand")),
        Value::String(_) | Value::Number(_) | Value::Bool(_) => {
            let is_odd = is_block || node.span.is_empty() || node.tag.is_some();
            if is_odd {
                return Err(refused("what stands there is empty, has a tag, or is a block of text"));
            }
            Ok(Splice { range: node.span.clone(), text: in_line(value, node.line)?, keeps_line_end: false })
        }
        _ => Err(EditError::NotAScalar { line: node.line }),
    }
}

/// Whether any style can hold it as it is.
fn is_simple(text: &str) -> bool {
    let odd = |c: char| c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}');
    !text.is_empty() && !text.contains(odd)
}

/// A text of several lines in the place of one, with the indent of the first line.
fn literal(text: &str, tree: &Tree, id: NodeId, new: &str) -> Result<Splice, EditError> {
    let node = tree.node(id);
    let refused = |why| EditError::Unwritable { line: node.line, why };
    let old = tree.scalar(id).unwrap_or_default();
    let body = new.strip_suffix('\n').unwrap_or(new);
    let odd = |c: char| c.is_control() && c != '\n' && c != '\t';
    if body.is_empty() || body.starts_with([' ', '\t', '\n']) || body.ends_with('\n') || body.contains(odd) {
        return Err(refused("a text that begins or ends with blanks has to be written by hand"));
    }
    if old.ends_with('\n') != new.ends_with('\n') {
        return Err(refused("the line end at the end of this text would change: write it by hand"));
    }
    let before = text.get(..node.span.start).unwrap_or_default();
    let indent = before.rsplit_once('\n').map_or(before, |(_, indent)| indent);
    if indent.is_empty() || !indent.chars().all(|c| c == ' ') {
        return Err(refused("its indent can't be told"));
    }
    let lines: Vec<String> = body.split('\n').enumerate().map(|(at, line)| indented(at, indent, line)).collect();
    let raw = text.get(node.span.clone()).unwrap_or_default();
    let range = node.span.start..node.span.start + scalar::without_closing_lines(raw).len();
    Ok(Splice { range, text: lines.join("\n"), keeps_line_end: true })
}

fn indented(at: usize, indent: &str, line: &str) -> String {
    if at == 0 || line.is_empty() { line.to_owned() } else { format!("{indent}{line}") }
}

/// A value in one line, as any reader of YAML takes it.
pub(super) fn in_line(value: &Value, line: usize) -> Result<String, EditError> {
    Ok(match value {
        Value::Null => return Err(EditError::Unwritable { line, why: "it is nothing" }),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => string(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| in_line(item, line)).collect::<Result<_, _>>()?;
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let entry = |(key, value): (&String, &Value)| Ok(format!("{}: {}", string(key), in_line(value, line)?));
            let fields: Vec<String> = fields.iter().map(entry).collect::<Result<_, EditError>>()?;
            format!("{{{}}}", fields.join(", "))
        }
    })
}

/// A string, bare where no reader can take it for something else.
pub(super) fn string(text: &str) -> String {
    if scalar::is_surely_string(text) { text.to_owned() } else { quoted(text) }
}

/// A string as JSON has it, which YAML reads as well.
pub(super) fn quoted(text: &str) -> String {
    let escape = |c: char| match c {
        '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    Value::from(text).to_string().chars().map(escape).collect()
}
