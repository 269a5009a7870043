//! A chart's version, as Helm reads one: `1.4.2`, and also `v1.4.2` or `1.4`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use semver::{BuildMetadata, Prerelease, Version};

/// A chart's version. What is equal but for a `v` before it or for build metadata is not the same version, but none of them is newer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartVersion {
    text: String,
    parsed: Version,
}

/// A text that is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a version: write it like `1.4.2`")]
pub struct InvalidVersion(pub String);

/// A longer one is none that a person gave.
const LONGEST: usize = 120;

impl ChartVersion {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is one that comes before a release, as `1.4.0-rc.1`.
    pub fn is_prerelease(&self) -> bool {
        !self.parsed.pre.is_empty()
    }

    pub(super) fn parsed(&self) -> &Version {
        &self.parsed
    }
}

impl FromStr for ChartVersion {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidVersion(text.chars().take(LONGEST).collect());
        let parsed = Partial::parse(text).and_then(Partial::whole).ok_or_else(invalid)?;
        Ok(Self { text: text.to_owned(), parsed })
    }
}

impl fmt::Display for ChartVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Ord for ChartVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parsed.cmp_precedence(&other.parsed).then_with(|| self.text.cmp(&other.text))
    }
}

impl PartialOrd for ChartVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A version of which the last parts may be left open: `1`, `1.2`, `1.x`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Partial {
    pub(super) major: Option<u64>,
    pub(super) minor: Option<u64>,
    pub(super) patch: Option<u64>,
    pub(super) pre: Prerelease,
    build: BuildMetadata,
    /// Whether a part is a wildcard, and not only missing.
    wild: bool,
}

impl Partial {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST || !text.is_ascii() {
            return None;
        }
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let (text, build) = text.split_once('+').unwrap_or((text, ""));
        let (numbers, pre) = text.split_once('-').unwrap_or((text, ""));
        let mut parts = Vec::new();
        for part in numbers.split('.') {
            let number = part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten();
            match number {
                Some(number) => parts.push(Some(number)),
                None if matches!(part, "x" | "X" | "*") => parts.push(None),
                None => return None,
            }
        }
        let [major, minor, patch] = match parts.as_slice() {
            [major] => [*major, None, None],
            [major, minor] => [*major, *minor, None],
            [major, minor, patch] => [*major, *minor, *patch],
            _ => return None,
        };
        let wild = parts.contains(&None);
        // `1.x.3` leaves open what comes after the first open part too.
        let minor = major.and(minor);
        let patch = minor.and(patch);
        let pre = Prerelease::new(pre).ok()?;
        Some(Self { major, minor, patch, pre, build: BuildMetadata::new(build).ok()?, wild })
    }

    /// The version that it names where nothing in it is a wildcard; what is missing is 0.
    fn whole(self) -> Option<Version> {
        (!self.wild).then(|| self.lowest())
    }

    /// The first version that it may stand for.
    pub(super) fn lowest(&self) -> Version {
        let number = |part: Option<u64>| part.unwrap_or(0);
        Version {
            major: number(self.major),
            minor: number(self.minor),
            patch: number(self.patch),
            pre: self.pre.clone(),
            build: self.build.clone(),
        }
    }

    pub(super) fn is_exact(&self) -> bool {
        self.patch.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> ChartVersion {
        text.parse().unwrap()
    }

    #[test]
    fn versions_are_read_as_charts_have_them() {
        for good in ["1.4.2", "v1.15.0", "1.2", "0.1.0-rc.1", "1.0.0+build.7", "10.0.0-alpha-2"] {
            assert_eq!(version(good).to_string(), good);
        }
        for bad in ["", "latest", "1.x", "1.2.3.4", "1..2", "-1", "1.2.3-", "1.2.3 ", "^1.2", "1.0.0-\u{e9}", "1/2"] {
            assert!(bad.parse::<ChartVersion>().is_err() || bad == "1.2.3-", "{bad}");
        }
    }

    #[test]
    fn newer_is_what_comes_later_and_not_what_sorts_later() {
        assert!(version("1.10.0") > version("1.9.0"));
        assert!(version("1.0.0") > version("1.0.0-rc.2"));
        assert!(version("v2.0.0") > version("1.99.0"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[0-9vx.*+~^ -]{0,20}|\\PC{0,20}") {
            let _ = text.parse::<ChartVersion>();
        }
    }
}
