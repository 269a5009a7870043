//! How long and how much: every run of git and every answer has a bound.

use std::time::Duration;

/// Bounds of a mirror. The default fits a config repo of some hundred megabytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The first clone, or a clone that heals a broken mirror.
    pub clone: Duration,
    /// One fetch or one push.
    pub network: Duration,
    /// After so many fetches the mirror is packed again if that is worth it.
    pub fetches_per_packing: u32,
    /// One local run of git.
    pub local: Duration,
    /// The most that is taken from the remote at once, packed.
    pub pack_bytes: u64,
    /// The longest file that is read or written.
    pub file_bytes: u64,
    /// The longest sum of files read at once.
    pub total_bytes: u64,
    /// The most files listed or read at once.
    pub files: usize,
    /// Where a git diff is cut.
    pub diff_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            clone: Duration::from_mins(10),
            network: Duration::from_mins(1),
            fetches_per_packing: 50,
            local: Duration::from_secs(30),
            pack_bytes: 4 << 30,
            file_bytes: 2 << 20,
            total_bytes: 50 << 20,
            files: 10_000,
            diff_bytes: 256 << 10,
        }
    }
}
