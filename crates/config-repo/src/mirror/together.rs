//! Readings that come at the same time share runs of git: when a thousand instances look at one commit, git is started for
//! dozens of them at once and not twice for each.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use model::CommitId;
use tokio::sync::{Semaphore, oneshot};

use super::read::{TreeEntry, parse_entry};
use super::{Mirror, MirrorError};

/// So many readings share a run.
const MOST_TOGETHER: usize = 64;
/// So many runs are under way.
const AT_ONCE: usize = 2;
/// What is larger is read one after the other.
const LARGEST_TOGETHER: u64 = 16 << 20;

pub(super) type Files = BTreeMap<String, Vec<u8>>;
type Answer = Result<Files, MirrorError>;

#[derive(Debug)]
pub(super) struct Readings {
    waiting: Mutex<Vec<Reading>>,
    runs: Semaphore,
}

#[derive(Debug)]
struct Reading {
    commit: CommitId,
    paths: Vec<String>,
    answer: oneshot::Sender<Answer>,
}

impl Default for Readings {
    fn default() -> Self {
        Self { waiting: Mutex::default(), runs: Semaphore::new(AT_ONCE) }
    }
}

impl Readings {
    /// The first that waits, and those after it that want the same commit.
    fn next(&self) -> Vec<Reading> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(commit) = waiting.first().map(|first| first.commit.clone()) else { return Vec::new() };
        let same = waiting.iter().take_while(|reading| reading.commit == commit).count();
        waiting.drain(..same.min(MOST_TOGETHER)).collect()
    }
}

impl Mirror {
    /// Reads with whoever reads now.
    pub(super) async fn read_with_others(&self, commit: &CommitId, paths: Vec<String>) -> Answer {
        let (answer, answered) = oneshot::channel();
        let reading = Reading { commit: commit.clone(), paths: paths.clone(), answer };
        self.inner.readings.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(reading);
        let mirror = self.clone();
        // Tasks of their own, so that nobody's reading ends with somebody else's.
        tokio::spawn(async move { mirror.read_next().await });
        match answered.await {
            Ok(answer) => answer,
            // The task broke: that is no reason to wait for ever.
            Err(_) => self.read_alone(commit, &paths).await,
        }
    }

    async fn read_next(&self) {
        let Ok(_run) = self.inner.readings.runs.acquire().await else { return };
        let readings = self.inner.readings.next();
        let Some(commit) = readings.first().map(|first| first.commit.clone()) else { return };
        let wanted: Vec<&[String]> = readings.iter().map(|reading| reading.paths.as_slice()).collect();
        let mut found = self.read_together(&commit, &wanted).await.unwrap_or_default().into_iter();
        for reading in readings {
            let answer = match found.next().flatten() {
                Some(files) => Ok(files),
                None => self.read_alone(&commit, &reading.paths).await,
            };
            // Who went away needs no answer.
            drop(reading.answer.send(answer));
        }
    }

    /// The files of each reading. None for one that has to be read alone: where something is wrong with it, that says what.
    async fn read_together(&self, commit: &CommitId, wanted: &[&[String]]) -> Option<Vec<Option<Files>>> {
        if wanted.len() < 2 || wanted.iter().any(|paths| paths.iter().any(String::is_empty)) {
            return None;
        }
        let _in_place = self.in_place().await;
        let paths: Vec<&str> = wanted.iter().copied().flatten().map(String::as_str).collect();
        let listed = self.listed(commit, &paths).await.ok()?;
        let entries: BTreeMap<String, TreeEntry> = listed
            .split(|&byte| byte == 0)
            .filter(|line| !line.is_empty())
            .map(|line| parse_entry(line).map(|entry| (entry.path.clone(), entry)))
            .collect::<Result<_, _>>()
            .ok()?;
        let mut of_each: Vec<Option<Vec<&TreeEntry>>> = Vec::new();
        for paths in wanted {
            let own: Vec<&TreeEntry> =
                entries.values().filter(|entry| paths.iter().any(|path| is_at(&entry.path, path))).collect();
            of_each.push((!own.is_empty() && self.is_fit(&own)).then_some(own));
        }
        let all: BTreeMap<&str, &TreeEntry> =
            of_each.iter().flatten().flatten().map(|entry| (entry.path.as_str(), *entry)).collect();
        if all.values().map(|entry| entry.size).sum::<u64>() > LARGEST_TOGETHER {
            return None;
        }
        let contents = self.contents_here(all.into_values().cloned().collect()).await.ok()?;
        let files = |own: Vec<&TreeEntry>| {
            let one = |entry: &TreeEntry| Some((entry.path.clone(), contents.get(&entry.path)?.clone()));
            own.into_iter().map(one).collect::<Option<Files>>()
        };
        Some(of_each.into_iter().map(|own| own.and_then(files)).collect())
    }

    fn is_fit(&self, entries: &[&TreeEntry]) -> bool {
        let limits = &self.inner.limits;
        entries.len() <= limits.files
            && entries.iter().all(|entry| entry.size <= limits.file_bytes)
            && entries.iter().map(|entry| entry.size).sum::<u64>() <= limits.total_bytes
    }
}

fn is_at(path: &str, wanted: &str) -> bool {
    path.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
