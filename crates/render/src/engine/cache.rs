//! What was rendered before. The same files give the same objects, so that a commit that touches one of a thousand
//! instances starts an engine for one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::Files;
use super::output::Made;

/// A hash of everything that the result depends on.
pub(super) type Key = [u8; 32];

/// The results used last, up to a number of bytes.
pub(super) struct Cache {
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    results: HashMap<Key, Entry>,
    bytes: usize,
    turn: u64,
}

struct Entry {
    made: Arc<Made>,
    bytes: usize,
    used: u64,
}

impl Cache {
    pub(super) fn new(most: usize) -> Self {
        Self { most, kept: Mutex::default() }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<Made>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.turn += 1;
        let turn = kept.turn;
        let entry = kept.results.get_mut(key)?;
        entry.used = turn;
        Some(entry.made.clone())
    }

    /// Keeps a result in the place of those that were not used for the longest time.
    pub(super) fn keep(&self, key: Key, made: &Arc<Made>) {
        let bytes = made.parts.iter().map(|(name, text)| name.len() + text.len()).sum();
        if bytes > self.most / 4 {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.turn += 1;
        let entry = Entry { made: made.clone(), bytes, used: kept.turn };
        kept.bytes += bytes;
        if let Some(before) = kept.results.insert(key, entry) {
            kept.bytes -= before.bytes;
        }
        while kept.bytes > self.most {
            let Some(oldest) = kept.results.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| *key) else {
                break;
            };
            kept.bytes -= kept.results.remove(&oldest).map_or(0, |entry| entry.bytes);
        }
    }
}

/// The key of one render: the program, what it is told, and the files that it is given, which are those that it reads.
pub(super) fn key(program: &str, told: &[String], files: &Files) -> Key {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(bytes);
    };
    part(program.as_bytes());
    part(&u64::try_from(told.len()).unwrap_or(u64::MAX).to_le_bytes());
    for word in told {
        part(word.as_bytes());
    }
    for (path, bytes) in files {
        part(path.as_bytes());
        part(bytes);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(bytes: usize) -> Arc<Made> {
        Arc::new(Made { parts: vec![(String::new(), vec![b'x'; bytes])], left_out: Vec::new() })
    }

    #[test]
    fn what_was_not_used_for_long_makes_room() {
        let cache = Cache::new(100);
        for number in 0..4 {
            cache.keep([number; 32], &made(25));
        }
        assert!(cache.get(&[0; 32]).is_some());
        cache.keep([9; 32], &made(25));
        assert!(cache.get(&[1; 32]).is_none());
        assert!(cache.get(&[0; 32]).is_some() && cache.get(&[9; 32]).is_some());
        cache.keep([8; 32], &made(26));
        assert!(cache.get(&[8; 32]).is_none());
    }

    #[test]
    fn everything_that_matters_is_in_the_key() {
        let files = Files::from([("a".to_owned(), b"b".to_vec())]);
        let base = key("helm", &["x".to_owned()], &files);
        assert_eq!(base, key("helm", &["x".to_owned()], &files));
        assert_ne!(base, key("helm-2", &["x".to_owned()], &files));
        assert_ne!(base, key("helm", &["x".to_owned(), String::new()], &files));
        assert_ne!(base, key("helm", &["x".to_owned()], &Files::from([("ab".to_owned(), Vec::new())])));
    }
}
