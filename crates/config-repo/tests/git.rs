//! The mirror against real remotes: files, smart HTTP and SSH.

#[path = "git/common.rs"]
mod common;
#[path = "git/file_remote.rs"]
mod file_remote;
