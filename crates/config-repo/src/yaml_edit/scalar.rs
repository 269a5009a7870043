//! How one scalar is written: in the style that it had, and quoted where a YAML 1.1 reader might see no string.

use granit_parser::ScalarStyle;

use super::EditError;
use super::tree::{Content, NodeId, Tree};

/// Bytes to be replaced by a text.
pub(super) struct Splice {
    pub(super) range: std::ops::Range<usize>,
    pub(super) text: String,
}

/// How to give this scalar this value and keep all around it.
pub(super) fn splice(text: &str, tree: &Tree, id: NodeId, value: &str) -> Result<Splice, EditError> {
    let node = tree.node(id);
    let Content::Scalar { style, .. } = &node.content else {
        return Err(EditError::NotAScalar { line: node.line });
    };
    if node.tag.as_deref().is_some_and(|tag| !matches!(tag, "!!str" | "!" | "!<tag:yaml.org,2002:str>")) {
        return Err(EditError::Unwritable { line: node.line, why: "it has a tag other than `!!str`" });
    }
    if value.is_empty()
        || value.chars().any(|c| c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}'))
    {
        return Err(EditError::Unwritable {
            line: node.line,
            why: "the new value is empty or holds control characters",
        });
    }
    let written = match style {
        ScalarStyle::SingleQuoted => format!("'{}'", value.replace('\'', "''")),
        ScalarStyle::Plain if is_surely_string(value) && !is_json(text) => value.to_owned(),
        ScalarStyle::Plain | ScalarStyle::DoubleQuoted => double_quoted(value),
        ScalarStyle::Literal | ScalarStyle::Folded => value.to_owned(),
    };
    let mut range = node.span.clone();
    if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        range.end = range.start + without_closing_lines(text.get(range.clone()).unwrap_or_default()).len();
    }
    if !range.is_empty() {
        return Ok(Splice { range, text: written });
    }
    let at = insertion(text, tree, id)
        .ok_or(EditError::Unwritable { line: node.line, why: "there is no value to replace" })?;
    Ok(Splice { range: at..at, text: format!(" {written}") })
}

/// The text of a block scalar without the line ends that close it and the indent of what comes next.
pub(super) fn without_closing_lines(raw: &str) -> &str {
    let mut kept = raw;
    while let Some((before, last)) = kept.rsplit_once('\n') {
        if !last.trim_matches([' ', '\t', '\r']).is_empty() {
            break;
        }
        kept = before;
    }
    kept.trim_end_matches('\r')
}

/// Where the value of `key:` begins when there is none: after the colon, or after the anchor or tag.
fn insertion(text: &str, tree: &Tree, id: NodeId) -> Option<usize> {
    let node = tree.node(id);
    if node.anchored || node.tag.is_some() {
        return Some(node.span.start);
    }
    let rest = text.get(node.span.start..)?;
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    rest.get(blanks..)?.starts_with(':').then_some(node.span.start + blanks + 1)
}

fn double_quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A JSON file knows no plain strings.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '['])
}

/// Whether every YAML reader, of 1.1 too, sees a string when this is written bare. In doubt no.
pub(super) fn is_surely_string(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:@+-".contains(c);
    let Some(first) = value.chars().next() else { return false };
    let starts_well = first.is_ascii_alphanumeric() || first == '_';
    if !starts_well || value.ends_with(':') || !value.chars().all(plain) || is_word(value) {
        return false;
    }
    !first.is_ascii_digit() || cannot_be_number(value)
}

fn is_word(value: &str) -> bool {
    const WORDS: [&str; 11] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"];
    WORDS.contains(&value.to_ascii_lowercase().as_str())
}

/// What begins with a digit may be a number in base 2, 8, 10, 16 or 60, or a date, unless something in it forbids all.
fn cannot_be_number(value: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() && !"abcdefoxtz".contains(c.to_ascii_lowercase());
    let dots = value.matches('.').count();
    value.contains(['/', '@']) || value.contains(letter) || (dots > 1 && !value.contains([':', '_']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_yaml_1_1_reader_takes_for_something_else_is_quoted() {
        for text in [
            "1.10",
            "true",
            "yes",
            "no",
            "on",
            "y",
            "N",
            "012",
            "0o14",
            "1_000",
            "12:30:45",
            "190:20",
            "2026-01-01",
            "=",
            "<<",
            "1e3",
            "1e5",
            "0x1f",
            "0x1F",
            "0b101",
            "null",
            "~",
            "-",
            "",
            "-1",
            "+1",
            ".5",
            ".inf",
            ".nan",
            "1.",
            "12e4567",
            "5",
            "2026-01-01T10:00:00Z",
            "a:",
            "a b",
            "#a",
            "a #b",
            "&a",
            "*a",
            "!a",
            "a\n",
            "é",
            "[a]",
            "{a}",
            "%a",
            "@a",
            "`a`",
            "1__0",
        ] {
            assert!(!is_surely_string(text), "{text:?}");
        }
    }

    #[test]
    fn ordinary_versions_and_references_stay_bare() {
        for text in [
            "v1",
            "1.4.2",
            "1.4.2-rc.1",
            "latest",
            "7-alpine",
            "_a",
            "deadbeef",
            "r.example:5000/a:1",
            "a/b:12@sha256:00",
            "1.2.3-5",
        ] {
            assert!(is_surely_string(text), "{text:?}");
        }
    }
}
