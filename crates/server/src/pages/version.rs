//! An image as people read it: the version large, the digest beside it.

use model::{Build, ImageRef};

/// An image on the page.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    /// The tag, else the digest in short.
    pub name: String,
    /// The digest's first digits; empty when unknown, or when it is the name.
    pub digest: String,
    /// All of it, for copying.
    pub reference: String,
}

impl Version {
    /// Of what is pinned.
    pub(crate) fn of_build(build: &Build) -> Self {
        match &build.chart {
            None => Self::of(&build.image),
            Some(chart) => {
                Self { name: build.version(), digest: chart.digest.short().to_owned(), ..Self::of(&build.image) }
            }
        }
    }

    /// Of an image.
    pub(crate) fn of(image: &ImageRef) -> Self {
        let name = image.version().to_owned();
        let digest = image.digest.as_ref().map(|digest| digest.short().to_owned());
        let digest = digest.filter(|digest| *digest != name).unwrap_or_default();
        Self { name, digest, reference: image.to_string() }
    }
}
