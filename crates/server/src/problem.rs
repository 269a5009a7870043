//! Problems as HTTP answers: one status for each code, JSON for programs, a page for people.

use axum::Json;
use axum::response::{IntoResponse, Response};
use control::{Problem, ProblemCode};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// The status of a problem.
pub(crate) fn status(code: ProblemCode) -> StatusCode {
    match code {
        ProblemCode::NotFound => StatusCode::NOT_FOUND,
        ProblemCode::NotAllowed => StatusCode::FORBIDDEN,
        ProblemCode::TooLate | ProblemCode::Differs => StatusCode::CONFLICT,
        ProblemCode::Invalid => StatusCode::BAD_REQUEST,
        ProblemCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// A problem on its way to a page: the guard, which knows who is looking, draws it.
#[derive(Debug, Clone)]
pub(crate) struct PageProblem {
    pub status: StatusCode,
    pub problem: Problem,
}

impl From<Problem> for PageProblem {
    fn from(problem: Problem) -> Self {
        Self { status: status(problem.code), problem }
    }
}

impl From<store::StoreError> for PageProblem {
    fn from(error: store::StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A problem as programs read it.
#[derive(Debug)]
pub(crate) struct ApiProblem {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
    pub hint: String,
}

#[derive(Serialize)]
struct Wire<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    hint: &'a str,
}

impl ApiProblem {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { status, code, message: message.into(), hint: hint.into() }
    }
}

impl From<Problem> for ApiProblem {
    fn from(problem: Problem) -> Self {
        Self::new(status(problem.code), code(problem.code), problem.what, problem.next)
    }
}

impl From<store::StoreError> for ApiProblem {
    fn from(error: store::StoreError) -> Self {
        Problem::from(error).into()
    }
}

fn code(code: ProblemCode) -> &'static str {
    match code {
        ProblemCode::NotFound => "NOT_FOUND",
        ProblemCode::NotAllowed => "NOT_ALLOWED",
        ProblemCode::TooLate => "TOO_LATE",
        ProblemCode::Differs => "DIFFERS",
        ProblemCode::Invalid => "INVALID",
        ProblemCode::Unavailable => "UNAVAILABLE",
    }
}

impl IntoResponse for ApiProblem {
    fn into_response(self) -> Response {
        let wire = Wire { code: self.code, message: &self.message, hint: &self.hint };
        let mut response = (self.status, Json(wire)).into_response();
        if matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}
