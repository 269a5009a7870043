//! An HTTP server that answers each request by a script: the faults that a well-behaved registry can't be brought to.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What a request asked, and with which login.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) target: String,
    pub(crate) authorization: Option<String>,
}

pub(crate) struct Scripted {
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Scripted {
    /// Answers with what `script` makes of each request; an empty one is never sent.
    pub(crate) async fn start(script: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (script, seen) = (Arc::new(script), Arc::clone(&requests));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&seen)));
            }
        });
        Self { address, requests }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no test panics with the lock").clone()
    }
}

async fn serve<S>(mut stream: TcpStream, script: Arc<S>, seen: Arc<Mutex<Vec<Request>>>)
where
    S: Fn(&Request) -> Vec<u8>,
{
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => head.extend_from_slice(&buffer[..read]),
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let authorization = head
        .lines()
        .find_map(|line| line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("authorization")))
        .map(|(_, value)| value.to_owned());
    let request = Request { target, authorization };
    seen.lock().expect("no test panics with the lock").push(request.clone());
    let answer = script(&request);
    if answer.is_empty() {
        std::future::pending::<()>().await;
    }
    // A client that stopped reading is what some tests want.
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
}

/// An answer with its length and a close.
pub(crate) fn answer(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    use std::fmt::Write as _;
    let mut head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}
