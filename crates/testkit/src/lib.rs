//! A real API server, real git remotes, a real registry and fakes of chats that speak the real protocol, for tests and the demo.

mod git_http;
mod git_remote;
mod silent;
mod sshd;

pub use git_http::{GitFault, GitHttp};
pub use git_remote::{GitRemote, GitRemoteError, Person};
pub use silent::SilentPeer;
pub use sshd::Sshd;
