//! The live stream: it says that something changed, at most twice a second, and the page reads itself again. It carries
//! nothing else, so that there is one way to draw a page and one check of who may see it.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use http::{HeaderName, HeaderValue};
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::app::App;
use crate::problem::ApiProblem;
use crate::session::{self, Viewer};

const COALESCE: Duration = Duration::from_millis(500);
const PING: Duration = Duration::from_secs(15);
/// A session that ended or a person who left loses the stream within this time.
const CHECK: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_secs(3);

/// `GET /live`.
pub(crate) async fn stream(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Response, ApiProblem> {
    let Ok(slot) = app.live_slots.clone().try_acquire_owned() else {
        let status = http::StatusCode::SERVICE_UNAVAILABLE;
        return Err(ApiProblem::new(
            status,
            "TOO_MANY",
            "too many live pages are open",
            "the page asks again by itself",
        ));
    };
    let (changes, written, stopping) = (app.control.changes(), app.control.store().changes(), app.stopping.clone());
    let follower = Follower { app, viewer, changes, written, stopping, _slot: slot, first: true };
    let events = futures::stream::unfold(follower, Follower::next);
    let mut response = Sse::new(never_failing(events)).keep_alive(KeepAlive::new().interval(PING)).into_response();
    // A proxy that buffers would turn "live" into "in bursts".
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

struct Follower {
    app: App,
    viewer: Viewer,
    changes: watch::Receiver<u64>,
    /// What only the database tells, such as a build that came in.
    written: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    _slot: OwnedSemaphorePermit,
    first: bool,
}

enum Seen {
    Changed,
    LookAgain,
    Over,
}

impl Follower {
    /// The next event, or the end. The first one comes at once: what happened while nobody listened is read again.
    async fn next(mut self) -> Option<(Event, Self)> {
        if !std::mem::take(&mut self.first) {
            loop {
                match self.wait().await {
                    Seen::Over => return None,
                    _ if !self.may_still_look().await => return None,
                    Seen::Changed => break,
                    Seen::LookAgain => {}
                }
            }
            tokio::time::sleep(COALESCE).await;
        }
        let count = (*self.changes.borrow_and_update(), *self.written.borrow_and_update());
        let id = format!("{}-{}-{}", self.app.started, count.0, count.1);
        Some((Event::default().event("change").id(&id).retry(RETRY).data(id), self))
    }

    async fn wait(&mut self) -> Seen {
        tokio::select! {
            changed = self.changes.changed() => if changed.is_ok() { Seen::Changed } else { Seen::Over },
            written = self.written.changed() => if written.is_ok() { Seen::Changed } else { Seen::Over },
            () = told_to_stop(&mut self.stopping) => Seen::Over,
            () = tokio::time::sleep(CHECK) => Seen::LookAgain,
        }
    }

    async fn may_still_look(&self) -> bool {
        let Some(session) = self.viewer.session else { return self.app.public_read };
        matches!(session::person(&self.app, session).await, Ok(person) if person == self.viewer.person)
    }
}

/// A sender that is gone can't stop us any more.
async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    let told = stopping.wait_for(|stopping| *stopping).await.is_ok();
    if !told {
        std::future::pending::<()>().await;
    }
}

fn never_failing(events: impl Stream<Item = Event>) -> impl Stream<Item = Result<Event, Infallible>> {
    futures::StreamExt::map(events, Ok)
}
