//! What senders announced, and what became of it: the unknown ones too, with why.

use askama::Template;
use axum::extract::{Extension, Query, State};
use http::StatusCode;
use model::{ProjectName, Timestamp};
use serde::Deserialize;
use store::{BuildId, BuildRow, BuildState};

use super::frame::{Frame, Tab};
use super::pin_line::Badge;
use super::when::When;
use super::{Page, Shape, draw, in_query};
use crate::app::App;
use crate::session::Viewer;

/// Builds that are listed at a time.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "builds.html")]
struct BuildsPage {
    frame: Frame,
    rows: Vec<Row>,
    project: String,
    older: Option<String>,
}

struct Row {
    number: i64,
    badge: Badge,
    project: String,
    version: String,
    digest: String,
    change: String,
    author: String,
    source: String,
    url: Option<String>,
    why: String,
    at: When,
}

/// What the address can ask for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    project: String,
    before: Option<i64>,
}

/// `GET /builds`.
pub(crate) async fn show(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Query(wanted): Query<Wanted>,
) -> Page {
    // A project that can't exist has no builds.
    let project: Option<ProjectName> = wanted.project.parse().ok();
    let builds = app.control.store().builds(project.as_ref(), wanted.before.map(BuildId), PAGE).await?;
    let now = app.control.now();
    let chosen = if project.is_some() { format!("project={}&", in_query(&wanted.project)) } else { String::new() };
    let older = builds.last().filter(|_| builds.len() >= PAGE as usize);
    let live = if wanted.before.is_none() { format!("/builds?{chosen}") } else { String::new() };
    let said = builds.first().map(|build| format!("{} builds, the newest is {}.", builds.len(), version(build)));
    let page = BuildsPage {
        frame: Frame::new(&app, Some(&viewer), Tab::Builds, Shape::Off, "Builds").live(live, said.unwrap_or_default()),
        older: older.map(|build| format!("/builds?{chosen}before={}", build.id.0)),
        rows: builds.iter().map(|build| row(build, now)).collect(),
        project: project.map(|project| project.to_string()).unwrap_or_default(),
    };
    Ok(draw(StatusCode::OK, &page))
}

fn row(build: &BuildRow, now: Timestamp) -> Row {
    let announced = &build.announcement;
    let (badge, why, digest) = became(&build.state, now);
    let digest = digest.or_else(|| announced.digest.as_ref().map(|digest| digest.short().to_owned()));
    let source = [announced.branch.as_deref(), announced.commit.as_deref()];
    Row {
        number: build.id.0,
        badge,
        project: build.project.to_string(),
        version: version(build),
        digest: digest.unwrap_or_default(),
        change: announced.message.clone().unwrap_or_default(),
        author: announced.author.clone().unwrap_or_default(),
        source: source.into_iter().flatten().map(|text| secrets::clip(text, 40)).collect::<Vec<_>>().join(" "),
        url: announced.build_url.as_deref().and_then(secrets::safe_url).map(str::to_owned),
        why,
        at: When::new(build.received_at, now),
    }
}

fn version(build: &BuildRow) -> String {
    let announced = &build.announcement;
    let tag = announced.tag.as_ref().map(ToString::to_string);
    let image = tag.or_else(|| announced.digest.as_ref().map(|digest| digest.short().to_owned()));
    let chart = announced.chart.as_ref().map(|chart| format!("chart {} {}", chart.name, chart.version));
    image.into_iter().chain(chart).collect::<Vec<_>>().join(" with ")
}

fn became(state: &BuildState, now: Timestamp) -> (Badge, String, Option<String>) {
    let badge = |shape, word: &str| Badge { shape, word: word.to_owned() };
    match state {
        BuildState::Received { why: None, .. } => (badge(Shape::Pinning, "Received"), String::new(), None),
        BuildState::Received { why: Some(why), retry_at, attempts } => {
            let again = When::new(*retry_at, now).words();
            let why = format!("{why}; asked {attempts} times, again {again}");
            (badge(Shape::Pinning, "Looked for"), why, None)
        }
        BuildState::Resolved { digest } => {
            (badge(Shape::Healthy, "In the registry"), String::new(), Some(digest.short().to_owned()))
        }
        BuildState::Unknown { why } => (badge(Shape::Failed, "Unknown"), why.clone(), None),
        BuildState::Superseded { by } => {
            (badge(Shape::Off, "Superseded"), format!("build {} came before it was looked for", by.0), None)
        }
    }
}
