//! The room of one render on disk: the files of the commit, and an empty home for each run. It goes with the render.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use tempfile::TempDir;

use super::Files;

/// The folder of one render. Nobody else may look into it.
pub(super) struct Folder(TempDir);

impl Folder {
    /// Writes the files out, secret ones to memory alone. Only plain files are made, so that nothing in it leads elsewhere.
    pub(super) fn write(files: &Files, is_secret: bool) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("pinnace-render-").permissions(Permissions::from_mode(0o700));
        let folder = if is_secret { builder.tempdir_in(memory()?)? } else { builder.tempdir()? };
        let this = Self(folder);
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
    if_memory(Path::new("/dev/shm"))
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
