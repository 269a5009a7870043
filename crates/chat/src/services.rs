//! The chat services that we speak: one file each and one list.

pub mod slack;

use std::time::Duration;

use model::{PinId, Timestamp};
use tokio::sync::mpsc;

use crate::{Interaction, Message};
use slack::Slack;

/// A kind of chat service.
#[derive(Debug, Clone, Copy)]
pub struct ServiceKind {
    /// Its name in `pinnace.yaml`.
    pub name: &'static str,
    /// What a person pastes into it to set it up.
    pub manifest: fn() -> String,
}

/// Every service, by name.
pub const SERVICES: [ServiceKind; 1] = [ServiceKind { name: slack::NAME, manifest: slack::manifest }];

/// A chat service that is set up.
#[derive(Debug)]
pub enum ChatService {
    /// Slack.
    Slack(Slack),
}

/// Where a message stands, so that it can be edited.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageRef {
    /// The channel's id.
    pub channel: String,
    /// The message's id within it.
    pub message: String,
}

/// Why a call to a chat service had no result. Chat down never stops a pin: the caller records it and tries later.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// No answer: what was asked for may have happened. Look for the message by its key before repeating.
    #[error("no answer from {service} to `{method}`")]
    NoAnswer {
        /// Which service.
        service: &'static str,
        /// Which call.
        method: &'static str,
        /// What went wrong on the way.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Not now: nothing happened.
    #[error("{service} takes no `{method}` for another {} s", after.as_secs())]
    RateLimited {
        /// Which service.
        service: &'static str,
        /// Which call.
        method: &'static str,
        /// When to try again.
        after: Duration,
    },
    /// The service said no: nothing happened.
    #[error("{service} refuses `{method}`: {code}{detail}{hint}")]
    Refused {
        /// Which service.
        service: &'static str,
        /// Which call.
        method: &'static str,
        /// The service's own word for it.
        code: String,
        /// Which part of what was sent it is about, in brackets; empty when it doesn't say.
        detail: String,
        /// What to do about it; begins with "; " when there is something to say.
        hint: &'static str,
    },
    /// The answer is not what the service documents.
    #[error("{service} answered `{method}` with {what}")]
    Strange {
        /// Which service.
        service: &'static str,
        /// Which call.
        method: &'static str,
        /// What it answered.
        what: String,
    },
    /// The channel can't be found by its name.
    #[error("no channel {channel:?} in {service}; invite the bot to it, or write the channel's id into `pinnace.yaml`")]
    NoSuchChannel {
        /// Which service.
        service: &'static str,
        /// What was looked for.
        channel: String,
    },
    /// It can't be set up as it is.
    #[error("{service} can't be used: {why}")]
    SetUp {
        /// Which service.
        service: &'static str,
        /// What is wrong, and what to do.
        why: String,
    },
}

impl ChatError {
    /// Whether what was asked for may have happened all the same.
    pub fn outcome_unknown(&self) -> bool {
        matches!(self, Self::NoAnswer { .. } | Self::Strange { .. })
    }

    /// How long to wait before trying again, where the service says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { after, .. } => Some(*after),
            _ => None,
        }
    }

    /// Whether an edit can never succeed: the message is gone or closed, and what is to be said needs a new one.
    pub fn message_is_gone(&self) -> bool {
        let gone = ["message_not_found", "edit_window_closed", "cant_update_message"];
        matches!(self, Self::Refused { code, .. } if gone.contains(&code.as_str()))
    }
}

impl ChatService {
    /// Its name in `pinnace.yaml`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Slack(_) => slack::NAME,
        }
    }

    /// Post a message about the pin with this key. After [`ChatError::outcome_unknown`], [`find`](Self::find) comes first.
    pub async fn post(&self, channel: &str, message: &Message, key: &PinId) -> Result<MessageRef, ChatError> {
        match self {
            Self::Slack(slack) => slack.post(channel, message, key).await,
        }
    }

    /// Change a message of ours.
    pub async fn edit(&self, at: &MessageRef, message: &Message) -> Result<(), ChatError> {
        match self {
            Self::Slack(slack) => slack.edit(at, message).await,
        }
    }

    /// Our messages about this pin, newest first: the newest is the one that is edited, the others become pointers.
    pub async fn find(&self, channel: &str, key: &PinId, since: Timestamp) -> Result<Vec<MessageRef>, ChatError> {
        match self {
            Self::Slack(slack) => slack.find(channel, key, since).await,
        }
    }

    /// Tell one person in a channel something that nobody else sees.
    pub async fn whisper(&self, channel: &str, user: &str, text: &str) -> Result<(), ChatError> {
        match self {
            Self::Slack(slack) => slack.whisper(channel, user, text).await,
        }
    }

    /// Hand on people's clicks until the receiver is gone. Outbound only: connects, and connects again.
    pub async fn listen(&self, clicks: mpsc::Sender<Interaction>) {
        match self {
            Self::Slack(slack) => slack.listen(clicks).await,
        }
    }
}
