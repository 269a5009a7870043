//! The crate against a real API server with controllers and simulated nodes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail as loudly as the test")]

mod api {
    mod apply;
    mod common;
    mod drift;
    mod dry_run;
    mod inventory;
    mod logins;
    mod prune;
    mod rights;
    mod watch;
    mod workloads;
}
