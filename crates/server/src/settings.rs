//! What the HTTP side is started with.

use std::collections::BTreeMap;
use std::path::PathBuf;

use model::ProjectName;
use tokio::net::TcpListener;
use webhooks::SenderKeys;

/// What does not change while the server runs.
#[derive(Debug, Default)]
pub struct ServerSettings {
    /// What the senders of each project prove themselves with. A project without keys takes no builds.
    pub senders: BTreeMap<ProjectName, SenderKeys>,
    /// What the host of the config repo proves itself with when it says that somebody pushed.
    pub push_keys: SenderKeys,
    /// Whether people who are not signed in may look. They may never act.
    pub public_read: bool,
    /// Where `/metrics` is served; none means nowhere.
    pub metrics_listener: Option<TcpListener>,
    /// Slack's signing secret; none means that clicks come by Socket Mode and the HTTP address does not exist.
    pub slack_signing_secret: Option<chat::slack::Token>,
    /// The socket of the demo's desk; none outside of a demo.
    pub demo_desk: Option<PathBuf>,
}
