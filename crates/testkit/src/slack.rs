//! A Slack of ours on loopback: the Web API, Socket Mode and signed callbacks as documented, every payload held against the
//! documented limits, and faults on command.
//!
//! It knows nothing of our chat crate: what it accepts is what Slack accepts, written down a second time on purpose.

mod interactivity;
mod limits;
mod socket;
mod state;
mod web;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

pub use limits::violations;
pub use state::{Ephemeral, FakeUser, Posted};
use state::{Fault, Shared};

/// The longest that a test waits for something that should happen at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the fake could not do.
#[derive(Debug, thiserror::Error)]
pub enum FakeSlackError {
    /// It could not start.
    #[error("failed to start the fake Slack")]
    Start(#[source] std::io::Error),
    /// A click on something that is not there.
    #[error("nobody can press {action:?} on message {message}: {why}")]
    NoSuchButton {
        /// The button's action id.
        action: String,
        /// The message's ts.
        message: String,
        /// What is missing.
        why: String,
    },
    /// Nobody to deliver a click to.
    #[error("no app is connected and no interactivity address is set")]
    NobodyListens,
    /// The callback could not be made.
    #[error("failed to call the interactivity address")]
    Callback(#[source] reqwest::Error),
    /// The app did not acknowledge in time.
    #[error("the click was not acknowledged in {0:?}: Slack would show a warning")]
    NotAcknowledged(Duration),
    /// What a test waited for did not come.
    #[error("waited {PATIENCE:?} for {0}")]
    Waited(String),
}

/// A click to be made.
#[derive(Debug, Clone)]
pub struct Click<'a> {
    /// The channel's id.
    pub channel: &'a str,
    /// The message's ts.
    pub message: &'a str,
    /// Which button.
    pub action: &'a str,
    /// Who presses: a user's id.
    pub user: &'a str,
    /// Another value than the button's: a forgery.
    pub forged_value: Option<&'a str>,
}

/// A running fake. It ends when it is dropped.
#[derive(Debug)]
pub struct FakeSlack {
    shared: Arc<Shared>,
    api: String,
    tasks: Vec<AbortHandle>,
}

impl FakeSlack {
    /// The bot's token.
    pub const BOT_TOKEN: &'static str = "xoxb-1-fake-bot-token";
    /// The app's token.
    pub const APP_TOKEN: &'static str = "xapp-1-fake-app-token";
    /// What callbacks are signed with.
    pub const SIGNING_SECRET: &'static str = "8f742231b10e8888abcd99yyyzzz85a5";
    /// The workspace.
    pub const TEAM: &'static str = "T0PINNACE";
    /// The channel `#deploys`.
    pub const DEPLOYS: &'static str = "C0DEPLOYS1";
    /// Ann, of our workspace.
    pub const ANN: &'static str = "U024BE7LH";
    /// Bo, of our workspace.
    pub const BO: &'static str = "U0BO00002";
    /// A person of another workspace, in a shared channel.
    pub const STRANGER: &'static str = "U0STRANGE";

    /// Start one: a workspace with `#deploys`, ann, bo and a stranger.
    pub async fn start() -> Result<Self, FakeSlackError> {
        let web = TcpListener::bind("127.0.0.1:0").await.map_err(FakeSlackError::Start)?;
        let sockets = TcpListener::bind("127.0.0.1:0").await.map_err(FakeSlackError::Start)?;
        let api = format!("http://{}/api/", web.local_addr().map_err(FakeSlackError::Start)?);
        let socket_address = sockets.local_addr().map_err(FakeSlackError::Start)?;
        let shared = Arc::new(Shared::new(socket_address));
        let app = web::router(Arc::clone(&shared));
        let serving = tokio::spawn(async move { drop(axum::serve(web, app).await) });
        let accepting = tokio::spawn(socket::accept(sockets, Arc::clone(&shared)));
        Ok(Self { shared, api, tasks: vec![serving.abort_handle(), accepting.abort_handle()] })
    }

    /// The base address of the Web API.
    pub fn api(&self) -> &str {
        &self.api
    }

    /// Clicks go to this address, signed, and no longer over the socket.
    pub fn send_clicks_to(&self, url: &str) {
        self.shared.with(|state| state.interactivity = Some(url.to_owned()));
    }

    /// One more channel that the bot is in; its id.
    pub fn add_channel(&self, name: &str) -> String {
        self.shared.with(|state| state.add_channel(name))
    }

    /// One more user.
    pub fn add_user(&self, user: FakeUser) {
        self.shared.with(|state| state.users.insert(user.id.clone(), user));
    }

    /// Somebody else's app posts a message with this metadata.
    pub fn post_as_other_app(&self, channel: &str, text: &str, metadata: Value) -> Option<String> {
        self.shared.with(|state| state.post(channel, "B0OTHER", text, Value::Null, metadata))
    }

    /// The messages of a channel, oldest first.
    pub fn messages(&self, channel: &str) -> Vec<Posted> {
        self.shared.with(|state| state.channels.get(channel).map(|found| found.messages.clone())).unwrap_or_default()
    }

    /// What was said to one person only.
    pub fn ephemerals(&self) -> Vec<Ephemeral> {
        self.shared.with(|state| state.ephemerals.clone())
    }

    /// How often a method was called, faults included.
    pub fn calls(&self, method: &str) -> usize {
        self.shared.with(|state| state.calls.iter().filter(|call| *call == method).count())
    }

    /// Clicks that were delivered over the socket and not acknowledged yet.
    pub fn unacked(&self) -> usize {
        self.shared.with(|state| state.unacked.len())
    }

    /// How many sockets are connected.
    pub fn connections(&self) -> usize {
        self.shared.with(|state| state.sockets.len())
    }

    /// How many sockets were ever connected.
    pub fn connections_ever(&self) -> u64 {
        self.shared.with(|state| state.next_socket)
    }

    /// The next call of this method answers with this error, and nothing happens.
    pub fn fail_next(&self, method: &str, error: &str) {
        self.fault(method, Fault::Error(error.to_owned()));
    }

    /// The next call of this method is answered with 429 and so many seconds, and nothing happens.
    pub fn rate_limit(&self, method: &str, seconds: u64) {
        self.fault(method, Fault::RateLimit(seconds));
    }

    /// The next call of this method has its effect, and the connection is cut before the answer.
    pub fn drop_answer_after_effect(&self, method: &str) {
        self.fault(method, Fault::LoseAnswer);
    }

    /// Calls of this method get no answer and have no effect until [`release`](Self::release).
    pub fn stall(&self, method: &str) {
        self.shared.with(|state| state.stalled.insert(method.to_owned()));
    }

    /// Stalled calls go on.
    pub fn release(&self, method: &str) {
        self.shared.with(|state| state.stalled.remove(method));
    }

    /// All of it is away, or back: calls are cut without effect, sockets are cut and none is taken.
    pub fn set_down(&self, down: bool) {
        self.shared.with(|state| {
            state.down = down;
            if down {
                state.sockets.clear();
            }
        });
    }

    /// Slack asks each app to connect again (`warning`, `refresh_requested`, `link_disabled`). The old socket stays open.
    pub fn ask_to_reconnect(&self, reason: &str) {
        self.shared.with(|state| state.say_to_all(&serde_json::json!({"type": "disconnect", "reason": reason})));
    }

    /// Cut each socket without a word.
    pub fn cut_sockets(&self) {
        self.shared.with(|state| state.sockets.clear());
    }

    /// Each socket stays open and says nothing more, not even an answer to a ping: a half-open connection.
    pub fn mute_sockets(&self) {
        self.shared.with(|state| state.say_to_all(&Value::Null));
    }

    /// Somebody presses a button, and Slack waits for the acknowledgement: how long that took.
    pub async fn click(&self, click: &Click<'_>) -> Result<Duration, FakeSlackError> {
        interactivity::click(&self.shared, click).await
    }

    /// Press `action` on the newest message of the channel.
    pub async fn press(&self, channel: &str, action: &str, user: &str) -> Result<Duration, FakeSlackError> {
        let newest = self.messages(channel).pop().map(|message| message.ts).unwrap_or_default();
        self.click(&Click { channel, message: &newest, action, user, forged_value: None }).await
    }

    /// Wait until something holds. It is looked at again whenever anything changed here.
    pub async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) -> Result<(), FakeSlackError> {
        let mut changed = self.shared.changed.subscribe();
        let wait = async {
            while !holds(self) {
                if changed.changed().await.is_err() {
                    break;
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.map_err(|_| FakeSlackError::Waited(what.to_owned()))
    }

    fn fault(&self, method: &str, fault: Fault) {
        self.shared.with(|state| state.faults.entry(method.to_owned()).or_default().push_back(fault));
    }
}

impl Drop for FakeSlack {
    fn drop(&mut self) {
        self.shared.with(|state| state.sockets.clear());
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Query or form fields, or a JSON object: what a call was given.
type Arguments = BTreeMap<String, Value>;
