//! Who asks an App through Traefik.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(20);
/// Between two requests.
const PAUSE: Duration = Duration::from_millis(50);
/// A load ends by itself after so many.
const MOST: usize = 50_000;

/// Asks once, on a connection of its own: status and body.
pub(crate) async fn ask(http: &str, host: &str, path: &str) -> io::Result<(u16, String)> {
    let asking = async {
        let mut stream = TcpStream::connect(http).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        (&mut stream).take(1 << 20).read_to_end(&mut bytes).await?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| io::Error::other(format!("no answer: {text}")))?;
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
        Ok((status, body.to_owned()))
    };
    tokio::time::timeout(WITHIN, asking).await.map_err(|_| io::Error::other("no answer in time"))?
}

/// A client that asks again and again.
pub(crate) struct Load {
    stop: watch::Sender<bool>,
    asking: JoinHandle<()>,
    served: Arc<Mutex<Served>>,
}

/// What it saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Served {
    pub(crate) all: usize,
    pub(crate) failures: Vec<String>,
}

impl Load {
    pub(crate) fn begin(http: &str, host: &str) -> Self {
        let (stop, mut stopped) = watch::channel(false);
        let served = Arc::new(Mutex::new(Served::default()));
        let (http, host, seen) = (http.to_owned(), host.to_owned(), Arc::clone(&served));
        let asking = tokio::spawn(async move {
            for _ in 0..MOST {
                let answer = ask(&http, &host, "/").await;
                {
                    let mut seen = seen.lock().unwrap();
                    seen.all += 1;
                    match answer {
                        Ok((200, _)) => {}
                        Ok((status, text)) => seen.failures.push(format!("{status} {text}")),
                        Err(error) => seen.failures.push(error.to_string()),
                    }
                }
                if tokio::time::timeout(PAUSE, stopped.wait_for(|stop| *stop)).await.is_ok() {
                    return;
                }
            }
        });
        Self { stop, asking, served }
    }

    pub(crate) async fn end(self) -> Served {
        self.stop.send(true).unwrap();
        self.asking.await.unwrap();
        self.served.lock().unwrap().clone()
    }
}
