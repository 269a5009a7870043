//! What a sender says that CI made: a hint, until the registry confirms it.

use serde::{Deserialize, Serialize};

use crate::{Digest, ImageRepository, Tag};

/// A build as its sender announced it. At least one of `tag`, `digest` and `chart` is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The image's repository, normalised.
    pub image: ImageRepository,
    /// What people call the build.
    pub tag: Option<Tag>,
    /// What the sender says it is; checked at the registry.
    pub digest: Option<Digest>,
    /// The chart's version that goes with it; alone where neither tag nor digest is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chart: Option<AnnouncedChart>,
    /// Commit of the app's source, as the sender wrote it; at most 64 characters.
    pub commit: Option<String>,
    /// Branch of the app's source; at most 200 characters.
    pub branch: Option<String>,
    /// Who wrote the commit; at most 200 characters.
    pub author: Option<String>,
    /// First line of the commit's message; at most 500 characters.
    pub message: Option<String>,
    /// The CI run: an http or https address; at most 2,000 characters.
    pub build_url: Option<String>,
}

/// A chart's version, as a sender announced it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncedChart {
    /// The chart's name; at most 250 characters.
    pub name: String,
    /// Its version; at most 120 characters.
    pub version: String,
}

impl Announcement {
    /// Whether it says which image was built.
    pub fn names_image(&self) -> bool {
        self.tag.is_some() || self.digest.is_some()
    }
}
