//! Files of commits that were read a moment ago, from commits that can't change. A pin makes its candidate again before each effect,
//! and instances that wait for their turn read ahead: many readings share a run of git, and nobody starts one twice.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use model::CommitId;

use crate::sources::Read;

/// A commit and the paths that were read.
type Which = (CommitId, Vec<String>);

/// All readings that are kept stay below this together,
const MOST: usize = 8 << 20;
/// and one that is larger is not kept.
const LARGEST: usize = 256 << 10;

/// The newest readings.
#[derive(Default)]
pub(crate) struct FilesRead(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    readings: HashMap<Which, (Read, usize)>,
    /// The oldest first.
    order: VecDeque<Which>,
    size: usize,
}

impl FilesRead {
    /// What these paths held at that commit, if it was read before.
    pub(crate) fn of(&self, commit: &CommitId, paths: &[String]) -> Option<Read> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.readings.get(&(commit.clone(), paths.to_vec())).map(|(read, _)| read.clone())
    }

    /// Keeps what was read, in the place of the oldest.
    pub(crate) fn keep(&self, commit: &CommitId, paths: &[String], read: &Read) {
        // A map and its parts take about this much beside what they hold.
        let size: usize = read.files.iter().map(|(path, bytes)| path.len() + bytes.len() + 128).sum();
        if size > LARGEST {
            return;
        }
        let (mut kept, which) =
            (self.0.lock().unwrap_or_else(PoisonError::into_inner), (commit.clone(), paths.to_vec()));
        if kept.readings.insert(which.clone(), (read.clone(), size)).is_none() {
            kept.order.push_back(which);
            kept.size += size;
        }
        while kept.size > MOST
            && let Some(oldest) = kept.order.pop_front()
        {
            let gone = kept.readings.remove(&oldest).map_or(0, |(_, size)| size);
            kept.size -= gone;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(digit: usize) -> CommitId {
        format!("{digit:040x}").parse().unwrap()
    }

    fn files(bytes: usize) -> Read {
        Read { files: [("apps/shop/web.yaml".to_owned(), vec![b'x'; bytes])].into(), ..Read::default() }
    }

    #[test]
    fn a_reading_is_of_one_commit_and_of_its_paths() {
        let (read, paths) = (FilesRead::default(), ["apps/shop".to_owned()]);
        read.keep(&commit(1), &paths, &files(3));
        assert_eq!(read.of(&commit(1), &paths), Some(files(3)));
        assert_eq!(read.of(&commit(2), &paths), None);
        assert_eq!(read.of(&commit(1), &["apps".to_owned()]), None);
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_oldest_goes_first() {
        let (read, paths) = (FilesRead::default(), ["apps/shop".to_owned()]);
        read.keep(&commit(0), &paths, &files(LARGEST + 1));
        assert_eq!(read.of(&commit(0), &paths), None);
        let many = MOST / (LARGEST / 2);
        for digit in 0..=many {
            read.keep(&commit(digit), &paths, &files(LARGEST / 2));
        }
        assert_eq!(read.of(&commit(0), &paths), None);
        assert!(read.of(&commit(many), &paths).is_some());
        assert!(read.0.lock().unwrap().size <= MOST);
    }
}
