//! Where the manifests of an instance come from, and which engine each source needs.

use std::collections::BTreeSet;

use super::{Engine, EngineError, Files, helm, kustomize};

/// One source of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its folder in the config repo, or a chart's archive.
    pub path: String,
    /// How its chart is rendered, if it is one.
    pub chart: Chart,
    /// Whether it has to be a chart.
    pub must_be_chart: bool,
    /// Whether its files hold what was encrypted, and may be written to nothing but memory.
    pub is_secret: bool,
    /// The sources that come before it, by their places in the list.
    pub needs: Vec<usize>,
}

/// How a chart is rendered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chart {
    /// The release's name.
    pub release: String,
    /// Files of values in the config repo, the later over the earlier, all over the chart's own.
    pub values: Vec<String>,
    /// The version of Kubernetes that templates see; none means ours.
    pub kube_version: Option<String>,
    /// More APIs that templates see, as `monitoring.coreos.com/v1`.
    pub api_versions: Vec<String>,
}

impl Source {
    /// Whether its manifests are applied as they are written, and not made by an engine.
    pub fn is_plain(&self, files: &Files) -> bool {
        matches!(self.engine(files), Ok(None))
    }

    /// What its folder is. None: plain manifests.
    pub(super) fn engine(&self, files: &Files) -> Result<Option<Engine>, EngineError> {
        let holds = |name: &str| files.contains_key(&below(&self.path, name));
        if helm::is_archive(&self.path) && files.contains_key(&self.path) {
            return Ok(Some(Engine::Helm));
        }
        let kustomization = kustomize::NAMES.iter().any(|name| holds(name));
        match (holds("Chart.yaml"), kustomization) {
            (true, true) => Err(EngineError::Both { path: self.path.clone() }),
            (true, false) => Ok(Some(Engine::Helm)),
            _ if self.must_be_chart => Err(EngineError::NoChart { path: self.path.clone() }),
            (false, true) => Ok(Some(Engine::Kustomize)),
            (false, false) => Ok(None),
        }
    }
}

/// The folders that the sources take from, beyond these files: they have to be read before anything is rendered, and what
/// is read may ask for more. A name that leads out of the config repo, or to another one that is not allowed, is refused.
pub fn missing(sources: &[Source], files: &Files, allowed: &[String]) -> Result<BTreeSet<String>, EngineError> {
    let mut wanted = BTreeSet::new();
    for source in sources {
        match source.engine(files)? {
            Some(Engine::Kustomize) => {
                let named = kustomize::named_but(&source.path, files, allowed)?;
                let missing = named.into_iter().filter(|named| !kustomize::is_there(&named.path, files));
                wanted.extend(missing.map(|named| named.path));
            }
            Some(Engine::Helm) => wanted.extend(helm::missing(&source.path, files)?),
            None => {}
        }
    }
    Ok(wanted)
}

/// The bases from elsewhere that the sources take, of those that are allowed.
pub fn remote_bases(
    sources: &[Source],
    files: &Files,
    allowed: &[String],
) -> Result<BTreeSet<kustomize::RemoteBase>, EngineError> {
    let mut found = BTreeSet::new();
    for source in sources {
        if source.engine(files)? == Some(Engine::Kustomize) {
            found.extend(kustomize::remote(&source.path, files, allowed)?);
        }
    }
    Ok(found)
}

/// The files below a folder.
pub(super) fn files_below<'f>(folder: &str, files: &'f Files) -> impl Iterator<Item = (&'f String, &'f Vec<u8>)> {
    let start = below(folder, "");
    let end = start.clone();
    files.range(start..).take_while(move |(path, _)| path.starts_with(&end))
}

/// A name in a folder.
pub(super) fn below(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
