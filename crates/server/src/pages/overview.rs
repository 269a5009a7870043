//! The first page: what waits for people, and every instance, worst first.

use askama::Template;
use axum::extract::{Extension, Query, State};
use control::{InstanceView, Mark, Overview, Problem};
use http::StatusCode;
use model::{EnvironmentName, PinNumber, Timestamp};
use serde::Deserialize;

use super::apps::AppLine;
use super::fleet_line::FleetLine;
use super::frame::{Frame, Tab};
use super::pin_line::{Badge, PinLine, badge};
use super::version::Version;
use super::when::When;
use super::{Page, Shape, capital, draw, in_query};
use crate::app::App;
use crate::session::Viewer;

/// Instances that are listed at a time.
const PAGE: usize = 50;
/// A reason is cut here.
const MOST_SAID: usize = 240;
/// Asks that are listed before the rest is only counted.
const MOST_WAITING: usize = 20;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    waiting: Vec<PinLine>,
    /// Asks, of pins and of fleet pins.
    waiting_all: usize,
    waiting_pins: usize,
    fleets: Vec<FleetLine>,
    /// Fleet pins that nobody is asked about now.
    under_way: usize,
    may_decide: bool,
    counts: Vec<Count>,
    rows: Vec<Row>,
    matching: usize,
    all: usize,
    first: usize,
    last: usize,
    filtered: bool,
    newer: Option<String>,
    older: Option<String>,
}

struct Count {
    shape: Shape,
    word: &'static str,
    number: usize,
    chosen: bool,
    path: String,
}

struct Row {
    shape: Shape,
    word: String,
    id: String,
    place: String,
    version: Option<Version>,
    since: Option<When>,
    to: Option<Version>,
    locked: Option<String>,
    now: String,
    app: Option<AppLine>,
    last_pin: Option<PinNumber>,
    last: Option<(u64, Badge, When)>,
}

/// What the address can ask for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filter {
    #[serde(default)]
    state: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    from: usize,
}

/// `GET /`.
pub(crate) async fn show(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Query(filter): Query<Filter>,
) -> Page {
    let overview = app.overview().await?;
    let mut page = page(&app, &viewer, filter, &overview);
    for row in &mut page.rows {
        row.last = last(&app, row.last_pin).await?;
    }
    Ok(draw(StatusCode::OK, &page))
}

/// How the last pin of a row ended: looked up for the rows that are shown, and for no others.
async fn last(app: &App, number: Option<PinNumber>) -> Result<Option<(u64, Badge, When)>, Problem> {
    let Some(number) = number else { return Ok(None) };
    let record = app.control.store().pin(number).await?;
    let now = app.control.now();
    Ok(record.map(|record| (number.0, badge(&record.pin), When::new(record.pin.since, now))))
}

fn page(app: &App, viewer: &Viewer, filter: Filter, overview: &Overview) -> OverviewPage {
    let now = app.control.now();
    let worst = overview.instances.first().map_or(Shape::Off, |instance| instance.mark.into());
    let counts = counts(overview, &filter);
    let found: Vec<&InstanceView> =
        overview.instances.iter().filter(|instance| matches(instance, &filter, true)).collect();
    let first = filter.from.min(found.len());
    let last = (first + PAGE).min(found.len());
    let rows = found.get(first..last).unwrap_or_default().iter().map(|instance| row(instance, now)).collect();
    let page = |from: usize| address(&filter.state, &filter.q, from);
    let mut frame = Frame::new(app, Some(viewer), Tab::Overview, worst, &title(overview));
    frame = frame.live(page(first), said(overview));
    frame.search.clone_from(&filter.q);
    frame.parts.clone_from(&overview.parts);
    OverviewPage {
        frame,
        waiting_all: waiting(overview),
        waiting_pins: overview.waiting.len(),
        fleets: overview.fleets.iter().map(|view| FleetLine::new(view, now)).collect(),
        under_way: overview.fleets.iter().filter(|view| view.shown.is_none()).count(),
        may_decide: asked_where(overview).any(|environment| may_decide(app, viewer, environment)),
        waiting: overview.waiting.iter().take(MOST_WAITING).map(|pin| PinLine::new(pin, now)).collect(),
        counts,
        rows,
        matching: found.len(),
        all: overview.instances.len(),
        first: first + 1,
        last,
        filtered: !filter.state.is_empty() || !filter.q.is_empty(),
        newer: (first > 0).then(|| page(first.saturating_sub(PAGE))),
        older: (last < found.len()).then(|| page(last)),
    }
}

/// How many asks are open: a fleet pin is one.
fn waiting(overview: &Overview) -> usize {
    overview.waiting.len() + overview.fleets.iter().filter(|view| view.shown.is_some()).count()
}

/// The environments of what people are asked about.
fn asked_where(overview: &Overview) -> impl Iterator<Item = &EnvironmentName> {
    let fleets = overview.fleets.iter().filter(|view| view.shown.is_some());
    let fleets = fleets.map(|view| &view.fleet.environment);
    overview.waiting.iter().map(|pin| &pin.instance.environment).chain(fleets)
}

fn may_decide(app: &App, viewer: &Viewer, environment: &EnvironmentName) -> bool {
    viewer.person.as_ref().is_some_and(|person| app.control.config().may_decide(environment, person))
}

fn title(overview: &Overview) -> String {
    match waiting(overview) {
        0 => "Overview".to_owned(),
        waiting => format!("({waiting}) Overview"),
    }
}

/// One sentence, for who does not see the page change.
fn said(overview: &Overview) -> String {
    let number = |mark: Mark| overview.instances.iter().filter(|instance| instance.mark == mark).count();
    format!(
        "{} waiting for approval, {} failed, {} need attention.",
        waiting(overview),
        number(Mark::Failed),
        number(Mark::Attention)
    )
}

fn counts(overview: &Overview, filter: &Filter) -> Vec<Count> {
    let count = |mark: Mark| {
        let shape = Shape::from(mark);
        let in_search = overview.instances.iter().filter(|instance| matches(instance, filter, false));
        let chosen = filter.state == shape.name();
        let state = if chosen { "" } else { shape.name() };
        Count {
            shape,
            word: mark.word(),
            number: in_search.filter(|instance| instance.mark == mark).count(),
            chosen,
            path: address(state, &filter.q, 0),
        }
    };
    Mark::ALL.into_iter().map(count).filter(|count| count.number > 0 || count.chosen).collect()
}

/// Whether every word of the search is in the name, the version, the state or a person's name.
fn matches(instance: &InstanceView, filter: &Filter, by_state: bool) -> bool {
    if by_state && !filter.state.is_empty() && Shape::from(instance.mark).name() != filter.state {
        return false;
    }
    if filter.q.trim().is_empty() {
        return true;
    }
    let version = instance.state.verified.as_ref().and_then(|verified| verified.image.as_ref());
    let open = instance.open.as_ref();
    let announced = open.and_then(|pin| pin.build.announced.as_ref());
    let commit = instance.state.verified.as_ref().map(|verified| verified.commit.to_string());
    let text = [
        Some(instance.id.to_string()),
        Some(instance.mark.word().to_owned()),
        Some(instance.now.clone()),
        version.map(ToString::to_string),
        commit,
        open.map(|pin| format!("{} {}", pin.number, pin.to())),
        announced.and_then(|announced| announced.author.clone()),
        announced.and_then(|announced| announced.commit.clone()),
        instance.apps.worst().map(control::AppView::line),
    ];
    let text = text.into_iter().flatten().collect::<Vec<_>>().join("\n").to_lowercase();
    filter.q.to_lowercase().split_whitespace().take(10).all(|word| text.contains(word))
}

fn address(state: &str, search: &str, from: usize) -> String {
    let mut pairs = Vec::new();
    if !state.is_empty() {
        pairs.push(format!("state={}", in_query(state)));
    }
    if !search.is_empty() {
        pairs.push(format!("q={}", in_query(search)));
    }
    if from > 0 {
        pairs.push(format!("from={from}"));
    }
    if pairs.is_empty() { "/".to_owned() } else { format!("/?{}", pairs.join("&")) }
}

fn row(instance: &InstanceView, now: Timestamp) -> Row {
    let verified = instance.state.verified.as_ref();
    let open = instance.open.as_ref();
    Row {
        shape: instance.mark.into(),
        word: open.map_or_else(|| instance.mark.word().to_owned(), |pin| badge(pin).word),
        id: instance.id.to_string(),
        place: chat::wording::place(&instance.id),
        version: verified.and_then(|verified| verified.image.as_ref()).map(Version::of),
        since: verified.map(|verified| When::new(verified.at, now)),
        to: open.map(|pin| Version::of_build(&pin.build)),
        locked: instance.state.lock.as_ref().map(|lock| format!("locked by {}: {}", lock.by, lock.why)),
        now: capital(&secrets::clip(&instance.now, MOST_SAID)),
        app: AppLine::of(instance),
        last_pin: instance.last,
        last: None,
    }
}
