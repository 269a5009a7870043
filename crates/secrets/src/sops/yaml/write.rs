//! A value as YAML: bare where every reader sees the same in it, as a block where it has lines, and quoted else.

use serde_json::Value as Json;

use super::super::Format;
use super::super::tree::Node;
use super::super::value::{Kind, Value, float_in};
use super::resolve::resolve;

/// The value in the place of this node; `rest` is what follows on its last line, `indent` the column of its mapping.
pub(in super::super) fn scalar(value: &Value, node: &Node, indent: usize, rest: &str) -> String {
    let text = match value.as_text() {
        Ok(text) => text,
        Err(base64) => return format!("!!binary {base64}"),
    };
    match value.kind() {
        Kind::Bool => text.to_ascii_lowercase(),
        Kind::Int => text.to_owned(),
        Kind::Time => value.as_date().and_then(|date| str::from_utf8(date).ok()).unwrap_or(text).to_owned(),
        Kind::Float => float(text),
        Kind::Str | Kind::Bytes | Kind::Comment if is_surely_string(text) => text.to_owned(),
        Kind::Str | Kind::Bytes | Kind::Comment => {
            let alone = !node.flow && rest.trim().is_empty();
            literal(text, indent).filter(|_| alone).unwrap_or_else(|| double_quoted(text))
        }
    }
}

fn float(text: &str) -> String {
    match text {
        "+Inf" => ".inf".to_owned(),
        "-Inf" => "-.inf".to_owned(),
        "NaN" => ".nan".to_owned(),
        text => float_in(text, Format::Yaml),
    }
}

/// A block with its lines, where nothing in them needs an escape.
fn literal(text: &str, indent: usize) -> Option<String> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let odd = |c: char| (c.is_control() && c != '\n' && c != '\t') || is_odd(c);
    let starts_well = !body.starts_with([' ', '\t', '\n']);
    if !body.contains('\n') || body.ends_with('\n') || !starts_well || text.chars().any(odd) {
        return None;
    }
    let head = if text.ends_with('\n') { "|" } else { "|-" };
    let pad = " ".repeat(indent + 2);
    let lines = body.split('\n').map(|line| if line.is_empty() { "\n".to_owned() } else { format!("\n{pad}{line}") });
    Some(head.to_owned() + &lines.collect::<String>())
}

fn is_odd(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

pub(super) fn double_quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_control() || is_odd(c) => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether every YAML reader, of 1.1 too, sees a string when this is written bare. In doubt no.
fn is_surely_string(text: &str) -> bool {
    const WORDS: [&str; 12] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "none"];
    let plain = |c: char| c.is_alphanumeric() || " _./:@+-=$%^&*()!?".contains(c);
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '/');
    starts_well
        && text.chars().all(plain)
        && !text.ends_with([':', ' '])
        && !text.contains(": ")
        && text.len() <= 1000
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
        && matches!(resolve(text), Ok(Some(value)) if value.kind() == Kind::Str)
}

/// A key as it stands before its colon.
pub(in super::super) fn key(key: &str) -> String {
    if is_surely_string(key) && !key.contains(' ') { key.to_owned() } else { double_quoted(key) }
}

/// A mapping of texts, numbers, lists and mappings, in lines, as SOPS writes its metadata.
pub(in super::super) fn block(name: &str, value: &Json) -> String {
    let mut lines = String::new();
    entry(name, value, 0, &mut lines);
    lines
}

fn entry(name: &str, value: &Json, indent: usize, lines: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Json::Object(fields) if !fields.is_empty() => {
            lines.push_str(&format!("{pad}{}:\n", key(name)));
            fields.iter().for_each(|(name, value)| entry(name, value, indent + 4, lines));
        }
        Json::Array(items) if !items.is_empty() => {
            lines.push_str(&format!("{pad}{}:\n", key(name)));
            for one in items {
                item(one, indent + 4, lines);
            }
        }
        value => lines.push_str(&format!("{pad}{}: {}\n", key(name), leaf(value, indent))),
    }
}

/// The first field stands after the dash.
fn item(value: &Json, indent: usize, lines: &mut String) {
    let start = lines.len();
    match value {
        Json::Object(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(name, value)| entry(name, value, indent + 2, lines));
            lines.replace_range(start + indent..=start + indent, "-");
        }
        value => lines.push_str(&format!("{}- {}\n", " ".repeat(indent), leaf(value, indent))),
    }
}

fn leaf(value: &Json, indent: usize) -> String {
    match value {
        Json::String(text) if is_surely_string(text) => text.clone(),
        Json::String(text) => literal(text, indent + 2).unwrap_or_else(|| double_quoted(text)),
        other => other.to_string(),
    }
}
