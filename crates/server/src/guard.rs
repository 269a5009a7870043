//! What stands before every handler: who is asking, whether they may, and whether a browser was sent here by a page of
//! others. After it, problems become pages.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use control::{Problem, ProblemCode};
use futures::FutureExt as _;
use http::{Method, StatusCode};

use crate::app::App;
use crate::origin::from_our_own_page;
use crate::pages;
use crate::permission::Permission;
use crate::problem::{ApiProblem, PageProblem};
use crate::session::{self, Proof, Viewer};

/// No answer takes longer to begin.
const LONGEST: Duration = Duration::from_secs(30);

/// Lets a request through to its handler, or answers it.
pub(crate) async fn guard(
    State((app, permission)): State<(App, Permission)>,
    mut request: Request,
    next: Next,
) -> Response {
    let program = for_programs(request.uri().path());
    let viewer = match session::viewer(&app, request.headers()).await {
        Ok(viewer) => viewer,
        Err(error) => return answer(&app, program, None, Problem::from(error).into()),
    };
    if let Err(refused) = may_pass(&app, permission, &viewer, &request) {
        return refuse(&app, program, &viewer, &request, refused);
    }
    request.extensions_mut().insert(viewer.clone());
    let handled = AssertUnwindSafe(tokio::time::timeout(LONGEST, next.run(request))).catch_unwind().await;
    let response = match handled {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => return answer(&app, program, Some(&viewer), unavailable("it took too long")),
        Err(_) => return answer(&app, program, Some(&viewer), unavailable("something in Pinnace itself broke")),
    };
    match response.extensions().get::<PageProblem>() {
        Some(problem) => answer(&app, program, Some(&viewer), problem.clone()),
        None => response,
    }
}

enum Refused {
    SignedOut,
    OtherPage,
}

fn may_pass(app: &App, permission: Permission, viewer: &Viewer, request: &Request) -> Result<(), Refused> {
    let needs_person = match permission {
        Permission::Read => !app.public_read,
        Permission::SignedIn => true,
        Permission::Public | Permission::Sender | Permission::Slack | Permission::Metrics => false,
    };
    if needs_person && viewer.person.is_none() {
        return Err(Refused::SignedOut);
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    // A header proves a program; only what comes along by itself, a cookie or nothing, can be another page's doing.
    let by_browser = viewer.proof != Proof::Bearer && !permission.proves_itself() && !signs_a_program_in(request);
    if changes && by_browser && !from_our_own_page(request.headers(), app.control.base_url()) {
        return Err(Refused::OtherPage);
    }
    Ok(())
}

/// A program trades its one-time link for a token without any cookie: there is nothing that another page could borrow.
fn signs_a_program_in(request: &Request) -> bool {
    let json = request.headers().get(http::header::CONTENT_TYPE);
    request.uri().path() == "/api/v1/sessions"
        && json.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

fn refuse(app: &App, program: bool, viewer: &Viewer, request: &Request, refused: Refused) -> Response {
    match refused {
        Refused::OtherPage => {
            let what = "the request does not come from a page of Pinnace, so nothing was done";
            let problem = Problem::new(ProblemCode::NotAllowed, what, "open the page itself and try again there");
            answer(app, program, Some(viewer), problem.into())
        }
        Refused::SignedOut if program => ApiProblem::new(
            StatusCode::UNAUTHORIZED,
            "NOT_SIGNED_IN",
            "not signed in",
            "send `Authorization: Bearer` with a token; `pinnace sign-in NAME` prints the link that gives one",
        )
        .into_response(),
        Refused::SignedOut if *request.method() == Method::GET => {
            let here = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
            Redirect::to(&pages::sign_in_path(here)).into_response()
        }
        Refused::SignedOut => {
            let next = "sign in and do it again; `pinnace sign-in NAME` on the server prints a one-time link";
            let problem = Problem::new(ProblemCode::NotAllowed, "you are not signed in, so nothing was done", next);
            answer(app, program, Some(viewer), PageProblem { status: StatusCode::UNAUTHORIZED, problem })
        }
    }
}

fn unavailable(why: &str) -> PageProblem {
    Problem::new(ProblemCode::Unavailable, format!("no answer: {why}"), "try again; the server's log says more").into()
}

fn answer(app: &App, program: bool, viewer: Option<&Viewer>, problem: PageProblem) -> Response {
    if program {
        let status = problem.status;
        return ApiProblem { status, ..problem.problem.into() }.into_response();
    }
    pages::problem_page(app, viewer, &problem)
}

fn for_programs(path: &str) -> bool {
    ["/api/", "/hooks/", "/chat/", "/live"].iter().any(|start| path.starts_with(start))
}
