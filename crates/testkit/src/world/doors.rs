//! Doors before cluster, registry and config repo: each lets in whose credentials are good, and the real server behind it
//! says what it says to those whose are not.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::StreamExt as _;
use reqwest::{Certificate, Client};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::{DevCluster, DevRegistry, GitHttp, GitRemote};

/// The doors of a world.
pub struct Doors {
    /// Before the API server: lets in who brings [`Doors::CLUSTER_TOKEN`].
    pub cluster: Door,
    /// Before the registry: lets in everybody.
    pub registry: Door,
    git: Option<GitHttp>,
}

/// Whom a door lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LetsIn {
    /// Everybody.
    Everybody,
    /// Who brings this bearer token.
    Bearer(&'static str),
    /// Nobody: what was good has expired.
    Nobody,
}

/// An HTTP server before a real one. Who is let in is given credentials that are good there; everybody else's request is
/// passed on as it came. What was open when that changes is ended, as at the end of any watch.
pub struct Door {
    url: String,
    lets_in: watch::Sender<LetsIn>,
    behind: Arc<Behind>,
    task: JoinHandle<()>,
}

struct Behind {
    url: String,
    good: HeaderValue,
    client: Client,
    lets_in: watch::Receiver<LetsIn>,
    asked: AtomicUsize,
}

const LARGEST_BODY: usize = 16 << 20;

impl Doors {
    /// What the process brings to the cluster.
    pub const CLUSTER_TOKEN: &str = "token-5c1d-of-the-cluster";
    /// What the process brings to the config repo.
    pub const GIT_TOKEN: &str = "token-77ab-of-the-config-repo";
    /// What the registry asks for, and the door knows.
    pub const REGISTRY_LOGIN: [&str; 2] = ["puller", "password-09fe-of-the-registry"];

    pub(super) async fn before(cluster: &DevCluster, registry: &DevRegistry) -> Self {
        let ca = std::fs::read(cluster.ca()).expect("the cluster's CA can be read");
        let bearer = format!("Bearer {}", cluster.token());
        let basic = format!("Basic {}", BASE64.encode(Self::REGISTRY_LOGIN.join(":")));
        Self {
            cluster: Door::before(cluster.server(), Some(&ca), &bearer, LetsIn::Bearer(Self::CLUSTER_TOKEN)).await,
            registry: Door::before(&registry.url(), None, &basic, LetsIn::Everybody).await,
            git: None,
        }
    }

    pub(super) async fn serve_git(&mut self, remote: &GitRemote) {
        self.git = Some(GitHttp::serve(remote, Some(Self::GIT_TOKEN)).await.expect("git can be served"));
    }

    /// The host of the config repo.
    pub fn git(&self) -> &GitHttp {
        self.git.as_ref().expect("a world with doors serves git")
    }

    pub(super) fn git_url(&self, remote: &GitRemote) -> String {
        let name = remote.path().file_name().and_then(|name| name.to_str()).expect("the remote has a name");
        self.git().url(name)
    }

    pub(super) fn write_kubeconfig(&self, path: &Path) {
        self.cluster.write_kubeconfig(path, Self::CLUSTER_TOKEN);
    }
}

impl Door {
    async fn before(url: &str, ca: Option<&[u8]>, good: &str, lets_in: LetsIn) -> Self {
        let trusted = ca.map(|ca| Certificate::from_pem(ca).expect("the CA is a certificate"));
        let client = Client::builder().tls_certs_only(trusted).no_proxy().build().expect("a client can be made");
        let good = HeaderValue::from_str(good).expect("the credentials fit into a header");
        let (lets_in, receiver) = watch::channel(lets_in);
        let behind =
            Arc::new(Behind { url: url.to_owned(), good, client, lets_in: receiver, asked: AtomicUsize::new(0) });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let router = Router::new().fallback(pass).with_state(Arc::clone(&behind));
        let task = tokio::spawn(async move {
            // Ends only when the task is aborted.
            let _ended = axum::serve(listener, router).await;
        });
        Self { url: format!("http://{address}"), lets_in, behind, task }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on these are let in. What is open is ended.
    pub fn lets_in(&self, who: LetsIn) {
        self.lets_in.send_replace(who);
    }

    /// How many requests came.
    pub fn asked(&self) -> usize {
        self.behind.asked.load(Ordering::Relaxed)
    }

    /// Writes a kubeconfig that leads to this door, with this token, as context `prod`.
    pub fn write_kubeconfig(&self, path: &Path, token: &str) {
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "prod",
            "clusters": [{"name": "prod", "cluster": {"server": self.url}}],
            "users": [{"name": "prod", "user": {"token": token}}],
            "contexts": [{"name": "prod", "context": {"cluster": "prod", "user": "prod"}}],
        });
        std::fs::write(path, config.to_string()).expect("a kubeconfig can be written");
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(State(behind): State<Arc<Behind>>, request: Request) -> Response {
    match behind.ask(request).await {
        Ok(answer) => answer,
        Err(why) => (StatusCode::BAD_GATEWAY, why).into_response(),
    }
}

impl Behind {
    async fn ask(&self, request: Request) -> Result<Response, String> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut lets_in = self.lets_in.clone();
        let (mut head, body) = request.into_parts();
        let body = to_bytes(body, LARGEST_BODY).await.map_err(|error| error.to_string())?;
        if Self::is_let_in(&lets_in.borrow_and_update(), head.headers.get(AUTHORIZATION)) {
            head.headers.insert(AUTHORIZATION, self.good.clone());
        }
        for of_this_hop in [HOST, CONTENT_LENGTH, TRANSFER_ENCODING] {
            head.headers.remove(of_this_hop);
        }
        let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        let asked = self.client.request(head.method, format!("{}{path}", self.url)).headers(head.headers).body(body);
        let answer = asked.send().await.map_err(|error| error.to_string())?;
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer.headers().iter().filter(|(name, _)| **name != TRANSFER_ENCODING) {
            response = response.header(name, value);
        }
        let changed = async move { lets_in.changed().await };
        let body = Body::from_stream(answer.bytes_stream().take_until(Box::pin(changed)));
        response.body(body).map_err(|error| error.to_string())
    }

    fn is_let_in(lets_in: &LetsIn, brought: Option<&HeaderValue>) -> bool {
        match lets_in {
            LetsIn::Everybody => true,
            LetsIn::Nobody => false,
            LetsIn::Bearer(token) => brought.is_some_and(|brought| *brought == format!("Bearer {token}")),
        }
    }
}
