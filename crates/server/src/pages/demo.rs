//! The buttons of a demo: each is handed to the demo's desk, a process of its own, which breaks or mends the world.

use std::path::Path;
use std::time::Duration;

use axum::extract::{self, State};
use axum::response::{IntoResponse, Redirect, Response};
use control::{Problem, ProblemCode};
use http::HeaderMap;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::app::App;
use crate::problem::PageProblem;

const WITHIN: Duration = Duration::from_secs(20);
const LONGEST_ANSWER: u64 = 2000;

/// `POST /demo/{button}`.
pub(crate) async fn press(
    State(app): State<App>,
    extract::Path(button): extract::Path<String>,
    headers: HeaderMap,
) -> Result<Response, PageProblem> {
    let Some(desk) = &app.demo_desk else {
        return Err(Problem::new(ProblemCode::NotFound, "this is no demo", "run `make demo`").into());
    };
    let answer = tokio::time::timeout(WITHIN, ask(desk, &button)).await;
    let failed = |why: String| Problem::new(ProblemCode::Unavailable, why, "press it again, or look at the terminal");
    match answer {
        Ok(Ok(said)) if said.trim() == "ok" => Ok(Redirect::to(&back(&app, &headers)).into_response()),
        Ok(Ok(said)) => Err(failed(format!("the demo could not do it: {}", said.trim())).into()),
        Ok(Err(error)) => Err(failed(format!("the demo does not answer: {error}")).into()),
        Err(_) => Err(failed("the demo did not answer in time".to_owned()).into()),
    }
}

async fn ask(desk: &Path, button: &str) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(desk).await?;
    stream.write_all(format!("{}\n", button.lines().next().unwrap_or_default()).as_bytes()).await?;
    let mut said = String::new();
    stream.take(LONGEST_ANSWER).read_to_string(&mut said).await?;
    Ok(said)
}

/// Where the browser came from, if that was one of our pages.
fn back(app: &App, headers: &HeaderMap) -> String {
    let referer = headers.get("referer").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let path = referer.strip_prefix(app.control.base_url()).unwrap_or_default();
    crate::sign_in::relative(path).to_owned()
}
