//! Socket Mode: each connection needs a fresh ticket, gets a hello, and then envelopes, each to be acknowledged.

use std::sync::Arc;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;

use super::state::Shared;

pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, Arc::clone(&shared)));
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let ticketed = Arc::clone(&shared);
    #[expect(clippy::result_large_err, reason = "the type is the library's")]
    let check = move |request: &Request, response: Response| {
        let query = request.uri().query().unwrap_or_default();
        let ticket = query.split('&').find_map(|pair| pair.strip_prefix("ticket=")).unwrap_or_default();
        if ticketed.with(|state| !state.down && state.tickets.remove(ticket)) { Ok(response) } else { Err(forbidden()) }
    };
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, check).await else { return };
    let hello = json!({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0PINNACE"}});
    if socket.send(Frame::text(hello.to_string())).await.is_err() {
        return;
    }
    let (say, mut said) = mpsc::unbounded_channel::<Value>();
    let number = shared.with(|state| {
        state.next_socket += 1;
        state.sockets.insert(state.next_socket, say);
        state.next_socket
    });
    loop {
        tokio::select! {
            // None: it was cut.
            what = said.recv() => match what {
                Some(Value::Null) => while said.recv().await.is_some() {},
                Some(what) if socket.send(Frame::text(what.to_string())).await.is_ok() => {}
                _ => break,
            },
            frame = socket.next() => match frame {
                Some(Ok(Frame::Text(text))) => acknowledged(&shared, text.as_str()),
                Some(Ok(Frame::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => {}
            },
        }
    }
    shared.with(|state| state.sockets.remove(&number));
}

fn acknowledged(shared: &Shared, text: &str) {
    let envelope: Option<Value> = serde_json::from_str(text).ok();
    if let Some(id) = envelope.as_ref().and_then(|envelope| envelope["envelope_id"].as_str()) {
        shared.with(|state| state.unacked.remove(id));
    }
}

fn forbidden() -> ErrorResponse {
    let mut response = ErrorResponse::new(Some("no such ticket".to_owned()));
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}
