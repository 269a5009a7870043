//! The life of a pin, scenario by scenario, against a real API server, a real git remote and a real registry.
//!
//! Each scenario ends with git, cluster and database in agreement.
#![cfg(test)]

mod adopt;
mod api_crashes;
mod api_faults;
mod apps;
mod asks;
mod credentials;
mod drift;
mod failures;
mod first_install;
mod fleet;
mod hands;
mod instances;
mod needs;
mod outside;
mod pins;
mod plans;
mod pushed;
mod quarantine;
mod recovery;
mod references;
mod replace;
mod repo_faults;
mod restarts;
mod restore;
mod rolled;
mod rule_g;
mod sealed;
mod stateful;
mod steps;
mod supersede;
mod two_clusters;
mod unpin;
mod unrecorded;
mod write_drift;
