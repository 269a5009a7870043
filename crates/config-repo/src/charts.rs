//! Charts that lie elsewhere: in a registry, or in a chart repository. The config says which versions may be used, the lock file
//! which one is.
//!
//! On the path of a candidate this stands before the render: a range is resolved by `pinnace charts lock` and by nobody else, so
//! that what is rendered follows from the commit alone.

mod index;
mod lock;
mod pinned;
mod place;
mod range;
mod version;

pub use index::{ChartIndex, IndexError, Published};
pub use lock::{ChartLock, LockError, LockProblem, LockedChart};
pub use pinned::{PinnedChart, PinnedError};
pub use place::{ChartPlace, InvalidPlace};
pub use range::{InvalidRange, VersionRange};
pub use version::{ChartVersion, InvalidVersion};

/// A chart that lies elsewhere, as a source names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteChart {
    /// Where it lies.
    pub place: ChartPlace,
    /// The versions that may be used.
    pub range: VersionRange,
    /// The file of the config repo in which the version of one instance stands; none means the lock file.
    pub pinned: Option<String>,
}
