//! The benchmarks: the shipped binary on real parts, measured from outside, printed with the machine that they ran on.
//!
//! `cargo xtask bench` runs them; `docs/benchmarks.md` keeps what they printed.

mod figures;
mod machine;
pub mod pin;
