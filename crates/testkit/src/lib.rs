//! A real API server, real git remotes, a real registry and fakes of chats that speak the real protocol, for tests and the demo.

pub mod charts;
pub mod crash;
mod desk;
pub mod devcluster;
pub mod engines;
pub mod fleet;
mod git_http;
mod git_remote;
mod go_build;
pub mod moto;
pub mod operated;
pub mod postgres;
pub mod rabbit;
pub mod real_node;
pub mod registry;
pub mod served;
pub mod shop;
mod silent;
pub mod slack;
mod sshd;
mod supervised;
mod tls;
pub mod unprivileged;
pub mod world;

pub use desk::Desk;
pub use devcluster::DevCluster;
pub use fleet::Fleet;
pub use git_http::{GitFault, GitHttp};
pub use git_remote::{GitRemote, GitRemoteError, Person};
pub use moto::DevMoto;
pub use postgres::DevPostgres;
pub use rabbit::DevRabbit;
pub use real_node::RealNode;
pub use registry::DevRegistry;
pub use served::Served;
pub use shop::Shop;
pub use silent::SilentPeer;
pub use slack::FakeSlack;
pub use sshd::Sshd;
pub use tls::TestCertificate;
pub use world::World;

/// Bytes as hashes are written.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
