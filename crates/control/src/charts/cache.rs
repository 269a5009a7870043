//! Archives by their digest, in the data folder: what was fetched once is there while its repository is down.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::Digest;
use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

use crate::registry::digest_of;

/// All archives together; those that were not used for the longest time make room.
const MOST: u64 = 512 << 20;

#[derive(Clone)]
pub(super) struct Cache {
    folder: Arc<Path>,
    most: u64,
}

impl Cache {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder: folder.into(), most: MOST }
    }

    /// The archive, if it is there and whole.
    pub(super) async fn get(&self, digest: &Digest) -> Option<Vec<u8>> {
        let (this, digest) = (self.clone(), digest.clone());
        tokio::task::spawn_blocking(move || this.read(&digest)).await.ok().flatten()
    }

    /// Keeps an archive. Where that is not possible it is fetched again the next time.
    pub(super) async fn keep(&self, digest: &Digest, bytes: &[u8]) {
        let (this, digest, bytes) = (self.clone(), digest.clone(), bytes.to_vec());
        let kept = tokio::task::spawn_blocking(move || this.write(&digest, &bytes)).await;
        if let Ok(Err(error)) = kept {
            tracing::warn!(%error, folder = %self.folder.display(), "a chart's archive can't be kept, and is fetched again when it is needed");
        }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.as_str().rsplit(':').next().unwrap_or_default();
        self.folder.join(format!("{hex}.tgz"))
    }

    fn read(&self, digest: &Digest) -> Option<Vec<u8>> {
        let path = self.path(digest);
        let bytes = std::fs::read(&path).ok()?;
        if digest_of(&bytes) != *digest {
            tracing::warn!(file = %path.display(), "a kept chart is damaged, and is fetched again");
            let _gone = std::fs::remove_file(&path);
            return None;
        }
        // The order in which they make room is all that is lost where this fails.
        let _touched = touch(&path);
        Some(bytes)
    }

    fn write(&self, digest: &Digest, bytes: &[u8]) -> io::Result<()> {
        std::fs::create_dir_all(&*self.folder)?;
        let mut file = tempfile::Builder::new().prefix(".part-").tempfile_in(&*self.folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        let path = self.path(digest);
        file.persist(&path)?;
        self.make_room(&path)
    }

    fn make_room(&self, newest: &Path) -> io::Result<()> {
        let mut kept = Vec::new();
        for entry in std::fs::read_dir(&*self.folder)? {
            let entry = entry?;
            let facts = entry.metadata()?;
            kept.push((facts.modified()?, facts.len(), entry.path()));
        }
        kept.sort();
        let mut size: u64 = kept.iter().map(|(_, size, _)| size).sum();
        for (_, bytes, path) in kept {
            if size <= self.most {
                break;
            }
            if path != newest {
                std::fs::remove_file(&path)?;
                size -= bytes;
            }
        }
        Ok(())
    }
}

fn touch(path: &Path) -> io::Result<()> {
    let file = std::fs::File::open(path)?;
    let times = Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
    };
    Ok(rustix::fs::futimens(&file, &times)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_kept_is_found_by_its_digest_and_what_is_damaged_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("charts"));
        let digest = digest_of(b"chart");
        assert_eq!(cache.get(&digest).await, None);
        cache.keep(&digest, b"chart").await;
        assert_eq!(cache.get(&digest).await.unwrap(), b"chart");
        std::fs::write(cache.path(&digest), b"chars").unwrap();
        assert_eq!(cache.get(&digest).await, None);
        assert!(!cache.path(&digest).exists());
    }

    #[test]
    fn what_was_not_used_for_long_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache { most: 25, ..Cache::new(folder.path().to_owned()) };
        let all: Vec<_> =
            ["one-------", "two-------", "three-----"].map(|text| (digest_of(text.as_bytes()), text)).into();
        for (digest, text) in &all[..2] {
            cache.write(digest, text.as_bytes()).unwrap();
        }
        let old = Timestamps {
            last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
            last_modification: Timespec { tv_sec: 1, tv_nsec: 0 },
        };
        for (digest, _) in &all[..2] {
            rustix::fs::futimens(std::fs::File::open(cache.path(digest)).unwrap(), &old).unwrap();
        }
        assert!(cache.read(&all[0].0).is_some());
        cache.write(&all[2].0, all[2].1.as_bytes()).unwrap();
        let there: Vec<bool> = all.iter().map(|(digest, _)| cache.path(digest).exists()).collect();
        assert_eq!(there, [true, false, true]);
    }
}
