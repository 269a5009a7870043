//! Charts for tests, made by the real Helm: packed, pushed to a registry, and served from a chart repository on loopback.

use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::DevRegistry;
use crate::engines::engines;

/// A chart that was packed.
#[derive(Debug, Clone)]
pub struct Packed {
    /// Its archive.
    pub file: PathBuf,
    /// The archive's bytes.
    pub bytes: Vec<u8>,
}

impl Packed {
    /// The archive's digest.
    pub fn digest(&self) -> String {
        use sha2::Digest as _;
        format!("sha256:{}", crate::hex(&sha2::Sha256::digest(&self.bytes)))
    }
}

/// Packs a chart of these files, beside its `Chart.yaml`, with `helm package`.
pub fn package(folder: &Path, name: &str, version: &str, files: &[(&str, &str)]) -> Packed {
    let source = tempfile::tempdir().expect("a temporary folder can be made");
    let chart = source.path().join(name);
    let own = format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
    for (path, text) in files.iter().copied().chain([("Chart.yaml", own.as_str())]) {
        let path = chart.join(path);
        fs::create_dir_all(path.parent().expect("it is below the chart")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }
    helm(["package".as_ref(), chart.as_os_str(), "--destination".as_ref(), folder.as_os_str()]);
    let file = folder.join(format!("{name}-{version}.tgz"));
    let bytes = fs::read(&file).expect("helm made the archive");
    Packed { file, bytes }
}

/// Pushes a packed chart below a path of a registry that is asked without TLS, with `helm push`.
pub fn push(packed: &Packed, registry: &DevRegistry, path: &str) {
    let to = format!("oci://{}/{path}", registry.address());
    helm(["push".as_ref(), packed.file.as_os_str(), to.as_ref(), "--plain-http".as_ref()]);
}

/// Runs Helm in a home of its own.
fn helm<const N: usize>(args: [&OsStr; N]) {
    let program = engines().expect("Helm can be built").helm;
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let output = Command::new(program).args(args).env_clear().env("HOME", home.path()).output().expect("Helm runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// What a repository does from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepositoryFault {
    /// It answers.
    None,
    /// It answers everything with this status.
    Status(u16),
    /// It takes requests and never answers.
    Hang,
    /// It sends everybody who wants an archive to another address.
    RedirectTo(String),
}

/// A chart repository on loopback, stopped when dropped.
#[derive(Debug)]
pub struct ChartRepository {
    shelf: Arc<Shelf>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shelf {
    folder: TempDir,
    login: Option<String>,
    fault: Mutex<RepositoryFault>,
    /// Path, and what it brought as its login.
    asked: Mutex<Vec<(String, Option<String>)>>,
    count: watch::Sender<usize>,
}

impl ChartRepository {
    /// An empty repository; with a login (`user:password`), only for those who bring it.
    pub async fn serve(login: Option<&str>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        let shelf = Arc::new(Shelf {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
            login: login.map(|login| format!("Basic {}", BASE64.encode(login))),
            fault: Mutex::new(RepositoryFault::None),
            asked: Mutex::default(),
            count: watch::Sender::new(0),
        });
        let router = Router::new().fallback(answer).with_state(shelf.clone());
        let task = tokio::spawn(async move {
            // Ends only when the task is aborted.
            let _ended = axum::serve(listener, router).await;
        });
        Self { shelf, address, task }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}/charts", self.address)
    }

    /// `127.0.0.1:<port>`, by which `registries` knows it.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Packs a chart into it and makes its `index.yaml` anew, with `helm repo index`.
    pub fn add(&self, name: &str, version: &str, files: &[(&str, &str)]) -> Packed {
        let packed = package(self.shelf.folder.path(), name, version, files);
        self.index();
        packed
    }

    /// Makes the index anew.
    pub fn index(&self) {
        helm(["repo".as_ref(), "index".as_ref(), self.shelf.folder.path().as_os_str()]);
    }

    /// Puts a file into it as it is.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.shelf.folder.path().join(name), bytes).expect("a file can be written");
    }

    /// What it does from now on.
    pub fn fail(&self, fault: RepositoryFault) {
        *self.shelf.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Waits until it was asked more often than this.
    pub async fn asked_more_than(&self, times: usize) {
        let mut count = self.shelf.count.subscribe();
        // The sender lives as long as this does.
        let _asked = count.wait_for(|count| *count > times).await;
    }

    /// What it was asked for so far, and with which login.
    pub fn asked(&self) -> Vec<(String, Option<String>)> {
        self.shelf.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ChartRepository {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(shelf): State<Arc<Shelf>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let login = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    shelf.asked.lock().unwrap_or_else(PoisonError::into_inner).push((path.clone(), login.clone()));
    shelf.count.send_modify(|count| *count += 1);
    let fault = shelf.fault.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let is_archive = Path::new(&path).extension().is_some_and(|extension| extension == "tgz");
    match fault {
        RepositoryFault::Status(status) => {
            return StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
        }
        RepositoryFault::Hang => std::future::pending().await,
        RepositoryFault::RedirectTo(url) if is_archive => {
            return (StatusCode::FOUND, [(header::LOCATION, url)]).into_response();
        }
        RepositoryFault::RedirectTo(_) | RepositoryFault::None => {}
    }
    if shelf.login.is_some() && login != shelf.login {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    match fs::read(shelf.folder.path().join(name)) {
        Ok(bytes) => bytes.into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
