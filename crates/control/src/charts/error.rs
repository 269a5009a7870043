//! Why there is no archive of a chart, and what to do about it.

use config_repo::charts::{LockError, LockProblem, PinnedError};
use model::Digest;
use render::engine::ArchiveError;

use crate::registry::ResolveError;

/// Why a chart from elsewhere can't be had. The texts are for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChartError {
    /// No version follows from the commit.
    #[error(transparent)]
    Locked(#[from] LockProblem),
    /// The lock file can't be read.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The file of an instance can't be read.
    #[error(transparent)]
    Pinned(#[from] PinnedError),
    /// The file of an instance is not there.
    #[error(
        "there is no `{file}`, where the version of the chart `{chart}` stands: run `pinnace charts lock` and commit it"
    )]
    NoPinned {
        /// The file.
        file: String,
        /// The chart.
        chart: String,
    },
    /// The registry or repository has no such version.
    #[error(
        "there is no version {version} of the chart `{chart}` ({answer}): was it taken back? run `pinnace charts outdated`"
    )]
    NoVersion {
        /// The chart.
        chart: String,
        /// The version.
        version: String,
        /// What was answered.
        answer: String,
    },
    /// No version may be used.
    #[error("no version of the chart `{chart}` is in `{range}`{}: correct its `version` in pinnace.yaml", the_newest(.newest.as_deref()))]
    NoneInRange {
        /// The chart.
        chart: String,
        /// The range.
        range: String,
        /// The newest one that there is.
        newest: Option<String>,
    },
    /// Other bytes than those that were locked.
    #[error(
        "version {version} of the chart `{chart}` is not what was locked: the lock says {locked}, it is {found} now; somebody pushed it again. Look at what changed before you run `pinnace charts lock --update`"
    )]
    Mismatch {
        /// The chart.
        chart: String,
        /// The version.
        version: String,
        /// The digest that stands in git.
        locked: Digest,
        /// The digest of what came.
        found: Digest,
    },
    /// What came is no chart, or another one, or worse.
    #[error("the archive of version {version} of the chart `{chart}` is refused: {why}")]
    Archive {
        /// The chart.
        chart: String,
        /// The version.
        version: String,
        /// Why.
        why: ArchiveError,
    },
    /// More bytes than an archive may have.
    #[error("{what} of the chart repository `{host}` has more than {} MiB and is not read", .limit >> 20)]
    TooLarge {
        /// Who was asked.
        host: String,
        /// What was read.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The registry's words.
    #[error(transparent)]
    Registry(#[from] ResolveError),
    /// The chart repository gives no usable answer.
    #[error("the chart repository `{host}` {reason}")]
    Refused {
        /// Who was asked.
        host: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// No answer, now.
    #[error("the chart repository `{host}` can't be asked: {reason}")]
    Unreachable {
        /// Who was asked.
        host: String,
        /// What happened.
        reason: String,
    },
}

impl ChartError {
    /// Whether what stands in git is at fault, or what lies under it elsewhere: then it stays so until somebody changes it.
    pub fn is_content(&self) -> bool {
        match self {
            Self::Registry(error) => {
                !error.may_pass() && !matches!(error, ResolveError::Setup { .. } | ResolveError::Unauthorized { .. })
            }
            // A login may be put right without a commit.
            Self::Refused { .. } | Self::Unreachable { .. } => false,
            _ => true,
        }
    }

    /// Whether the other side did not answer, so that asking it again at once makes no sense.
    pub(super) fn is_silence(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Registry(error) => error.may_pass() && !matches!(error, ResolveError::NotFound { .. }),
            _ => false,
        }
    }
}

fn the_newest(version: Option<&str>) -> String {
    version.map_or_else(String::new, |version| format!(" (the newest is {version})"))
}
