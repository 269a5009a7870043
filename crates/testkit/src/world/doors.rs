//! Doors before cluster, registry and config repo: each lets in whose credentials are good, and the real server behind it
//! says what it says to those whose are not. A door can be told to make faults, and to be down for a while.

mod faults;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

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
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::{DevCluster, DevRegistry, GitHttp, GitRemote};

use faults::{Answered, Fate, Faults};
pub use faults::{Fault, Faulty, Which};

/// The doors of a world.
pub struct Doors {
    /// Before the API server: lets in who brings [`Doors::CLUSTER_TOKEN`].
    pub cluster: Door,
    /// Before the same API server, as another cluster: the context of the environment `stage`.
    pub elsewhere: Door,
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
    address: SocketAddr,
    lets_in: watch::Sender<LetsIn>,
    behind: Arc<Behind>,
    open: Option<Open>,
}

/// What serves while the door is up.
struct Open {
    close: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

struct Behind {
    url: String,
    good: HeaderValue,
    client: Client,
    lets_in: watch::Receiver<LetsIn>,
    asked: AtomicUsize,
    faults: Faults,
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
        let lets_in = LetsIn::Bearer(Self::CLUSTER_TOKEN);
        Self {
            cluster: Door::before(cluster.server(), Some(&ca), &bearer, lets_in.clone()).await,
            elsewhere: Door::before(cluster.server(), Some(&ca), &bearer, lets_in).await,
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
        let contexts = [("prod", self.cluster.url()), ("stage", self.elsewhere.url())];
        write_kubeconfig(path, Self::CLUSTER_TOKEN, &contexts);
    }
}

impl Door {
    async fn before(url: &str, ca: Option<&[u8]>, good: &str, lets_in: LetsIn) -> Self {
        let trusted = ca.map(|ca| Certificate::from_pem(ca).expect("the CA is a certificate"));
        let client = Client::builder().tls_certs_only(trusted).no_proxy().build().expect("a client can be made");
        let good = HeaderValue::from_str(good).expect("the credentials fit into a header");
        let (lets_in, receiver) = watch::channel(lets_in);
        let (asked, faults) = (AtomicUsize::new(0), Faults::default());
        let behind = Arc::new(Behind { url: url.to_owned(), good, client, lets_in: receiver, asked, faults });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let open = Some(serve(listener, Arc::clone(&behind)));
        Self { url: format!("http://{address}"), address, lets_in, behind, open }
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

    /// From now on these requests meet this fault, so often at most. Open watches end, so that they meet it too.
    pub fn make(&self, which: Which, fault: Fault, most: usize) -> Faulty {
        let made = self.behind.faults.make(which, fault, most);
        self.end_watches();
        made
    }

    /// Ends what is open, in peace.
    pub fn end_watches(&self) {
        self.lets_in.send_modify(|_| {});
    }

    /// The server is gone: what is open is closed, and who comes is refused.
    pub async fn down(&mut self) {
        let Some(Open { close, mut task }) = self.open.take() else { return };
        // One that ended by itself is down too.
        let _ = close.send(());
        let closing = async {
            // What was about to open when the others were ended is ended in the next round.
            let mut rounds = tokio::time::interval(Duration::from_millis(50));
            loop {
                tokio::select! {
                    closed = &mut task => return closed,
                    _ = rounds.tick() => self.end_watches(),
                }
            }
        };
        let closed = tokio::time::timeout(super::PATIENCE, closing).await;
        closed.expect("what is open can be closed").expect("the door was served");
    }

    /// The server is back, at the same address.
    pub async fn up(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("the address is free again");
        self.open = Some(serve(listener, Arc::clone(&self.behind)));
    }

    /// Writes a kubeconfig that leads to this door, with this token, as context `prod`.
    pub fn write_kubeconfig(&self, path: &Path, token: &str) {
        write_kubeconfig(path, token, &[("prod", self.url())]);
    }
}

fn write_kubeconfig(path: &Path, token: &str, contexts: &[(&str, &str)]) {
    let each = |what: fn(&str, &str) -> Value| contexts.iter().map(|(name, url)| what(name, url)).collect::<Vec<_>>();
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": contexts[0].0,
        "clusters": each(|name, url| json!({"name": name, "cluster": {"server": url}})),
        "users": [{"name": "pinnace", "user": {"token": token}}],
        "contexts": each(|name, _| json!({"name": name, "context": {"cluster": name, "user": "pinnace"}})),
    });
    std::fs::write(path, config.to_string()).expect("a kubeconfig can be written");
}

fn serve(listener: TcpListener, behind: Arc<Behind>) -> Open {
    let router = Router::new().fallback(pass).with_state(behind);
    let (close, closed) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        let until_closed = async {
            if closed.await.is_err() {
                // Whoever had the door is gone, and its task is about to be ended.
                std::future::pending::<()>().await;
            }
        };
        // Ends only when it is closed.
        let _ended = axum::serve(listener, router).with_graceful_shutdown(until_closed).await;
    });
    Open { close, task }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            open.task.abort();
        }
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
        let answer_lost = match self.faults.fate(&head.method, &head.uri).await {
            Fate::Answered(response) => return Ok(response),
            Fate::AnswerLost => true,
            Fate::Passed => false,
        };
        let is_list = faults::verb(&head.method, &head.uri) == "list";
        let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        let asked = self.client.request(head.method, format!("{}{path}", self.url)).headers(head.headers).body(body);
        let mut answer = asked.send().await.map_err(|error| error.to_string())?;
        answer.headers_mut().remove(TRANSFER_ENCODING);
        if answer_lost {
            return Ok(faults::broken());
        }
        if is_list {
            let (status, headers) = (answer.status(), answer.headers().clone());
            let body = answer.bytes().await.map_err(|error| error.to_string())?;
            let answer = Answered { status, headers, body };
            self.faults.remember(&head.uri, &answer);
            return Ok(answer.into());
        }
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
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
