//! Ways into a cluster's own network: ports on loopback that lead to something in there, programs, and cuts between pods.

use std::io::{self, Error};
use std::net::IpAddr;
use std::process::{Command, Stdio};
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

    /// A program of this machine within the node's network: addresses and names of pods and Services lead somewhere, and the API
    /// server is where the kubeconfig says. Its loopback is the node's and not this machine's.
    pub fn program(&self, name: &str) -> Command {
        // The names are asked of the cluster by mounts of this program's own.
        let script = r#"mount --bind "$1" /etc/resolv.conf && shift && exec "$@""#;
        let mut command = Command::new("nsenter");
        command.args(["--net", "--target", &self.pid.to_string(), "unshare", "--mount", "sh", "-c", script, "sh"]);
        command.arg(&self.names).arg(name).stdin(Stdio::null());
        command
    }

    /// Cuts the way between two pods, in both directions, until the value is dropped. They still reach everybody else.
    pub fn cut(&self, one: IpAddr, other: IpAddr) -> io::Result<Cut> {
        let cut = Cut { inside: self.clone(), ways: [(one, other), (other, one)] };
        cut.rules("--insert")?;
        Ok(cut)
    }

    /// One connection into the cluster.
    pub async fn connect(&self, to: &str) -> io::Result<TcpStream> {
        tokio::time::timeout(CONNECTS_WITHIN, tunnel(&self.proxy, to)).await.map_err(|_| io::ErrorKind::TimedOut)?
    }
}

/// Two pods that can't reach each other.
#[derive(Debug)]
pub struct Cut {
    inside: Inside,
    ways: [(IpAddr, IpAddr); 2],
}

impl Cut {
    /// Pods reach each other through the node, which forwards.
    fn rules(&self, how: &str) -> io::Result<()> {
        for (from, to) in &self.ways {
            let (from, to) = (from.to_string(), to.to_string());
            let mut iptables = self.inside.program("iptables");
            iptables.args(["--wait", how, "FORWARD", "--source", &from, "--destination", &to, "--jump", "DROP"]);
            let output = iptables.output()?;
            if !output.status.success() {
                return Err(Error::other(format!("iptables: {}", String::from_utf8_lossy(&output.stderr))));
            }
        }
        Ok(())
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        // Where the node is gone, so are its rules.
        let _ = self.rules("--delete");
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
