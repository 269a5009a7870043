//! Messages to people as data, every sentence in one file, one file a chat service.
//!
//! A [`Message`] is service-neutral: plain text and buttons. [`wording`] makes it from a pin, a file in `services` turns it
//! into what the service wants. The page shows the same sentences, so that both say the same.

mod hex;
mod interaction;
mod message;
mod services;
pub mod wording;

pub use interaction::Interaction;
pub use message::{
    Action, Button, ButtonStyle, ButtonValue, CommitText, Confirm, Field, InvalidButtonValue, Message, Mood,
    UnknownAction,
};
pub use services::{ChatError, ChatService, MessageRef, SERVICES, ServiceKind, slack};
