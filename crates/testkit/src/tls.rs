//! TLS on loopback: certificates made for one test, and a listener that serves them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A self-signed certificate, which is its own authority; made by `openssl`, removed when dropped.
#[derive(Debug)]
pub struct TestCertificate {
    dir: TempDir,
}

impl TestCertificate {
    /// A certificate for this name (`IP:127.0.0.1`, `DNS:git.example`).
    pub async fn for_name(name: &str) -> std::io::Result<Self> {
        let dir = TempDir::new()?;
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
        command.args(["-days", "2", "-subj", "/CN=testkit", "-addext", &format!("subjectAltName={name}")]);
        command.args(["-keyout", "key.pem", "-out", "cert.pem"]).current_dir(dir.path());
        let done = command.stdin(Stdio::null()).output().await?;
        if !done.status.success() {
            return Err(std::io::Error::other(String::from_utf8_lossy(&done.stderr).into_owned()));
        }
        Ok(Self { dir })
    }

    /// The PEM file that a client must believe.
    pub fn ca_file(&self) -> PathBuf {
        self.dir.path().join("cert.pem")
    }

    fn server_config(&self) -> std::io::Result<ServerConfig> {
        let certificate = CertificateDer::from_pem_file(self.ca_file()).map_err(std::io::Error::other)?;
        let key = PrivateKeyDer::from_pem_file(self.dir.path().join("key.pem")).map_err(std::io::Error::other)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(std::io::Error::other)?;
        builder.with_no_client_auth().with_single_cert(vec![certificate], key).map_err(std::io::Error::other)
    }
}

/// A TCP listener that speaks TLS to whoever comes.
pub(crate) struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl TlsListener {
    pub(crate) fn new(tcp: TcpListener, certificate: &TestCertificate) -> std::io::Result<Self> {
        Ok(Self { tcp, acceptor: TlsAcceptor::from(Arc::new(certificate.server_config()?)) })
    }
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    /// One handshake at a time, which is enough for a test; who fails it is forgotten.
    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, from)) = self.tcp.accept().await else { continue };
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}
