//! A packed chart, looked at before an engine sees it. Helm unpacks it in its room; what a chart has no use for (links, names that
//! lead out, more than a chart can hold) is refused here by name, and so is an archive that holds another chart than it should.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Component, Path};

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use tar::{Archive, EntryType};

use super::Files;
use crate::yaml;

/// What all files of a chart may have together, unpacked.
const MOST_BYTES: u64 = 64 << 20;
/// What one of them may have: Helm reads no larger ones.
const LARGEST_FILE: u64 = 5 << 20;
const MOST_ENTRIES: usize = 10_000;

/// Why a packed chart is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// Not gzip, not tar, or cut off.
    #[error("it is not a packed chart: {0}; make it with `helm package`")]
    Unreadable(String),
    /// A bomb, or no chart.
    #[error("it holds more than {} MiB unpacked: no chart does", .0 >> 20)]
    TooLarge(u64),
    /// A file that Helm would not read.
    #[error("`{name}` in it has more than {} MiB: take it out of the chart", .most >> 20)]
    LargeFile {
        /// The file.
        name: String,
        /// The limit.
        most: u64,
    },
    /// Too many.
    #[error("it holds more than {0} files: no chart does")]
    TooMany(usize),
    /// A link, a device or a pipe.
    #[error("`{name}` in it is a {what}; only files and folders may be in a chart")]
    NotAFile {
        /// The entry.
        name: String,
        /// What it is.
        what: &'static str,
    },
    /// A name that leads out.
    #[error("`{0}` in it leads out of the chart's folder")]
    Leaves(String),
    /// Not one folder with a chart in it.
    #[error("{0}; make it with `helm package`")]
    NoChart(&'static str),
    /// The chart's own file can't be used.
    #[error("its Chart.yaml can't be read: {0}")]
    ChartFile(String),
    /// Another chart.
    #[error("it holds the chart `{found}`, and not `{wanted}`")]
    AnotherChart {
        /// Name and version in the archive.
        found: String,
        /// Those that it should hold.
        wanted: String,
    },
    /// A chart that it needs.
    #[error(
        "its chart needs the chart `{0}`, which is not in its `charts/` folder: run `helm dependency build` before it is packed"
    )]
    NoDependency(String),
}

/// Checks a packed chart. With a name and a version it has to be that chart.
pub fn check_archive(bytes: &[u8], wanted: Option<(&str, &str)>) -> Result<(), ArchiveError> {
    let mut read = Contents::default();
    read.all(bytes, false)?;
    let chart = read.chart_file()?;
    let text = |field: &str| chart.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (name, version) = (text("name"), text("version"));
    if let Some(wanted) = wanted
        && (name.as_str(), version.as_str()) != wanted
    {
        let found = shown(&format!("{name} {version}"));
        return Err(ArchiveError::AnotherChart { found, wanted: format!("{} {}", wanted.0, wanted.1) });
    }
    let needed = chart.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    let missing = needed.filter_map(|one| one.get("name")?.as_str()).find(|name| !read.is_vendored(name));
    missing.map_or(Ok(()), |name| Err(ArchiveError::NoDependency(shown(name))))
}

/// The files of a packed chart, by their path in the chart's folder.
pub fn unpacked(bytes: &[u8]) -> Result<Files, ArchiveError> {
    let mut read = Contents::default();
    read.all(bytes, true)?;
    Ok(read.files)
}

#[derive(Default)]
struct Contents {
    top: Option<String>,
    /// The Chart.yaml, or all files where they are wanted.
    files: Files,
    /// What lies in `charts/`.
    vendored: BTreeSet<String>,
}

const CHART: &str = "Chart.yaml";

impl Contents {
    fn all(&mut self, bytes: &[u8], keep: bool) -> Result<(), ArchiveError> {
        let bounded = Bounded { from: MultiGzDecoder::new(bytes), left: MOST_BYTES };
        let mut archive = Archive::new(bounded);
        let mut count = 0;
        for entry in archive.entries().map_err(|error| unreadable(&error))? {
            let mut entry = entry.map_err(|error| unreadable(&error))?;
            count += 1;
            if count > MOST_ENTRIES {
                return Err(ArchiveError::TooMany(MOST_ENTRIES));
            }
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let kind = entry.header().entry_type();
            // Words about the whole archive, as `git archive` writes them.
            if kind == EntryType::XGlobalHeader {
                continue;
            }
            let path = self.below_top(&name)?;
            match kind {
                EntryType::Directory => continue,
                EntryType::Regular | EntryType::Continuous => {}
                other => return Err(ArchiveError::NotAFile { name: shown(&name), what: what(other) }),
            }
            let Some(path) = path else { return Err(ArchiveError::NoChart("a file in it lies in no folder")) };
            if entry.size() > LARGEST_FILE {
                return Err(ArchiveError::LargeFile { name: shown(&name), most: LARGEST_FILE });
            }
            if let Some(rest) = path.strip_prefix("charts/") {
                self.vendored.insert(rest.split('/').next().unwrap_or(rest).to_owned());
            }
            if keep || path == CHART {
                let mut content = Vec::new();
                entry.read_to_end(&mut content).map_err(|error| unreadable(&error))?;
                if self.files.insert(path, content).is_some() {
                    return Err(ArchiveError::NoChart("a file in it is there twice"));
                }
            }
        }
        if self.files.contains_key(CHART) { Ok(()) } else { Err(ArchiveError::NoChart("there is no Chart.yaml in it")) }
    }

    /// The path below the one folder that everything lies in; none for that folder itself.
    fn below_top(&mut self, name: &str) -> Result<Option<String>, ArchiveError> {
        let leaves = || ArchiveError::Leaves(shown(name));
        // A name that Windows would read otherwise is no name of a chart's file.
        if name.contains(['\\', '\0']) || name.get(1..2) == Some(":") {
            return Err(leaves());
        }
        let mut parts = Vec::new();
        for part in Path::new(name).components() {
            match part {
                Component::Normal(part) => parts.push(part.to_string_lossy()),
                Component::CurDir => {}
                _ => return Err(leaves()),
            }
        }
        let Some((top, rest)) = parts.split_first() else { return Ok(None) };
        if self.top.get_or_insert_with(|| top.to_string()) != top {
            return Err(ArchiveError::NoChart("it holds more than one folder"));
        }
        Ok((!rest.is_empty()).then(|| rest.join("/")))
    }

    fn chart_file(&self) -> Result<Value, ArchiveError> {
        let bytes = self.files.get(CHART).map(Vec::as_slice).unwrap_or_default();
        let documents = yaml::documents(CHART, bytes).map_err(|error| ArchiveError::ChartFile(error.to_string()))?;
        let first = documents.into_iter().next().map(|document| document.value);
        first.ok_or_else(|| ArchiveError::ChartFile("it is empty".to_owned()))
    }

    fn is_vendored(&self, name: &str) -> bool {
        let packed = format!("{name}-");
        self.vendored.iter().any(|file| file == name || file.starts_with(&packed) && super::helm::is_archive(file))
    }
}

/// Gives an error after so many bytes.
struct Bounded<R> {
    from: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        let size = u64::try_from(read).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(size).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(read)
    }
}

fn unreadable(error: &io::Error) -> ArchiveError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::FileTooLarge) {
            return ArchiveError::TooLarge(MOST_BYTES);
        }
        cause = error.source();
    }
    ArchiveError::Unreadable(shown(&error.to_string()))
}

fn what(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Symlink => "symbolic link",
        EntryType::Link => "hard link",
        EntryType::Char | EntryType::Block => "device",
        EntryType::Fifo => "pipe",
        _ => "thing of an unknown kind",
    }
}

fn shown(text: &str) -> String {
    secrets::clip(&secrets::clean_terminal(text), 200)
}

#[cfg(test)]
mod tests;
