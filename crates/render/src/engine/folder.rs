//! The room of one render on disk: the files of the commit, and an empty home for each run. It goes with the render.

use std::io;
use std::path::{Component, Path, PathBuf};

use tempfile::TempDir;

use super::Files;

/// The folder of one render. Nobody else may look into it.
pub(super) struct Folder(TempDir);

impl Folder {
    /// Writes the files out. Only plain files are made, so that nothing in it leads elsewhere.
    pub(super) fn write(files: &Files) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("pinnace-render-").tempdir()?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leaves_is_refused_before_it_is_written() {
        for path in ["../out", "/etc/out", "a/../../out", "./a"] {
            let files = Files::from([(path.to_owned(), Vec::new())]);
            assert!(Folder::write(&files).is_err_and(|error| error.to_string().contains("leads out")), "{path}");
        }
    }

    #[test]
    fn it_goes_with_the_render() {
        let folder = Folder::write(&Files::from([("apps/web.yaml".to_owned(), b"kind: X".to_vec())])).unwrap();
        let file = folder.source().join("apps/web.yaml");
        assert_eq!(std::fs::read(&file).unwrap(), b"kind: X");
        drop(folder);
        assert!(!file.exists());
    }
}
