//! Whether the process lives, and whether it can do its work.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::app::App;

/// `GET /healthz`: the process answers.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database takes writes and the config was read. Says which part is not, and nothing of why: that
/// is on the page, for people who are signed in.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    if app.control.store().healthy().await.is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the database does not take writes\n").into_response();
    }
    if app.control.config().environments.is_empty() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the config repo holds no readable pinnace.yaml yet\n")
            .into_response();
    }
    "ready\n".into_response()
}
