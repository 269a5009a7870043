//! Charts in a registry: which versions there are, and the archive of one.

use std::time::Duration;

use model::{Digest, ImageRef, ImageRepository, Tag};
use serde::Deserialize;

use super::access::{Access, Base};
use super::exchange::Exchange;
use super::manifest::{ACCEPTED, Answer};
use super::{RegistryClient, ResolveError};

/// The archive of a chart, as its manifest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChartLayer {
    pub(crate) digest: Digest,
}

/// What a layer of a chart's manifest is when it is the archive. The second was used before charts had types of their own.
const ARCHIVE: [&str; 2] = ["application/vnd.cncf.helm.chart.content.v1.tar+gzip", "application/tar+gzip"];
const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const LONGEST_LIST: usize = 4 << 20;
/// Each page has as many tags as the registry likes.
const MOST_PAGES: usize = 50;
const LONGEST_MANIFEST: usize = 1 << 20;
/// An archive is larger than what else is asked for.
const ARCHIVE_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
struct Tags {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Manifest {
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    #[serde(rename = "mediaType")]
    media_type: Option<String>,
    digest: Option<String>,
}

/// What is asked about, and as whom.
#[derive(Clone, Copy)]
struct Target<'a> {
    repository: &'a ImageRepository,
    tag: Option<&'a Tag>,
    access: &'a Access,
}

impl RegistryClient {
    /// The tags of a repository.
    pub(crate) async fn tags(
        &self,
        repository: &ImageRepository,
        access: &Access,
    ) -> Result<Vec<String>, ResolveError> {
        let target = Target { repository, tag: None, access };
        let mut tags = Vec::new();
        let mut next = Some(format!("v2/{}/tags/list?n=1000", repository.path()));
        for _ in 0..MOST_PAGES {
            let Some(below) = next.take() else { break };
            let answer = self.asked(target, self.timeout, &below, "application/json", LONGEST_LIST).await?;
            let page: Tags = serde_json::from_slice(&answer.body).map_err(|_| ResolveError::Unreachable {
                registry: repository.registry().to_owned(),
                reason: "its list of tags can't be read".to_owned(),
            })?;
            tags.extend(page.tags.unwrap_or_default());
            next = answer.link.as_deref().and_then(next_page);
        }
        Ok(tags)
    }

    /// The archive that stands under a tag, by its manifest.
    pub(crate) async fn chart_layer(
        &self,
        repository: &ImageRepository,
        tag: &Tag,
        access: &Access,
    ) -> Result<ChartLayer, ResolveError> {
        let below = format!("v2/{}/manifests/{tag}", repository.path());
        let target = Target { repository, tag: Some(tag), access };
        let answer = self.asked(target, self.timeout, &below, ACCEPTED, LONGEST_MANIFEST).await?;
        let image = || ImageRef { repository: repository.clone(), tag: Some(tag.clone()), digest: None }.to_string();
        let manifest: Option<Manifest> = serde_json::from_slice(&answer.body).ok();
        let config = manifest.as_ref().and_then(|manifest| manifest.config.as_ref()?.media_type.clone());
        let is_archive = |layer: &&Descriptor| layer.media_type.as_deref().is_some_and(|is| ARCHIVE.contains(&is));
        let layer = manifest.as_ref().and_then(|manifest| manifest.layers.iter().find(is_archive));
        let digest = layer.and_then(|layer| layer.digest.as_ref()?.parse().ok());
        match digest {
            Some(digest) if config.as_deref() == Some(CONFIG) => Ok(ChartLayer { digest }),
            _ => {
                let is = config.unwrap_or_else(|| "something without a type".to_owned());
                let media_type = is.chars().filter(|c| !c.is_control()).take(120).collect();
                Err(ResolveError::NotAChart { chart: image(), media_type })
            }
        }
    }

    /// The bytes of an archive. Whether they are those of the digest is the caller's to see.
    pub(crate) async fn archive(
        &self,
        repository: &ImageRepository,
        digest: &Digest,
        access: &Access,
        limit: usize,
    ) -> Result<Vec<u8>, ResolveError> {
        let below = format!("v2/{}/blobs/{digest}", repository.path());
        let target = Target { repository, tag: None, access };
        let answer = self.asked(target, ARCHIVE_TIMEOUT, &below, "*/*", limit).await?;
        Ok(answer.body)
    }

    async fn asked(
        &self,
        target: Target<'_>,
        waited: Duration,
        below: &str,
        accept: &str,
        limit: usize,
    ) -> Result<Answer, ResolveError> {
        let Target { repository, tag, access } = target;
        let image = ImageRef { repository: repository.clone(), tag: tag.cloned(), digest: None };
        let base = Base::of(repository, access)?;
        let client = self.client(&base, access)?;
        let exchange = Exchange { client: &client, base: &base, access, image: &image };
        let asked = tokio::time::timeout(waited, exchange.get(below, accept, limit)).await;
        asked.unwrap_or_else(|_| Err(ResolveError::Timeout { registry: base.name(), waited }))
    }
}

/// The next page of a list, below the registry's own address: `</v2/web/tags/list?last=x&n=9>; rel="next"`.
fn next_page(link: &str) -> Option<String> {
    let (target, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    if !rest.contains("next") {
        return None;
    }
    // Only the path: no other server is asked.
    let path = target.find("/v2/").map(|at| &target[at + 1..])?;
    Some(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_goes_on_at_the_same_registry() {
        let next = Some("v2/charts/web/tags/list?last=1.2&n=2".to_owned());
        assert_eq!(next_page("</v2/charts/web/tags/list?last=1.2&n=2>; rel=\"next\""), next);
        assert_eq!(next_page("<https://evil.example/v2/charts/web/tags/list?last=1.2&n=2>; rel=\"next\""), next);
        for none in ["", "</v2/x>", "</v2/x>; rel=\"prev\"", "x"] {
            assert_eq!(next_page(none), None);
        }
    }
}
