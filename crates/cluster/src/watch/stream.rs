//! One stream of a watcher: list, then watch from there; go on where a watch ends; list again after any trouble.

use std::sync::Arc;
use std::time::Duration;

use futures::io::Lines;
use futures::{AsyncBufRead, AsyncBufReadExt, StreamExt};
use serde_json::Value;

use crate::client::{Call, ClusterClient, Query, jittered};
use crate::discovery::Kind;
use crate::error::{ClusterError, status};
use crate::key::{KindKey, ObjectKey};
use crate::mark::INSTANCE_LABEL;
use crate::objects::resource_version;
use crate::watch::store::Store;

/// API servers send a bookmark about once a minute, but none of kinds of which nothing ever changed. A stream that is silent for
/// longer may be dead: it is opened again where it stands, which costs no list, and fails when nobody is there.
const SILENCE: Duration = Duration::from_secs(100);
/// How long one watch lasts before it is renewed where it stands.
const WATCH_SECONDS: u64 = 290;
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A kind to follow, and for whom.
#[derive(Debug, Clone)]
pub(crate) struct Followed {
    pub(crate) kind: KindKey,
    pub(crate) interest: Interest,
}

/// Whom a kind matters to, and which of its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interest {
    /// All objects, to everybody: pods and what lies between them and their workloads.
    Always,
    /// All objects, to those who ask for the kind.
    Whole,
    /// Those that bear our mark, to those who ask for the kind.
    Marked,
    /// All objects that others make, to those who ask for the kind; rights for them may be missing.
    Others,
    /// Warnings: good to have, and rights for them may be missing.
    Optional,
}

/// Follows a kind for ever. Returns only when an optional stream is not allowed.
pub(crate) async fn follow(client: ClusterClient, namespace: String, followed: Followed, store: Arc<Store>) {
    let stream = Stream { client, namespace, followed, store };
    let mut failures = 0;
    loop {
        let Err((error, got_somewhere)) = stream.list_and_watch().await;
        tracing::debug!(kind = %stream.followed.kind.kind, namespace = %stream.namespace, %error, "watch interrupted");
        if may_be_missing(stream.followed.interest, &error) {
            stream.store.blind(&stream.followed.kind, Some(error));
            return;
        }
        // What is too old is no trouble: a fresh list answers it, at once.
        let gone = matches!(error, ClusterError::Gone { .. });
        stream.store.blind(&stream.followed.kind, (!gone).then_some(error));
        failures = if got_somewhere { 0 } else { failures + 1 };
        if !(gone && got_somewhere) {
            let pause = Duration::from_millis(100 << failures.min(7));
            tokio::time::sleep(jittered(pause.min(LONGEST_PAUSE))).await;
        }
    }
}

fn may_be_missing(interest: Interest, error: &ClusterError) -> bool {
    match interest {
        Interest::Optional => matches!(error, ClusterError::Forbidden { .. }),
        Interest::Others => matches!(error, ClusterError::Forbidden { .. } | ClusterError::UnknownKind { .. }),
        _ => false,
    }
}

struct Stream {
    client: ClusterClient,
    namespace: String,
    followed: Followed,
    store: Arc<Store>,
}

/// Why a stream broke off, and whether its list had come in.
type Broken = (ClusterError, bool);

impl Stream {
    async fn list_and_watch(&self) -> Result<std::convert::Infallible, Broken> {
        let kind = self.client.kind(&self.followed.kind).await.map_err(|e| (e, false))?;
        let (objects, version) = self.list(&kind).await.map_err(|e| (e, false))?;
        self.store.replace(&self.followed.kind, objects, &version);
        loop {
            self.watch_once(&kind).await.map_err(|e| (e, true))?;
        }
    }

    async fn list(&self, kind: &Kind) -> Result<(Vec<Value>, String), ClusterError> {
        let selection = self.selected(Query::new());
        let (mut objects, mut page) = (Vec::new(), String::new());
        loop {
            let (items, version, next) = self.client.list_page(kind, &self.namespace, &selection, &page).await?;
            objects.extend(items);
            if next.is_empty() {
                return Ok((objects, version));
            }
            page = next;
        }
    }

    /// One watch, until the server ends it in peace.
    async fn watch_once(&self, kind: &Kind) -> Result<(), ClusterError> {
        let call = Call::in_namespace("watch", &kind.resource(), Some(&self.namespace));
        let query = watch_query(&self.store.resource_version(&self.followed.kind));
        let stream = self.client.open(&call, &kind.collection(Some(&self.namespace)), &self.selected(query)).await?;
        let mut lines = Box::pin(stream).lines();
        while let Some(line) = next_line(&self.client, &mut lines).await? {
            self.take_in(&call, &line)?;
        }
        Ok(())
    }

    fn take_in(&self, call: &Call, line: &str) -> Result<(), ClusterError> {
        // One line that can't be read is skipped: the object shows again with its next change or the next list.
        let Ok(mut event) = serde_json::from_str::<Value>(line) else { return Ok(()) };
        let object = event.get_mut("object").map(Value::take).unwrap_or_default();
        let kind = &self.followed.kind;
        match event.get("type").and_then(Value::as_str).unwrap_or_default() {
            "ADDED" | "MODIFIED" => self.store.upsert(kind, object),
            "DELETED" => self.store.remove(kind, &object),
            "BOOKMARK" => self.store.advance(kind, resource_version(&object)),
            "ERROR" => return Err(self.refused(call, object)),
            _ => {}
        }
        Ok(())
    }

    fn refused(&self, call: &Call, object: Value) -> ClusterError {
        let refusal: kube::core::Status = serde_json::from_value(object).unwrap_or_default();
        status::from_status(self.client.context(), call, refusal.code, &refusal)
    }

    fn selected(&self, query: Query) -> Query {
        match self.followed.interest {
            Interest::Optional => query.with("fieldSelector", "type=Warning"),
            Interest::Marked => query.with("labelSelector", INSTANCE_LABEL),
            Interest::Always | Interest::Whole | Interest::Others => query,
        }
    }
}

/// A watch on one object from a version on.
pub(crate) async fn open_one(
    client: &ClusterClient,
    key: &ObjectKey,
    since: &str,
) -> Result<impl AsyncBufRead + use<>, ClusterError> {
    let kind = client.kind(&key.kind).await?;
    let call = Call::on("watch", &kind.resource(), key);
    let query = watch_query(since).with("fieldSelector", format!("metadata.name={}", key.name));
    client.open(&call, &kind.collection(key.namespace.as_deref()), &query).await
}

fn watch_query(since: &str) -> Query {
    Query::new()
        .with("watch", "true")
        .with("allowWatchBookmarks", "true")
        .with("timeoutSeconds", WATCH_SECONDS.to_string())
        .with("resourceVersion", since)
}

/// The next line; nothing when the watch ended in peace, or said nothing for so long that it has to be opened again.
async fn next_line<R: AsyncBufRead + Unpin>(
    client: &ClusterClient,
    lines: &mut Lines<R>,
) -> Result<Option<String>, ClusterError> {
    match tokio::time::timeout(SILENCE, lines.next()).await {
        Err(_) | Ok(None) => Ok(None),
        Ok(Some(Ok(line))) => Ok(Some(line)),
        Ok(Some(Err(error))) => {
            Err(ClusterError::Unreachable { context: client.context().to_owned(), why: error.to_string() })
        }
    }
}
