//! A port on loopback that leads to something within a cluster's own network.

use std::io::{self, Error};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::Inside;

/// A Service may be without pods for a moment; its client sees that as a connection that is closed.
const CONNECTS_WITHIN: Duration = Duration::from_secs(15);
/// What the proxy may say before the bytes begin.
const ANSWER_LIMIT: usize = 4096;

/// Leads as long as it lives.
#[derive(Debug)]
pub struct Forward {
    port: u16,
    accepting: JoinHandle<()>,
}

impl Forward {
    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `127.0.0.1:<port>`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Inside {
    /// Opens a port on loopback for every client that knows no proxies. `to` is an address with a port, or a name as pods use it:
    /// `postgres.shop:5432`. Each connection looks the name up anew.
    pub async fn forward(&self, to: &str) -> io::Result<Forward> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (proxy, to) = (self.proxy.clone(), to.to_owned());
        let accepting = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (proxy, to) = (proxy.clone(), to.clone());
                tokio::spawn(async move {
                    if let Ok(Ok(mut far)) = tokio::time::timeout(CONNECTS_WITHIN, tunnel(&proxy, &to)).await {
                        // One side hung up; there is nobody to tell.
                        let _ = copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
        Ok(Forward { port, accepting })
    }

    /// One connection into the cluster.
    pub async fn connect(&self, to: &str) -> io::Result<TcpStream> {
        tokio::time::timeout(CONNECTS_WITHIN, tunnel(&self.proxy, to)).await.map_err(|_| io::ErrorKind::TimedOut)?
    }
}

/// Asks the proxy for a way, and reads no byte beyond its answer.
async fn tunnel(proxy: &str, to: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(proxy).await?;
    stream.write_all(format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") && answer.len() < ANSWER_LIMIT {
        answer.push(stream.read_u8().await?);
    }
    if answer.starts_with(b"HTTP/1.1 200") {
        return Ok(stream);
    }
    Err(Error::other(format!("the cluster gives no way to {to}: {}", String::from_utf8_lossy(&answer).trim())))
}
