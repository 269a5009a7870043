//! Socket Mode: clicks come over a connection that we open, so no public address is needed.
//!
//! Each envelope is acknowledged before anything else happens with it. A click that can't be handed on at once is not
//! acknowledged: Slack tells the person, who presses again, and nothing is lost in silence.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use reqwest::header;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Message as Frame};

use super::api::{Api, Body};
use super::payload::interaction;
use super::{NAME, Times, Token};
use crate::{ChatError, Interaction};

const METHOD: &str = "apps.connections.open";
/// The largest frame: a click carries its whole message.
const MOST_BYTES: usize = 1 << 20;
/// How long an old connection is still read after Slack asked for a new one.
const OVERLAP: Duration = Duration::from_secs(15);

type Socket = WebSocketStream<reqwest::Upgraded>;

/// Why a connection is left.
enum End {
    /// Slack asks for a new one and keeps this one for some seconds more.
    Renew,
    /// It is gone.
    Gone(&'static str),
    /// Nobody listens any more.
    Unwanted,
}

/// Hand on clicks until the receiver is gone.
pub(super) async fn listen(api: &Api, app_token: &Token, times: Times, clicks: mpsc::Sender<Interaction>) {
    let mut old = JoinSet::new();
    let mut wait = times.least_wait;
    while !clicks.is_closed() {
        match connect(api, app_token, times.call).await {
            Ok(mut socket) => match serve(&mut socket, times, &clicks, &mut wait).await {
                End::Renew => {
                    old.spawn(drain(socket, times, clicks.clone()));
                    continue;
                }
                End::Gone(why) => tracing::warn!(why, "the connection to Slack is gone; connecting again"),
                End::Unwanted => return,
            },
            Err(fault) => {
                wait = fault.retry_after().unwrap_or(wait).max(times.least_wait);
                tracing::warn!(fault = &fault as &dyn std::error::Error, "no connection to Slack; trying again");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = clicks.closed() => return,
        }
        wait = (wait * 2).min(times.most_wait);
        while old.try_join_next().is_some() {}
    }
}

/// The old connection, until Slack closes it: what it still brings counts.
async fn drain(mut socket: Socket, times: Times, clicks: mpsc::Sender<Interaction>) {
    let mut wait = times.least_wait;
    let served = async { while matches!(serve(&mut socket, times, &clicks, &mut wait).await, End::Renew) {} };
    // Either way it is over.
    drop(tokio::time::timeout(OVERLAP, served).await);
}

async fn serve(socket: &mut Socket, times: Times, clicks: &mpsc::Sender<Interaction>, wait: &mut Duration) -> End {
    let mut ping = tokio::time::interval(times.ping);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    loop {
        let frame = tokio::select! {
            frame = socket.next() => frame,
            () = clicks.closed() => return End::Unwanted,
            _ = ping.tick() => {
                if heard.elapsed() > times.silence {
                    return End::Gone("it says nothing");
                }
                match socket.send(Frame::Ping(Bytes::new())).await {
                    Ok(()) => continue,
                    Err(_) => return End::Gone("it takes nothing"),
                }
            }
        };
        heard = Instant::now();
        let text = match frame {
            Some(Ok(Frame::Text(text))) => text,
            Some(Ok(Frame::Close(_))) | None => return End::Gone("it was closed"),
            Some(Ok(_)) => continue,
            Some(Err(_)) => return End::Gone("it broke"),
        };
        match envelope(socket, text.as_str(), clicks).await {
            Read::Envelope => {}
            // A hello is the proof that it works: the next fault waits shortly again.
            Read::Hello => *wait = times.least_wait,
            Read::Renew => return End::Renew,
            Read::Gone(why) => return End::Gone(why),
        }
    }
}

enum Read {
    Envelope,
    Hello,
    Renew,
    Gone(&'static str),
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "envelope_id", default)]
    id: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    payload: Option<Value>,
}

async fn envelope(socket: &mut Socket, text: &str, clicks: &mpsc::Sender<Interaction>) -> Read {
    let Ok(envelope) = serde_json::from_str::<Envelope>(text) else {
        tracing::warn!("Slack sent an envelope that can't be read; left alone");
        return Read::Envelope;
    };
    match (envelope.kind.as_str(), envelope.reason.as_deref()) {
        ("hello", _) => return Read::Hello,
        ("disconnect", Some("link_disabled")) => {
            return Read::Gone("Socket Mode is switched off in the app's settings");
        }
        ("disconnect", _) => return Read::Renew,
        _ => {}
    }
    let Some(id) = envelope.id else { return Read::Envelope };
    let click = match (envelope.kind.as_str(), envelope.payload) {
        ("interactive", Some(payload)) => interaction(payload).ok().flatten(),
        _ => None,
    };
    let Some(click) = click else { return acknowledge(socket, &id).await };
    let Ok(room) = clicks.try_reserve() else {
        tracing::warn!("too many clicks wait; one more is not taken, and Slack says so to who pressed");
        return Read::Envelope;
    };
    let read = acknowledge(socket, &id).await;
    if matches!(read, Read::Envelope) {
        room.send(click);
    }
    read
}

async fn acknowledge(socket: &mut Socket, id: &str) -> Read {
    let frame = Frame::text(json!({"envelope_id": id}).to_string());
    match socket.send(frame).await {
        Ok(()) => Read::Envelope,
        Err(_) => Read::Gone("it takes no acknowledgement"),
    }
}

async fn connect(api: &Api, app_token: &Token, time: Duration) -> Result<Socket, ChatError> {
    #[derive(Deserialize)]
    struct Answer {
        url: String,
    }
    let answer: Answer = api.call_as(app_token, METHOD, Body::Form(&[])).await?;
    let address = http_address(&answer.url, api.is_plain())?;
    match tokio::time::timeout(time, upgrade(api, address)).await {
        Ok(connected) => connected,
        Err(slow) => Err(ChatError::NoAnswer { service: NAME, method: METHOD, source: slow.into() }),
    }
}

/// The socket's address for the HTTP client that opens it. It carries a ticket, so it stands in no error.
fn http_address(address: &str, plain: bool) -> Result<url::Url, ChatError> {
    let http = match address.split_once("://") {
        Some(("wss", rest)) => format!("https://{rest}"),
        Some(("ws", rest)) if plain => format!("http://{rest}"),
        _ => return Err(strange("an address that is not wss")),
    };
    url::Url::parse(&http).map_err(|_| strange("an address that is none"))
}

/// The handshake of RFC 6455 by the client that makes all other calls: same TLS roots, same proxies.
async fn upgrade(api: &Api, address: url::Url) -> Result<Socket, ChatError> {
    let failed = |fault: reqwest::Error| ChatError::NoAnswer {
        service: NAME,
        method: METHOD,
        source: fault.without_url().into(),
    };
    let key = generate_key();
    let request = api
        .get(address)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, &key);
    let answer = request.send().await.map_err(failed)?;
    if answer.status() != reqwest::StatusCode::SWITCHING_PROTOCOLS {
        return Err(strange("no web socket"));
    }
    let accepted = answer.headers().get(header::SEC_WEBSOCKET_ACCEPT).map(header::HeaderValue::as_bytes);
    if accepted != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
        return Err(strange("a web socket for somebody else"));
    }
    let stream = answer.upgrade().await.map_err(failed)?;
    let limits = WebSocketConfig::default().max_message_size(Some(MOST_BYTES)).max_frame_size(Some(MOST_BYTES));
    Ok(WebSocketStream::from_raw_socket(stream, Role::Client, Some(limits)).await)
}

fn strange(what: &str) -> ChatError {
    ChatError::Strange { service: NAME, method: METHOD, what: what.to_owned() }
}
