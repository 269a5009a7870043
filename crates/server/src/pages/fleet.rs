//! One fleet pin: the question while it is asked, then its waves, and what became of each instance. And the list of them.

use askama::Template;
use axum::extract::{Extension, Path, Query, State};
use chat::wording;
use control::{FleetView, Problem, ProblemCode};
use http::StatusCode;
use model::{FleetFact, FleetNumber, FleetPlace, Pin, Recorded, Timestamp};
use serde::Deserialize;

use super::audit::AuditLine;
use super::button::{self, ActionForm};
use super::failure::FailureText;
use super::fleet_line::{FleetLine, badge};
use super::frame::{Frame, Tab};
use super::pin_line::Badge;
use super::when::When;
use super::{Page, Shape, draw};
use crate::app::App;
use crate::session::Viewer;

/// Instances of a state that are listed before the rest is only counted.
const MOST: usize = 50;
/// Versions that are named before the rest is only counted.
const MOST_VERSIONS: usize = 8;

#[derive(Template)]
#[template(path = "fleet.html")]
struct FleetPage {
    frame: Frame,
    line: FleetLine,
    badge: Badge,
    headline: String,
    problem: Option<Problem>,
    actions: Vec<ActionForm>,
    from: Vec<(String, usize)>,
    more_versions: usize,
    size: u32,
    pause: String,
    ask: Option<AskText>,
    approved_by: String,
    source: String,
    build_url: Option<String>,
    waves: (usize, usize),
    bar: Vec<Piece>,
    groups: Vec<Group>,
    failed: Option<(u64, String)>,
    failure: Option<FailureText>,
    sentence: String,
    audit: Vec<AuditLine>,
}

#[derive(Template)]
#[template(path = "fleets.html")]
struct FleetsPage {
    frame: Frame,
    fleets: Vec<FleetLine>,
    older: Option<String>,
}

struct AskText {
    approvers: String,
    quorum: u32,
    given: usize,
    until: When,
}

/// A piece of the bar: instances of one state, in hundredths of a per cent, so that one of 300 is seen.
struct Piece {
    place: &'static str,
    at: String,
    share: String,
}

/// The instances of one state.
struct Group {
    place: &'static str,
    shape: Shape,
    word: &'static str,
    count: usize,
    pins: Vec<PinText>,
    /// Whether it is open at once: what somebody should look at.
    open: bool,
}

struct PinText {
    number: u64,
    name: String,
    from: String,
    sentence: String,
}

/// What the list can be asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    before: Option<u64>,
}

/// `GET /fleets`, newest first.
pub(crate) async fn list(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Query(wanted): Query<Wanted>,
) -> Page {
    let (views, now) = (app.control.fleets(wanted.before.map(FleetNumber)).await?, app.control.now());
    let fleets: Vec<FleetLine> = views.iter().map(|view| FleetLine::new(view, now)).collect();
    let frame = Frame::new(&app, Some(&viewer), Tab::None, Shape::Off, "Fleet pins");
    let here = wanted.before.map_or_else(|| "/fleets".to_owned(), |before| format!("/fleets?before={before}"));
    let older = fleets.last().filter(|_| fleets.len() >= control::FLEETS_A_PAGE);
    let older = older.map(|fleet| format!("/fleets?before={}", fleet.number));
    Ok(draw(StatusCode::OK, &FleetsPage { frame: frame.live(here, String::new()), fleets, older }))
}

/// `GET /fleets/{number}`, with `7` or `F7`.
pub(crate) async fn show(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(number): Path<String>,
) -> Page {
    drawn(&app, &viewer, parse_number(&number)?, None).await
}

/// The page of a fleet pin, with what could not be done with it.
pub(crate) async fn drawn(app: &App, viewer: &Viewer, number: FleetNumber, problem: Option<Problem>) -> Page {
    let view = app.control.fleet_view(number).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| crate::problem::status(problem.code));
    Ok(draw(status, &FleetPage { problem, ..page(app, viewer, &view) }))
}

/// A fleet pin's number as an address carries it.
pub(crate) fn parse_number(text: &str) -> Result<FleetNumber, Problem> {
    let number = text.parse().ok().or_else(|| text.parse().ok().map(FleetNumber));
    number.ok_or_else(|| {
        let what = format!("there is no fleet pin {}", secrets::clip(text, 40));
        Problem::new(ProblemCode::NotFound, what, "the list of fleet pins has those that there are")
    })
}

/// Back to the page of a fleet pin after something was done with it.
pub(crate) fn path(number: FleetNumber) -> String {
    format!("/fleets/{}", number.0)
}

fn page(app: &App, viewer: &Viewer, view: &FleetView) -> FleetPage {
    let (fleet, pins, now) = (&view.fleet, &view.pins, app.control.now());
    let (headline, sentence) = (wording::fleet_headline(fleet, pins), wording::fleet_sentence(fleet, pins));
    let (line, badge) = (FleetLine::new(view, now), badge(view));
    let announced = fleet.build.announced.as_ref();
    let source = announced.map(|announced| [announced.branch.as_deref(), announced.commit.as_deref()]);
    let source = source.into_iter().flatten().flatten().map(|text| secrets::clip(text, 60)).collect::<Vec<_>>();
    let url = announced.and_then(|announced| announced.build_url.as_deref()).and_then(secrets::safe_url);
    let mut from = wording::fleet_versions(pins);
    let more_versions = from.len().saturating_sub(MOST_VERSIONS);
    from.truncate(MOST_VERSIONS);
    let waves = fleet.waves(pins);
    let failed = fleet.first_failed(pins);
    let title = format!("{} {} {}", fleet.number, line.place, badge.word);
    let frame = Frame::new(app, Some(viewer), Tab::None, badge.shape, &title);
    FleetPage {
        frame: frame.live(path(fleet.number), format!("{headline} {sentence}")),
        line,
        badge,
        headline,
        problem: None,
        actions: button::of_fleet(app, viewer, view),
        from,
        more_versions,
        size: fleet.size,
        pause: match fleet.pause_ms {
            0 => String::new(),
            pause => wording::length(std::time::Duration::from_millis(pause)),
        },
        ask: ask(app, view, now),
        approved_by: wording::fleet_approved_by(fleet, pins),
        source: source.join(" "),
        build_url: url.map(str::to_owned),
        waves: (waves.begun, waves.all),
        bar: bar(view),
        groups: FleetPlace::ALL.into_iter().filter_map(|place| group(view, place)).collect(),
        failed: failed.map(|pin| (pin.number.0, wording::place(&pin.instance))),
        failure: failed.and_then(|pin| pin.failure.as_ref()).map(FailureText::of),
        sentence,
        audit: view.facts.iter().map(|recorded| audit(recorded, now)).collect(),
    }
}

fn ask(app: &App, view: &FleetView, now: Timestamp) -> Option<AskText> {
    view.shown.as_ref()?;
    let asked = view.pins.iter().filter(|pin| FleetPlace::of(pin) == FleetPlace::Asked);
    let ask = asked.filter_map(|pin| pin.ask.as_ref()).min_by_key(|ask| ask.until)?;
    let names = app.control.config().approver_names(&view.fleet.environment);
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    Some(AskText {
        approvers: if names.is_empty() { "nobody is named in pinnace.yaml".to_owned() } else { names.join(", ") },
        quorum: ask.quorum,
        given: view.fleet.approvals.len(),
        until: When::new(ask.until, now),
    })
}

/// How the instances are spread over the states, in the order in which they go through them.
fn bar(view: &FleetView) -> Vec<Piece> {
    use FleetPlace::{Asked, Done, Failed, LeftOut, Preparing, Running, Waiting};
    let (all, mut before) = (view.pins.len().max(1), 0);
    let percent = |count: usize| {
        let hundredths = count * 10_000 / all;
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    };
    let mut pieces = Vec::new();
    for place in [Done, Running, Failed, Waiting, Asked, Preparing, LeftOut] {
        let count = view.tally.at(place);
        if count > 0 {
            pieces.push(Piece { place: place.name(), at: percent(before), share: percent(count) });
        }
        before += count;
    }
    pieces
}

fn group(view: &FleetView, place: FleetPlace) -> Option<Group> {
    let count = view.tally.at(place);
    if count == 0 {
        return None;
    }
    let pins = view.pins.iter().filter(|pin| FleetPlace::of(pin) == place).take(MOST);
    let shape = match place {
        FleetPlace::Failed => Shape::Failed,
        FleetPlace::Running | FleetPlace::Preparing => Shape::Pinning,
        FleetPlace::Asked => Shape::Waiting,
        FleetPlace::Done => Shape::Healthy,
        FleetPlace::Waiting | FleetPlace::LeftOut => Shape::Off,
    };
    let word = wording::fleet_place_word(place);
    let open = matches!(place, FleetPlace::Failed | FleetPlace::Running) || count <= 10;
    Some(Group { place: place.name(), shape, word, count, pins: pins.map(PinText::of).collect(), open })
}

impl PinText {
    fn of(pin: &Pin) -> Self {
        Self {
            number: pin.number.0,
            name: pin.instance.name.as_str().to_owned(),
            from: pin.from().map(|from| from.version().to_owned()).unwrap_or_default(),
            sentence: secrets::clip(&wording::fleet_pin(pin), 240),
        }
    }
}

/// A fact about a fleet pin: who, and what.
pub(crate) fn words(fact: &FleetFact) -> (String, String) {
    let on = |surface: &model::Surface| format!(" on {surface}");
    let nobody = String::new;
    match fact {
        FleetFact::Opened { build, pins, .. } => {
            (nobody(), format!("{} arrived for {} instances", build.version(), pins.len()))
        }
        FleetFact::Approved { by, surface, covers } => {
            (by.to_string(), format!("approved{}, for {} instances", on(surface), covers.len()))
        }
        FleetFact::Rejected { by, surface, reason } => {
            let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            (by.to_string(), format!("rejected{}{reason}", on(surface)))
        }
        FleetFact::Cancelled { by, surface } => (by.to_string(), format!("cancelled{}", on(surface))),
        FleetFact::Failed { pin } => (nobody(), format!("stopped: pin {pin} failed")),
        FleetFact::Superseded { by } => (nobody(), format!("fleet pin {by} takes its place")),
        FleetFact::Ended => (nobody(), "all its pins are over".to_owned()),
    }
}

fn audit(recorded: &Recorded<FleetFact>, now: Timestamp) -> AuditLine {
    let (who, what) = words(&recorded.fact);
    AuditLine { at: When::new(recorded.at, now), who, what }
}
