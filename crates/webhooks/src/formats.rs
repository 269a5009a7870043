//! The formats that senders announce builds in: one file each, and one list.
//!
//! Growth point: a new format is a file beside `generic.rs`, a line in [`ALL`], and a section in `docs/hooks.md`.

mod generic;
mod text;

use model::{Announcement, InvalidImage};

/// A way to write down a build.
pub struct Format {
    /// What the address and `pinnace.yaml` call it.
    pub name: &'static str,
    /// A body of this format, as its real sender writes it; tests parse it.
    pub sample: &'static str,
    /// Bytes to what they announce. Called only on bytes whose sender is proven, and still never panics.
    pub parse: fn(&[u8]) -> Result<Announcement, FormatError>,
}

/// Every format, alphabetic.
pub const ALL: &[Format] = &[generic::FORMAT];

/// The format of that name.
pub fn find(name: &str) -> Option<&'static Format> {
    ALL.iter().find(|format| format.name == name)
}

/// A body that announces no build. The text may go to the sender, who is proven.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// Not JSON, or not of the wanted shape.
    #[error("the body is not the JSON object that is expected: {reason}")]
    NotTheShape {
        /// What and where, in words.
        reason: String,
    },
    /// No image is named.
    #[error("`image` is missing: name the image's repository, such as `registry.example/acme/shop`")]
    NoImage,
    /// Image, tag or digest is none.
    #[error("`{field}` can't be used: {source}")]
    Image {
        /// The body's field.
        field: &'static str,
        /// Why.
        source: InvalidImage,
    },
    /// Neither tag nor digest.
    #[error("neither `tag` nor `digest` nor `chart` is there: say which build it is, best with both of the first")]
    NeitherTagNorDigest,
    /// The reference in `image` and the field beside it say different things.
    #[error("`image` says `{in_image}` and `{field}` says `{in_field}`: send one of them")]
    Contradiction {
        /// The field beside `image`.
        field: &'static str,
        /// What stands in `image`.
        in_image: String,
        /// What stands in the field.
        in_field: String,
    },
    /// A chart without a name or a version.
    #[error("`chart` can't be used: it is a name and a version, as in `{{\"name\": \"web\", \"version\": \"1.5.0\"}}`")]
    Chart,
    /// A link that must not be shown to people.
    #[error("`{field}` can't be used: {reason}")]
    Link {
        /// The body's field.
        field: &'static str,
        /// Why.
        reason: &'static str,
    },
}
