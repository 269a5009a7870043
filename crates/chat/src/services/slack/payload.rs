//! The payload of a click, the same from Socket Mode and from HTTP.

use serde::Deserialize;

use super::NAME;
use crate::{Action, ButtonValue, Interaction, MessageRef};

/// A payload that is none.
#[derive(Debug, thiserror::Error)]
#[error("the payload is not the documented JSON of an interaction")]
pub struct InvalidPayload(#[from] serde_json::Error);

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    user: User,
    #[serde(default)]
    team: Option<Named>,
    #[serde(default)]
    container: Container,
    #[serde(default)]
    actions: Vec<Pressed>,
}

#[derive(Deserialize, Default)]
struct User {
    id: String,
    #[serde(default)]
    team_id: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize, Default)]
struct Container {
    #[serde(default)]
    channel_id: String,
    #[serde(default)]
    message_ts: String,
}

#[derive(Deserialize)]
struct Pressed {
    #[serde(default)]
    action_id: String,
    #[serde(default)]
    value: String,
    #[serde(default)]
    action_ts: String,
}

/// The click in it; none when it is something else: a link, another app's button, a forged value.
pub(super) fn interaction(payload: serde_json::Value) -> Result<Option<Interaction>, InvalidPayload> {
    let payload: Payload = serde_json::from_value(payload).map_err(InvalidPayload)?;
    Ok(click(payload))
}

fn click(payload: Payload) -> Option<Interaction> {
    if payload.kind != "block_actions" || payload.user.id.is_empty() {
        return None;
    }
    let pressed = payload.actions.into_iter().next()?;
    let action: Action = pressed.action_id.parse().ok()?;
    let value: ButtonValue = pressed.value.parse().ok()?;
    let message = MessageRef { channel: payload.container.channel_id, message: payload.container.message_ts };
    Some(Interaction {
        service: NAME,
        // The person's own workspace: in a shared channel `team` is only where the click was made.
        team: payload.user.team_id.or(payload.team.map(|team| team.id)).unwrap_or_default(),
        click: format!("{}/{}/{}/{}", message.channel, message.message, pressed.action_ts, payload.user.id),
        user: payload.user.id,
        message,
        action,
        value,
    })
}
