//! Slack's clicks over HTTP, where the server has a public address: proven, acknowledged at once, then carried out.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chat::slack::{Callback, CallbackError, verify_http};
use http::{HeaderMap, StatusCode};

use crate::app::App;
use crate::body::bounded_read;
use crate::problem::ApiProblem;

const LARGEST: usize = 1024 * 1024;
const SLOWEST: Duration = Duration::from_secs(3);

/// `POST /chat/slack`.
pub(crate) async fn clicked(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Response, ApiProblem> {
    let Some(secret) = &app.slack_signing_secret else {
        return Err(ApiProblem::new(StatusCode::NOT_FOUND, "NOT_FOUND", "clicks come by Socket Mode here", ""));
    };
    let body = bounded_read(&headers, body, LARGEST, SLOWEST).await?;
    match verify_http(secret, &headers, &body, app.control.now()) {
        Ok(Callback::Click(click)) => {
            // Slack waits three seconds and a verb may take longer; it was clicked, so it is carried out.
            let control = app.control.clone();
            tokio::spawn(async move { control.clicked(*click).await });
            Ok(StatusCode::OK.into_response())
        }
        Ok(Callback::Challenge(text)) => Ok(text.into_response()),
        Ok(Callback::Nothing) => Ok(StatusCode::OK.into_response()),
        Err(CallbackError::Unreadable(error)) => {
            tracing::warn!(%error, "Slack sent what can't be read");
            Err(ApiProblem::new(StatusCode::BAD_REQUEST, "INVALID", "the payload can't be read", ""))
        }
        Err(error) => {
            tracing::warn!(%error, "somebody who is not Slack called its address");
            Err(ApiProblem::new(StatusCode::UNAUTHORIZED, "NOT_AUTHENTICATED", "not authenticated", ""))
        }
    }
}
