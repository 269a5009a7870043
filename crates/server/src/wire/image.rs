//! An image.

use model::ImageRef;
use serde::Serialize;

/// An image.
#[derive(Debug, Serialize)]
pub(crate) struct ImageWire {
    reference: String,
    version: String,
    digest: Option<String>,
}

impl ImageWire {
    /// An image as it is written.
    pub(super) fn of(image: &ImageRef) -> Self {
        let digest = image.digest.as_ref().map(ToString::to_string);
        Self { reference: image.to_string(), version: image.version().to_owned(), digest }
    }
}
