//! Headers and bytes in, an announced build out: signatures first, then the format.
//!
//! The first room on the way of a build: `server` reads the bytes (bounded), [`authenticate`] says whether they come
//! from a sender of that project, [`parse`] makes an [`Announcement`] of them, and [`check_image`] says whether it is
//! about the project's own image. What comes out is a hint; only the registry makes it a build.
//!
//! Nothing here does IO, reads a clock or panics, whatever the bytes are.

pub mod formats;
mod headers;
mod keys;
mod push;
mod sign;
mod verify;

pub use formats::{Format, FormatError};
pub use headers::{HeaderFault, Headers};
pub use keys::{InvalidSigningKey, SenderKeys, SigningKey, token_hash};
pub use push::authenticate_push;
pub use sign::sign;
pub use verify::{Delivery, Rejection, SenderKind, authenticate};

use model::{Announcement, ImageRepository};

/// Reads a body that [`authenticate`] let through.
pub fn parse(format: &Format, body: &[u8]) -> Result<Announcement, FormatError> {
    (format.parse)(body)
}

/// A sender announced an image that is not the project's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the announced image is `{announced}`, this project's image is `{expected}`: post it to the project that deploys it"
)]
pub struct OtherImage {
    /// What the sender announced.
    pub announced: ImageRepository,
    /// What `pinnace.yaml` names for this project.
    pub expected: ImageRepository,
}

/// A right signature is no right to every image: the announced repository must be exactly the project's.
pub fn check_image(announcement: &Announcement, expected: &ImageRepository) -> Result<(), OtherImage> {
    if announcement.image == *expected {
        return Ok(());
    }
    Err(OtherImage { announced: announcement.image.clone(), expected: expected.clone() })
}

#[cfg(test)]
mod tests;
