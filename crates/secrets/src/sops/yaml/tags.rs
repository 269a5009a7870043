//! Tags of YAML: what SOPS makes of a value that has one, and which it would lose or misread.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use granit_parser::Tag;

use super::super::error::Problem;
use super::super::value::{Kind, Value};
use super::resolve::resolve;

const CORE: &str = "tag:yaml.org,2002:";

pub(super) const LOST: &str = ", which SOPS would take away";
pub(super) const OF_KEY: &str = ", and a key can't have one";
const OTHER: &str = ", and its value is none of that kind";
const NO_BASE64: &str = ", and its value is no base64";

/// Whether a mapping or a list says by its tag what it is anyway.
pub(super) fn says_nothing(tag: &Tag, kind: &str) -> bool {
    whole(tag).strip_prefix(CORE) == Some(kind)
}

/// What a scalar with a tag is.
pub(super) fn value(tag: &Tag, text: &str, is_plain: bool) -> Result<Option<Value>, Wrong> {
    let whole = whole(tag);
    let kind = match whole.strip_prefix(CORE) {
        Some(kind) => kind,
        // As if there were none.
        None if whole == "!" && is_plain => return resolve(text).map_err(|()| Wrong::Number),
        None if whole == "!" => "str",
        None => return Err(Wrong::Tag(LOST)),
    };
    match kind {
        "str" => return Ok(Some(Value::text(text))),
        "binary" => {
            let packed: String = text.split_whitespace().collect();
            return STANDARD.decode(packed).map(|bytes| Some(Value::text(bytes))).map_err(|_| Wrong::Tag(NO_BASE64));
        }
        "null" | "bool" | "int" | "float" | "timestamp" => {}
        _ => return Err(Wrong::Tag(LOST)),
    }
    let found = resolve(text).map_err(|()| Wrong::Number)?;
    match (kind, found.as_ref().map(Value::kind)) {
        ("null", None)
        | ("bool", Some(Kind::Bool))
        | ("int", Some(Kind::Int))
        | ("float", Some(Kind::Float))
        | ("timestamp", Some(Kind::Time)) => Ok(found),
        // So SOPS itself writes a number of this kind without a fraction.
        ("float", Some(Kind::Int)) => {
            let number = found.as_ref().and_then(|found| found.as_text().ok()?.parse().ok());
            number.map(|number| Some(Value::float(number))).ok_or(Wrong::Number)
        }
        _ => Err(Wrong::Tag(OTHER)),
    }
}

/// Why a value with a tag is refused.
pub(super) enum Wrong {
    /// For its tag.
    Tag(&'static str),
    /// It is a number of more than 64 bits.
    Number,
}

/// Why, with the place.
pub(super) fn problem(tag: &Tag, line: usize, path: String, why: &'static str) -> Problem {
    Problem::Tag { line, path, tag: crate::clip(&crate::clean_terminal(&tag.original()), 80), why }
}

fn whole(tag: &Tag) -> String {
    format!("{}{}", tag.handle(), tag.suffix())
}
