//! A value of a file as SOPS sees it: what kind it is, and the bytes that are encrypted and go into the MAC.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Format;
use crate::Secret;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Str,
    /// A whole number of 64 bits.
    Int,
    /// A number.
    Float,
    /// True or false.
    Bool,
    /// Bytes, as old versions of SOPS wrote them.
    Bytes,
    /// A timestamp of YAML.
    Time,
    /// A comment, which SOPS puts into lists as an item.
    Comment,
}

impl Kind {
    const ALL: [(Self, &str); 7] = [
        (Self::Str, "str"),
        (Self::Int, "int"),
        (Self::Float, "float"),
        (Self::Bool, "bool"),
        (Self::Bytes, "bytes"),
        (Self::Time, "time"),
        (Self::Comment, "comment"),
    ];

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(kind, _)| *kind)
    }

    /// The word for it in a file.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("str", |(_, name)| name)
    }
}

/// A value in the clear.
#[derive(Clone)]
pub struct Value {
    pub(super) kind: Kind,
    pub(super) bytes: Secret<Vec<u8>>,
}

impl Value {
    /// A text, or the bytes of a whole file.
    pub fn text(text: impl Into<Vec<u8>>) -> Self {
        Self { kind: Kind::Str, bytes: Secret::new(text.into()) }
    }

    /// A value of this kind from its text; `None` when the text is none of that kind.
    pub fn of_kind(kind: Kind, bytes: Secret<Vec<u8>>) -> Option<Self> {
        if matches!(kind, Kind::Str | Kind::Bytes | Kind::Comment) {
            return Some(Self { kind, bytes });
        }
        let text = str::from_utf8(bytes.expose()).ok()?;
        match kind {
            Kind::Int => Some(Self::int(text.parse().ok()?)),
            Kind::Float => Some(Self::float(parse_float(text)?)),
            Kind::Bool => Some(Self::boolean(parse_bool(text)?)),
            _ => super::time::parse(text).map(|text| Self { kind: Kind::Time, bytes: Secret::new(text.into_bytes()) }),
        }
    }

    /// What kind it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its bytes, as people write the value: `true`, `1.5`, `2001-12-14`, the text itself.
    pub fn expose(&self) -> Secret<Vec<u8>> {
        match self.kind {
            Kind::Bool => Secret::new(self.bytes.expose().to_ascii_lowercase()),
            Kind::Time => Secret::new(self.as_date().unwrap_or(self.bytes.expose()).to_vec()),
            _ => self.bytes.clone(),
        }
    }

    /// The same as it is written in a file of this format.
    pub fn expose_in(&self, format: Format) -> Secret<Vec<u8>> {
        match (self.kind, self.as_text()) {
            (Kind::Float, Ok(text)) => Secret::new(float_in(text, format).into_bytes()),
            _ => self.expose(),
        }
    }

    /// A time that was written as a date: nobody writes midnight.
    pub(super) fn as_date(&self) -> Option<&[u8]> {
        self.bytes.expose().strip_suffix(b"T00:00:00Z").filter(|_| self.kind == Kind::Time)
    }

    pub(super) fn int(number: i64) -> Self {
        Self { kind: Kind::Int, bytes: Secret::new(number.to_string().into_bytes()) }
    }

    pub(super) fn float(number: f64) -> Self {
        let text = match number {
            number if number.is_nan() => "NaN".to_owned(),
            f64::INFINITY => "+Inf".to_owned(),
            f64::NEG_INFINITY => "-Inf".to_owned(),
            // The shortest text without an exponent that gives the same number: what SOPS hashes.
            number => number.to_string(),
        };
        Self { kind: Kind::Float, bytes: Secret::new(text.into_bytes()) }
    }

    pub(super) fn boolean(truth: bool) -> Self {
        let text = if truth { "True" } else { "False" };
        Self { kind: Kind::Bool, bytes: Secret::new(text.as_bytes().to_vec()) }
    }

    pub(super) fn comment(text: &str) -> Self {
        Self { kind: Kind::Comment, bytes: Secret::new(text.as_bytes().to_vec()) }
    }

    pub(super) fn time(text: String) -> Self {
        Self { kind: Kind::Time, bytes: Secret::new(text.into_bytes()) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.expose().is_empty()
    }

    pub(super) fn same(&self, other: &Self) -> bool {
        let kinds = self.kind == other.kind || [self.kind, other.kind].iter().all(|kind| KINDS_OF_TEXT.contains(kind));
        kinds && self.bytes.expose() == other.bytes.expose()
    }

    /// The same, where JSON knows one kind of number only.
    pub(super) fn same_in(&self, other: &Self, format: Format) -> bool {
        let is_number = |kind: Kind| matches!(kind, Kind::Int | Kind::Float);
        let numbers = format == Format::Json && is_number(self.kind) && is_number(other.kind);
        self.same(other) || (numbers && self.bytes.expose() == other.bytes.expose())
    }

    /// The text when it is one, else base64.
    pub(super) fn as_text(&self) -> Result<&str, String> {
        str::from_utf8(self.bytes.expose()).map_err(|_| STANDARD.encode(self.bytes.expose()))
    }
}

/// A number with its point, so that YAML sees that it is no whole one; with an exponent where else nobody could read it.
pub(super) fn float_in(text: &str, format: Format) -> String {
    let point =
        |digits: &str| if digits.contains('.') || format != Format::Yaml { String::new() } else { ".0".to_owned() };
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && !text.contains(['I', 'N']));
    let Some(number) = number else { return text.to_owned() };
    if number == 0.0 || (1e-6..1e21).contains(&number.abs()) {
        return format!("{text}{}", point(text));
    }
    let written = format!("{number:e}");
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let sign = if exponent.starts_with('-') { "" } else { "+" };
    format!("{digits}{}e{sign}{exponent}", point(digits))
}

const KINDS_OF_TEXT: [Kind; 2] = [Kind::Str, Kind::Bytes];

fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Numbers as they are written in files, but none of the words that only Rust reads.
pub(super) fn parse_float(text: &str) -> Option<f64> {
    match text {
        "+Inf" | "Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        text if text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) => {
            text.parse().ok().filter(|number: &f64| number.is_finite())
        }
        _ => None,
    }
}
