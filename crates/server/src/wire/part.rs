//! A part that the tool needs.

use control::Part;
use serde::Serialize;

/// A part that the tool needs.
#[derive(Debug, Serialize)]
pub(crate) struct PartWire {
    name: String,
    trouble: Option<String>,
}

impl From<Part> for PartWire {
    fn from(part: Part) -> Self {
        Self { name: part.name, trouble: part.trouble }
    }
}
