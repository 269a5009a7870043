//! The life of a pin, scenario by scenario, against a real API server, a real git remote and a real registry.
//!
//! Each scenario ends with git, cluster and database in agreement.
#![cfg(test)]

mod failures;
mod hands;
mod pins;
mod rule_g;
mod supersede;
mod unpin;
mod unrecorded;
