//! A chart repository over HTTP: its `index.yaml`, and the archives that it names.

use std::time::Duration;

use config_repo::charts::ChartIndex;
use reqwest::header::ACCEPT;
use reqwest::{Client, StatusCode, Url};

use super::ChartError;
use super::fetch::LARGEST_ARCHIVE;
use crate::registry::{Access, RegistryClient, Unread, bounded, causes};

/// One repository, and as whom it is asked.
pub(super) struct Repository<'a> {
    client: Client,
    access: &'a Access,
    /// With a slash at the end.
    url: &'a Url,
}

/// Of one question with everything that belongs to it. An index may have megabytes.
const TIMEOUT: Duration = Duration::from_secs(30);

impl<'a> Repository<'a> {
    pub(super) fn new(client: &RegistryClient, url: &'a Url, access: &'a Access) -> Result<Self, ChartError> {
        let this = Self { client: client.client_for(url, access)?, access, url };
        if access.credentials.is_some() && url.scheme() == "http" && !is_loopback(url) {
            let reason = "has a login and is asked without TLS: write its address with `https://`".to_owned();
            return Err(ChartError::Refused { host: this.host(), reason });
        }
        Ok(this)
    }

    /// Which charts there are.
    pub(super) async fn index(&self) -> Result<ChartIndex, ChartError> {
        let url = self.url.join("index.yaml").map_err(|error| self.refused(error.to_string()))?;
        let bytes = self.get(&url, "its index.yaml", ChartIndex::LARGEST).await?;
        let read = tokio::task::spawn_blocking(move || ChartIndex::parse(&bytes)).await;
        let read = read.map_err(|error| self.silent(error.to_string()))?;
        read.map_err(|error| self.refused(format!("is of no use: {error}")))
    }

    /// The archive at an address of the index.
    pub(super) async fn archive(&self, url: &str) -> Result<Vec<u8>, ChartError> {
        let odd = || self.refused("names an address that is none for an archive".to_owned());
        let url = self.url.join(url).map_err(|_| odd())?;
        // Its own server may be asked as it is; every other one with TLS only.
        let is_own = url.origin() == self.url.origin();
        if !is_own && (url.scheme() != "https" || secrets::safe_url(url.as_str()).is_none()) {
            return Err(odd());
        }
        self.get(&url, "an archive", LARGEST_ARCHIVE).await
    }

    async fn get(&self, url: &Url, what: &'static str, limit: usize) -> Result<Vec<u8>, ChartError> {
        let asked = tokio::time::timeout(TIMEOUT, self.asked(url, what, limit)).await;
        asked.unwrap_or_else(|_| Err(self.silent(format!("{what} did not come within {} s", TIMEOUT.as_secs()))))
    }

    async fn asked(&self, url: &Url, what: &'static str, limit: usize) -> Result<Vec<u8>, ChartError> {
        let request = self.client.get(url.clone()).header(ACCEPT, "*/*");
        // The login goes to the repository itself and nowhere else; the client drops it where it is sent on to another host.
        let login = self.access.credentials.as_ref().filter(|_| url.origin() == self.url.origin());
        let request = match login {
            Some(login) => request.basic_auth(&login.user, Some(login.password.expose())),
            None => request,
        };
        let response = request.send().await.map_err(|error| self.silent(causes(&error)))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(self.unauthorized(response.status())),
            StatusCode::NOT_FOUND => return Err(self.refused(format!("has nothing at `{}` (404)", shown(url)))),
            status => return Err(self.silent(format!("it answered {}", status.as_u16()))),
        }
        bounded(response, limit).await.map_err(|unread| match unread {
            Unread::TooLarge => ChartError::TooLarge { host: self.host(), what, limit },
            Unread::Broken(error) => self.silent(causes(&error)),
        })
    }

    fn unauthorized(&self, status: StatusCode) -> ChartError {
        let status = status.as_u16();
        self.refused(match &self.access.credentials {
            None => format!("wants a login ({status}): name one as its `auth` under `registries` in pinnace.yaml"),
            Some(login) => format!("refuses the user `{}` ({status}): is the password right?", login.user),
        })
    }

    fn refused(&self, reason: String) -> ChartError {
        ChartError::Refused { host: self.host(), reason }
    }

    fn silent(&self, reason: String) -> ChartError {
        ChartError::Unreachable { host: self.host(), reason }
    }

    fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

/// An address for people: what stands behind `?` may be a key.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    secrets::safe_url(url.as_str()).map_or_else(|| "an odd address".to_owned(), |url| secrets::clip(url, 200))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
