//! A bare mirror of one branch of the config repo: fetch, read, commit, push. Nothing is ever checked out.
//!
//! The *head* is the newest commit of the branch that we accepted. It moves forward by [`Mirror::fetch`] and
//! [`Mirror::push`]; it moves elsewhere only when a person says so, by [`Mirror::accept_rewrite`].

mod base;
mod branch_name;
mod children;
mod commit;
mod credentials;
mod error;
mod explain;
mod fetch;
mod files;
mod history;
mod limits;
mod new_branch;
mod open;
mod path;
mod push;
mod read;
mod recorded;
mod remote;
mod remote_url;
mod together;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, PoisonError, RwLock};

use model::CommitId;
use tokio::sync::{Mutex, RwLock as AsyncRwLock, RwLockReadGuard};

use crate::git::{Call, GitError};

pub(crate) use children::{Child, ChildKind};

pub use branch_name::{BranchName, InvalidBranch};
pub use commit::{CommitDraft, Identity};
pub use credentials::{Credentials, Secret};
pub use error::MirrorError;
pub use fetch::Fetched;
pub use history::CommitInfo;
pub use limits::Limits;
pub use new_branch::NewBranch;
pub use push::PushOutcome;
pub use read::TreeEntry;
pub use remote_url::{InvalidUrl, RemoteUrl, Transport};

use files::DirLock;
use remote::Remote;
use together::Readings;

/// A bare mirror of one branch. Cheap to clone; all clones are the same mirror.
#[derive(Debug, Clone)]
pub struct Mirror {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    branch: BranchName,
    remote: Remote,
    limits: Limits,
    head: RwLock<CommitId>,
    fetches: AtomicU32,
    readings: Readings,
    /// Held by whoever changes the mirror or pushes from it.
    work: Mutex<()>,
    /// Held for reading by every run of git in `dir`, for writing while the directory is swapped.
    swap: AsyncRwLock<()>,
    _lock: DirLock,
}

impl Mirror {
    /// Opens the mirror in `dir`, which belongs to us alone: clones what is missing, and clones again what is damaged.
    ///
    /// A healthy mirror opens without asking the remote.
    pub async fn open(
        dir: &Path,
        url: RemoteUrl,
        branch: BranchName,
        credentials: Credentials,
        limits: Limits,
    ) -> Result<Self, MirrorError> {
        let lock = DirLock::take(dir)?;
        let remote = Remote::new(url, &credentials, &files::beside(dir, "home"))?;
        let head = open::prepare(dir, &remote, &branch, &limits).await?;
        let inner = Inner {
            dir: dir.to_owned(),
            branch,
            remote,
            limits,
            head: RwLock::new(head),
            fetches: AtomicU32::new(0),
            readings: Readings::default(),
            work: Mutex::new(()),
            swap: AsyncRwLock::new(()),
            _lock: lock,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The newest accepted commit of the branch.
    pub fn head(&self) -> CommitId {
        self.inner.head.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where the remote is.
    pub fn url(&self) -> &RemoteUrl {
        &self.inner.remote.url
    }

    /// The branch that is mirrored.
    pub fn branch(&self) -> &BranchName {
        &self.inner.branch
    }

    fn set_head(&self, head: &CommitId) {
        head.clone_into(&mut self.inner.head.write().unwrap_or_else(PoisonError::into_inner));
    }

    async fn in_place(&self) -> RwLockReadGuard<'_, ()> {
        self.inner.swap.read().await
    }

    /// A run of git in the mirror that talks to nobody.
    fn local(&self, subcommand: &str, action: &'static str) -> Call<'_> {
        self.inner.remote.git.call(subcommand, action).dir(&self.inner.dir).within(self.inner.limits.local)
    }

    /// A run of git in the mirror that may talk to the remote.
    fn distant(&self, subcommand: &str, action: &'static str) -> Call<'_> {
        self.inner.remote.call(subcommand, action, &self.inner.dir, &self.inner.limits)
    }
}

/// The ref that holds the head that we accepted.
fn accepted_ref(branch: &BranchName) -> String {
    format!("refs/pinnace/accepted/{branch}")
}

/// The ref that holds what the remote was last seen to have.
fn fetched_ref(branch: &BranchName) -> String {
    format!("refs/pinnace/fetched/{branch}")
}

/// Reads a commit id that git printed.
fn printed_id(text: &str, action: &'static str) -> Result<CommitId, MirrorError> {
    let words = || GitError::Failed { action, code: Some(0), words: "an answer that is not a commit id".to_owned() };
    text.trim().parse().map_err(|_| MirrorError::Git(words()))
}
