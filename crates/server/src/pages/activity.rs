//! Who did what: the facts of the newest pins that people or outcomes made, newest first.

use askama::Template;
use axum::extract::{Extension, Query, State};
use control::Problem;
use http::StatusCode;
use model::{Fact, FleetFact, Pin, PinNumber, Timestamp};
use serde::Deserialize;
use store::FleetRecord;

use super::audit;
use super::fleet;
use super::frame::{Frame, Tab};
use super::when::When;
use super::{Page, Shape, draw};
use crate::app::App;
use crate::session::Viewer;

/// Pins whose facts are read for one page.
const PINS: u32 = 50;
/// Fleet pins whose facts stand on the first page.
const FLEETS: u32 = 10;

#[derive(Template)]
#[template(path = "activity.html")]
struct ActivityPage {
    frame: Frame,
    lines: Vec<Line>,
    pins: usize,
    older: Option<String>,
    person: String,
}

struct Line {
    at: Timestamp,
    when: When,
    shape: Shape,
    who: String,
    what: String,
    /// The page of what it happened to, and how that is called.
    path: String,
    place: String,
}

/// What the address can ask for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    before: Option<u64>,
    /// Only what this person did.
    #[serde(default)]
    person: String,
}

/// `GET /activity`.
pub(crate) async fn show(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Query(wanted): Query<Wanted>,
) -> Page {
    let records = app.control.store().pins(None, wanted.before.map(PinNumber), PINS).await?;
    let now = app.control.now();
    let mut lines = Vec::new();
    for record in &records {
        let place = format!("{} {}", chat::wording::place(&record.pin.instance), record.pin.number);
        lines.extend(record.facts.iter().filter_map(|recorded| {
            let shape = shape(&recorded.fact).filter(|_| !is_the_fleets(&record.pin, &recorded.fact))?;
            let (who, what) = audit::brief(&recorded.fact);
            let wanted = wanted.person.is_empty() || who == wanted.person;
            let (at, when, path) = (recorded.at, When::new(recorded.at, now), super::pin::path(record.pin.number));
            wanted.then(|| Line { at, when, shape, who, what, path, place: place.clone() })
        }));
    }
    if wanted.before.is_none() {
        lines.extend(fleets(&app, &wanted.person, now).await?);
    }
    lines.sort_by_key(|line| std::cmp::Reverse(line.at));
    let older = records.last().filter(|_| records.len() >= PINS as usize);
    let live = if wanted.before.is_none() { "/activity" } else { "" };
    let said = lines.first().map(|line| format!("{} {} in {}", line.who, line.what, line.place)).unwrap_or_default();
    let page = ActivityPage {
        frame: Frame::new(&app, Some(&viewer), Tab::Activity, Shape::Off, "Activity").live(live, said),
        older: older.map(|record| format!("/activity?before={}", record.pin.number.0)),
        pins: records.len(),
        person: wanted.person,
        lines,
    };
    Ok(draw(StatusCode::OK, &page))
}

/// What was said to and became of the newest fleet pins.
async fn fleets(app: &App, person: &str, now: Timestamp) -> Result<Vec<Line>, Problem> {
    let mut lines = Vec::new();
    for FleetRecord { fleet, facts, .. } in app.control.store().fleets(None, FLEETS).await? {
        let place = chat::wording::fleet_place(&fleet.project, &fleet.environment);
        for recorded in facts.iter().filter(|recorded| recorded.fact != FleetFact::Ended) {
            let (who, what) = fleet::words(&recorded.fact);
            if !person.is_empty() && who != person {
                continue;
            }
            let shape = match recorded.fact {
                FleetFact::Approved { .. } => Shape::Pinning,
                FleetFact::Failed { .. } => Shape::Failed,
                _ => Shape::Off,
            };
            let (at, when, path) = (recorded.at, When::new(recorded.at, now), fleet::path(fleet.number));
            lines.push(Line { at, when, shape, who, what, path, place: format!("{place} {}", fleet.number) });
        }
    }
    Ok(lines)
}

/// What is said once for the whole fleet pin is not said again for each of its pins.
fn is_the_fleets(pin: &Pin, fact: &Fact) -> bool {
    let is_common = matches!(fact, Fact::Opened { .. } | Fact::Approved { .. } | Fact::Refused { .. });
    pin.fleet.is_some() && is_common && !(pin.released && matches!(fact, Fact::Refused { .. }))
}

/// The facts that are worth a line here; the rest is in each pin's audit.
fn shape(fact: &Fact) -> Option<Shape> {
    Some(match fact {
        Fact::Approved { .. } => Shape::Pinning,
        Fact::Pushed { .. } | Fact::RecordedByOther { .. } => Shape::Healthy,
        Fact::Refused { .. } | Fact::Failed(_) => Shape::Failed,
        Fact::ConvergedBack { healthy, .. } => {
            if *healthy {
                Shape::Healthy
            } else {
                Shape::Failed
            }
        }
        Fact::OtherWon { .. } => Shape::Attention,
        Fact::Opened { .. }
        | Fact::Rejected { .. }
        | Fact::Cancelled { .. }
        | Fact::Expired
        | Fact::Superseded { .. } => Shape::Off,
        _ => return None,
    })
}
