//! The lock file: for each chart and range the one version that is used, with the digest of its archive. Written by
//! `pinnace charts lock`, reviewed like everything else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use model::Digest;
use serde::Deserialize;
use serde_saphyr::{DefaultMessageFormatter, MessageFormatter};

use super::{ChartVersion, RemoteChart};

/// A lock file, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChartLock {
    charts: BTreeMap<Key, LockedChart>,
}

/// By name first: that is how people look for one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    name: String,
    source: String,
    range: String,
}

/// The version of a chart that is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedChart {
    /// The version.
    pub version: ChartVersion,
    /// The digest of the archive's bytes.
    pub digest: Digest,
}

/// Why a lock file can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {why}: restore it from git, or delete it and run `pinnace charts lock`")]
pub struct LockError {
    /// The file.
    pub file: String,
    /// What is wrong with it, with its line.
    pub why: String,
}

/// Why no version of a chart follows from what was committed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockProblem {
    /// Nobody locked it.
    #[error("no version of the chart `{chart}` is locked for `{range}`: run `pinnace charts lock` and commit `{file}`")]
    Missing {
        /// The chart.
        chart: String,
        /// The range.
        range: String,
        /// The lock file.
        file: String,
    },
    /// The file says something that the range does not allow.
    #[error(
        "`{file}` has version {version} of the chart `{chart}`, which `{range}` does not allow: run `pinnace charts lock` and commit the file"
    )]
    NotAllowed {
        /// The chart.
        chart: String,
        /// The range.
        range: String,
        /// The file.
        file: String,
        /// The version in it.
        version: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct File {
    api_version: String,
    kind: String,
    #[serde(default)]
    charts: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    source: String,
    range: String,
    version: String,
    digest: String,
}

const API_VERSION: &str = "pinnace.dev/v1";
const KIND: &str = "ChartLock";
/// Thousands of charts stay below it.
const LONGEST_FILE: usize = 1 << 20;

impl ChartLock {
    /// Reads a lock file.
    pub fn parse(text: &str, file: &str) -> Result<Self, LockError> {
        let wrong = |why: String| LockError { file: file.to_owned(), why };
        if text.len() > LONGEST_FILE {
            return Err(wrong(format!("it has {} bytes; at most {LONGEST_FILE} are read", text.len())));
        }
        let options = serde_saphyr::options! { with_snippet: false };
        let read: File = serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| wrong(DefaultMessageFormatter.format_message(&error).chars().take(300).collect()))?;
        if read.api_version != API_VERSION || read.kind != KIND {
            return Err(wrong(format!("it is no `{KIND}` of `{API_VERSION}`")));
        }
        let mut lock = Self::default();
        for entry in read.charts {
            let of = |why: String| wrong(format!("the chart `{}`: {why}", entry.name));
            let version = entry.version.parse().map_err(|error: super::InvalidVersion| of(error.to_string()))?;
            let digest = entry.digest.parse().map_err(|error: model::InvalidImage| of(error.to_string()))?;
            let key = Key { name: entry.name.clone(), source: entry.source, range: entry.range };
            if lock.charts.insert(key, LockedChart { version, digest }).is_some() {
                return Err(of("it is there twice for one range".to_owned()));
            }
        }
        Ok(lock)
    }

    /// The file's text: the same charts give the same bytes.
    pub fn to_text(&self) -> String {
        let mut text = format!(
            "# The version of each chart that is used. Written by `pinnace charts lock`; review it, and do not edit it.\napiVersion: {API_VERSION}\nkind: {KIND}\ncharts:{}",
            if self.charts.is_empty() { " []\n" } else { "\n" }
        );
        for (key, chart) in &self.charts {
            // JSON's quotes are YAML's. Writing to a text can't fail.
            let quoted = |text: &str| serde_json::Value::from(text).to_string();
            let _ = writeln!(
                text,
                "  - name: {}\n    source: {}\n    range: {}\n    version: {}\n    digest: {}",
                quoted(&key.name),
                quoted(&key.source),
                quoted(&key.range),
                quoted(chart.version.as_str()),
                chart.digest
            );
        }
        text
    }

    /// What is locked for a chart, whether the range allows it or not.
    pub fn entry(&self, chart: &RemoteChart) -> Option<&LockedChart> {
        self.charts.get(&Key::of(chart))
    }

    /// The version of a chart that is used: the locked one, where the range allows it.
    pub fn locked(&self, chart: &RemoteChart, file: &str) -> Result<LockedChart, LockProblem> {
        let missing = || LockProblem::Missing {
            chart: chart.place.to_string(),
            range: chart.range.to_string(),
            file: file.to_owned(),
        };
        chart.allowed(self.entry(chart).cloned().ok_or_else(missing)?, file)
    }

    /// Locks a chart.
    pub fn set(&mut self, chart: &RemoteChart, locked: LockedChart) {
        self.charts.insert(Key::of(chart), locked);
    }

    /// How many charts are locked.
    pub fn len(&self) -> usize {
        self.charts.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.charts.is_empty()
    }
}

impl Key {
    fn of(chart: &RemoteChart) -> Self {
        Self {
            name: chart.place.name().to_owned(),
            source: chart.place.source(),
            range: chart.range.as_str().to_owned(),
        }
    }
}

impl RemoteChart {
    /// This version, if the range allows it.
    pub fn allowed(&self, locked: LockedChart, file: &str) -> Result<LockedChart, LockProblem> {
        if self.range.holds(&locked.version) {
            return Ok(locked);
        }
        Err(LockProblem::NotAllowed {
            chart: self.place.to_string(),
            range: self.range.to_string(),
            file: file.to_owned(),
            version: locked.version.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::ChartPlace;

    fn chart(place: &str, range: &str) -> RemoteChart {
        RemoteChart { place: ChartPlace::oci(place).unwrap(), range: range.parse().unwrap(), pinned: None }
    }

    fn version(text: &str) -> LockedChart {
        let digest = format!("sha256:{}", "a".repeat(64)).parse().unwrap();
        LockedChart { version: text.parse().unwrap(), digest }
    }

    #[test]
    fn the_same_charts_give_the_same_bytes_in_whatever_order_they_were_locked() {
        let (web, db) = (chart("oci://r.example/charts/web", "^1.2"), chart("oci://r.example/charts/db", ">=1 <3"));
        let (mut one, mut other) = (ChartLock::default(), ChartLock::default());
        one.set(&web, version("1.4.2"));
        one.set(&db, version("2.0.0"));
        other.set(&db, version("2.0.0"));
        other.set(&web, version("1.4.2"));
        let text = one.to_text();
        assert_eq!(text, other.to_text());
        assert!(text.find("\"db\"") < text.find("\"web\""), "{text}");
        assert_eq!(ChartLock::parse(&text, "pinnace.lock").unwrap(), one);
        assert_eq!(ChartLock::parse(&ChartLock::default().to_text(), "pinnace.lock").unwrap(), ChartLock::default());
    }

    #[test]
    fn what_is_not_locked_or_not_allowed_says_what_to_run() {
        let mut lock = ChartLock::default();
        let web = chart("oci://r.example/charts/web", "^1.2");
        let error = lock.locked(&web, "pinnace.lock").unwrap_err().to_string();
        assert!(
            error.contains("`oci://r.example/charts/web`") && error.contains("run `pinnace charts lock`"),
            "{error}"
        );
        lock.set(&web, version("2.0.0"));
        let error = lock.locked(&web, "pinnace.lock").unwrap_err().to_string();
        assert!(error.contains("has version 2.0.0") && error.contains("`^1.2` does not allow"), "{error}");
        lock.set(&web, version("1.3.0"));
        assert_eq!(lock.locked(&web, "pinnace.lock").unwrap(), version("1.3.0"));
        assert!(lock.locked(&chart("oci://r.example/charts/web", "~1.2"), "pinnace.lock").is_err());
    }

    #[test]
    fn a_damaged_file_is_refused_with_what_to_do() {
        let good = {
            let mut lock = ChartLock::default();
            lock.set(&chart("oci://r.example/charts/web", "^1.2"), version("1.4.2"));
            lock.to_text()
        };
        for (bad, why) in [
            (good.replace("1.4.2", "newest"), "not a version"),
            (good.replace("sha256:", "md5:"), "the chart `web`"),
            (good.replace("kind: ChartLock", "kind: Config"), "no `ChartLock`"),
            (good.replace("range", "rnage"), "rnage"),
            (good.replace("charts:\n", "charts:\n<<<<<<< ours\n"), "pinnace.lock"),
            (good.clone() + good.split_once("charts:\n").unwrap().1, "twice"),
        ] {
            let error = ChartLock::parse(&bad, "pinnace.lock").unwrap_err().to_string();
            assert!(error.contains(why) && error.contains("run `pinnace charts lock`"), "{error}");
        }
    }
}
