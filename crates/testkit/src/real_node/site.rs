//! An App as its visitors see it: pages through Traefik or a way into the cluster, a websocket, and a client that counts what fails.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

/// How long a test waits for what it names: images are unpacked and databases made meanwhile.
const LIMIT: Duration = Duration::from_mins(4);
/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(20);
/// An answer is no longer than this.
const LONGEST: u64 = 1 << 20;
/// Between two requests of a load.
const PAUSE: Duration = Duration::from_millis(50);
/// Between two tries of something that is not there yet.
const AGAIN: Duration = Duration::from_millis(100);
/// A load ends by itself after so many requests.
const MOST: usize = 50_000;

/// Where the pages of an App are.
#[derive(Clone, Debug)]
pub struct Site {
    /// `127.0.0.1:<port>`.
    http: String,
    host: String,
}

impl Site {
    /// The pages of this host, asked for at this address.
    pub fn new(http: &str, host: &str) -> Self {
        Self { http: http.to_owned(), host: host.to_owned() }
    }

    /// Asks once, on a connection of its own: status and body.
    pub async fn ask(&self, path: &str) -> io::Result<(u16, String)> {
        self.asked(path, "").await
    }

    /// The same as somebody who logs in.
    pub async fn ask_as(&self, user: &str, password: &str, path: &str) -> io::Result<(u16, String)> {
        let login = STANDARD.encode(format!("{user}:{password}"));
        self.asked(path, &format!("Authorization: Basic {login}\r\n")).await
    }

    async fn asked(&self, path: &str, headers: &str) -> io::Result<(u16, String)> {
        let asking = async {
            let mut stream = TcpStream::connect(&self.http).await?;
            let host = &self.host;
            let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await?;
            let mut bytes = Vec::new();
            (&mut stream).take(LONGEST).read_to_end(&mut bytes).await?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let (head, body) =
                text.split_once("\r\n\r\n").ok_or_else(|| io::Error::other(format!("no answer: {text}")))?;
            let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
            Ok((status, body.to_owned()))
        };
        tokio::time::timeout(WITHIN, asking).await.map_err(|_| io::Error::other("no answer in time"))?
    }

    /// Asks until the answer is so, and gives it: Traefik learns of routes a moment after they are there.
    #[expect(clippy::panic, reason = "a test that waited in vain says what it saw instead")]
    pub async fn until(&self, path: &str, is_so: impl Fn(&str) -> bool) -> String {
        let asking = async {
            loop {
                if let Ok((200, text)) = self.ask(path).await
                    && is_so(&text)
                {
                    return text;
                }
                tokio::time::sleep(AGAIN).await;
            }
        };
        if let Ok(text) = tokio::time::timeout(LIMIT, asking).await {
            return text;
        }
        panic!("{path} did not become as it should be: {:?}", self.ask(path).await)
    }

    /// Says something to the websocket at `/ws`, until it is led there, and hears what comes back.
    pub async fn until_echo(&self, word: &str) -> String {
        let asking = async {
            loop {
                if let Some(heard) = self.echo(word).await {
                    return heard;
                }
                tokio::time::sleep(AGAIN).await;
            }
        };
        tokio::time::timeout(LIMIT, asking).await.expect("the websocket answers")
    }

    async fn echo(&self, word: &str) -> Option<String> {
        let stream = TcpStream::connect(&self.http).await.ok()?;
        let address = format!("ws://{}/ws", self.host);
        let (mut socket, _) = tokio_tungstenite::client_async(address, stream).await.ok()?;
        socket.send(Message::text(word)).await.ok()?;
        Some(socket.next().await?.ok()?.into_text().ok()?.to_string())
    }

    /// A client that asks for the first page again and again.
    pub fn load(&self) -> Load {
        let (stop, mut stopped) = watch::channel(false);
        let seen = Arc::<Mutex<Vec<Asked>>>::default();
        let (site, all) = (self.clone(), Arc::clone(&seen));
        let asking = tokio::spawn(async move {
            for _ in 0..MOST {
                let failure = match site.ask("/").await {
                    Ok((200, _)) => None,
                    Ok((status, text)) => Some(format!("{status} {text}")),
                    Err(error) => Some(error.to_string()),
                };
                lock(&all).push(Asked { at: Instant::now(), failure });
                if tokio::time::timeout(PAUSE, stopped.wait_for(|stop| *stop)).await.is_ok() {
                    return;
                }
            }
        });
        Load { stop, asking, seen }
    }
}

/// One request, and when its end was seen.
#[derive(Debug)]
struct Asked {
    at: Instant,
    failure: Option<String>,
}

fn lock(seen: &Mutex<Vec<Asked>>) -> MutexGuard<'_, Vec<Asked>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks until it is ended.
#[derive(Debug)]
pub struct Load {
    stop: watch::Sender<bool>,
    asking: JoinHandle<()>,
    seen: Arc<Mutex<Vec<Asked>>>,
}

impl Load {
    /// How many requests were answered with a page since then.
    pub fn answered(&self, since: Instant) -> usize {
        lock(&self.seen).iter().filter(|asked| asked.at > since && asked.failure.is_none()).count()
    }

    /// The longest time without an answered request since then.
    pub fn longest_pause(&self, since: Instant) -> Duration {
        let mut times = vec![since];
        let seen = lock(&self.seen);
        times
            .extend(seen.iter().filter(|asked| asked.failure.is_none()).map(|asked| asked.at).filter(|at| *at > since));
        times.push(Instant::now());
        times.windows(2).map(|two| two[1] - two[0]).max().unwrap_or_default()
    }

    /// Ends it, and says how many requests it made and what failed of them.
    pub async fn end(self) -> (usize, Vec<String>) {
        // It may have ended by itself.
        let _ = self.stop.send(true);
        self.asking.await.expect("a load does not panic");
        let seen = lock(&self.seen);
        (seen.len(), seen.iter().filter_map(|asked| asked.failure.clone()).collect())
    }
}
