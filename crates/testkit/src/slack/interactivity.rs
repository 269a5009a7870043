//! Clicks: the payload that Slack makes of one, and its two ways to the app.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::state::{Shared, State};
use super::{Click, FakeSlack, FakeSlackError};

/// How long Slack waits before it shows a warning to the person.
const WINDOW: Duration = Duration::from_secs(3);

pub(super) async fn click(shared: &Shared, click: &Click<'_>) -> Result<Duration, FakeSlackError> {
    let payload = shared.with(|state| payload(state, click)).map_err(|why| FakeSlackError::NoSuchButton {
        action: click.action.to_owned(),
        message: click.message.to_owned(),
        why: why.to_owned(),
    })?;
    match shared.look(|state| state.interactivity.clone()) {
        Some(url) => by_http(&url, &payload).await,
        None => by_socket(shared, payload).await,
    }
}

fn payload(state: &mut State, click: &Click<'_>) -> Result<Value, &'static str> {
    let user = state.users.get(click.user).ok_or("no such user")?.clone();
    let name = state.channels.get(click.channel).ok_or("no such channel")?.name.clone();
    let message = state.message(click.channel, click.message).ok_or("no such message")?;
    let blocks = message.blocks.as_array().cloned().unwrap_or_default();
    let elements = |block: &Value| {
        let id = block["block_id"].clone();
        let elements = block["elements"].as_array().cloned().unwrap_or_default();
        elements.into_iter().map(|element| (id.clone(), element)).collect::<Vec<_>>()
    };
    let (block_id, button) = blocks
        .iter()
        .flat_map(elements)
        .find(|(_, element)| element["action_id"] == click.action)
        .ok_or("no such button")?;
    let message = json!({"ts": message.ts, "text": message.text, "blocks": message.blocks, "bot_id": message.bot});
    state.next_envelope += 1;
    let mut action = json!({"type": "button", "action_id": click.action, "block_id": block_id, "text": button["text"],
        "action_ts": format!("{}.{:06}", now(), state.next_envelope)});
    if let Some(value) = click.forged_value.map(Value::from).or_else(|| button.get("value").cloned()) {
        action["value"] = value;
    }
    Ok(json!({
        "type": "block_actions", "api_app_id": "A0PINNACE", "token": "deprecated", "trigger_id": "1.2.3",
        "team": {"id": FakeSlack::TEAM, "domain": "pinnace"}, "enterprise": null, "is_enterprise_install": false,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team},
        "channel": {"id": click.channel, "name": name},
        "container": {"type": "message", "channel_id": click.channel, "message_ts": click.message, "is_ephemeral": false},
        "message": message, "actions": [action],
        "response_url": "https://hooks.slack.example/actions/unused", "state": {"values": {}},
    }))
}

async fn by_socket(shared: &Shared, payload: Value) -> Result<Duration, FakeSlackError> {
    let mut changed = shared.changed.subscribe();
    let sent = Instant::now();
    let id = shared.with(|state| {
        state.next_envelope += 1;
        let id = format!("envelope-{}", state.next_envelope);
        let envelope =
            json!({"type": "interactive", "envelope_id": id, "accepts_response_payload": true, "payload": payload});
        // Slack picks any connection; the newest is the hardest on an app that reconnects.
        let (_, socket) = state.sockets.last_key_value()?;
        socket.send(envelope).ok()?;
        state.unacked.insert(id.clone());
        Some(id)
    });
    let id = id.ok_or(FakeSlackError::NobodyListens)?;
    let acknowledged = async {
        while shared.look(|state| state.unacked.contains(&id)) {
            if changed.changed().await.is_err() {
                break;
            }
        }
    };
    match tokio::time::timeout(WINDOW, acknowledged).await {
        Ok(()) => Ok(sent.elapsed()),
        Err(_) => Err(FakeSlackError::NotAcknowledged(WINDOW)),
    }
}

async fn by_http(url: &str, payload: &Value) -> Result<Duration, FakeSlackError> {
    let body =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish();
    let timestamp = now().to_string();
    let sent = Instant::now();
    // An error means that the program chose a provider already, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let answer = reqwest::Client::new()
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-slack-request-timestamp", &timestamp)
        .header("x-slack-signature", signature(&timestamp, &body))
        .timeout(WINDOW)
        .body(body)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status);
    match answer {
        Ok(_) => Ok(sent.elapsed()),
        Err(fault) if fault.is_timeout() => Err(FakeSlackError::NotAcknowledged(WINDOW)),
        Err(fault) => Err(FakeSlackError::Callback(fault)),
    }
}

/// The signature of a body at this time.
pub(super) fn signature(timestamp: &str, body: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(FakeSlack::SIGNING_SECRET.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    format!("v0={}", crate::hex(&mac.finalize().into_bytes()))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
