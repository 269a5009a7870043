//! The life of a pin, scenario by scenario, against a real API server, a real git remote and a real registry.
//!
//! Each scenario ends with git, cluster and database in agreement.
#![cfg(test)]
#![expect(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod pins;
