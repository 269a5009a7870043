//! A git host over smart HTTP: the real `git http-backend` behind a small server on loopback that can fail on command.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinHandle;

use crate::GitRemote;
use crate::tls::{TestCertificate, TlsListener};

/// What the host does wrong from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitFault {
    /// Nothing.
    None,
    /// Answers each request with this status and text.
    Status(u16, &'static str),
    /// Sends everybody to another address.
    RedirectTo(String),
    /// Takes requests and never answers.
    Hang,
    /// Takes pushes and breaks the connection off before it answers them.
    LoseAnswer,
    /// The token may read and not push.
    ReadOnly,
}

/// A git host on loopback, stopped when dropped.
#[derive(Debug)]
pub struct GitHttp {
    host: Arc<Host>,
    address: SocketAddr,
    scheme: &'static str,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Host {
    root: PathBuf,
    token: Option<String>,
    fault: Mutex<GitFault>,
    authorizations: Mutex<Vec<Option<String>>>,
}

const LARGEST_BODY: usize = 256 << 20;

impl GitHttp {
    /// Serves the remote; with a token, only to those who give it as the password of any user.
    pub async fn serve(remote: &GitRemote, token: Option<&str>) -> std::io::Result<Self> {
        let (listener, address, host) = Self::listen(remote, token).await?;
        let router = Self::router(&host);
        let task = tokio::spawn(async move {
            // Ends only when the task is aborted.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self { host, address, scheme: "http", task })
    }

    /// As [`GitHttp::serve`], over TLS.
    pub async fn serve_tls(
        remote: &GitRemote,
        token: Option<&str>,
        certificate: &TestCertificate,
    ) -> std::io::Result<Self> {
        let (listener, address, host) = Self::listen(remote, token).await?;
        let (listener, router) = (TlsListener::new(listener, certificate)?, Self::router(&host));
        let task = tokio::spawn(async move {
            // Ends only when the task is aborted.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self { host, address, scheme: "https", task })
    }

    /// The address of a repository that stands beside or is the served one (`config.git`).
    pub fn url(&self, name: &str) -> String {
        format!("{}://{}/{name}", self.scheme, self.address)
    }

    async fn listen(remote: &GitRemote, token: Option<&str>) -> std::io::Result<(TcpListener, SocketAddr, Arc<Host>)> {
        let host = Host {
            root: remote.path().parent().map(PathBuf::from).unwrap_or_default(),
            token: token.map(str::to_owned),
            fault: Mutex::new(GitFault::None),
            authorizations: Mutex::new(Vec::new()),
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        Ok((listener, address, Arc::new(host)))
    }

    fn router(host: &Arc<Host>) -> Router {
        Router::new().fallback(answer).with_state(Arc::clone(host))
    }

    /// What goes wrong from now on.
    pub fn set_fault(&self, fault: GitFault) {
        *self.host.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// The `Authorization` header of each request so far.
    pub fn authorizations(&self) -> Vec<Option<String>> {
        self.host.authorizations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for GitHttp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(host): State<Arc<Host>>, request: Request) -> Response {
    let given = text_of(request.headers(), header::AUTHORIZATION.as_str());
    host.authorizations.lock().unwrap_or_else(PoisonError::into_inner).push(given.clone());
    let fault = host.fault.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let path_and_query = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let pushes = path_and_query.contains("git-receive-pack");
    match &fault {
        GitFault::Status(status, text) => {
            return (StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), *text).into_response();
        }
        GitFault::RedirectTo(address) => {
            return (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, format!("{address}{path_and_query}"))])
                .into_response();
        }
        GitFault::Hang => std::future::pending().await,
        GitFault::ReadOnly if pushes => return (StatusCode::FORBIDDEN, "this token may only read\n").into_response(),
        _ => {}
    }
    if !host.lets_in(given.as_deref()) {
        let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")];
        return (StatusCode::UNAUTHORIZED, ask, "who are you?\n").into_response();
    }
    let is_push = pushes && request.method() == "POST";
    let answer = host.backend(request).await;
    if is_push && fault == GitFault::LoseAnswer {
        let broken = futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut")) });
        return Body::from_stream(broken).into_response();
    }
    answer.unwrap_or_else(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response())
}

impl Host {
    fn lets_in(&self, given: Option<&str>) -> bool {
        let Some(token) = &self.token else { return true };
        let decoded = given.and_then(|given| BASE64.decode(given.strip_prefix("Basic ")?).ok()).unwrap_or_default();
        decoded
            .iter()
            .position(|&byte| byte == b':')
            .is_some_and(|colon| decoded.get(colon + 1..) == Some(token.as_bytes()))
    }

    /// Runs the CGI program for one request.
    async fn backend(&self, request: Request) -> std::io::Result<Response> {
        let env = self.cgi_environment(&request);
        let body = to_bytes(request.into_body(), LARGEST_BODY).await.map_err(std::io::Error::other)?;
        let mut command = Command::new("git");
        command.args(["-c", "safe.directory=*", "http-backend"]).env_clear().envs(env).kill_on_drop(true);
        command.env("CONTENT_LENGTH", body.len().to_string());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0).spawn()?;
        let stdin = child.stdin.take();
        let feed = async move {
            if let Some(mut stdin) = stdin {
                // A backend that does not read to the end says why in its answer.
                let _fed = stdin.write_all(&body).await;
            }
        };
        let ((), done) = tokio::join!(feed, child.wait_with_output());
        Ok(from_cgi(done?.stdout))
    }

    fn cgi_environment(&self, request: &Request) -> Vec<(&'static str, OsString)> {
        let headers = request.headers();
        let mut env: Vec<(&'static str, OsString)> = vec![
            ("GIT_PROJECT_ROOT", self.root.clone().into()),
            ("GIT_HTTP_EXPORT_ALL", "1".into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
            ("LC_ALL", "C".into()),
            ("REQUEST_METHOD", request.method().as_str().into()),
            ("PATH_INFO", request.uri().path().into()),
            ("QUERY_STRING", request.uri().query().unwrap_or_default().into()),
            ("REMOTE_ADDR", "127.0.0.1".into()),
            ("REMOTE_USER", "somebody".into()),
        ];
        env.extend(std::env::var_os("PATH").map(|path| ("PATH", path)));
        let passed_on = [
            ("CONTENT_TYPE", "content-type"),
            ("HTTP_CONTENT_ENCODING", "content-encoding"),
            ("GIT_PROTOCOL", "git-protocol"),
        ];
        for (variable, name) in passed_on {
            env.extend(text_of(headers, name).map(|value| (variable, value.into())));
        }
        env
    }
}

/// Turns the answer of a CGI program (header lines, an empty line, a body) into one of HTTP.
fn from_cgi(output: Vec<u8>) -> Response {
    let Some(end) = output.windows(4).position(|four| four == b"\r\n\r\n") else {
        return (StatusCode::BAD_GATEWAY, "the CGI program gave no answer").into_response();
    };
    let head = String::from_utf8_lossy(output.get(..end).unwrap_or_default()).into_owned();
    let mut response = Response::builder();
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        response = match (name, value.split(' ').next().and_then(|code| code.parse::<u16>().ok())) {
            ("Status", Some(code)) => response.status(code),
            _ => response.header(name, value),
        };
    }
    let body = Bytes::from(output).slice(end + 4..);
    response.body(Body::from(body)).unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, error.to_string()).into_response())
}

fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
