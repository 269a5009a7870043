//! Ranges of versions, as Helm reads them: `^1.2`, `~1.4.2`, `>=1.2 <2`, `1.2 - 1.4`, `1.x || 3.x`.
//!
//! The `semver` crate reads Cargo's ranges, in which `1.2` means `^1.2`; in Helm's it means `1.2.x`.

use std::fmt;
use std::str::FromStr;

use semver::{Prerelease, Version};

use super::version::{ChartVersion, Partial};

/// Which versions may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRange {
    text: String,
    /// One of them has to hold, and all in it.
    any: Vec<Vec<Bounds>>,
}

/// A text that is no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a range of versions: write it as Helm reads it, like `^1.2`, `~1.4.2`, `>=1.2 <2` or `1.4.2`")]
pub struct InvalidRange(pub String);

const LONGEST: usize = 200;

/// What one comparison leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Bounds {
    from: Option<Bound>,
    to: Option<Bound>,
    /// All but these.
    outside: bool,
    has_prerelease: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bound {
    at: Version,
    inclusive: bool,
    /// Whether it is where another line of versions begins: those before its first release belong there too.
    is_line: bool,
}

impl VersionRange {
    /// Whether a version may be used. One before a release may only where the range names one.
    pub fn holds(&self, version: &ChartVersion) -> bool {
        self.any.iter().any(|all| {
            let may = !version.is_prerelease() || all.iter().any(|one| one.has_prerelease);
            may && all.iter().all(|one| one.hold(version.parsed()))
        })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for VersionRange {
    type Err = InvalidRange;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidRange(text.chars().take(LONGEST).collect());
        if text.len() > LONGEST {
            return Err(invalid());
        }
        let any: Option<Vec<_>> = text.split("||").map(all).collect();
        Ok(Self { text: text.to_owned(), any: any.ok_or_else(invalid)? })
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The comparisons of one alternative.
fn all(text: &str) -> Option<Vec<Bounds>> {
    let mut words: Vec<&str> = text.split([',', ' ']).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return None;
    }
    let mut bounds = Vec::new();
    while !words.is_empty() {
        if let [from, "-", to, ..] = words.as_slice() {
            bounds.extend([compared(">=", from)?, compared("<=", to)?]);
            words.drain(..3);
            continue;
        }
        let word = words.remove(0);
        let version = word.trim_start_matches(['=', '!', '<', '>', '~', '^']);
        let operator = &word[..word.len() - version.len()];
        // An operator may stand apart from its version.
        let version = if version.is_empty() && !words.is_empty() { words.remove(0) } else { version };
        bounds.push(compared(operator, version)?);
    }
    Some(bounds)
}

fn compared(operator: &str, text: &str) -> Option<Bounds> {
    let version = Partial::parse(text)?;
    let has_prerelease = !version.pre.is_empty();
    let lowest = || version.lowest();
    let (from, to) = match operator {
        "" | "=" | "!=" if version.is_exact() => (Some(at(lowest())), Some(at(lowest()))),
        "" | "=" | "!=" => (Some(at(lowest())), after(&version).map(line)),
        ">" if version.is_exact() => (Some(Bound { inclusive: false, ..at(lowest()) }), None),
        // Nothing comes after everything.
        ">" => (Some(after(&version).map_or_else(|| at(Version::new(u64::MAX, 0, 0)), at)), None),
        ">=" | "=>" => (Some(at(lowest())), None),
        "<" => (None, Some(Bound { inclusive: false, ..at(lowest()) })),
        "<=" | "=<" if version.is_exact() => (None, Some(at(lowest()))),
        "<=" | "=<" => (None, after(&version).map(line)),
        "~" | "~>" => {
            let mut minor = version.clone();
            minor.patch = None;
            (Some(at(lowest())), after(&minor).map(line))
        }
        "^" => (Some(at(lowest())), after(&most_significant(&version)).map(line)),
        _ => return None,
    };
    Some(Bounds { from, to, outside: operator == "!=", has_prerelease })
}

fn at(version: Version) -> Bound {
    Bound { at: version, inclusive: true, is_line: false }
}

fn line(version: Version) -> Bound {
    Bound { at: version, inclusive: false, is_line: true }
}

/// The first version after those that a partial one stands for; none where it stands for all.
fn after(version: &Partial) -> Option<Version> {
    let major = version.major?;
    Some(match (version.minor, version.patch) {
        (None, _) => Version::new(major.checked_add(1)?, 0, 0),
        (Some(minor), None) => Version::new(major, minor.checked_add(1)?, 0),
        (Some(minor), Some(patch)) => Version::new(major, minor, patch.checked_add(1)?),
    })
}

/// The version up to the first part that is not 0: what `^` keeps.
fn most_significant(version: &Partial) -> Partial {
    let mut kept = version.clone();
    match (version.major, version.minor, version.patch) {
        (Some(0), Some(0), _) | (None, ..) => {}
        (Some(0), ..) => kept.patch = None,
        (Some(_), ..) => (kept.minor, kept.patch) = (None, None),
    }
    kept
}

impl Bounds {
    fn hold(&self, version: &Version) -> bool {
        let from = self.from.as_ref().is_none_or(|bound| {
            let order = version.cmp_precedence(&bound.at);
            order.is_gt() || bound.inclusive && order.is_eq()
        });
        let to = self.to.as_ref().is_none_or(|bound| bound.is_above(version));
        (from && to) != self.outside
    }
}

impl Bound {
    fn is_above(&self, version: &Version) -> bool {
        let released = Version { pre: Prerelease::EMPTY, ..version.clone() };
        let order = if self.is_line { &released } else { version }.cmp_precedence(&self.at);
        order.is_lt() || self.inclusive && order.is_eq()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The versions of these that a range holds.
    fn held<'v>(range: &str, versions: &[&'v str]) -> Vec<&'v str> {
        let range: VersionRange = range.parse().unwrap();
        versions.iter().filter(|version| range.holds(&version.parse().unwrap())).copied().collect()
    }

    #[test]
    fn ranges_mean_what_they_mean_to_helm() {
        for (range, yes, no) in [
            ("1.4.2", &["1.4.2", "v1.4.2", "1.4.2+b"][..], &["1.4.3", "1.4.2-rc.1"][..]),
            ("1.2", &["1.2.0", "1.2.9"], &["1.3.0", "1.1.9"]),
            ("=1.2", &["1.2.7"], &["1.3.0"]),
            ("^1.2.3", &["1.2.3", "1.9.0"], &["1.2.2", "2.0.0", "2.0.0-rc.1"]),
            ("^0.2.3", &["0.2.3", "0.2.9"], &["0.3.0", "1.0.0"]),
            ("^0.0.3", &["0.0.3"], &["0.0.4", "0.1.0"]),
            ("^0.0", &["0.0.9"], &["0.1.0"]),
            ("^0", &["0.9.9"], &["1.0.0"]),
            ("^1", &["1.0.0", "1.9.9"], &["2.0.0"]),
            ("~1.4.2", &["1.4.2", "1.4.9"], &["1.4.1", "1.5.0"]),
            ("~>1", &["1.0.0", "1.9.0"], &["2.0.0"]),
            (">=1.2 <2", &["1.2.0", "1.9.9"], &["2.0.0", "1.1.9"]),
            (">=1.2, <2.0.0", &["1.9.9"], &["2.0.0"]),
            (">= 1.2, < 2", &["1.9.9"], &["2.0.0"]),
            (">1.2", &["1.3.0"], &["1.2.9"]),
            ("<=1.2", &["1.2.9", "0.1.0"], &["1.3.0"]),
            ("1.2 - 1.4", &["1.2.0", "1.4.9"], &["1.5.0", "1.1.0"]),
            ("1.x || 3.x", &["1.5.0", "3.0.1"], &["2.0.0"]),
            ("!=1.4.2 1.4.x", &["1.4.1"], &["1.4.2", "1.5.0"]),
            ("*", &["0.0.1", "9.9.9"], &["1.0.0-rc.1"]),
            (">=1.0.0-0", &["1.0.0-rc.1", "1.2.0"], &["0.9.0"]),
            ("^1.2.0-beta.1", &["1.2.0-beta.2", "1.3.0"], &["2.0.0-alpha", "1.2.0-alpha"]),
        ] {
            assert_eq!(held(range, yes), yes, "{range}");
            assert!(held(range, no).is_empty(), "{range}: {:?}", held(range, no));
        }
    }

    #[test]
    fn what_is_no_range_is_refused_with_what_one_looks_like() {
        for bad in ["", " ", "latest", "^", "1.2 ||", ">>1", "^1.2.x.4", "1.2 -", "=1.a", "~!1"] {
            let error = bad.parse::<VersionRange>().unwrap_err().to_string();
            assert!(error.contains("like `^1.2`"), "{bad}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_range_or_refused(text in "[0-9x.*,|<>=!~^ v-]{0,30}|\\PC{0,20}") {
            if let Ok(range) = text.parse::<VersionRange>() {
                let _ = range.holds(&"1.2.3-rc.1".parse().unwrap());
            }
        }
    }
}
