//! A real image registry (the `distribution` one) on a port of this machine, and a way to push tiny images to it.

mod image;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Certificate, Client, Method, RequestBuilder, Response};
use serde::Deserialize;
use serde_json::json;

use crate::devcluster::{DevClusterError, binaries};
use crate::supervised::Supervised;
use image::{Image, digest};

/// A registry that runs as long as this value lives.
#[derive(Debug)]
pub struct DevRegistry {
    _process: Supervised,
    ready: Ready,
    login: Option<(String, String)>,
    client: Client,
}

/// What a registry asks of its clients.
#[derive(Clone, Debug, Default)]
pub struct RegistryOptions {
    /// Serve HTTPS, with a certificate of the CA in [`DevRegistry::ca`].
    pub tls: bool,
    /// Ask for this user and password.
    pub login: Option<(String, String)>,
}

/// The line that `devcluster serve-registry` prints.
#[derive(Debug, Deserialize)]
struct Ready {
    address: String,
    ca: Option<PathBuf>,
}

/// Why there is no registry, or no image in it.
#[derive(Debug, thiserror::Error)]
pub enum DevRegistryError {
    /// The process did not start.
    #[error(transparent)]
    Start(#[from] DevClusterError),
    /// It could not be spoken to.
    #[error("failed to {action} at the test registry")]
    Http {
        /// What was tried.
        action: String,
        /// What went wrong on the way.
        #[source]
        source: reqwest::Error,
    },
    /// It answered with no.
    #[error("the test registry answered {status} to the attempt to {action}: {body}")]
    Refused {
        /// What was tried.
        action: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        body: String,
    },
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const START_LIMIT: Duration = Duration::from_mins(1);

impl DevRegistry {
    /// Starts an open registry without TLS that keeps its images in `folder`.
    pub async fn start(folder: &Path) -> Result<Self, DevRegistryError> {
        Self::start_with(folder, RegistryOptions::default()).await
    }

    /// Starts a registry that keeps its images in `folder`.
    pub async fn start_with(folder: &Path, options: RegistryOptions) -> Result<Self, DevRegistryError> {
        let binaries = binaries().await?;
        let arguments =
            vec!["serve-registry".to_owned(), format!("--dir={}", folder.display()), format!("--tls={}", options.tls)];
        let environment: Vec<_> = options
            .login
            .iter()
            .flat_map(|(user, password)| [("DEVREGISTRY_USER", user.as_str()), ("DEVREGISTRY_PASSWORD", password)])
            .collect();
        let log = folder.join("supervise.log");
        let (process, line) =
            Supervised::start(&binaries.devcluster, &arguments, &environment, &log, START_LIMIT).await?;
        let ready: Ready = serde_json::from_str(&line).map_err(|_| DevClusterError::Start { output: line })?;
        let client = client(ready.ca.as_deref())?;
        Ok(Self { _process: process, ready, login: options.login, client })
    }

    /// `127.0.0.1:<port>`: what stands before the repository in an image's name.
    pub fn address(&self) -> &str {
        &self.ready.address
    }

    /// Where HTTP clients find it.
    pub fn url(&self) -> String {
        let scheme = if self.ready.ca.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.ready.address)
    }

    /// The file with the CA to trust, when it serves HTTPS.
    pub fn ca(&self) -> Option<&Path> {
        self.ready.ca.as_deref()
    }

    /// Pushes a small valid image and says its digest, `sha256:...`. Another marker makes another digest.
    pub async fn push_image(&self, repository: &str, tag: &str, marker: &str) -> Result<String, DevRegistryError> {
        let image = Image::holding(&format!("{repository}:{tag} {marker}\n"));
        self.push_blob(repository, &image.layer).await?;
        self.push_blob(repository, &image.config).await?;
        self.push_manifest(repository, tag, image.manifest).await
    }

    /// Pushes an index of small valid images, one for each of these architectures, and says its digest.
    pub async fn push_index(
        &self,
        repository: &str,
        tag: &str,
        architectures: &[&str],
    ) -> Result<String, DevRegistryError> {
        let mut manifests = Vec::new();
        for architecture in architectures {
            let name = format!("{tag}-{architecture}");
            let (digest, size) = (
                self.push_image(repository, &name, architecture).await?,
                Image::holding(&format!("{repository}:{name} {architecture}\n")).manifest.len(),
            );
            manifests.push(json!({"mediaType": MANIFEST, "digest": digest, "size": size,
                "platform": {"os": "linux", "architecture": architecture}}));
        }
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
        self.push_as(INDEX, repository, tag, index.to_string().into_bytes()).await
    }

    /// Moves a tag to an image that is there.
    pub async fn tag(&self, repository: &str, tag: &str, digest: &str) -> Result<(), DevRegistryError> {
        let action = format!("read {repository}@{digest}");
        let request = self.request(Method::GET, &format!("{repository}/manifests/{digest}")).header("accept", MANIFEST);
        let manifest = send(request, &action).await?.bytes().await;
        let manifest = manifest.map_err(|source| DevRegistryError::Http { action, source })?;
        self.push_manifest(repository, tag, manifest.to_vec()).await.map(drop)
    }

    /// Removes an image and all its tags.
    pub async fn delete(&self, repository: &str, digest: &str) -> Result<(), DevRegistryError> {
        let request = self.request(Method::DELETE, &format!("{repository}/manifests/{digest}"));
        send(request, &format!("delete {repository}@{digest}")).await.map(drop)
    }

    async fn push_blob(&self, repository: &str, blob: &[u8]) -> Result<(), DevRegistryError> {
        let action = format!("push a blob of {repository}");
        let begun = send(self.request(Method::POST, &format!("{repository}/blobs/uploads/")), &action).await?;
        let location = begun.headers().get(LOCATION).and_then(|location| location.to_str().ok()).unwrap_or_default();
        let place = if location.starts_with('/') { format!("{}{location}", self.url()) } else { location.to_owned() };
        let separator = if place.contains('?') { '&' } else { '?' };
        let request = self.client.put(format!("{place}{separator}digest={}", digest(blob)));
        let request = self.with_login(request).header(CONTENT_TYPE, "application/octet-stream").body(blob.to_vec());
        send(request, &action).await.map(drop)
    }

    async fn push_manifest(&self, repository: &str, tag: &str, text: Vec<u8>) -> Result<String, DevRegistryError> {
        self.push_as(MANIFEST, repository, tag, text).await
    }

    async fn push_as(
        &self,
        media_type: &str,
        repository: &str,
        tag: &str,
        text: Vec<u8>,
    ) -> Result<String, DevRegistryError> {
        let digest = digest(&text);
        let request = self.request(Method::PUT, &format!("{repository}/manifests/{tag}"));
        send(request.header(CONTENT_TYPE, media_type).body(text), &format!("push {repository}:{tag}")).await?;
        Ok(digest)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.with_login(self.client.request(method, format!("{}/v2/{path}", self.url())))
    }

    fn with_login(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.login {
            Some((user, password)) => request.basic_auth(user, Some(password)),
            None => request,
        }
    }
}

fn client(ca: Option<&Path>) -> Result<Client, DevRegistryError> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Lost only to another thread that installs the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let http = |source| DevRegistryError::Http { action: "make a client".to_owned(), source };
    let mut trusted = vec![];
    if let Some(ca) = ca {
        let text =
            fs::read(ca).map_err(|source| DevClusterError::Io { action: format!("read {}", ca.display()), source })?;
        trusted.push(Certificate::from_pem(&text).map_err(http)?);
    }
    Client::builder().tls_certs_only(trusted).no_proxy().timeout(Duration::from_secs(20)).build().map_err(http)
}

async fn send(request: RequestBuilder, action: &str) -> Result<Response, DevRegistryError> {
    let response =
        request.send().await.map_err(|source| DevRegistryError::Http { action: action.to_owned(), source })?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status().as_u16();
    Err(DevRegistryError::Refused {
        action: action.to_owned(),
        status,
        body: response.text().await.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests;
