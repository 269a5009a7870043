//! The mirror against real remotes: files, smart HTTP and SSH.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests")]

#[path = "git/common.rs"]
mod common;
#[path = "git/damage.rs"]
mod damage;
#[path = "git/file_remote.rs"]
mod file_remote;
#[path = "git/hostile_content.rs"]
mod hostile_content;
#[path = "git/http_remote.rs"]
mod http_remote;
#[path = "git/https_remote.rs"]
mod https_remote;
#[path = "git/hung_remote.rs"]
mod hung_remote;
#[path = "git/instances.rs"]
mod instances;
#[path = "git/ssh_remote.rs"]
mod ssh_remote;
