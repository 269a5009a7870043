//! What can go wrong between us and the config repo: each says what failed, why, and what to do next.

use std::path::PathBuf;
use std::time::Duration;

use model::CommitId;

use crate::git::GitError;

use super::{BranchName, RemoteUrl};

/// A verb of the mirror that could not be done.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// A run of git failed for a reason without a variant of its own.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file or directory could not be used.
    #[error("failed to {action} `{}`; check the rights and the space of that disk", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process, or another part of this one, has this mirror open.
    #[error("the mirror `{}` is already open; stop the other process or give this one a directory of its own", dir.display())]
    InUse {
        /// The mirror.
        dir: PathBuf,
    },
    /// The credentials can't be used as they are.
    #[error("the credentials for the config repo can't be used: {why}; {next}")]
    Credentials {
        /// What is wrong with them.
        why: &'static str,
        /// What to do.
        next: &'static str,
    },
    /// The remote did not answer, or broke off.
    #[error("can't reach the config repo {url}: {words}; check the address and the network, it is tried again")]
    Unreachable {
        /// The remote.
        url: RemoteUrl,
        /// Its words, or git's.
        words: String,
    },
    /// The remote did not answer in time; what was running was killed, and whether it took effect is not known.
    #[error("failed to {action}: {url} did not answer within {after:?}; check the network, it is tried again")]
    Timeout {
        /// The remote.
        url: RemoteUrl,
        /// What was tried.
        action: &'static str,
        /// The limit.
        after: Duration,
    },
    /// The remote does not know us, or does not let us.
    #[error("the config repo {url} refused our credentials: {words}; give a token or key that may read and push there")]
    Auth {
        /// The remote.
        url: RemoteUrl,
        /// Its words, or git's.
        words: String,
    },
    /// The SSH host key is unknown or has changed. Nothing was sent.
    #[error(
        "the SSH host key of {url} is not one we know: {words}; compare it with what the host publishes, then put the line that `ssh-keyscan` prints into the configured known hosts"
    )]
    HostKey {
        /// The remote.
        url: RemoteUrl,
        /// ssh's words.
        words: String,
    },
    /// The TLS certificate is not for that name, not from an authority that we believe, or out of date.
    #[error(
        "the certificate of {url} is not to be trusted: {words}; check the host's name, or configure the authority that signed it as CA file"
    )]
    Certificate {
        /// The remote.
        url: RemoteUrl,
        /// Git's words.
        words: String,
    },
    /// What the remote sends is longer than the limit.
    #[error("the config repo {url} sends more than is taken at once; keep large files out of it, or raise the limit")]
    RepositoryTooBig {
        /// The remote.
        url: RemoteUrl,
    },
    /// Our own disk is full.
    #[error("the disk that holds the mirror is full: {words}; make room, it is tried again")]
    DiskFull {
        /// Git's words.
        words: String,
    },
    /// There is no repository at that address.
    #[error("there is no config repo at {url}: {words}; check the path, and that the credentials may see it")]
    NotFound {
        /// The remote.
        url: RemoteUrl,
        /// Its words, or git's.
        words: String,
    },
    /// The remote sends us elsewhere. Not followed, so that no other host gets the token.
    #[error("the config repo {url} has moved: {words}; write its new address into the configuration")]
    Redirected {
        /// The remote.
        url: RemoteUrl,
        /// Git's words.
        words: String,
    },
    /// The remote has no such branch (any more).
    #[error("the config repo {url} has no branch `{branch}`; push that branch, or name another one")]
    BranchMissing {
        /// The remote.
        url: RemoteUrl,
        /// The branch.
        branch: BranchName,
    },
    /// A base is to be taken at what is neither a tag nor a commit there.
    #[error(
        "{url} has no tag and no commit `{at}`; a branch may move and is not taken: name a tag or a whole commit id as `ref`"
    )]
    BaseMissing {
        /// The remote.
        url: RemoteUrl,
        /// What was asked for.
        at: String,
    },
    /// The branch was force-pushed. The mirror stays on the old head until a person accepts the new one.
    #[error(
        "the history of `{branch}` was rewritten: {old} is not in the past of {new}; restore the branch, or look at it and `pinnace accept-rewrite {new}`"
    )]
    HistoryRewritten {
        /// The branch.
        branch: BranchName,
        /// The head that the mirror stays on.
        old: CommitId,
        /// The head that the remote has.
        new: CommitId,
    },
    /// The head to accept is not what the remote was last seen to have.
    #[error("the remote's head is no longer {asked}; fetch again and confirm what is there now")]
    NotTheRewrite {
        /// The head that was to be accepted.
        asked: CommitId,
    },
    /// The mirror is damaged beyond what opening it again repairs.
    #[error("the mirror of the config repo is damaged: {words}; it is cloned again when opened next")]
    Corrupt {
        /// Git's words.
        words: String,
    },
    /// No such commit in the mirror.
    #[error("the mirror has no commit {id}; fetch first, or check whether the history was rewritten")]
    UnknownCommit {
        /// The commit.
        id: CommitId,
    },
    /// A path that can't name something in a tree.
    #[error("`{path}` can't be a path in the config repo: {why}; write it relative to the root, as `apps/shop/prod`")]
    BadPath {
        /// The path.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A tree entry that is neither file nor directory.
    #[error("`{path}` is a {what}, which is not read; replace it by the files themselves")]
    NotAFile {
        /// Where it stands.
        path: String,
        /// `symbolic link` or `submodule`.
        what: &'static str,
    },
    /// A file over the limit.
    #[error("`{path}` is too big: {size} bytes, at most {limit} are read; move it out of the configured path")]
    TooBig {
        /// The file.
        path: String,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// More files, or more bytes in all, than the limit.
    #[error("there is too much below `{path}`: more than {limit} {unit}; narrow the configured path")]
    TooMuch {
        /// Where.
        path: String,
        /// The limit.
        limit: u64,
        /// `files` or `bytes`.
        unit: &'static str,
    },
    /// A commit that can't be made from this draft.
    #[error("the commit can't be made: {why}")]
    Draft {
        /// What is wrong, and what to do.
        why: String,
    },
    /// The draft changes nothing.
    #[error("the commit would change nothing: the files are already so in {parent}")]
    NothingToCommit {
        /// The parent of the draft.
        parent: CommitId,
    },
    /// A push whose commit does not stand directly on the head that it expects.
    #[error("{commit} does not stand on {expected}, so it is not pushed; make the commit again on the new head")]
    NotOnExpected {
        /// The commit.
        commit: CommitId,
        /// The head that the remote was expected to have.
        expected: CommitId,
    },
}
