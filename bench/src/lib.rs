//! The benchmarks: the shipped binary on real parts, measured from outside, printed with the machine that they ran on.
//!
//! `cargo xtask bench` runs them; `docs/benchmarks.md` keeps what they printed.

pub mod apps;
pub mod drift;
pub mod faults;
mod figures;
pub mod fleet;
mod machine;
pub mod page;
pub mod pin;
pub mod reconcile;
mod watched;

use std::path::PathBuf;

/// The binary to measure.
#[derive(Debug, Clone)]
pub struct Binary {
    /// Where it is.
    pub path: PathBuf,
    /// The profile that it was built with.
    pub profile: &'static str,
}
