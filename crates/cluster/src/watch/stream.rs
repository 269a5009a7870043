//! One stream of a watcher: list, then watch from there; go on where a watch ends; list again after any trouble.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::io::Lines;
use futures::{AsyncBufRead, AsyncBufReadExt, FutureExt as _, StreamExt};
use serde_json::Value;
use tokio::sync::watch;

use crate::client::{Call, ClusterClient, Query, jittered};
use crate::discovery::Kind;
use crate::error::{ClusterError, status};
use crate::key::{KindKey, ObjectKey};
use crate::made::MADE_SELECTOR;
use crate::mark::INSTANCE_LABEL;
use crate::objects::{resource_version, typed};
use crate::watch::store::Store;

/// API servers send a bookmark about once a minute, but none of kinds of which nothing ever changed. A stream that is silent for
/// longer may be dead: it is opened again where it stands, which costs no list, and fails when nobody is there.
const SILENCE: Duration = Duration::from_secs(100);
/// How long one watch lasts before it is renewed where it stands.
const WATCH_SECONDS: u64 = 290;
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Between watches that end at once the pause grows no more after so many: it still counts as seeing.
const LONGEST_IN_VAIN: u32 = 4;

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
    /// The same, and of them their metadata alone: nothing else ever comes here.
    MarkedMetadata,
    /// Our own custom resources, to those who look after them.
    Resources,
    /// What the operator made, to those who ask for the kind.
    Made,
    /// What became of what the operator made, to everybody.
    AlwaysMade,
    /// All objects, and of them their metadata alone, to those who ask for the kind.
    Metadata,
    /// All objects that others make, to those who ask for the kind; rights for them may be missing.
    Others,
    /// Warnings: good to have, and rights for them may be missing.
    Optional,
}

/// Follows a kind for ever. One that is not allowed is asked for again after some time, unless somebody else took its place.
pub(crate) async fn follow(client: ClusterClient, namespace: String, followed: Followed, store: Arc<Store>) {
    let anew = store.asked_anew();
    let mut stream = Stream { client, namespace, followed, store, anew, told: false };
    let mut failures = 0;
    loop {
        stream.told = false;
        let why = match AssertUnwindSafe(stream.list_and_watch()).catch_unwind().await {
            Ok(Err(why)) => why,
            Err(_) => stream.broke(),
        };
        let (kind, namespace) = (&stream.followed.kind, &stream.namespace);
        tracing::debug!(kind = %kind.kind, namespace, ?why, "watch interrupted");
        // What is too old is no trouble: a fresh list answers it, at once.
        let (trouble, at_once) = match why {
            Broken::Trouble(error) if may_be_missing(stream.followed.interest, &error) => {
                stream.store.blind(kind, Some(error));
                tokio::time::sleep(jittered(stream.client.shared.settings.refused_for)).await;
                if !stream.store.is_followed_for(kind, stream.followed.interest) {
                    return;
                }
                continue;
            }
            Broken::Trouble(ClusterError::Gone { .. }) | Broken::Anew => (None, true),
            Broken::Trouble(error) => (Some(error), false),
        };
        stream.store.blind(kind, trouble);
        // A watch that opens and tells nothing has not got anywhere: lists are dear, and one follows each.
        failures = if stream.told { 0 } else { failures + 1 };
        if !(at_once && failures <= 1) {
            tokio::time::sleep(pause(failures)).await;
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

fn pause(failures: u32) -> Duration {
    jittered(Duration::from_millis(100 << failures.min(7)).min(LONGEST_PAUSE))
}

struct Stream {
    client: ClusterClient,
    namespace: String,
    followed: Followed,
    store: Arc<Store>,
    anew: watch::Receiver<u64>,
    /// Whether a watch told something since the list.
    told: bool,
}

/// Why a stream broke off.
#[derive(Debug)]
enum Broken {
    Trouble(ClusterError),
    /// Somebody doubts what is known.
    Anew,
}

impl From<ClusterError> for Broken {
    fn from(error: ClusterError) -> Self {
        Self::Trouble(error)
    }
}

impl Stream {
    /// By a defect of ours. A fresh list is as good as any.
    fn broke(&self) -> Broken {
        let why = format!("watching {} broke inside Pinnace; report what the log says of it", self.followed.kind.kind);
        Broken::Trouble(ClusterError::Unreachable { context: self.client.context().to_owned(), why })
    }

    async fn list_and_watch(&mut self) -> Result<Infallible, Broken> {
        self.anew.mark_unchanged();
        let kind = self.client.kind(&self.followed.kind).await?;
        let (objects, version) = self.list(&kind).await?;
        self.store.replace(&self.followed.kind, objects, &version);
        let mut in_vain = 0;
        loop {
            if self.watch_once(&kind).await? {
                in_vain = 0;
            } else {
                // Nothing is missed by a pause: the next watch begins where this one did.
                in_vain += 1;
                tokio::time::sleep(pause(in_vain.min(LONGEST_IN_VAIN))).await;
            }
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

    /// One watch, until the server ends it in peace; whether it told anything.
    async fn watch_once(&mut self, kind: &Kind) -> Result<bool, Broken> {
        let call = Call::in_namespace("watch", &kind.resource(), Some(&self.namespace));
        let query = watch_query(&self.store.resource_version(&self.followed.kind));
        let stream = self.client.open(&call, &kind.collection(Some(&self.namespace)), &self.selected(query)).await?;
        let mut lines = Box::pin(stream).lines();
        let mut told = false;
        loop {
            let line = tokio::select! {
                line = next_line(&self.client, &mut lines) => line?,
                Ok(()) = self.anew.changed() => return Err(Broken::Anew),
            };
            let Some(line) = line else { return Ok(told) };
            self.take_in(kind, &call, &line)?;
            (told, self.told) = (true, true);
        }
    }

    fn take_in(&self, of: &Kind, call: &Call, line: &str) -> Result<(), ClusterError> {
        // One line that can't be read is skipped: the object shows again with its next change or the next list.
        let Ok(mut event) = serde_json::from_str::<Value>(line) else { return Ok(()) };
        let object = event.get_mut("object").map(Value::take).unwrap_or_default();
        let kind = &self.followed.kind;
        match event.get("type").and_then(Value::as_str).unwrap_or_default() {
            "ADDED" | "MODIFIED" => self.store.upsert(kind, typed(object, of)),
            "DELETED" => self.store.remove(kind, &typed(object, of)),
            "BOOKMARK" => self.store.advance(kind, resource_version(&object)),
            "ERROR" => return Err(self.refused(call, object)),
            _ => {}
        }
        Ok(())
    }

    fn refused(&self, call: &Call, object: Value) -> ClusterError {
        let refusal: kube::core::Status = serde_json::from_value(object).unwrap_or_default();
        status::from_status(&self.client.whose(), call, refusal.code, &refusal)
    }

    fn selected(&self, query: Query) -> Query {
        match self.followed.interest {
            Interest::Optional => query.with("fieldSelector", "type=Warning"),
            Interest::Marked => query.with("labelSelector", INSTANCE_LABEL),
            Interest::MarkedMetadata => query.with("labelSelector", INSTANCE_LABEL).metadata_alone(),
            Interest::Made | Interest::AlwaysMade => query.with("labelSelector", MADE_SELECTOR),
            Interest::Metadata => query.metadata_alone(),
            Interest::Always | Interest::Whole | Interest::Others | Interest::Resources => query,
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
