//! What a plain scalar is to SOPS, which reads YAML with go-yaml.

use super::super::time;
use super::super::value::{Value, parse_float};

/// The value, `None` for null, and an error for a number that does not fit into 64 bits.
pub(super) fn resolve(text: &str) -> Result<Option<Value>, ()> {
    Ok(Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(None),
        "true" | "True" | "TRUE" => Value::boolean(true),
        "false" | "False" | "FALSE" => Value::boolean(false),
        ".nan" | ".NaN" | ".NAN" => Value::float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::float(f64::NEG_INFINITY),
        text if text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => number(text)?,
        text => Value::text(text),
    }))
}

fn number(text: &str) -> Result<Value, ()> {
    let signed = text.starts_with(['+', '-', '.']);
    if let Some(time) = time::parse(text).filter(|_| !signed) {
        return Ok(Value::time(time));
    }
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    match whole(digits) {
        Whole::Number(number) => {
            let number = i128::try_from(number).map_err(|_| ())?;
            return Ok(Value::int(i64::try_from(if negative { -number } else { number }).map_err(|_| ())?));
        }
        Whole::TooLarge => return Err(()),
        Whole::None => {}
    }
    let exponent = digits.split(['e', 'E']).nth(1);
    let is_float = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && exponent.is_none_or(|exponent| exponent.bytes().any(|byte| byte.is_ascii_digit()));
    Ok(match parse_float(&plain).filter(|_| is_float) {
        Some(number) => Value::float(number),
        None => Value::text(text),
    })
}

enum Whole {
    Number(u128),
    TooLarge,
    None,
}

fn whole(digits: &str) -> Whole {
    let lower = digits.to_ascii_lowercase();
    let (radix, rest) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, lower.get(2..)),
        [b'0', b'o', ..] => (8, lower.get(2..)),
        [b'0', b'b', ..] => (2, lower.get(2..)),
        [b'0', _, ..] => (8, lower.get(1..)),
        _ => (10, Some(lower.as_str())),
    };
    let rest = rest.unwrap_or_default();
    if rest.is_empty() || !rest.chars().all(|c| c.is_digit(radix)) {
        return Whole::None;
    }
    u128::from_str_radix(rest, radix).map_or(Whole::TooLarge, Whole::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_what_go_yaml_makes_of_them() {
        for (text, kind, bytes) in [
            ("yes", "str", "yes"),
            ("on", "str", "on"),
            ("true", "bool", "True"),
            ("FALSE", "bool", "False"),
            ("tRue", "str", "tRue"),
            ("012", "int", "10"),
            ("08", "float", "8"),
            ("0o17", "int", "15"),
            ("0x1F", "int", "31"),
            ("0b101", "int", "5"),
            ("1_000", "int", "1000"),
            ("-5", "int", "-5"),
            ("+5", "int", "5"),
            ("1.10", "float", "1.1"),
            ("1e3", "float", "1000"),
            ("1e-7", "float", "0.0000001"),
            ("1e21", "float", "1000000000000000000000"),
            (".5", "float", "0.5"),
            ("5.", "float", "5"),
            ("-.inf", "float", "-Inf"),
            ("1.2.3", "str", "1.2.3"),
            ("1-2", "str", "1-2"),
            ("-", "str", "-"),
            (".", "str", "."),
            ("e5", "str", "e5"),
            ("1e", "str", "1e"),
            ("190:20", "str", "190:20"),
            ("2001-12-14", "time", "2001-12-14T00:00:00Z"),
        ] {
            let value = resolve(text).unwrap().unwrap();
            assert_eq!(value.kind().name(), kind, "{text}");
            assert!(value.bytes.expose() == bytes.as_bytes(), "{text}");
        }
        assert!(resolve("~").is_ok_and(|value| value.is_none()));
        assert!(resolve("18446744073709551615").is_err());
    }
}
