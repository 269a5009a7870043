//! A repository that a kustomization takes a base from: one commit of it, fetched once, read like a commit of the config repo.

use std::path::Path;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, RwLock};

use model::CommitId;
use tokio::sync::{Mutex, RwLock as AsyncRwLock};

use crate::git::GitError;

use super::files::{DirLock, beside, remove_stale_locks};
use super::remote::Remote;
use super::together::Readings;
use super::{BranchName, Credentials, Inner, Limits, Mirror, MirrorError, RemoteUrl, open, printed_id};

impl Mirror {
    /// Opens a mirror of another repository in `dir`, which belongs to us alone, at a tag or a whole commit id. What was fetched
    /// before is not asked for again: a tag that was moved since does not move what runs.
    pub async fn open_base(
        dir: &Path,
        url: RemoteUrl,
        at: &BranchName,
        limits: Limits,
    ) -> Result<(Self, CommitId), MirrorError> {
        let lock = DirLock::take(dir)?;
        let remote = Remote::new(url, &Credentials::none(), &beside(dir, "home"))?;
        if dir.join("HEAD").exists() {
            remove_stale_locks(dir);
        } else {
            open::init(dir, &remote, "sha1").await?;
        }
        let head = if let Some(head) = there(dir, &remote, at, &limits).await {
            head
        } else {
            fetch(dir, &remote, at, &limits).await?;
            let lost = || MirrorError::Corrupt { words: format!("`{at}` was fetched and is not there") };
            there(dir, &remote, at, &limits).await.ok_or_else(lost)?
        };
        let inner = Inner {
            dir: dir.to_owned(),
            branch: at.clone(),
            remote,
            limits,
            head: RwLock::new(head.clone()),
            fetches: AtomicU32::new(0),
            readings: Readings::default(),
            work: Mutex::new(()),
            swap: AsyncRwLock::new(()),
            _lock: lock,
        };
        Ok((Self { inner: Arc::new(inner) }, head))
    }
}

/// The ref under which it is kept.
fn kept(at: &BranchName) -> String {
    format!("refs/pinnace/base/{at}")
}

async fn there(dir: &Path, remote: &Remote, at: &BranchName, limits: &Limits) -> Option<CommitId> {
    let action = "read the commit of a base";
    let name = format!("{}^{{commit}}", kept(at));
    let call = remote.git.call("rev-parse", action).dir(dir).within(limits.local);
    let id = printed_id(&call.args(["--verify", "--quiet", &name]).text().await.ok()?, action).ok()?;
    // A commit id is what it says.
    let wanted: Option<CommitId> = at.as_str().parse().ok();
    wanted.is_none_or(|wanted| wanted == id).then_some(id)
}

async fn fetch(dir: &Path, remote: &Remote, at: &BranchName, limits: &Limits) -> Result<(), MirrorError> {
    let is_commit = at.as_str().parse::<CommitId>().is_ok();
    let from = if is_commit { at.to_string() } else { format!("refs/tags/{at}") };
    let refspec = format!("+{from}:{}", kept(at));
    let call = remote.call("fetch", "fetch a base", dir, limits);
    let call = call.args([
        "--no-tags",
        "--depth=1",
        "--no-write-fetch-head",
        "--no-auto-maintenance",
        "--no-recurse-submodules",
        "--quiet",
    ]);
    match call.outside([remote.url.for_git(), &refspec]).bytes().await {
        Ok(_) => Ok(()),
        Err(GitError::Failed { words, .. }) if is_missing(&words) => {
            Err(MirrorError::BaseMissing { url: remote.url.clone(), at: at.to_string() })
        }
        Err(error) => Err(remote.explain(error)),
    }
}

fn is_missing(words: &str) -> bool {
    ["couldn't find remote ref", "not our ref", "no such remote ref", "not a valid object"]
        .iter()
        .any(|said| words.contains(said))
}
