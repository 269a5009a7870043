//! Images that may be others tomorrow.

use super::{Found, Scene};

pub(super) fn find(scene: &Scene<'_>) -> Vec<Found> {
    let images = crate::references::images(scene.objects).into_iter();
    images
        .filter_map(|used| {
            let (name, digest) =
                used.image.split_once('@').map_or((used.image, None), |(name, rest)| (name, Some(rest)));
            if digest.is_some() {
                return None;
            }
            let last = name.rsplit('/').next().unwrap_or(name);
            let tag = last.split_once(':').map(|(_, tag)| tag);
            let (what, help) = match tag {
                None | Some("latest") => (
                    format!("the image `{name}` is whatever was pushed last"),
                    "name a version and its digest: `repository:1.4.2@sha256:...`",
                ),
                Some(_) => (
                    format!("the image `{name}` has no digest: its tag may be pushed again"),
                    "add it: `repository:tag@sha256:...`; `pinnace set-image` does",
                ),
            };
            Some(Found::of(used.object, secrets::clip(&what, 300), help))
        })
        .collect()
}
