//! What came from the registry: is it an image, and is it what was said? Pure.

use std::fmt::Write as _;

use model::{Digest, ImageRef};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::error::ResolveError;

/// A build as the registry has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Of the manifest that stands under the name: the index, where there is one. Computed from its bytes.
    pub digest: Digest,
    /// The manifest's media type.
    pub media_type: String,
    /// `os/architecture[/variant]` of each image in an index; empty where that is not known from the manifest alone.
    pub platforms: Vec<String>,
}

/// An answer with status 200.
pub(super) struct Answer {
    pub(super) content_type: Option<String>,
    /// What the registry's header says the digest is.
    pub(super) said: Option<Digest>,
    /// Where a list goes on.
    pub(super) link: Option<String>,
    pub(super) body: Vec<u8>,
}

const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// What a manifest's `config` is when a node can run it.
const RUNNABLE: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

/// The `Accept` header: indexes too, or some registries choose a platform for us.
pub(super) const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";

#[derive(Deserialize)]
struct Manifest {
    #[serde(rename = "mediaType")]
    media_type: Option<String>,
    #[serde(rename = "artifactType")]
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    manifests: Option<Vec<Descriptor>>,
}

#[derive(Deserialize)]
struct Descriptor {
    #[serde(rename = "mediaType")]
    media_type: Option<String>,
    digest: Option<String>,
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    os: String,
    architecture: String,
    variant: Option<String>,
}

pub(super) fn resolved(image: &ImageRef, answer: Answer) -> Result<Resolved, ResolveError> {
    let found = digest_of(&answer.body);
    let mismatch = |said: &Digest, reason| ResolveError::DigestMismatch {
        image: image.to_string(),
        said: said.clone(),
        found: found.clone(),
        reason,
    };
    if let Some(said) = answer.said.as_ref().filter(|said| **said != found) {
        return Err(mismatch(
            said,
            "the registry's own header contradicts its bytes; is something between us changing them?",
        ));
    }
    let not_an_image = |media_type: &str| ResolveError::NotAnImage {
        image: image.to_string(),
        media_type: media_type.chars().filter(|c| !c.is_control()).take(120).collect(),
    };
    let header = answer.content_type.as_deref().and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    let manifest: Manifest = serde_json::from_slice(&answer.body)
        .map_err(|_| not_an_image(if header.is_empty() { "no manifest" } else { header }))?;
    if let Some(said) = image.digest.as_ref().filter(|said| **said != found) {
        let reason = if manifest.names(said) {
            "that is the image of one platform in it; announce the digest of the whole (the index)"
        } else {
            "the tag was moved, or the build announced another digest than it pushed"
        };
        return Err(mismatch(said, reason));
    }
    let media_type = manifest.media_type.as_deref().unwrap_or(header);
    // A body that says it is one thing under a header that says another is read differently by different nodes.
    if media_type != header && ACCEPTED.contains(header) && !header.is_empty() {
        return Err(not_an_image(&format!("{media_type} sent as {header}")));
    }
    manifest.check(media_type).map_err(|other| not_an_image(&other))?;
    Ok(Resolved { digest: found.clone(), media_type: media_type.to_owned(), platforms: manifest.platforms() })
}

impl Manifest {
    /// Whether nodes can run it; else what it is instead.
    fn check(&self, media_type: &str) -> Result<(), String> {
        let runnable = match media_type {
            OCI_INDEX | DOCKER_LIST => {
                self.artifact_type.is_none()
                    && self.config.is_none()
                    && self.manifests.as_ref().is_some_and(|entries| !entries.is_empty())
            }
            OCI_MANIFEST | DOCKER_MANIFEST => {
                let config = self.config.as_ref().and_then(|config| config.media_type.as_deref());
                self.manifests.is_none() && config.is_some_and(|config| RUNNABLE.contains(&config))
            }
            _ => false,
        };
        if runnable {
            return Ok(());
        }
        let config = self.config.as_ref().and_then(|config| config.media_type.as_ref());
        let is = self.artifact_type.as_ref().or(config).map_or(media_type, String::as_str);
        Err(if is.is_empty() { "something without a media type".to_owned() } else { is.to_owned() })
    }

    fn names(&self, digest: &Digest) -> bool {
        self.manifests.iter().flatten().any(|entry| entry.digest.as_deref() == Some(digest.as_str()))
    }

    fn platforms(&self) -> Vec<String> {
        let entries = self.manifests.iter().flatten().filter_map(|entry| entry.platform.as_ref());
        // Attestations stand in the index as images of `unknown/unknown`.
        entries.filter(|platform| platform.os != "unknown").take(64).map(Platform::name).collect()
    }
}

impl Platform {
    fn name(&self) -> String {
        let variant = self.variant.as_ref().map_or_else(String::new, |variant| format!("/{variant}"));
        format!("{}/{}{variant}", self.os, self.architecture).chars().take(60).collect()
    }
}

pub(crate) fn digest_of(bytes: &[u8]) -> Digest {
    let hex = Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a text can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!("sha256:{hex}").parse().expect("64 hexadecimal digits are a digest")
}

#[cfg(test)]
mod tests;
