//! The few files that we write beside or inside a mirror, each atomically.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::MirrorError;

/// Held as long as a mirror is open: one process, one owner. The kernel lets go when the process dies.
#[derive(Debug)]
pub(super) struct DirLock(File);

impl Drop for DirLock {
    fn drop(&mut self) {
        // Closing is not enough: a child that is just being forked has the file open too, until it runs git. What
        // can't be unlocked is unlocked by that child's start.
        let _unlocked = self.0.unlock();
    }
}

impl DirLock {
    pub(super) fn take(dir: &Path) -> Result<Self, MirrorError> {
        let path = beside(dir, "lock");
        let io = |source| MirrorError::Io { action: "lock the mirror", path: path.clone(), source };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(io)?;
        }
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(MirrorError::InUse { dir: dir.to_owned() }),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }
}

/// `<dir>.<suffix>`, on the same file system as `dir` so that renaming is atomic.
pub(super) fn beside(dir: &Path, suffix: &str) -> PathBuf {
    let mut name = dir.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// Writes a file that only we may read: whole or not at all.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), MirrorError> {
    let io = |source| MirrorError::Io { action: "write a file", path: path.to_owned(), source };
    let parent = path.parent().unwrap_or(Path::new("/"));
    // tempfile creates with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(parent).map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    file.as_file().sync_all().map_err(io)?;
    file.persist(path).map_err(|error| io(error.error))?;
    Ok(())
}

pub(super) fn remove_dir(path: &Path) -> Result<(), MirrorError> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(MirrorError::Io { action: "remove a leftover", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

pub(super) fn rename(from: &Path, to: &Path) -> Result<(), MirrorError> {
    fs::rename(from, to).map_err(|source| MirrorError::Io { action: "rename", path: from.to_owned(), source })
}

/// Removes the lock files and half-written packs that a killed git left. Only for who holds [`DirLock`] and runs no git meanwhile.
pub(super) fn remove_stale_locks(dir: &Path) {
    for inside in ["", "refs", "objects/info", "objects/pack"] {
        remove_locks_below(&dir.join(inside), inside == "refs");
    }
}

fn remove_locks_below(dir: &Path, deep: bool) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if deep && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_locks_below(&path, true);
        } else if is_leftover(&path) {
            tracing::warn!(path = %path.display(), "removing what a killed git left");
            // What can't be removed makes the next git run fail, with the path in its words.
            let _removed = fs::remove_file(&path);
        }
    }
}

fn is_leftover(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.ends_with(b".lock") || name.starts_with(b"tmp_") || name.starts_with(b".tmp-")
}
