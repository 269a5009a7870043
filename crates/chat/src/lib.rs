//! Messages to people as data, every sentence in one file, one file a chat service.
//!
//! A [`Message`] is service-neutral: plain text and buttons. [`wording`] makes it from a pin, a file in `services` turns it
//! into what the service wants. The page shows the same sentences, so that both say the same.

mod message;
pub mod wording;

pub use message::{Action, Button, ButtonStyle, ButtonValue, CommitText, Confirm, Field, Message, Mood};
