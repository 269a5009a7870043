//! The Web API: tokens, forms and JSON, and each method that we use.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State as Extract};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use serde_json::{Value, json};

use super::limits::violations;
use super::state::{Ephemeral, FakeUser, Fault, Posted, Shared, State};
use super::{Arguments, FakeSlack};

/// Our bot as the author of messages.
pub(super) const BOT: &str = "B0PINNACE";
const BOT_USER: &str = "U0PINNACE";

pub(super) fn router(shared: Arc<Shared>) -> axum::Router {
    axum::Router::new().route("/api/{method}", post(call)).with_state(shared)
}

async fn call(
    Extract(shared): Extract<Arc<Shared>>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    shared.with(|state| state.calls.push(method.clone()));
    let mut changed = shared.changed.subscribe();
    while shared.look(|state| state.stalled.contains(&method)) {
        if changed.changed().await.is_err() {
            return cut();
        }
    }
    if shared.look(|state| state.down) {
        return cut();
    }
    let fault = shared.with(|state| state.faults.get_mut(&method).and_then(std::collections::VecDeque::pop_front));
    match fault {
        Some(Fault::Error(error)) => answer(&failed(&error)),
        Some(Fault::RateLimit(seconds)) => limited(seconds),
        Some(Fault::LoseAnswer) => {
            perform(&shared, &method, &headers, &body);
            cut()
        }
        None => answer(&perform(&shared, &method, &headers, &body)),
    }
}

fn perform(shared: &Shared, method: &str, headers: &HeaderMap, body: &Bytes) -> Value {
    if let Err(error) = authorise(method, headers) {
        return failed(error);
    }
    let arguments = match arguments(method, headers, body) {
        Ok(arguments) => arguments,
        Err(error) => return failed(error),
    };
    let done = shared.with(|state| match method {
        "auth.test" => Ok(json!({"team": "pinnace", "team_id": FakeSlack::TEAM, "user": "pinnace",
            "user_id": BOT_USER, "bot_id": BOT, "url": "https://pinnace.slack.example/"})),
        "apps.connections.open" => Ok(open(state, shared)),
        "chat.postMessage" => post_message(state, &arguments),
        "chat.postEphemeral" => post_ephemeral(state, &arguments),
        "chat.update" => update(state, &arguments),
        "conversations.history" => history(state, &arguments),
        "conversations.list" => Ok(list(state)),
        "users.info" => user(state, &arguments),
        _ => Err(failed("unknown_method")),
    });
    match done {
        Ok(mut answer) => {
            answer["ok"] = json!(true);
            answer
        }
        Err(failure) => failure,
    }
}

fn authorise(method: &str, headers: &HeaderMap) -> Result<(), &'static str> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let (wanted, other) = match method {
        "apps.connections.open" => (FakeSlack::APP_TOKEN, FakeSlack::BOT_TOKEN),
        _ => (FakeSlack::BOT_TOKEN, FakeSlack::APP_TOKEN),
    };
    match given {
        Some(token) if token == wanted => Ok(()),
        Some(token) if token == other => Err("not_allowed_token_type"),
        Some(_) => Err("invalid_auth"),
        None => Err("not_authed"),
    }
}

/// Methods that write take JSON or a form, methods that read take a form.
fn arguments(method: &str, headers: &HeaderMap, body: &Bytes) -> Result<Arguments, &'static str> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/json") {
        if !method.starts_with("chat.") {
            return Err("invalid_arguments");
        }
        return serde_json::from_slice(body).map_err(|_| "invalid_json");
    }
    if !kind.starts_with("application/x-www-form-urlencoded") && !body.is_empty() {
        return Err("invalid_post_type");
    }
    let structured = |name: &str| matches!(name, "blocks" | "metadata");
    let fields = url::form_urlencoded::parse(body).map(|(name, value)| {
        let parsed = if structured(&name) { serde_json::from_str(&value).ok() } else { None };
        (name.into_owned(), parsed.unwrap_or_else(|| Value::String(value.into_owned())))
    });
    Ok(fields.collect())
}

fn text<'a>(arguments: &'a Arguments, name: &str) -> &'a str {
    arguments.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn channel(state: &State, arguments: &Arguments) -> Result<String, Value> {
    state.channel_id(text(arguments, "channel")).ok_or_else(|| failed("channel_not_found"))
}

/// The text and blocks of a message, held against the limits.
fn content(arguments: &Arguments) -> Result<(String, Value), Value> {
    let text = text(arguments, "text");
    if text.is_empty() {
        return Err(failed("no_text"));
    }
    if text.encode_utf16().count() > 40_000 {
        return Err(failed("msg_too_long"));
    }
    let Some(blocks) = arguments.get("blocks") else { return Ok((text.to_owned(), Value::Null)) };
    let violations = violations(blocks);
    if violations.is_empty() {
        return Ok((text.to_owned(), blocks.clone()));
    }
    let mut failure = failed("invalid_blocks");
    failure["response_metadata"] = json!({"messages": violations});
    Err(failure)
}

fn metadata(arguments: &Arguments) -> Result<Option<Value>, Value> {
    let Some(metadata) = arguments.get("metadata") else { return Ok(None) };
    let well_formed = metadata["event_type"].is_string() && metadata["event_payload"].is_object();
    if !well_formed {
        return Err(failed("invalid_metadata_format"));
    }
    if metadata.to_string().len() > 16_000 {
        return Err(failed("metadata_too_large"));
    }
    Ok(Some(metadata.clone()))
}

fn open(state: &mut State, shared: &Shared) -> Value {
    let ticket = format!("ticket-{}", state.calls.len());
    let url = format!("ws://{}/link/?ticket={ticket}&app_id=A0PINNACE", shared.socket_address);
    state.tickets.insert(ticket);
    json!({"url": url})
}

fn post_message(state: &mut State, arguments: &Arguments) -> Result<Value, Value> {
    let channel = channel(state, arguments)?;
    let (text, blocks) = content(arguments)?;
    let metadata = metadata(arguments)?.unwrap_or(Value::Null);
    let ts = state.post(&channel, BOT, &text, blocks, metadata).ok_or_else(|| failed("channel_not_found"))?;
    Ok(json!({"channel": channel, "ts": ts, "message": {"text": text, "bot_id": BOT}}))
}

fn post_ephemeral(state: &mut State, arguments: &Arguments) -> Result<Value, Value> {
    let channel = channel(state, arguments)?;
    let (said, _) = content(arguments)?;
    let user = text(arguments, "user").to_owned();
    if !state.users.contains_key(&user) {
        return Err(failed("user_not_in_channel"));
    }
    state.ephemerals.push(Ephemeral { channel, user, text: said });
    Ok(json!({"message_ts": "1.000001"}))
}

fn update(state: &mut State, arguments: &Arguments) -> Result<Value, Value> {
    // Unlike posting, this takes the channel's id only.
    let (channel, ts) = (text(arguments, "channel").to_owned(), text(arguments, "ts").to_owned());
    if !state.channels.contains_key(&channel) {
        return Err(failed("channel_not_found"));
    }
    let (text, blocks) = content(arguments)?;
    let metadata = metadata(arguments)?;
    let message = state.message(&channel, &ts).ok_or_else(|| failed("message_not_found"))?;
    if message.bot != BOT {
        return Err(failed("cant_update_message"));
    }
    message.before.push(std::mem::replace(&mut message.text, text.clone()));
    message.blocks = blocks;
    if let Some(metadata) = metadata {
        message.metadata = metadata;
    }
    Ok(json!({"channel": channel, "ts": ts, "text": text}))
}

fn history(state: &State, arguments: &Arguments) -> Result<Value, Value> {
    let id = text(arguments, "channel");
    let channel = state.channels.get(id).ok_or_else(|| failed("channel_not_found"))?;
    let number = |name: &str| text(arguments, name).parse::<f64>().ok();
    let oldest = number("oldest").unwrap_or(0.0);
    let limit = text(arguments, "limit").parse().unwrap_or(100_usize).clamp(1, 999);
    let skip = text(arguments, "cursor").parse().unwrap_or(0_usize);
    let all_metadata = text(arguments, "include_all_metadata") == "true";
    let newest_first = channel.messages.iter().rev();
    let since: Vec<_> = newest_first.filter(|message| message.ts.parse().is_ok_and(|ts: f64| ts > oldest)).collect();
    let page: Vec<_> = since.iter().skip(skip).take(limit).map(|message| shown(message, all_metadata)).collect();
    let more = since.len() > skip + limit;
    let cursor = if more { (skip + limit).to_string() } else { String::new() };
    Ok(json!({"messages": page, "has_more": more, "response_metadata": {"next_cursor": cursor}}))
}

fn shown(message: &Posted, with_metadata: bool) -> Value {
    let mut shown = json!({"type": "message", "ts": message.ts, "text": message.text, "bot_id": message.bot});
    if !message.blocks.is_null() {
        shown["blocks"] = message.blocks.clone();
    }
    if with_metadata && !message.metadata.is_null() {
        shown["metadata"] = message.metadata.clone();
    }
    shown
}

fn list(state: &State) -> Value {
    let channels = state.channels.iter();
    let channels: Vec<_> =
        channels.map(|(id, channel)| json!({"id": id, "name": channel.name, "is_member": true})).collect();
    json!({"channels": channels, "response_metadata": {"next_cursor": ""}})
}

fn user(state: &State, arguments: &Arguments) -> Result<Value, Value> {
    let FakeUser { id, team, name, guest, bot } =
        state.users.get(text(arguments, "user")).ok_or_else(|| failed("user_not_found"))?;
    Ok(
        json!({"user": {"id": id, "team_id": team, "name": name, "is_restricted": guest, "is_bot": bot, "deleted": false}}),
    )
}

fn failed(error: &str) -> Value {
    json!({"ok": false, "error": error})
}

fn answer(value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

fn limited(seconds: u64) -> Response {
    let mut response = answer(&failed("ratelimited"));
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
    response
}

/// The connection ends inside the answer.
fn cut() -> Response {
    let broken: std::io::Result<Bytes> = Err(std::io::ErrorKind::ConnectionReset.into());
    Response::new(Body::from_stream(futures::stream::iter([broken])))
}
