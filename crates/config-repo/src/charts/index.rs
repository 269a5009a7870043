//! The `index.yaml` of a chart repository: which versions of which charts it has, and where their archives lie.

use std::collections::BTreeMap;

use model::Digest;
use serde::Deserialize;
use serde_saphyr::{DefaultMessageFormatter, MessageFormatter};

use super::ChartVersion;

/// What a chart repository has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChartIndex {
    charts: BTreeMap<String, Vec<Published>>,
}

/// One version of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The version.
    pub version: ChartVersion,
    /// Where its archive lies, from the index on.
    pub url: String,
    /// The archive's digest, where the index says one.
    pub digest: Option<Digest>,
}

/// An index that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its index.yaml can't be read: {0}")]
pub struct IndexError(pub String);

impl ChartIndex {
    /// The largest one that is read: the largest public ones have half of it.
    pub const LARGEST: usize = 32 << 20;

    /// Reads an index. Entries without a version or an address are passed over, as Helm does.
    pub fn parse(bytes: &[u8]) -> Result<Self, IndexError> {
        let text = std::str::from_utf8(bytes).map_err(|_| IndexError("it is not UTF-8 text".to_owned()))?;
        let read: File = serde_saphyr::from_str_with_options(text, options()).map_err(|error| {
            IndexError(
                DefaultMessageFormatter.format_message(&error).chars().filter(|c| !c.is_control()).take(300).collect(),
            )
        })?;
        let charts = read.entries.into_iter().map(|(name, versions)| {
            let published = versions.unwrap_or_default().into_iter().filter_map(Entry::published).collect();
            (name, published)
        });
        Ok(Self { charts: charts.collect() })
    }

    /// The versions of a chart; none where the repository does not know it.
    pub fn versions(&self, chart: &str) -> Option<&[Published]> {
        self.charts.get(chart).map(Vec::as_slice)
    }

    /// The charts that there are.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.charts.keys().map(String::as_str)
    }
}

#[derive(Debug, Deserialize)]
struct File {
    #[serde(default)]
    entries: BTreeMap<String, Option<Vec<Entry>>>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    version: Option<String>,
    #[serde(default)]
    urls: Option<Vec<String>>,
    digest: Option<String>,
}

impl Entry {
    fn published(self) -> Option<Published> {
        let version = self.version?.parse().ok()?;
        let url = self.urls?.into_iter().next().filter(|url| !url.is_empty())?;
        // Written without the name of the hash by Helm, with it by some others.
        let digest = self.digest.and_then(|digest| {
            let hex = digest.strip_prefix("sha256:").unwrap_or(&digest);
            format!("sha256:{hex}").parse().ok()
        });
        Some(Published { version, url, digest })
    }
}

/// The limits follow from the largest index.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_events: ChartIndex::LARGEST,
            max_nodes: ChartIndex::LARGEST,
            max_depth: 60,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_total_scalar_bytes: ChartIndex::LARGEST,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_with_their_place_and_digest() {
        let digest = "a".repeat(64);
        let text = format!(
            "apiVersion: v1\ngenerated: \"2026-01-01\"\nentries:\n  web:\n  - {{name: web, version: 1.4.2, digest: {digest}, urls: [web-1.4.2.tgz, x], maintainers: [{{name: ann}}]}}\n  - {{name: web, version: 1.10, urls: ['https://charts.example/web-1.10.tgz']}}\n  - {{name: web, version: newest, urls: [x]}}\n  - {{name: web, version: 1.0.0}}\n  db: null\n"
        );
        let index = ChartIndex::parse(text.as_bytes()).unwrap();
        let versions: Vec<_> =
            index.versions("web").unwrap().iter().map(|one| (one.version.as_str(), one.url.as_str())).collect();
        assert_eq!(versions, [("1.4.2", "web-1.4.2.tgz"), ("1.10", "https://charts.example/web-1.10.tgz")]);
        assert_eq!(index.versions("web").unwrap()[0].digest.as_ref().unwrap().as_str(), format!("sha256:{digest}"));
        assert_eq!((index.versions("db"), index.versions("none")), (Some(&[][..]), None));
        assert_eq!(ChartIndex::parse(br#"{"entries": {}}"#).unwrap(), ChartIndex::default());
    }

    #[test]
    fn bombs_and_other_texts_are_refused() {
        let mut bomb = String::from("entries: {}\na0: &a0 [x,x,x,x,x,x,x,x,x]\n");
        for level in 1..12 {
            let of = format!("*a{}", level - 1);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![of; 9].join(",")));
        }
        for bad in [bomb.as_str(), "<html>not here</html>", "entries: [", "- a", "entries: {web: text}"] {
            assert!(ChartIndex::parse(bad.as_bytes()).is_err(), "{}", &bad[..bad.len().min(30)]);
        }
        assert!(ChartIndex::parse(&[0xff, 0xfe]).is_err());
    }
}
