//! A real API server, real git remotes, a real registry and fakes of chats that speak the real protocol, for tests and the demo.

mod git_http;
mod git_remote;
mod silent;
mod sshd;

pub use git_http::{GitFault, GitHttp};
pub use git_remote::{GitRemote, GitRemoteError, Person};
pub use silent::SilentPeer;
pub use sshd::Sshd;
pub mod devcluster;
pub mod registry;
mod supervised;

pub use devcluster::DevCluster;
pub use registry::DevRegistry;

/// Bytes as hashes are written.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
pub mod slack;

pub use slack::FakeSlack;
