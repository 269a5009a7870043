//! What the fake remembers.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::FakeSlack;

/// A message in a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Posted {
    /// Its id within the channel.
    pub ts: String,
    /// The bot that wrote it.
    pub bot: String,
    /// Its text.
    pub text: String,
    /// Its blocks; null when it has none.
    pub blocks: Value,
    /// Its metadata; null when it has none.
    pub metadata: Value,
    /// The texts that it had before it was edited, oldest first.
    pub before: Vec<String>,
}

impl Posted {
    /// The action ids of its buttons.
    pub fn buttons(&self) -> Vec<String> {
        let elements = |block: &Value| block["elements"].as_array().cloned().unwrap_or_default();
        let blocks = self.blocks.as_array().into_iter().flatten();
        let actions = blocks.filter(|block| block["type"] == "actions").flat_map(elements);
        actions.filter_map(|element| element["action_id"].as_str().map(str::to_owned)).collect()
    }
}

/// What was said to one person only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ephemeral {
    /// Where.
    pub channel: String,
    /// To whom.
    pub user: String,
    /// What.
    pub text: String,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeUser {
    /// Its id.
    pub id: String,
    /// Its workspace.
    pub team: String,
    /// Its name.
    pub name: String,
    /// A guest.
    pub guest: bool,
    /// A program.
    pub bot: bool,
}

/// What goes wrong with one call.
#[derive(Debug)]
pub(super) enum Fault {
    Error(String),
    RateLimit(u64),
    LoseAnswer,
}

#[derive(Debug)]
pub(super) struct Channel {
    pub(super) name: String,
    pub(super) messages: Vec<Posted>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) channels: BTreeMap<String, Channel>,
    pub(super) users: BTreeMap<String, FakeUser>,
    pub(super) ephemerals: Vec<Ephemeral>,
    pub(super) calls: Vec<String>,
    pub(super) faults: HashMap<String, VecDeque<Fault>>,
    pub(super) stalled: HashSet<String>,
    pub(super) down: bool,
    pub(super) interactivity: Option<String>,
    /// Connected sockets by number, each with what is to be said on it. Removing one cuts it.
    pub(super) sockets: BTreeMap<u64, mpsc::UnboundedSender<Value>>,
    pub(super) next_socket: u64,
    pub(super) tickets: HashSet<String>,
    pub(super) unacked: HashSet<String>,
    pub(super) next_envelope: u64,
    last_ts: u128,
}

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) changed: watch::Sender<()>,
    pub(super) socket_address: SocketAddr,
}

impl Shared {
    pub(super) fn new(socket_address: SocketAddr) -> Self {
        let mut state = State::default();
        let channel = Channel { name: "deploys".to_owned(), messages: Vec::new() };
        state.channels.insert(FakeSlack::DEPLOYS.to_owned(), channel);
        for (id, team, name) in [
            (FakeSlack::ANN, FakeSlack::TEAM, "ann"),
            (FakeSlack::BO, FakeSlack::TEAM, "bo"),
            (FakeSlack::STRANGER, "T0ELSEWHERE", "mallory"),
        ] {
            let (id, team, name) = (id.to_owned(), team.to_owned(), name.to_owned());
            state.users.insert(id.clone(), FakeUser { id, team, name, guest: false, bot: false });
        }
        Self { state: Mutex::new(state), changed: watch::Sender::new(()), socket_address }
    }

    /// Look at it or change it; whoever waits looks again.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let done = act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_replace(());
        done
    }

    /// Look at it, without telling anybody.
    pub(super) fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    pub(super) fn add_channel(&mut self, name: &str) -> String {
        let id = format!("C0MORE{:04}", self.channels.len());
        self.channels.insert(id.clone(), Channel { name: name.to_owned(), messages: Vec::new() });
        id
    }

    /// The id of a channel that is named by id, or by name with or without `#`.
    pub(super) fn channel_id(&self, text: &str) -> Option<String> {
        let name = text.trim_start_matches('#');
        let named = |(id, channel): &(&String, &Channel)| id.as_str() == text || channel.name == name;
        self.channels.iter().find(named).map(|(id, _)| id.clone())
    }

    pub(super) fn post(
        &mut self,
        channel: &str,
        bot: &str,
        text: &str,
        blocks: Value,
        metadata: Value,
    ) -> Option<String> {
        let ts = self.next_ts();
        let (bot, text) = (bot.to_owned(), text.to_owned());
        let posted = Posted { ts: ts.clone(), bot, text, blocks, metadata, before: Vec::new() };
        self.channels.get_mut(channel)?.messages.push(posted);
        Some(ts)
    }

    pub(super) fn message(&mut self, channel: &str, ts: &str) -> Option<&mut Posted> {
        self.channels.get_mut(channel)?.messages.iter_mut().find(|message| message.ts == ts)
    }

    pub(super) fn say_to_all(&mut self, what: &Value) {
        self.sockets.retain(|_, socket| socket.send(what.clone()).is_ok());
    }

    /// Slack's ids of messages are times to the microsecond, each later than the one before.
    fn next_ts(&mut self) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
        self.last_ts = now.max(self.last_ts + 1);
        format!("{}.{:06}", self.last_ts / 1_000_000, self.last_ts % 1_000_000)
    }
}
