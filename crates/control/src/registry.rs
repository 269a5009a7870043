//! Asking the image registry what an announced build really is.
//!
//! On the way of a build this stands between `webhooks` and the ask: an announcement is a hint, and only what the
//! registry answers here is asked about and pinned. The digest is that of the manifest as the registry gives it for
//! the name, an index where there is one, so that nodes of every platform find their own image under it.
//!
//! Speaks the OCI distribution protocol over `reqwest` itself rather than through `oci-client`, which reads answers
//! of any size, loses `Retry-After` and the media type, swallows a failed login, and panics on a token with a line
//! break in it. One GET of the manifest instead of a HEAD: its bytes prove the digest and say whether it is an image.
//!
//! Waiting and asking again is the caller's: [`ResolveError::may_pass`] says when it makes sense.

mod access;
mod chart;
mod error;
mod exchange;
mod manifest;
mod token;

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use model::{Digest, ImageRef, ImageRepository, Tag};

pub use crate::configuration::access as access_of;
pub use access::{Access, Credentials};
pub use error::ResolveError;
pub(crate) use exchange::{Unread, bounded, causes};
pub use manifest::Resolved;
pub(crate) use manifest::digest_of;

use access::Base;
use exchange::Exchange;

/// Asks registries. One for the whole process: connections are kept open between questions.
pub struct RegistryClient {
    /// Names read; by what they trust and whether proxies are left out.
    clients: Mutex<HashMap<ClientKey, reqwest::Client>>,
    timeout: Duration,
}

type ClientKey = (Option<Vec<u8>>, bool);

/// Of one question with everything that belongs to it: connecting, logging in, reading.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Registries that differ in the CA: few, and forgotten ones must not pile up.
const MOST_CLIENTS: usize = 16;

impl Default for RegistryClient {
    fn default() -> Self {
        Self::with_timeout(TIMEOUT)
    }
}

impl RegistryClient {
    /// A client whose questions may take so long, each as a whole.
    pub fn with_timeout(timeout: Duration) -> Self {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Somebody else being quicker is just as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        Self { clients: Mutex::default(), timeout }
    }

    /// What stands in the registry under this tag, or this digest; with both, they must be the same.
    pub async fn resolve(
        &self,
        repository: &ImageRepository,
        tag: Option<&Tag>,
        digest: Option<&Digest>,
        access: &Access,
    ) -> Result<Resolved, ResolveError> {
        let image = ImageRef { repository: repository.clone(), tag: tag.cloned(), digest: digest.cloned() };
        let base = Base::of(repository, access)?;
        let client = self.client(&base, access)?;
        let exchange = Exchange { client: &client, base: &base, access, image: &image };
        match tokio::time::timeout(self.timeout, exchange.manifest()).await {
            Ok(answer) => manifest::resolved(&image, answer?),
            Err(_) => Err(ResolveError::Timeout { registry: base.name(), waited: self.timeout }),
        }
    }

    /// A client for the server of this address, with the same rules as for registries.
    pub(crate) fn client_for(&self, url: &reqwest::Url, access: &Access) -> Result<reqwest::Client, ResolveError> {
        self.client(&Base::at(url), access)
    }

    fn client(&self, base: &Base, access: &Access) -> Result<reqwest::Client, ResolveError> {
        let key = (access.ca_pem.clone(), base.is_loopback());
        // A poisoned lock only means that a build failed elsewhere: the map is whole.
        let mut clients = self.clients.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        if clients.len() >= MOST_CLIENTS {
            clients.clear();
        }
        let client = exchange::client(base, access)?;
        clients.insert(key, client.clone());
        Ok(client)
    }
}

impl std::fmt::Debug for RegistryClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegistryClient").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
