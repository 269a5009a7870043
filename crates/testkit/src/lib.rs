//! A real API server, real git remotes, a real registry and fakes of chats that speak the real protocol, for tests and the demo.

mod git_remote;

pub use git_remote::{GitRemote, GitRemoteError, Person};
