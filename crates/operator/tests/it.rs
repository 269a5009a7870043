//! The kinds against a real API server, and what is made of an App.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail as loudly as the test")]

mod it {
    mod apps;
    mod backups;
    mod beside;
    mod build;
    mod crds;
    mod databases;
    mod definitions;
    mod endings;
    mod field;
    mod golden;
    mod kept;
    mod lives;
    mod local;
    mod local_databases;
    mod lost_servers;
    mod older;
    mod once;
    mod rds_databases;
    mod redises;
    mod server;
    mod several;
    mod validation;
    mod vhosts;
}
