//! The files that `doctor` looks at.

use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use config_repo::Worktree;

use super::super::targets::below;

/// A file to look at.
pub(super) struct Subject {
    /// As people read it.
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// What is staged; else what lies there.
    pub(super) staged: Option<Vec<u8>>,
}

/// All of them: what git has, or would take, and elsewhere every file.
pub(super) async fn subjects(given: Option<&Path>, staged: bool) -> anyhow::Result<Vec<Subject>> {
    let shown = given.unwrap_or(Path::new("."));
    let path = shown.canonicalize().with_context(|| shown.display().to_string())?;
    if path.is_file() && !staged {
        return Ok(vec![Subject { name: shown_path(shown), path, staged: None }]);
    }
    let folder = if path.is_dir() { &path } else { path.parent().unwrap_or(&path) };
    let worktree = Worktree::around(folder).await?;
    let within = |top: &Path, file: PathBuf, staged| {
        let whole = top.join(file);
        let below = whole.strip_prefix(&path).ok()?;
        let name = if below.as_os_str().is_empty() { shown.to_owned() } else { shown.join(below) };
        let name = name.strip_prefix(".").unwrap_or(&name);
        Some(Subject { name: shown_path(name), path: whole.clone(), staged })
    };
    if staged {
        let worktree = worktree.context("--staged needs a git checkout, and this folder is in none")?;
        let files = worktree.staged().await?.into_iter();
        if given.is_some() {
            return Ok(files.filter_map(|file| within(worktree.top(), file.path, Some(file.bytes))).collect());
        }
        // What is committed is the whole index, wherever in the checkout somebody stands.
        let all = files.map(|file| {
            let path = worktree.top().join(file.path);
            Subject { name: relative(&path), path, staged: Some(file.bytes) }
        });
        return Ok(all.collect());
    }
    let Some(worktree) = worktree else {
        return Ok(below(&path)?.into_iter().filter_map(|file| within(&path, file, None)).collect());
    };
    let files = worktree.files().await?.into_iter().filter_map(|file| within(worktree.top(), file, None));
    Ok(files.filter(|file| file.path.symlink_metadata().is_ok_and(|facts| facts.is_file())).collect())
}

/// A whole path as it is read from the folder in which the command was typed.
pub(super) fn relative(path: &Path) -> String {
    let here = std::env::current_dir().and_then(|folder| folder.canonicalize());
    shown_path(&here.map_or_else(|_| path.to_owned(), |here| from(&here, path)))
}

fn from(here: &Path, path: &Path) -> PathBuf {
    let common = here.components().zip(path.components()).take_while(|(one, other)| one == other).count();
    // Only the root in common: the whole path is plainer.
    if common <= 1 {
        return path.to_owned();
    }
    let up = here.components().skip(common).map(|_| Component::ParentDir);
    up.chain(path.components().skip(common)).collect()
}

fn shown_path(path: &Path) -> String {
    secrets::clean_terminal(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_from_where_somebody_stands() {
        let from = |here: &str, path: &str| from(Path::new(here), Path::new(path)).display().to_string();
        assert_eq!(from("/r/apps", "/r/apps/a.yaml"), "a.yaml");
        assert_eq!(from("/r/apps/shop", "/r/prod/a.yaml"), "../../prod/a.yaml");
        assert_eq!(from("/r", "/s/a.yaml"), "/s/a.yaml");
    }
}
