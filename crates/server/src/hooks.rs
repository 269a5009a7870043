//! A build is announced: bounded, authenticated, parsed, stored, and only then answered with success. A push to the config
//! repo is announced: bounded, authenticated, and taken as a hint.

use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use model::ProjectName;
use serde::Serialize;
use webhooks::{Delivery, Rejection, SenderKeys, SenderKind};

use crate::app::App;
use crate::body::{BodyFault, bounded_read};
use crate::problem::ApiProblem;

const LARGEST: usize = 2 * 1024 * 1024;
/// Code hosts list commits and files; GitHub ends at 25 MB, and sends less than this for all but the largest pushes.
const LARGEST_PUSH: usize = 4 * 1024 * 1024;
const SLOWEST: Duration = Duration::from_secs(10);

#[derive(Serialize)]
struct Stored {
    build: i64,
    duplicate: bool,
}

/// `POST /hooks/build/{project}`.
pub(crate) async fn build(
    State(app): State<App>,
    Path(project): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let began = Instant::now();
    let answered = take_in(&app, &project, &headers, body).await;
    let became = match &answered {
        Ok(stored) if stored.duplicate => "duplicate",
        Ok(_) => "received",
        Err(problem) if problem.status.is_server_error() => "not-stored",
        Err(_) => "refused",
    };
    app.metrics.announced(became, began.elapsed());
    match answered {
        Ok(stored) => (StatusCode::ACCEPTED, Json(stored)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// `POST /hooks/push`: somebody pushed to the config repo, so it is fetched now and not in its turn.
pub(crate) async fn push(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<StatusCode, ApiProblem> {
    let _slot = app.hook_slots.acquire().await.map_err(|_| stopping())?;
    let body = bounded_read(&headers, body, LARGEST_PUSH, SLOWEST).await?;
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    if let Err(rejection) = webhooks::authenticate_push(&headers, &body, &app.push_keys, app.control.now()) {
        tracing::warn!(%rejection, "a push was announced by who is not proven");
        return Err(unauthenticated());
    }
    app.control.repo_pushed();
    Ok(StatusCode::ACCEPTED)
}

async fn take_in(app: &App, project: &str, headers: &HeaderMap, body: Body) -> Result<Stored, ApiProblem> {
    let _slot = app.hook_slots.acquire().await.map_err(|_| stopping())?;
    let body = bounded_read(headers, body, LARGEST, SLOWEST).await?;
    let (project, delivery) = authenticated(app, project, headers, &body)?;
    let announcement = webhooks::parse(&webhooks::formats::ALL[0], &body).map_err(|error| {
        ApiProblem::new(StatusCode::BAD_REQUEST, "INVALID", error.to_string(), "docs/hooks.md lists the fields")
    })?;
    let sender = match delivery.sender {
        SenderKind::Signed => "signed",
        SenderKind::Bearer => "token",
    };
    let receipt = app.control.receive(&project, sender, &delivery.id, announcement).await?;
    Ok(Stored { build: receipt.build.0, duplicate: receipt.duplicate })
}

/// Whoever is not a sender of an existing project learns neither which part was wrong nor whether the project exists.
fn authenticated(
    app: &App,
    project: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(ProjectName, Delivery), ApiProblem> {
    let nobody = SenderKeys::default();
    let name: Option<ProjectName> = project.parse().ok();
    let keys = name.as_ref().and_then(|name| app.senders.get(name)).unwrap_or(&nobody);
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let proven = webhooks::authenticate(&headers, body, keys, app.control.now());
    match (proven, name) {
        (Ok(delivery), Some(name)) => Ok((name, delivery)),
        (Err(rejection), Some(project)) => {
            tracing::warn!(%project, %rejection, "a build was announced by who is not proven");
            Err(unauthenticated())
        }
        (_, None) => Err(unauthenticated()),
    }
}

fn unauthenticated() -> ApiProblem {
    ApiProblem::new(StatusCode::UNAUTHORIZED, "NOT_AUTHENTICATED", Rejection::public(), "")
}

fn stopping() -> ApiProblem {
    ApiProblem::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "the server is stopping", "repeat it")
}

impl From<BodyFault> for ApiProblem {
    fn from(fault: BodyFault) -> Self {
        let (status, code, hint) = match fault {
            BodyFault::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", "send only the listed fields"),
            BodyFault::TooSlow(_) => (StatusCode::REQUEST_TIMEOUT, "TOO_SLOW", "repeat it"),
            BodyFault::Broken => (StatusCode::BAD_REQUEST, "INVALID", "repeat it"),
        };
        Self::new(status, code, fault.to_string(), hint)
    }
}
