//! What is pinned: an image, a chart's version, or both as one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Announcement, Digest, ImageRef};

/// A build whose digests the registries confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// The image, with its digest. Where a chart is pinned alone: the one that stood in git when it was opened, and that is left alone.
    pub image: ImageRef,
    /// The chart's version that is pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chart: Option<BuildChart>,
    /// What its sender said of it. For an unpin: of the build that it goes back to, as far as it is known.
    pub announced: Option<Announcement>,
}

/// A chart's version, as its registry or repository has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildChart {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The digest of its archive.
    pub digest: Digest,
    /// Whether it is pinned alone, and the image stays what it is.
    #[serde(default)]
    pub alone: bool,
}

impl Build {
    /// A build of an image.
    pub fn of_image(image: ImageRef, announced: Option<Announcement>) -> Self {
        Self { image, chart: None, announced }
    }

    /// What people call it: `1.42`, `chart web 1.5.0`, or `1.42 with chart web 1.5.0`.
    pub fn version(&self) -> String {
        version(&self.image, self.chart.as_ref())
    }

    /// The same for builds that make an instance run the same.
    pub fn key(&self) -> String {
        let image = self.image.digest.as_ref().map_or_else(|| self.image.to_string(), ToString::to_string);
        match &self.chart {
            None => image,
            Some(chart) if chart.alone => format!("{} {}", chart.name, chart.digest),
            Some(chart) => format!("{image} {} {}", chart.name, chart.digest),
        }
    }
}

/// What people call an image and a chart that are pinned, or were.
pub fn version(image: &ImageRef, chart: Option<&BuildChart>) -> String {
    match chart {
        None => image.version().to_owned(),
        Some(chart) if chart.alone => chart.to_string(),
        Some(chart) => format!("{} with {chart}", image.version()),
    }
}

impl fmt::Display for BuildChart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "chart {} {}", self.name, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(chart: Option<bool>) -> Build {
        let digest: Digest = format!("sha256:{}", "a".repeat(64)).parse().unwrap();
        let of = |alone| BuildChart { name: "web".to_owned(), version: "1.5.0".to_owned(), digest, alone };
        Build { chart: chart.map(of), ..Build::of_image("r.example/shop:2".parse().unwrap(), None) }
    }

    #[test]
    fn a_build_is_called_by_what_it_changes() {
        assert_eq!(build(None).version(), "2");
        assert_eq!(build(Some(true)).version(), "chart web 1.5.0");
        assert_eq!(build(Some(false)).version(), "2 with chart web 1.5.0");
    }

    #[test]
    fn builds_that_change_something_else_are_others() {
        let keys = [None, Some(true), Some(false)].map(|chart| build(chart).key());
        assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
    }
}
