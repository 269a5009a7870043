//! Bases that kustomizations take from other repositories, where `remoteBases` allows them: fetched outside of the room that
//! engines run in, and put among the files as a folder, so that the engine finds them where it may read.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use config_repo::{BranchName, Limits, Mirror, MirrorError, RemoteUrl};
use model::CommitId;
use render::engine::{self, EngineError, RemoteBase, Source};
use tokio::sync::OnceCell;

use crate::registry::digest_of;
use crate::sources::Files;

/// Bases from elsewhere. Cheap to clone; all clones share it.
#[derive(Clone)]
pub struct Bases {
    inner: Arc<Inner>,
}

struct Inner {
    folder: PathBuf,
    /// What was read, by repository and `ref`: it can't change. Who wants the same waits, and does not fetch it too.
    read: Mutex<HashMap<String, Arc<OnceCell<Base>>>>,
}

/// All files of a repository at one commit.
struct Base {
    commit: CommitId,
    files: Files,
}

/// Why a base can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// It could be another one tomorrow.
    #[error("{file} takes `{what}` without saying which version: add `?ref=` and a tag or a whole commit id")]
    NoRef {
        /// The kustomization.
        file: String,
        /// The base.
        what: String,
    },
    /// Not an address of a folder in a repository.
    #[error("{file} takes `{what}`, which is not read as a base: write `https://host/repository//folder?ref=tag`")]
    Odd {
        /// The kustomization.
        file: String,
        /// The base.
        what: String,
    },
    /// There is no such folder in it.
    #[error("{file} takes `{what}`: there is no kustomization in that folder of commit {commit}")]
    NotThere {
        /// The kustomization.
        file: String,
        /// The base.
        what: String,
        /// The commit.
        commit: CommitId,
    },
    /// They take each other.
    #[error("bases from elsewhere take others more than {0} deep; make that shorter")]
    TooDeep(usize),
    /// The repository.
    #[error("the base `{what}` can't be had: {why}")]
    Repository {
        /// The base.
        what: String,
        /// Why.
        why: Box<MirrorError>,
    },
    /// A kustomization is wrong.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl BaseError {
    /// Whether what stands in git is at fault: then it stays so until somebody changes it.
    pub fn is_content(&self) -> bool {
        match self {
            Self::Repository { why, .. } => matches!(
                why.as_ref(),
                MirrorError::BaseMissing { .. }
                    | MirrorError::NotAFile { .. }
                    | MirrorError::TooBig { .. }
                    | MirrorError::TooMuch { .. }
                    | MirrorError::BadPath { .. }
            ),
            Self::Engine(error) => error.is_content(),
            _ => true,
        }
    }
}

/// Bases that take bases.
const DEEPEST: usize = 5;
/// Repositories whose files are remembered.
const MOST_READ: usize = 16;
/// Mirrors that are kept.
const MOST_KEPT: usize = 64;
/// No repository of bases is larger.
const MOST_FILES: usize = 5_000;
const MOST_BYTES: u64 = 16 << 20;
const LARGEST_PACK: u64 = 64 << 20;

impl Bases {
    /// Bases whose repositories are mirrored in this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self { inner: Arc::new(Inner { folder, read: Mutex::default() }) }
    }

    /// The files with the bases that they take from elsewhere among them, as far as that is allowed.
    pub(crate) async fn put_into<'f>(
        &self,
        sources: &[Source],
        mut files: Cow<'f, Files>,
        allowed: &[String],
    ) -> Result<Cow<'f, Files>, BaseError> {
        if allowed.is_empty() {
            return Ok(files);
        }
        for _ in 0..DEEPEST {
            let taken = engine::remote_bases(sources, &files, allowed)?;
            if taken.is_empty() {
                return Ok(files);
            }
            // One address may be the beginning of another: the longer one is written over first.
            let mut taken: Vec<RemoteBase> = taken.into_iter().collect();
            taken.sort_by_key(|base| Reverse(base.what.len()));
            for base in taken {
                self.put_one(files.to_mut(), &base).await?;
            }
        }
        Err(BaseError::TooDeep(DEEPEST))
    }

    async fn put_one(&self, files: &mut Files, taken: &RemoteBase) -> Result<(), BaseError> {
        let address = Address::parse(taken)?;
        let base = self.cell(&address);
        let base = base.get_or_try_init(|| self.read(&address, taken)).await?;
        let folder = format!("{FOLDER}/{}-{}", address.key(), base.commit.short());
        let target = below(&folder, &address.path);
        let is_there = |name: &str| base.files.contains_key(&below(&address.path, name));
        if !["kustomization.yaml", "kustomization.yml", "Kustomization"].into_iter().any(is_there) {
            let (file, what) = (taken.file.clone(), shown(&taken.what));
            return Err(BaseError::NotThere { file, what, commit: base.commit.clone() });
        }
        files.extend(base.files.iter().map(|(path, bytes)| (below(&folder, path), bytes.clone())));
        let up = "../".repeat(taken.folder.split('/').filter(|part| !part.is_empty()).count());
        if let Some(bytes) = files.get_mut(&taken.file) {
            let text = String::from_utf8_lossy(bytes).replace(&taken.what, &format!("{up}{target}"));
            *bytes = text.into_bytes();
        }
        Ok(())
    }

    fn cell(&self, address: &Address) -> Arc<OnceCell<Base>> {
        let mut read = self.inner.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.len() >= MOST_READ && !read.contains_key(&address.key()) {
            read.clear();
        }
        Arc::clone(read.entry(address.key()).or_default())
    }

    async fn read(&self, address: &Address, taken: &RemoteBase) -> Result<Base, BaseError> {
        let failed = |why| BaseError::Repository { what: shown(&taken.what), why: Box::new(why) };
        let limits =
            Limits { files: MOST_FILES, total_bytes: MOST_BYTES, pack_bytes: LARGEST_PACK, ..Limits::default() };
        let odd = || BaseError::Odd { file: taken.file.clone(), what: shown(&taken.what) };
        let url: RemoteUrl = address.repository.parse().map_err(|_| odd())?;
        let dir = self.inner.folder.join(address.key());
        make_room(&self.inner.folder, &dir);
        let (mirror, commit) = Mirror::open_base(&dir, url, &address.at, limits).await.map_err(failed)?;
        let files = mirror.read_files(&commit, &[""]).await.map_err(failed)?;
        Ok(Base { commit, files })
    }
}

/// Removes the mirrors that were made first, where there are too many for one more. What is removed is fetched again when it is needed.
fn make_room(folder: &Path, new: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let mirrors = entries.filter(|path| path.extension().is_none() && path.is_dir() && path != new);
    let mut mirrors: Vec<_> = mirrors.filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path))).collect();
    mirrors.sort();
    let too_many = mirrors.len().saturating_sub(MOST_KEPT - 1);
    for (_, path) in mirrors.into_iter().take(too_many) {
        for beside in [path.clone(), path.with_extension("home"), path.with_extension("lock")] {
            let _gone = if beside.is_dir() { std::fs::remove_dir_all(&beside) } else { std::fs::remove_file(&beside) };
        }
    }
}

/// Where bases lie among the files. A folder of the config repo of this name would be covered by it.
const FOLDER: &str = "bases-from-elsewhere";

/// `https://git.example/acme/base//overlays/prod?ref=v1`, taken apart.
struct Address {
    repository: String,
    /// The folder in it; empty for its top.
    path: String,
    at: BranchName,
}

impl Address {
    fn parse(taken: &RemoteBase) -> Result<Self, BaseError> {
        let odd = || BaseError::Odd { file: taken.file.clone(), what: shown(&taken.what) };
        let no_ref = || BaseError::NoRef { file: taken.file.clone(), what: shown(&taken.what) };
        let (place, query) = taken.what.split_once('?').ok_or_else(no_ref)?;
        // Other words (`submodules`, `timeout`) would ask for what is not done here.
        let at = query.strip_prefix("ref=").or_else(|| query.strip_prefix("version=")).filter(|at| !at.contains('&'));
        let at = at.ok_or_else(|| if query.contains("ref=") { odd() } else { no_ref() })?;
        let at: BranchName = at.parse().map_err(|_| odd())?;
        let scheme = place.find("://").ok_or_else(odd)? + 3;
        let (repository, path) = match place[scheme..].find("//") {
            Some(split) => (&place[..scheme + split], place[scheme + split + 2..].trim_matches('/')),
            None => (place.trim_end_matches('/'), ""),
        };
        if path.split('/').any(|part| matches!(part, "." | "..")) || repository[scheme..].contains("/..") {
            return Err(odd());
        }
        Ok(Self { repository: repository.to_owned(), path: path.to_owned(), at })
    }

    /// Repository and version in a file's name.
    fn key(&self) -> String {
        digest_of(format!("{} {}", self.repository, self.at).as_bytes()).short().to_owned()
    }
}

fn below(folder: &str, path: &str) -> String {
    match (folder, path) {
        (folder, "") => folder.to_owned(),
        ("", path) => path.to_owned(),
        (folder, path) => format!("{folder}/{path}"),
    }
}

fn shown(what: &str) -> String {
    secrets::clip(&secrets::clean_terminal(what), 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(what: &str) -> RemoteBase {
        RemoteBase { file: "a/kustomization.yaml".to_owned(), folder: "a".to_owned(), what: what.to_owned() }
    }

    #[test]
    fn an_address_is_a_repository_a_folder_and_a_version() {
        let address = Address::parse(&taken("https://git.example/acme/base//overlays/prod/?ref=v1.2")).unwrap();
        assert_eq!(
            (address.repository.as_str(), address.path.as_str(), address.at.as_str()),
            ("https://git.example/acme/base", "overlays/prod", "v1.2")
        );
        let address = Address::parse(&taken("https://git.example/acme/base.git?ref=v1")).unwrap();
        assert_eq!((address.repository.as_str(), address.path.as_str()), ("https://git.example/acme/base.git", ""));
        for (what, why) in [
            ("https://git.example/acme/base//x", "without saying which version"),
            ("https://git.example/acme/base?timeout=90s", "without saying which version"),
            ("https://git.example/acme/base?ref=v1&submodules=true", "is not read as a base"),
            ("https://git.example/acme/base//../../etc?ref=v1", "is not read as a base"),
            ("https://git.example/acme/../base?ref=v1", "is not read as a base"),
            ("https://git.example/acme/base?ref=--upload-pack=x", "is not read as a base"),
        ] {
            let error = Address::parse(&taken(what)).err().unwrap();
            assert!(error.is_content() && error.to_string().contains(why), "{what}: {error}");
        }
    }

    async fn given(files: &[(&str, &str)], allowed: &[String], folder: &tempfile::TempDir) -> Result<Files, BaseError> {
        let files: Files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        let source = Source {
            path: "apps/prod".to_owned(),
            chart: engine::Chart::default(),
            must_be_chart: false,
            is_secret: false,
            needs: Vec::new(),
        };
        let bases = Bases::new(folder.path().join("bases"));
        Ok(bases.put_into(&[source], Cow::Owned(files), allowed).await?.into_owned())
    }

    #[tokio::test]
    async fn an_allowed_base_is_fetched_at_a_tag_or_commit_and_put_where_the_engine_finds_it() {
        let remote = testkit::GitRemote::bare(&[
            ("web/kustomization.yaml", "resources: [../common]"),
            ("common/kustomization.yaml", "resources: [cm.yaml]"),
            ("common/cm.yaml", "kind: ConfigMap"),
        ])
        .unwrap();
        let commit = remote.head().unwrap();
        remote.git(&["tag", "v1"]).unwrap();
        let (url, folder) = (remote.file_url(), tempfile::tempdir().unwrap());
        let allowed = [url.clone()];
        for at in ["v1", commit.as_str()] {
            let kustomization = format!("# ours\nresources:\n  - web.yaml\n  - '{url}//web?ref={at}'\n");
            let files = given(&[("apps/prod/kustomization.yaml", &kustomization)], &allowed, &folder).await.unwrap();
            let text = String::from_utf8(files["apps/prod/kustomization.yaml"].clone()).unwrap();
            let target =
                text.lines().last().unwrap().trim().trim_start_matches("- '../../").trim_end_matches('\'').to_owned();
            assert!(files.contains_key(&format!("{target}/kustomization.yaml")), "{text}: {:?}", files.keys());
        }
        // What is kept needs nobody; a branch is no version; another folder is not there.
        let branch = format!("resources: ['{url}//web?ref=main']");
        let error = given(&[("apps/prod/kustomization.yaml", &branch)], &allowed, &folder).await.unwrap_err();
        assert!(error.is_content() && error.to_string().contains("has no tag and no commit `main`"), "{error}");
        let none = format!("resources: ['{url}//none?ref=v1']");
        let error = given(&[("apps/prod/kustomization.yaml", &none)], &allowed, &folder).await.unwrap_err();
        assert!(error.to_string().contains("no kustomization in that folder"), "{error}");
        drop(remote);
        let kept = format!("resources: ['{url}//web?ref=v1']");
        given(&[("apps/prod/kustomization.yaml", &kept)], &allowed, &folder).await.unwrap();
        let other = format!("resources: ['{url}//web?ref=v2']");
        let error = given(&[("apps/prod/kustomization.yaml", &other)], &allowed, &folder).await.unwrap_err();
        assert!(error.to_string().contains("can't be had"), "{error}");
    }

    #[tokio::test]
    async fn what_is_not_allowed_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let allowed = ["https://git.example/acme".to_owned()];
        for what in [
            "https://git.example/acme-evil/base?ref=v1",
            "https://evil.example/https://git.example/acme/base?ref=v1",
            "github.com/acme/base?ref=v1",
        ] {
            let error =
                given(&[("apps/prod/kustomization.yaml", &format!("resources: ['{what}']"))], &allowed, &folder)
                    .await
                    .unwrap_err();
            assert!(error.is_content() && error.to_string().contains("from elsewhere"), "{what}: {error}");
        }
    }
}
