//! An image as people read it: the version large, the digest beside it.

use model::{Build, BuildChart, ImageRef};

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
        Self::of_both(&build.image, build.chart.as_ref())
    }

    /// Of an image and a chart, as they are pinned or were.
    pub(crate) fn of_both(image: &ImageRef, chart: Option<&BuildChart>) -> Self {
        let name = model::version(image, chart);
        match chart {
            None => Self::of(image),
            Some(chart) => Self { name, digest: chart.digest.short().to_owned(), ..Self::of(image) },
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
