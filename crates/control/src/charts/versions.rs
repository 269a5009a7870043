//! Which versions of a chart there are: what `pinnace charts lock` chooses from.

use config_repo::charts::{ChartPlace, ChartVersion, LockedChart, RemoteChart};

use super::fetch::{LARGEST_ARCHIVE, no_version, tag, too_large};
use super::http::Repository;
use super::{ChartError, Charts, checked};
use crate::registry::{Access, digest_of};

/// The newest versions of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newest {
    /// Of those that the range allows.
    pub in_range: Option<ChartVersion>,
    /// Of all but those before a release.
    pub released: Option<ChartVersion>,
}

impl Charts {
    /// The newest versions.
    pub async fn newest(&self, chart: &RemoteChart, access: &Access) -> Result<Newest, ChartError> {
        let versions = self.versions(&chart.place, access).await?;
        let in_range = versions.iter().filter(|version| chart.range.holds(version)).max().cloned();
        Ok(Newest { in_range, released: versions.into_iter().filter(|version| !version.is_prerelease()).max() })
    }

    /// The newest version that the range allows, with the digest of its archive, which is fetched and looked at.
    pub async fn resolve(&self, chart: &RemoteChart, access: &Access) -> Result<LockedChart, ChartError> {
        let newest = self.newest(chart, access).await?;
        let none = || ChartError::NoneInRange {
            chart: chart.place.to_string(),
            range: chart.range.to_string(),
            newest: newest.released.as_ref().map(ToString::to_string),
        };
        let version = newest.in_range.clone().ok_or_else(none)?;
        self.locked_as(&chart.place, &version, access).await
    }

    /// A version, with the digest of its archive.
    pub async fn locked_as(
        &self,
        place: &ChartPlace,
        version: &ChartVersion,
        access: &Access,
    ) -> Result<LockedChart, ChartError> {
        let (said, bytes) = match place {
            ChartPlace::Oci(repository) => {
                let tag = tag(version).ok_or_else(|| no_version(place, version, "it can't be a tag".to_owned()))?;
                let layer =
                    self.inner.client.chart_layer(repository, &tag, access).await.map_err(|error| match error {
                        crate::registry::ResolveError::NotFound { answer, .. } => no_version(place, version, answer),
                        error => error.into(),
                    })?;
                let bytes = self.inner.client.archive(repository, &layer.digest, access, LARGEST_ARCHIVE).await;
                (Some(layer.digest), bytes.map_err(|error| too_large(place, error))?)
            }
            ChartPlace::Http { repository, name } => {
                let repository = Repository::new(&self.inner.client, repository, access)?;
                let index = repository.index().await?;
                let published = index.versions(name).unwrap_or_default().iter().find(|one| one.version == *version);
                let published =
                    published.ok_or_else(|| no_version(place, version, "it is not in the index.yaml".to_owned()))?;
                (published.digest.clone(), repository.archive(&published.url).await?)
            }
        };
        let digest = digest_of(&bytes);
        if let Some(said) = said.filter(|said| *said != digest) {
            let (chart, version) = (place.to_string(), version.to_string());
            return Err(ChartError::Mismatch { chart, version, locked: said, found: digest });
        }
        let bytes = checked(place, version.as_str(), bytes).await?;
        self.inner.cache.keep(&digest, &bytes).await;
        Ok(LockedChart { version: version.clone(), digest })
    }

    async fn versions(&self, place: &ChartPlace, access: &Access) -> Result<Vec<ChartVersion>, ChartError> {
        match place {
            ChartPlace::Oci(repository) => {
                let tags = self.inner.client.tags(repository, access).await?;
                Ok(tags.iter().filter_map(|tag| tag.replace('_', "+").parse().ok()).collect())
            }
            ChartPlace::Http { repository, name } => {
                let index = Repository::new(&self.inner.client, repository, access)?.index().await?;
                let versions = index.versions(name).ok_or_else(|| ChartError::Refused {
                    host: place.host(),
                    reason: format!("has no chart `{name}`: correct its name in pinnace.yaml"),
                })?;
                Ok(versions.iter().map(|one| one.version.clone()).collect())
            }
        }
    }
}
