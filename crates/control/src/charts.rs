//! Charts from elsewhere: the archive of a locked version, fetched once, proven by its digest, and kept.
//!
//! On the way of a candidate this stands between its files and the render. Everything here happens outside of the room that
//! engines run in, and before it; what goes in is bytes whose digest stands in git.

mod cache;
mod down;
mod error;
mod fetch;
mod http;
mod versions;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use config_repo::charts::{ChartPlace, LockedChart};
use model::Digest;

use crate::registry::{Access, RegistryClient, digest_of};

pub use error::ChartError;
pub use versions::Newest;

use cache::Cache;
use down::Down;

/// Fetches charts and keeps their archives. Cheap to clone; all clones share it.
#[derive(Clone)]
pub struct Charts {
    inner: Arc<Inner>,
}

struct Inner {
    client: RegistryClient,
    cache: Cache,
    down: Down,
    /// Who wants the same archive waits for it, and does not fetch it too.
    fetching: Mutex<HashMap<Digest, Weak<tokio::sync::Mutex<()>>>>,
}

impl Charts {
    /// Charts whose archives are kept in this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self::with_client(folder, RegistryClient::default())
    }

    /// As [`Self::new`], asking by this client.
    pub fn with_client(folder: PathBuf, client: RegistryClient) -> Self {
        let inner = Inner { client, cache: Cache::new(folder), down: Down::default(), fetching: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// The archive of a locked version: the kept one, else fetched, proven to be what was locked, and kept.
    pub async fn archive(
        &self,
        place: &ChartPlace,
        locked: &LockedChart,
        access: &Access,
    ) -> Result<Vec<u8>, ChartError> {
        if let Some(bytes) = self.kept(&locked.digest).await {
            return Ok(bytes);
        }
        let turn = self.turn(&locked.digest);
        let _turn = turn.lock().await;
        // Somebody else may have fetched it meanwhile.
        if let Some(bytes) = self.kept(&locked.digest).await {
            return Ok(bytes);
        }
        let host = place.host();
        self.inner.down.refuse(&host)?;
        let fetched = fetch::locked(&self.inner.client, place, locked, access).await;
        let bytes = self.inner.down.note(&host, fetched)?;
        let bytes = self.proven(place, locked, bytes).await?;
        self.inner.cache.keep(&locked.digest, &bytes).await;
        Ok(bytes)
    }

    async fn kept(&self, digest: &Digest) -> Option<Vec<u8>> {
        self.inner.cache.get(digest).await
    }

    /// The bytes, if they are those that were locked, and hold the chart that they should.
    async fn proven(&self, place: &ChartPlace, locked: &LockedChart, bytes: Vec<u8>) -> Result<Vec<u8>, ChartError> {
        let found = digest_of(&bytes);
        if found != locked.digest {
            let (chart, version) = (place.to_string(), locked.version.to_string());
            return Err(ChartError::Mismatch { chart, version, locked: locked.digest.clone(), found });
        }
        checked(place, locked.version.as_str(), bytes).await
    }

    fn turn(&self, digest: &Digest) -> Arc<tokio::sync::Mutex<()>> {
        let mut all = self.inner.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = all.get(digest).and_then(Weak::upgrade) {
            return turn;
        }
        all.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(tokio::sync::Mutex::new(()));
        all.insert(digest.clone(), Arc::downgrade(&turn));
        turn
    }
}

/// The bytes, if they are a packed chart of this name and version.
async fn checked(place: &ChartPlace, version: &str, bytes: Vec<u8>) -> Result<Vec<u8>, ChartError> {
    let (name, wanted) = (place.name().to_owned(), version.to_owned());
    let looked = tokio::task::spawn_blocking(move || {
        render::engine::check_archive(&bytes, Some((&name, &wanted))).map(|()| bytes)
    });
    let (chart, version) = (place.to_string(), version.to_owned());
    match looked.await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(why)) => Err(ChartError::Archive { chart, version, why }),
        Err(error) => Err(ChartError::Unreachable { host: place.host(), reason: error.to_string() }),
    }
}
