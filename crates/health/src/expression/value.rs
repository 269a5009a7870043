//! Objects as CEL sees them, and how large they are.

use std::collections::HashMap;
use std::sync::Arc;

use kube_cel::cel::Value as Cel;
use kube_cel::cel::objects::{Key, Map};
use serde_json::Value;

/// How large a value is, as far as it matters for work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Size {
    /// Values in it, itself among them; a long text counts as several.
    pub(super) weight: f64,
    /// The items of its longest list or mapping.
    pub(super) length: f64,
    /// The weight of the heaviest item in any of its lists.
    pub(super) item: f64,
}

/// So many bytes of text weigh as much as one value.
const BYTES_A_VALUE: usize = 32;

impl Size {
    /// One value without parts.
    pub(super) const ONE: Self = Self { weight: 1.0, length: 0.0, item: 0.0 };

    /// The size of a text.
    pub(super) fn of_text(length: usize) -> Self {
        Self { weight: 1.0 + number(length / BYTES_A_VALUE), ..Self::ONE }
    }

    /// The size of a value of JSON.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::of_text(text.len()),
            Value::Array(items) => {
                let parts: Vec<Self> = items.iter().map(Self::of).collect();
                let heaviest = parts.iter().map(|part| part.weight).fold(0.0, f64::max);
                Self::around(&parts, items.len(), heaviest)
            }
            Value::Object(fields) => {
                let parts: Vec<Self> = fields.values().map(Self::of).collect();
                let keys = fields.keys().map(|key| Self::of_text(key.len()).weight);
                // What goes through a mapping gets its keys.
                let heaviest = keys.clone().fold(0.0, f64::max);
                let mut size = Self::around(&parts, fields.len(), heaviest);
                size.weight += keys.sum::<f64>();
                size
            }
            _ => Self::ONE,
        }
    }

    fn around(parts: &[Self], length: usize, heaviest: f64) -> Self {
        let most = |of: fn(&Self) -> f64, least: f64| parts.iter().map(of).fold(least, f64::max);
        Self {
            weight: 1.0 + parts.iter().map(|part| part.weight).sum::<f64>(),
            length: most(|part| part.length, number(length)),
            item: most(|part| part.item, heaviest),
        }
    }
}

/// A count as a float, which overflows to "very much" and not to little.
pub(super) fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// A value of JSON as CEL sees it.
pub(super) fn to_cel(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(yes) => Cel::Bool(*yes),
        // The API server has whole numbers of 64 bits with a sign; what is larger can only be compared as a float.
        Value::Number(number) => {
            number.as_i64().map_or_else(|| Cel::Float(number.as_f64().unwrap_or_default()), Cel::Int)
        }
        Value::String(text) => Cel::String(Arc::new(text.clone())),
        Value::Array(items) => Cel::List(Arc::new(items.iter().map(to_cel).collect())),
        Value::Object(fields) => {
            let map: HashMap<Key, Cel> =
                fields.iter().map(|(key, value)| (Key::from(key.as_str()), to_cel(value))).collect();
            Cel::Map(Map { map: Arc::new(map) })
        }
    }
}
