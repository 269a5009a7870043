//! A peer that accepts connections and says nothing: what a hung host looks like.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A listener on loopback that never says a word; stopped when dropped.
#[derive(Debug)]
pub struct SilentPeer {
    address: SocketAddr,
    connected: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl SilentPeer {
    /// Starts listening.
    pub async fn listen() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (tell, connected) = watch::channel(0);
        let task = tokio::spawn(async move {
            let mut open: Vec<TcpStream> = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.push(stream);
                tell.send_replace(open.len());
            }
        });
        Ok(Self { address, connected, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until somebody has connected.
    pub async fn connected(&self) {
        let mut connected = self.connected.clone();
        // An error means that the listener is gone, and with it what was waited for.
        drop(connected.wait_for(|&count| count > 0).await);
    }
}

impl Drop for SilentPeer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
