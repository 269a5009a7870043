//! Slack: Block Kit messages, the Web API, Socket Mode, and the signed HTTP callback as the option.

mod api;
mod blocks;
mod callback;
mod limits;
mod manifest;
mod payload;
mod settings;
mod socket;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use model::{PinId, Timestamp};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;

use crate::{ChatError, Interaction, Message, MessageRef};
use api::{Api, Body};

pub use callback::{Callback, CallbackError, verify_http};
pub use manifest::manifest;
pub use payload::InvalidPayload;
pub use settings::{Settings, Times, Token};

/// Its name in `pinnace.yaml`.
pub const NAME: &str = "slack";

/// The kind of our metadata: what a message is found by whose answer was lost.
const METADATA: &str = "pinnace_pin";
/// Pages that are looked through for a message or a channel: 200 of them each.
const PAGES: usize = 10;
const PER_PAGE: &str = "200";

/// A workspace of Slack.
#[derive(Debug)]
pub struct Slack {
    api: Api,
    app_token: Option<Token>,
    times: Times,
    channels: Mutex<HashMap<String, String>>,
    identity: tokio::sync::OnceCell<Identity>,
}

/// Who we are in Slack.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Identity {
    /// The workspace: clicks from another one are refused.
    #[serde(rename = "team_id")]
    pub team: String,
    /// The bot as a user.
    #[serde(rename = "user_id")]
    pub user: String,
    /// The bot as the author of messages.
    #[serde(rename = "bot_id", default)]
    pub bot: String,
}

/// What Slack says of an account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// The workspace that it belongs to.
    #[serde(rename = "team_id", default)]
    pub team: String,
    /// The name that people see.
    #[serde(default)]
    pub name: String,
    /// A program.
    #[serde(rename = "is_bot", default)]
    pub bot: bool,
    /// A guest, who sees only some channels.
    #[serde(rename = "is_restricted", default)]
    pub guest: bool,
    /// No longer there.
    #[serde(default)]
    pub deleted: bool,
}

impl Slack {
    /// Ready to call; nothing is sent yet.
    pub fn new(settings: Settings) -> Result<Self, ChatError> {
        Ok(Self {
            api: Api::new(&settings.api, settings.bot_token, settings.times.call)?,
            app_token: settings.app_token,
            times: settings.times,
            channels: Mutex::default(),
            identity: tokio::sync::OnceCell::new(),
        })
    }

    /// Who we are. Asked once.
    pub async fn identity(&self) -> Result<&Identity, ChatError> {
        self.identity.get_or_try_init(|| self.api.call("auth.test", Body::Form(&[]))).await
    }

    /// What Slack says of an account.
    pub async fn account(&self, user: &str) -> Result<Account, ChatError> {
        #[derive(Deserialize)]
        struct Answer {
            user: Account,
        }
        let answer: Answer = self.api.call("users.info", Body::Form(&[("user", user)])).await?;
        Ok(answer.user)
    }

    pub(crate) async fn post(&self, channel: &str, message: &Message, key: &PinId) -> Result<MessageRef, ChatError> {
        #[derive(Deserialize)]
        struct Answer {
            channel: String,
            ts: String,
        }
        let channel = self.channel_id(channel).await?;
        let (text, blocks) = blocks::render(message);
        let body = json!({
            "channel": channel, "text": text, "blocks": blocks,
            "parse": "none", "link_names": false, "unfurl_links": false, "unfurl_media": false,
            "metadata": {"event_type": METADATA, "event_payload": {"pin": key.as_str()}},
        });
        let answer: Answer = self.api.call("chat.postMessage", Body::Json(&body)).await?;
        Ok(MessageRef { channel: answer.channel, message: answer.ts })
    }

    pub(crate) async fn edit(&self, at: &MessageRef, message: &Message) -> Result<(), ChatError> {
        let (text, blocks) = blocks::render(message);
        // Without `metadata` Slack keeps what the message has.
        let body = json!({
            "channel": at.channel, "ts": at.message, "text": text, "blocks": blocks,
            "parse": "none", "link_names": false,
        });
        self.api.call::<serde::de::IgnoredAny>("chat.update", Body::Json(&body)).await.map(|_| ())
    }

    pub(crate) async fn whisper(&self, channel: &str, user: &str, text: &str) -> Result<(), ChatError> {
        let channel = self.channel_id(channel).await?;
        let text = limits::marked(text, limits::TEXT);
        let body = json!({"channel": channel, "user": user, "text": text, "parse": "none", "link_names": false});
        self.api.call::<serde::de::IgnoredAny>("chat.postEphemeral", Body::Json(&body)).await.map(|_| ())
    }

    pub(crate) async fn find(
        &self,
        channel: &str,
        key: &PinId,
        since: Timestamp,
    ) -> Result<Vec<MessageRef>, ChatError> {
        let channel = self.channel_id(channel).await?;
        let us = self.identity().await?.bot.clone();
        // Their clock may be behind ours.
        let oldest = (since.seconds() - 300).max(0).to_string();
        let mut found = Vec::new();
        let mut cursor = String::new();
        for _ in 0..PAGES {
            let form = [
                ("channel", channel.as_str()),
                ("oldest", &oldest),
                ("limit", PER_PAGE),
                ("include_all_metadata", "true"),
                ("cursor", &cursor),
            ];
            let page: History = self.api.call("conversations.history", Body::Form(&form)).await?;
            let ours = page.messages.into_iter().filter(|posted| posted.bot_id == us && posted.is_about(key));
            found.extend(ours.map(|posted| MessageRef { channel: channel.clone(), message: posted.ts }));
            cursor = page.response_metadata.next_cursor;
            if cursor.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    pub(crate) async fn listen(&self, clicks: mpsc::Sender<Interaction>) {
        let Some(app_token) = &self.app_token else { return };
        socket::listen(&self.api, app_token, self.times, clicks).await;
    }

    /// The id of a channel that people name `#deploys`.
    async fn channel_id(&self, channel: &str) -> Result<String, ChatError> {
        let name = channel.trim_start_matches('#');
        if name == channel && is_channel_id(channel) {
            return Ok(channel.to_owned());
        }
        if let Some(id) = self.channels.lock().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(id.clone());
        }
        let id = self.look_up_channel(name).await?;
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), id.clone());
        Ok(id)
    }

    async fn look_up_channel(&self, name: &str) -> Result<String, ChatError> {
        let mut cursor = String::new();
        for _ in 0..PAGES {
            let form = [
                ("types", "public_channel,private_channel"),
                ("exclude_archived", "true"),
                ("limit", PER_PAGE),
                ("cursor", &cursor),
            ];
            let page: Channels = self.api.call("conversations.list", Body::Form(&form)).await?;
            if let Some(channel) = page.channels.into_iter().find(|channel| channel.name == name) {
                return Ok(channel.id);
            }
            cursor = page.response_metadata.next_cursor;
            if cursor.is_empty() {
                break;
            }
        }
        Err(ChatError::NoSuchChannel { service: NAME, channel: name.chars().take(80).collect() })
    }
}

fn is_channel_id(text: &str) -> bool {
    text.len() >= 9
        && text.starts_with(['C', 'G', 'D'])
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

#[derive(Deserialize)]
struct History {
    #[serde(default)]
    messages: Vec<Posted>,
    #[serde(default)]
    response_metadata: Cursor,
}

#[derive(Deserialize)]
struct Channels {
    #[serde(default)]
    channels: Vec<Channel>,
    #[serde(default)]
    response_metadata: Cursor,
}

#[derive(Deserialize, Default)]
struct Cursor {
    #[serde(default)]
    next_cursor: String,
}

#[derive(Deserialize)]
struct Channel {
    id: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Posted {
    ts: String,
    #[serde(default)]
    bot_id: String,
    #[serde(default)]
    metadata: serde_json::Value,
}

impl Posted {
    fn is_about(&self, key: &PinId) -> bool {
        self.metadata["event_type"] == METADATA && self.metadata["event_payload"]["pin"] == key.as_str()
    }
}
