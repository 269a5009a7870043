//! Signing in by a one-time link, and out again.

use std::time::Duration;

use axum::Form;
use axum::extract::{Extension, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use control::{Control, Problem, ProblemCode};
use http::header;
use model::PersonName;
use serde::Deserialize;
use webhooks::token_hash;

use crate::app::App;
use crate::pages;
use crate::problem::PageProblem;
use crate::session::{self, Viewer};

/// How long a one-time link can be used.
pub const SIGN_IN_LINK_LASTS: Duration = Duration::from_hours(1);

/// Makes a one-time link for a person named in `pinnace.yaml`. It is shown once; only its hash is kept.
pub async fn sign_in_link(control: &Control, person: &PersonName) -> Result<String, Problem> {
    if control.config().person(person).is_none() {
        let what = format!("there is no person `{person}` in pinnace.yaml");
        return Err(Problem::new(ProblemCode::NotFound, what, "add them under `people`, with their address"));
    }
    let token = session::random_token()?;
    let expires = control.now().plus(SIGN_IN_LINK_LASTS);
    control.store().create_link(token_hash(&token), person, expires).await?;
    Ok(format!("{}/sign-in/{token}", control.base_url()))
}

/// The person of a one-time link, which is used up by this.
pub(crate) async fn person_of_link(app: &App, link: &str) -> Result<PersonName, Problem> {
    // People paste the whole address; programs send the last part.
    let token = link.trim().rsplit('/').next().unwrap_or_default();
    let person = app.control.store().use_link(token_hash(token), app.control.now()).await?;
    let person = person.filter(|person| app.control.config().person(person).is_some());
    person.ok_or_else(|| {
        let next = "`pinnace sign-in NAME` on the server prints a new one; each works once, for an hour";
        Problem::new(ProblemCode::NotAllowed, "this sign-in link does not work: used, too old, or not ours", next)
    })
}

#[derive(Deserialize)]
pub(crate) struct Onward {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(crate) struct LinkForm {
    link: String,
    #[serde(default)]
    next: String,
}

/// `GET /sign-in`: how to.
pub(crate) async fn explain(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Query(onward): Query<Onward>,
) -> Response {
    pages::sign_in_page(&app, &viewer, None, relative(&onward.next))
}

/// `GET /sign-in/{token}`: a button. Looking at a link, as previews in chats do, does not use it.
pub(crate) async fn offer(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(token): Path<String>,
    Query(onward): Query<Onward>,
) -> Response {
    pages::sign_in_page(&app, &viewer, Some(&token), relative(&onward.next))
}

/// `POST /sign-in`: the link is used up and a session begins.
pub(crate) async fn use_link(State(app): State<App>, Form(form): Form<LinkForm>) -> Result<Response, PageProblem> {
    let person = person_of_link(&app, &form.link).await?;
    let token = session::begin(&app, &person).await?;
    tracing::info!(%person, "signed in");
    let cookie = session::set_cookie(app.control.base_url(), Some(&token));
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(relative(&form.next))).into_response())
}

/// `POST /sign-out`.
pub(crate) async fn sign_out(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Response, PageProblem> {
    if let Some(session) = viewer.session {
        app.control.store().end_session(session).await?;
    }
    let cookie = session::set_cookie(app.control.base_url(), None);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response())
}

/// Only a path of ours: never another host, however it is written.
pub(crate) fn relative(next: &str) -> &str {
    let odd = next.chars().any(|c| c.is_control() || c == '\\');
    if next.starts_with('/') && !next.starts_with("//") && !odd { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_signing_in_nobody_is_sent_elsewhere() {
        for ours in ["/", "/pins/7", "/?state=failed&q=a"] {
            assert_eq!(relative(ours), ours);
        }
        for other in ["", "//evil", "https://evil", "/\\evil", "\\\\evil", "javascript:x", "/\t/evil", "/\n/evil"] {
            assert_eq!(relative(other), "/", "{other:?}");
        }
    }
}
