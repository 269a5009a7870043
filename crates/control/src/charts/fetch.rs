//! The bytes of one version, from a registry or a chart repository.

use config_repo::charts::{ChartPlace, ChartVersion, LockedChart};
use model::{ImageRepository, Tag};

use super::ChartError;
use super::http::Repository;
use crate::registry::{Access, RegistryClient, ResolveError};

/// What an archive may have, packed. The largest public ones have a quarter of it.
pub(super) const LARGEST_ARCHIVE: usize = 8 << 20;

/// The bytes of a locked version, not proven yet.
pub(super) async fn locked(
    client: &RegistryClient,
    place: &ChartPlace,
    locked: &LockedChart,
    access: &Access,
) -> Result<Vec<u8>, ChartError> {
    match place {
        ChartPlace::Oci(repository) => {
            // By its digest: what the tag is by now does not matter as long as those bytes are there.
            match client.archive(repository, &locked.digest, access, LARGEST_ARCHIVE).await {
                Err(ResolveError::NotFound { answer, .. }) => {
                    Err(gone(client, repository, place, locked, access, answer).await)
                }
                archive => archive.map_err(|error| too_large(place, error)),
            }
        }
        ChartPlace::Http { repository, name } => {
            let repository = Repository::new(client, repository, access)?;
            let index = repository.index().await?;
            let published = index.versions(name).unwrap_or_default();
            let Some(published) = published.iter().find(|one| one.version == locked.version) else {
                return Err(no_version(place, &locked.version, "it is not in the index.yaml".to_owned()));
            };
            repository.archive(&published.url).await
        }
    }
}

/// Why a digest is not there any more: the version was pushed again, or taken back.
async fn gone(
    client: &RegistryClient,
    repository: &ImageRepository,
    place: &ChartPlace,
    locked: &LockedChart,
    access: &Access,
    answer: String,
) -> ChartError {
    let Some(tag) = tag(&locked.version) else { return no_version(place, &locked.version, answer) };
    match client.chart_layer(repository, &tag, access).await {
        Ok(layer) if layer.digest != locked.digest => ChartError::Mismatch {
            chart: place.to_string(),
            version: locked.version.to_string(),
            locked: locked.digest.clone(),
            found: layer.digest,
        },
        Ok(_) | Err(ResolveError::NotFound { .. }) => no_version(place, &locked.version, answer),
        Err(error) => error.into(),
    }
}

pub(super) fn no_version(place: &ChartPlace, version: &ChartVersion, answer: String) -> ChartError {
    ChartError::NoVersion { chart: place.to_string(), version: version.to_string(), answer }
}

pub(super) fn too_large(place: &ChartPlace, error: ResolveError) -> ChartError {
    match error {
        ResolveError::TooLarge { limit, .. } => ChartError::TooLarge { host: place.host(), what: "an archive", limit },
        error => error.into(),
    }
}

/// The tag of a version: a tag can't hold a `+`, and Helm writes `_` for it.
pub(super) fn tag(version: &ChartVersion) -> Option<Tag> {
    version.as_str().replace('+', "_").parse().ok()
}
