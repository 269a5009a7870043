//! The room of one render on disk: the files of the commit, and an empty home for each run. It goes with the render.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::Files;

/// How each is called.
const PREFIX: &str = "pinnace-render-";
/// A folder is locked right after it is made.
const LOCKED_BY: Duration = Duration::from_mins(1);

/// The folder of one render. Nobody else may look into it.
pub(super) struct Folder(TempDir, #[expect(dead_code, reason = "the lock goes when it is closed")] File);

impl Folder {
    /// Writes the files out, secret ones to memory alone. Only plain files are made, so that nothing in it leads elsewhere.
    pub(super) fn write(files: &Files, is_secret: bool) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).permissions(Permissions::from_mode(0o700));
        let folder = if is_secret { builder.tempdir_in(memory()?)? } else { builder.tempdir()? };
        // While this process lives the folder is in use, for whoever sweeps.
        let lock = File::open(folder.path())?;
        lock.lock_shared()?;
        let this = Self(folder, lock);
        std::fs::create_dir(this.source())?;
        for (path, bytes) in files {
            let path = Path::new(path);
            if !path.components().all(|part| matches!(part, Component::Normal(_))) {
                return Err(io::Error::other(format!("`{}` leads out of the folder", path.display())));
            }
            let path = this.source().join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(&path))?;
            std::fs::write(path, bytes)?;
        }
        Ok(this)
    }

    /// Where the files are.
    pub(super) fn source(&self) -> PathBuf {
        self.0.path().join("source")
    }

    /// Where one of them is.
    pub(super) fn path(&self, path: &str) -> String {
        self.source().join(path).display().to_string().trim_end_matches('/').to_owned()
    }

    /// A new empty home.
    pub(super) fn home(&self, number: usize) -> io::Result<PathBuf> {
        let home = self.0.path().join(format!("home-{number}"));
        std::fs::create_dir(&home)?;
        Ok(home)
    }

    /// A text of the engine as if it had run in the config repo.
    pub(super) fn without_us(&self, text: &str) -> String {
        let root = self.source().display().to_string();
        text.replace(&format!("{root}/"), "").replace(&root, ".").replace(&self.0.path().display().to_string(), "")
    }
}

/// A folder whose files are in memory alone, or why there is none.
pub fn memory() -> io::Result<&'static Path> {
    if_memory(Path::new(IN_MEMORY_AT))
}

/// Deletes what a process that was killed left. What is in use is locked, and what is new may be about to be.
pub(super) fn sweep() {
    for place in [std::env::temp_dir(), PathBuf::from(IN_MEMORY_AT)] {
        sweep_in(&place, PREFIX, LOCKED_BY);
    }
}

/// The same of folders in memory whose names begin so: whoever makes them locks them.
pub fn sweep_memory(prefix: &str) {
    sweep_in(Path::new(IN_MEMORY_AT), prefix, LOCKED_BY);
}

fn sweep_in(place: &Path, prefix: &str, older: Duration) {
    for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(prefix);
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let age = entry.metadata().and_then(|facts| facts.modified()).ok().and_then(|at| at.elapsed().ok());
        if !is_ours || !is_folder || age.is_none_or(|age| age < older) {
            continue;
        }
        let Ok(folder) = File::open(entry.path()) else { continue };
        if folder.try_lock().is_ok() {
            tracing::info!(folder = %entry.path().display(), "deleting what a process left that was killed");
            // Somebody else's stays where it is.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn if_memory(place: &Path) -> io::Result<&Path> {
    let is_memory = rustix::fs::statfs(place).is_ok_and(|facts| IN_MEMORY.contains(&facts.f_type));
    let none = || {
        let why = "what was encrypted is written to memory alone, and /dev/shm is no memory: mount a `tmpfs` there (in a pod, an \
                   emptyDir of medium Memory)";
        io::Error::other(why)
    };
    if is_memory { Ok(place) } else { Err(none()) }
}

const IN_MEMORY_AT: &str = "/dev/shm";
/// `TMPFS_MAGIC` and `RAMFS_MAGIC` of the kernel's `magic.h`.
const IN_MEMORY: [i64; 2] = [0x0102_1994, 0x8584_58f6];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leaves_is_refused_before_it_is_written() {
        for path in ["../out", "/etc/out", "a/../../out", "./a"] {
            let files = Files::from([(path.to_owned(), Vec::new())]);
            assert!(Folder::write(&files, false).is_err_and(|error| error.to_string().contains("leads out")), "{path}");
        }
    }

    #[test]
    fn nobody_else_may_look_into_it() {
        for is_secret in [false, true] {
            let folder = Folder::write(&Files::new(), is_secret).unwrap();
            let mode = std::fs::metadata(folder.0.path()).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{mode:o}");
        }
    }

    #[test]
    fn what_was_left_is_swept_and_what_is_in_use_stays() {
        let place = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let folder = place.path().join(name);
            std::fs::create_dir_all(folder.join("source")).unwrap();
            std::fs::write(folder.join("source/secrets.yaml"), "a: b").unwrap();
            folder
        };
        let (left, used, other) = (make("pinnace-render-a"), make("pinnace-render-b"), make("other"));
        let lock = File::open(&used).unwrap();
        lock.lock_shared().unwrap();
        sweep_in(place.path(), PREFIX, Duration::from_hours(1));
        assert!(left.exists(), "it is too new");
        sweep_in(place.path(), PREFIX, Duration::ZERO);
        assert!(!left.exists() && used.exists() && other.exists());
    }

    #[test]
    fn what_is_secret_is_written_to_memory() {
        let folder = Folder::write(&Files::from([("a.yaml".to_owned(), b"a: b".to_vec())]), true).unwrap();
        assert!(folder.source().starts_with("/dev/shm"));
    }

    #[test]
    fn what_is_no_memory_is_refused_with_what_to_do() {
        let refused = if_memory(Path::new("/proc")).unwrap_err().to_string();
        assert!(refused.contains("is no memory: mount a `tmpfs` there"), "{refused}");
        assert!(if_memory(Path::new("/nowhere")).is_err());
    }

    #[test]
    fn it_goes_with_the_render() {
        let folder = Folder::write(&Files::from([("apps/web.yaml".to_owned(), b"kind: X".to_vec())]), false).unwrap();
        let file = folder.source().join("apps/web.yaml");
        assert_eq!(std::fs::read(&file).unwrap(), b"kind: X");
        drop(folder);
        assert!(!file.exists());
    }
}
