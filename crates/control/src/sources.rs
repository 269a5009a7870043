//! The files of an instance and what is made of them: its own, those that it shares with others, and the folders that its
//! kustomizations name.

mod remote;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use config_repo::{Instance, Mirror, MirrorError};
use model::{CommitId, InstanceId};
use render::engine::{self, Chart, EngineError, Source};

pub(crate) use remote::{Accesses, hosts, locked, with_charts};

use crate::bases::BaseError;
use crate::charts::ChartError;
use crate::opener::OpenError;

/// Files by their path.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Each round is a level of kustomizations.
const MOST_ROUNDS: usize = 20;

/// Why an instance's files could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Chart(#[from] ChartError),
    #[error(transparent)]
    Base(#[from] BaseError),
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl ReadError {
    /// What is wrong with the files themselves, and stays so until somebody changes them.
    pub(crate) fn is_content(&self) -> bool {
        match self {
            Self::Engine(error) => error.is_content(),
            Self::Chart(error) => error.is_content(),
            Self::Base(error) => error.is_content(),
            Self::Open(error) => error.is_content(),
            Self::Mirror(error) => matches!(
                error,
                MirrorError::NotAFile { .. }
                    | MirrorError::TooBig { .. }
                    | MirrorError::TooMuch { .. }
                    | MirrorError::BadPath { .. }
            ),
        }
    }
}

/// What an instance takes from at one commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) files: Files,
    /// The paths that its kustomizations name, beyond those that the config does.
    pub(crate) beyond: BTreeSet<String>,
}

/// The sources that lie in the config repo, as the engines know them.
pub(crate) fn local(instance: &Instance) -> Vec<Source> {
    let local = instance.sources.iter().filter(|source| source.remote.is_none());
    local.map(|one| source(instance, one)).collect()
}

/// A source as the engines know it.
fn source(instance: &Instance, source: &config_repo::Source) -> Source {
    let set = source.chart != config_repo::ChartSettings::default();
    let chart = source.chart.clone();
    Source {
        path: source.path.clone(),
        chart: Chart {
            release: chart.release.unwrap_or_else(|| instance.id.project.to_string()),
            values: chart.values,
            kube_version: chart.kube_version,
            api_versions: chart.api_versions,
        },
        must_be_chart: source.is_shared_chart || set,
        is_secret: false,
        needs: source.needs.clone(),
    }
}

/// The paths that the config names, the own ones first.
pub(crate) fn named(instance: &Instance) -> Vec<String> {
    instance.paths.iter().chain(&instance.shared).cloned().collect()
}

/// Reads everything that an instance takes from.
pub(crate) async fn read(
    mirror: &Mirror,
    instance: &Instance,
    commit: &CommitId,
    allowed: &[String],
) -> Result<Read, ReadError> {
    let named = named(instance);
    let paths: Vec<&str> = named.iter().map(String::as_str).collect();
    let mut read = Read { files: mirror.read_files(commit, &paths).await?, beyond: BTreeSet::new() };
    let sources = local(instance);
    for _ in 0..MOST_ROUNDS {
        let mut wanted = engine::missing(&sources, &read.files, allowed)?;
        wanted.retain(|path| !read.beyond.contains(path));
        if wanted.is_empty() {
            break;
        }
        let paths: Vec<&str> = wanted.iter().map(String::as_str).collect();
        read.files.extend(mirror.read_files(commit, &paths).await?);
        read.beyond.extend(wanted);
    }
    Ok(read)
}

/// The files that a pin may edit.
pub(crate) fn own(instance: &Instance, files: &Files) -> Files {
    let own = files.iter().filter(|(path, _)| is_below(path, &instance.paths));
    own.map(|(path, bytes)| (path.clone(), bytes.clone())).collect()
}

/// Whether a file is one of these, or in one of these folders.
pub(crate) fn is_below(path: &str, folders: &[String]) -> bool {
    let below = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    folders.iter().map(|folder| folder.trim_end_matches('/')).any(|folder| folder.is_empty() || below(folder))
}

/// What kustomizations named when they were read last: a commit there concerns the instance as well. It is forgotten with
/// the process, and found again by reading.
#[derive(Default)]
pub(crate) struct Beyond(Mutex<HashMap<InstanceId, Known>>);

#[derive(Default)]
struct Known {
    commits: Vec<CommitId>,
    paths: BTreeSet<String>,
}

/// More commits than a verified one, HEAD and what was tried between them are not needed.
const MOST_COMMITS: usize = 8;

impl Beyond {
    pub(crate) fn note(&self, instance: &InstanceId, commit: &CommitId, beyond: &BTreeSet<String>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(instance.clone()).or_default();
        if known.commits.contains(commit) {
            return;
        }
        if known.commits.len() >= MOST_COMMITS {
            *known = Known::default();
        }
        known.commits.push(commit.clone());
        known.paths.extend(beyond.iter().cloned());
    }

    /// Everything that was named at any commit that is remembered.
    pub(crate) fn of(&self, instance: &InstanceId) -> Vec<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(instance).map(|known| known.paths.iter().cloned().collect()).unwrap_or_default()
    }

    /// Whether it was read as it is at this commit.
    pub(crate) fn knows(&self, instance: &InstanceId, commit: &CommitId) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(instance).is_some_and(|known| known.commits.contains(commit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_its_folder_and_not_to_one_that_is_called_alike() {
        let folders = ["apps/shop/prod".to_owned()];
        assert!(is_below("apps/shop/prod/web.yaml", &folders));
        assert!(is_below("apps/shop/prod", &folders));
        assert!(!is_below("apps/shop/production/web.yaml", &folders));
        assert!(!is_below("pinnace.yaml", &folders));
        assert!(is_below("web.yaml", &[String::new()]));
    }

    #[test]
    fn what_was_named_is_remembered_for_a_few_commits() {
        let (beyond, id): (_, InstanceId) = (Beyond::default(), "todo/prod".parse().unwrap());
        let commit = |number: usize| -> CommitId { format!("{number:040x}").parse().unwrap() };
        beyond.note(&id, &commit(0), &BTreeSet::from(["apps/base".to_owned()]));
        beyond.note(&id, &commit(1), &BTreeSet::from(["apps/other".to_owned()]));
        assert_eq!(beyond.of(&id), ["apps/base", "apps/other"]);
        assert!(beyond.knows(&id, &commit(0)) && !beyond.knows(&id, &commit(2)));
        for number in 2..=MOST_COMMITS {
            beyond.note(&id, &commit(number), &BTreeSet::new());
        }
        assert!(beyond.of(&id).is_empty() && !beyond.knows(&id, &commit(0)));
    }
}
