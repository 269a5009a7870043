//! Faults that a door makes for requests chosen by verb and path: what API servers do on bad days.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt as _, stream};
use serde_json::json;
use tokio::sync::watch;

use super::super::PATIENCE;

/// What a door does instead of passing a request on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answers with this status.
    Status(u16),
    /// Answers 429, to come back after so many seconds.
    Busy(u64),
    /// Passes it on once the fault is over.
    Slow,
    /// The connection breaks, and the request was never seen behind the door.
    LostBefore,
    /// The connection breaks after the request had its effect: only the answer is lost.
    LostAfter,
    /// A watch that ends at once, in peace.
    WatchEnds,
    /// A watch that says in its stream that its version is too old: 410 Gone.
    WatchGone,
    /// A watch that tells nothing, whatever happens, until the fault is over; then it ends.
    WatchSilent,
    /// The answer that the same list had before the fault began, as an API server gives that lags behind.
    Stale,
}

/// Requests of one verb (`list`, `watch`, `get`, `dry-run`, `apply`, `post`, `delete`) whose path holds this text.
#[derive(Debug, Clone, Copy)]
pub struct Which(pub &'static str, pub &'static str);

/// A fault that was made, until this is dropped or it was met so often as it was to be.
pub struct Faulty {
    made: Arc<Made>,
}

struct Made {
    which: Which,
    fault: Fault,
    most: usize,
    before: HashMap<String, Answered>,
    met: watch::Sender<Vec<Instant>>,
    over: watch::Sender<bool>,
}

/// A whole answer.
#[derive(Clone)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The faults of one door, and what it must remember for them.
#[derive(Default)]
pub(super) struct Faults {
    made: Mutex<Vec<Arc<Made>>>,
    lists: Mutex<HashMap<String, Answered>>,
}

/// What becomes of a request.
pub(super) enum Fate {
    /// It is passed on.
    Passed,
    /// It is passed on, and the answer is lost.
    AnswerLost,
    /// It has this answer.
    Answered(Response),
}

impl Faulty {
    /// How often it was met.
    pub fn times(&self) -> usize {
        self.made.met.borrow().len()
    }

    /// When it was met.
    pub fn moments(&self) -> Vec<Instant> {
        self.made.met.borrow().clone()
    }

    /// Waits until it was met so often.
    pub async fn met(&self, times: usize) {
        let mut met = self.made.met.subscribe();
        let met = tokio::time::timeout(PATIENCE, met.wait_for(|moments| moments.len() >= times)).await;
        assert!(
            met.is_ok(),
            "waited in vain for {:?} on {:?}: met {} times",
            self.made.fault,
            self.made.which,
            self.times()
        );
    }

    /// It is over: what waited goes on.
    pub fn over(self) {}
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.made.over.send_replace(true);
    }
}

impl Faults {
    pub(super) fn make(&self, which: Which, fault: Fault, most: usize) -> Faulty {
        let before = match fault {
            Fault::Stale => lock(&self.lists).clone(),
            _ => HashMap::new(),
        };
        let (met, over) = (watch::Sender::new(Vec::new()), watch::Sender::new(false));
        let made = Arc::new(Made { which, fault, most, before, met, over });
        lock(&self.made).push(Arc::clone(&made));
        Faulty { made }
    }

    /// What becomes of a request; the oldest fault that fits decides.
    pub(super) async fn fate(&self, method: &Method, uri: &Uri) -> Fate {
        let Some(made) = self.met_by(verb(method, uri), uri) else { return Fate::Passed };
        let over = || made.over.subscribe();
        match made.fault {
            Fault::Status(code) => Fate::Answered(refusal(code, None)),
            Fault::Busy(seconds) => Fate::Answered(refusal(429, Some(seconds))),
            Fault::Slow => {
                // The fault that is gone is over.
                let _ = over().wait_for(|over| *over).await;
                Fate::Passed
            }
            Fault::LostBefore => Fate::Answered(broken()),
            Fault::LostAfter => Fate::AnswerLost,
            Fault::WatchEnds => Fate::Answered(().into_response()),
            Fault::WatchGone => Fate::Answered(gone().into_response()),
            Fault::WatchSilent => Fate::Answered(silent(over())),
            Fault::Stale => {
                made.before.get(&uri.to_string()).map_or(Fate::Passed, |answer| Fate::Answered(answer.clone().into()))
            }
        }
    }

    fn met_by(&self, verb: &str, uri: &Uri) -> Option<Arc<Made>> {
        let mut all = lock(&self.made);
        all.retain(|made| !*made.over.borrow() && made.met.borrow().len() < made.most);
        let fits = |made: &&Arc<Made>| made.which.0 == verb && uri.path().contains(made.which.1);
        let made = all.iter().find(fits).cloned()?;
        made.met.send_modify(|moments| moments.push(Instant::now()));
        Some(made)
    }

    /// What lists answer is remembered, for those that are to be stale.
    pub(super) fn remember(&self, uri: &Uri, answer: &Answered) {
        lock(&self.lists).insert(uri.to_string(), answer.clone());
    }
}

/// A request's verb, in the words of [`Which`].
pub(super) fn verb(method: &Method, uri: &Uri) -> &'static str {
    let query = uri.query().unwrap_or_default();
    match method.as_str() {
        "GET" if query.contains("watch=true") => "watch",
        "GET" if query.contains("limit=") => "list",
        "GET" => "get",
        "PATCH" if query.contains("dryRun=All") => "dry-run",
        "PATCH" => "apply",
        "POST" => "post",
        "DELETE" => "delete",
        _ => "other",
    }
}

/// An answer that breaks off before it is whole.
pub(super) fn broken() -> Response {
    let cut = stream::once(async { Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionReset)) });
    Response::new(Body::from_stream(cut))
}

fn refusal(code: u16, retry_after: Option<u64>) -> Response {
    let status = StatusCode::from_u16(code).expect("a valid status");
    let says = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "a bad day", "code": code});
    let mut response = (status, [(CONTENT_TYPE, "application/json")], says.to_string()).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

fn gone() -> String {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired",
        "message": "too old resource version", "code": 410});
    format!("{}\n", json!({"type": "ERROR", "object": status}))
}

fn silent(mut over: watch::Receiver<bool>) -> Response {
    let until_over = async move { over.wait_for(|over| *over).await.is_ok() };
    let nothing = stream::pending::<Result<Bytes, Infallible>>().take_until(Box::pin(until_over));
    Response::new(Body::from_stream(nothing))
}

impl From<Answered> for Response {
    fn from(answer: Answered) -> Self {
        let mut response = Self::new(Body::from(answer.body));
        (*response.status_mut(), *response.headers_mut()) = (answer.status, answer.headers);
        response
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
