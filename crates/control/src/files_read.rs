//! Files of commits that were read a moment ago. A pin makes its candidate again before each effect, from a commit that can't
//! change; git is started once for it, and not each time.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use model::CommitId;

use crate::sources::Read;

/// How many readings are kept.
const MOST: usize = 16;
/// A reading larger than this is not kept: all together they stay below 4 MiB.
const LARGEST: usize = 256 << 10;

/// The newest readings.
#[derive(Default)]
pub(crate) struct FilesRead(Mutex<VecDeque<Reading>>);

struct Reading {
    commit: CommitId,
    paths: Vec<String>,
    read: Read,
}

impl FilesRead {
    /// What these paths held at that commit, if it was read before.
    pub(crate) fn of(&self, commit: &CommitId, paths: &[String]) -> Option<Read> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = kept.iter().find(|reading| reading.commit == *commit && reading.paths == paths);
        same.map(|reading| reading.read.clone())
    }

    /// Keeps what was read, in the place of the oldest.
    pub(crate) fn keep(&self, commit: &CommitId, paths: &[String], read: &Read) {
        let size: usize = read.files.iter().map(|(path, bytes)| path.len() + bytes.len()).sum();
        if size > LARGEST {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|reading| reading.commit != *commit || reading.paths != paths);
        kept.push_front(Reading { commit: commit.clone(), paths: paths.to_vec(), read: read.clone() });
        kept.truncate(MOST);
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
    fn few_and_small_readings_are_kept() {
        let (read, paths) = (FilesRead::default(), ["apps/shop".to_owned()]);
        read.keep(&commit(0), &paths, &files(LARGEST + 1));
        assert_eq!(read.of(&commit(0), &paths), None);
        for digit in 0..=MOST {
            read.keep(&commit(digit), &paths, &files(1));
        }
        assert_eq!(read.of(&commit(0), &paths), None);
        assert_eq!(read.of(&commit(MOST), &paths), Some(files(1)));
    }
}
