//! The page: everything readable without JavaScript, every text escaped by the template engine.

pub(crate) mod act;
pub(crate) mod activity;
mod apps;
mod audit;
pub(crate) mod builds;
mod button;
pub(crate) mod demo;
mod diff;
mod failure;
pub(crate) mod fleet;
mod fleet_line;
mod frame;
pub(crate) mod instance;
mod look;
pub(crate) mod overview;
pub(crate) mod pin;
mod pin_line;
mod shape;
mod to_git;
mod version;
mod when;

use askama::Template;
use axum::extract::{Extension, OriginalUri};
use axum::response::{Html, IntoResponse, Response};
use control::{Problem, ProblemCode};
use http::StatusCode;

pub(crate) use shape::Shape;

use crate::app::App;
use crate::problem::PageProblem;
use crate::session::Viewer;
use frame::{Frame, Tab};

/// A page that is drawn, or a page that says why not.
pub(crate) type Page = Result<Response, PageProblem>;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    frame: Frame,
    token: Option<&'a str>,
    next: &'a str,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    frame: Frame,
    status: u16,
    what: String,
    next: String,
}

/// How to sign in, or the button of a one-time link.
pub(crate) fn sign_in_page(app: &App, viewer: &Viewer, token: Option<&str>, next: &str) -> Response {
    let frame = Frame::new(app, Some(viewer), Tab::None, Shape::Off, "Sign in");
    draw(StatusCode::OK, &SignInPage { frame, token, next })
}

/// A problem as a page of its own.
pub(crate) fn problem_page(app: &App, viewer: Option<&Viewer>, problem: &PageProblem) -> Response {
    let title = problem.status.canonical_reason().unwrap_or("Problem");
    let frame = Frame::new(app, viewer, Tab::None, Shape::Attention, title);
    let Problem { what, next, .. } = problem.problem.clone();
    draw(problem.status, &ProblemPage { frame, status: problem.status.as_u16(), what, next })
}

/// Where somebody who is not signed in is sent, and comes back from.
pub(crate) fn sign_in_path(here: &str) -> String {
    format!("/sign-in?next={}", in_query(here))
}

/// Every address that is not in the list.
pub(crate) async fn nothing_here(Extension(_): Extension<Viewer>, OriginalUri(uri): OriginalUri) -> PageProblem {
    let path: String = uri.path().chars().take(120).collect();
    let what = format!("there is nothing at {path}");
    Problem::new(ProblemCode::NotFound, what, "the overview leads to everything that there is").into()
}

/// A text as one value in a query.
pub(crate) fn in_query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => out.push(char::from(byte)),
            _ => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                let digit = |nibble: u8| char::from(HEX[usize::from(nibble & 15)]);
                out.extend(['%', digit(byte >> 4), digit(byte)]);
            }
        }
    }
    out
}

/// A sentence begins with a capital.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}

fn draw(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be drawn");
            let problem = Problem::new(ProblemCode::Unavailable, "the page could not be drawn", "try again");
            PageProblem::from(problem).into_response()
        }
    }
}
