//! One pin: the question while it is asked, then its steps, then what became of it.

use askama::Template;
use axum::extract::{Extension, Path, State};
use chat::wording::{self, Step, StepState};
use control::{Problem, ProblemCode};
use http::StatusCode;
use model::{Pin, PinNumber, Stage, Timestamp};
use store::PinRecord;

use super::audit::{self, AuditLine};
use super::button::{self, ActionForm};
use super::diff::Diff;
use super::failure::FailureText;
use super::frame::{Frame, Tab};
use super::pin_line::{Badge, PinLine, badge};
use super::when::When;
use super::{Page, Shape, draw};
use crate::app::App;
use crate::session::Viewer;

#[derive(Template)]
#[template(path = "pin.html")]
struct PinPage {
    frame: Frame,
    line: PinLine,
    badge: Badge,
    headline: String,
    sentence: String,
    paragraphs: Vec<String>,
    problem: Option<Problem>,
    actions: Vec<ActionForm>,
    asked: bool,
    ask: Option<AskText>,
    wanted_by: String,
    /// The number of the fleet pin that it belongs to.
    fleet: Option<u64>,
    source: String,
    build_url: Option<String>,
    commits: Vec<(String, String, String)>,
    git_diff: Option<Diff>,
    rendered_diff: Option<Diff>,
    steps: Vec<StepLine>,
    failure: Option<FailureText>,
    commit: Option<(String, String, Option<String>)>,
    base: String,
    audit: Vec<AuditLine>,
}

struct AskText {
    approvers: String,
    quorum: u32,
    given: usize,
    until: When,
}

struct StepLine {
    shape: Shape,
    state: &'static str,
    said: &'static str,
    name: &'static str,
    at: Option<When>,
    took: String,
    detail: String,
    /// How long it took, in hundredths of the longest.
    share: u64,
}

/// `GET /pins/{number}`.
pub(crate) async fn show(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(number): Path<String>,
) -> Page {
    drawn(&app, &viewer, parse_number(&number)?, None).await
}

/// The page of a pin, with what could not be done with it.
pub(crate) async fn drawn(app: &App, viewer: &Viewer, number: PinNumber, problem: Option<Problem>) -> Page {
    let record = app.control.store().pin(number).await?.ok_or_else(|| no_such(&number.to_string()))?;
    let instance = app.control.store().instance(&record.pin.instance).await?;
    let view = app.control.pin_view(number).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| crate::problem::status(problem.code));
    let mut page = page(app, viewer, &record, &instance, view.commit_url);
    page.problem = problem;
    Ok(draw(status, &page))
}

/// A pin's number as an address carries it.
pub(crate) fn parse_number(text: &str) -> Result<PinNumber, Problem> {
    let digits = text.trim_start_matches('#');
    digits.parse().map(PinNumber).map_err(|_| no_such(&secrets::clip(text, 40)))
}

fn no_such(number: &str) -> Problem {
    Problem::new(ProblemCode::NotFound, format!("there is no pin {number}"), "activity lists the pins that there are")
}

fn page(
    app: &App,
    viewer: &Viewer,
    record: &PinRecord,
    instance: &model::InstanceState,
    commit_url: Option<String>,
) -> PinPage {
    let (pin, now) = (&record.pin, app.control.now());
    let (headline, sentence, badge) = (wording::headline(pin), wording::sentence(pin), badge(pin));
    let announced = pin.build.announced.as_ref();
    let source = announced.map(|announced| [announced.branch.as_deref(), announced.commit.as_deref()]);
    let source = source.into_iter().flatten().flatten().map(|text| secrets::clip(text, 60)).collect::<Vec<_>>();
    let url = announced.and_then(|announced| announced.build_url.as_deref()).and_then(secrets::safe_url);
    let proposal = pin.proposal.as_ref();
    let commits = proposal.map_or(&[][..], |proposal| &proposal.commits);
    let commits = commits.iter().take(50);
    let title = format!("{} {}", pin.instance, badge.word);
    let frame = Frame::new(app, Some(viewer), Tab::None, badge.shape, &title);
    PinPage {
        frame: frame.live(format!("/pins/{}", pin.number.0), format!("{headline} {sentence}")),
        line: PinLine::new(pin, now),
        badge,
        headline,
        sentence,
        paragraphs: paragraphs(pin, instance),
        problem: None,
        actions: button::of_pin(app, viewer, record, instance),
        asked: pin.stage == Stage::Asked,
        ask: ask(pin, now),
        wanted_by: pin.opened_by.as_ref().map(ToString::to_string).unwrap_or_default(),
        fleet: pin.fleet.map(|fleet| fleet.0),
        source: source.join(" "),
        build_url: url.map(str::to_owned),
        commits: commits.map(|c| (c.commit.short().to_owned(), c.subject.clone(), c.author.clone())).collect(),
        git_diff: proposal.and_then(|proposal| Diff::of(&proposal.git_diff)),
        rendered_diff: proposal.and_then(|proposal| Diff::of(&proposal.rendered_diff)),
        steps: steps(record, now),
        failure: pin.failure.as_ref().map(FailureText::of),
        commit: pin.commit.as_ref().map(|commit| {
            let url = commit_url.as_deref().and_then(secrets::safe_url).map(str::to_owned);
            (commit.short().to_owned(), commit.to_string(), url)
        }),
        base: proposal.map(|proposal| proposal.base.short().to_owned()).unwrap_or_default(),
        audit: audit::of_pin(&record.facts, now),
    }
}

fn paragraphs(pin: &Pin, instance: &model::InstanceState) -> Vec<String> {
    let mut paragraphs = Vec::new();
    if let Some(lock) = &instance.lock {
        paragraphs.push(format!(
            "Automatic pins are off since {}, by {}: {}",
            wording::clock(lock.at),
            lock.by,
            lock.why
        ));
    }
    paragraphs.extend(pin.notes.iter().map(|note| format!("Noticed: {note}")));
    paragraphs
}

fn ask(pin: &Pin, now: Timestamp) -> Option<AskText> {
    let ask = pin.ask.as_ref().filter(|_| pin.stage == Stage::Asked)?;
    let names: Vec<_> = ask.approvers.iter().map(ToString::to_string).collect();
    Some(AskText {
        approvers: if names.is_empty() { "nobody is named in pinnace.yaml".to_owned() } else { names.join(", ") },
        quorum: ask.quorum,
        given: pin.approvals.len(),
        until: When::new(ask.until, now),
    })
}

fn steps(record: &PinRecord, now: Timestamp) -> Vec<StepLine> {
    let steps = wording::timed_steps(&record.pin, &record.facts);
    let mut before = record.pin.opened_at;
    let mut took = Vec::new();
    for step in &steps {
        let ended = if step.state == StepState::Now { Some(now) } else { step.at };
        let ended = ended.filter(|_| step.state != StepState::NotReached);
        took.push(ended.map(|at| at.since(before)));
        before = ended.map_or(before, |at| at.max(before));
    }
    let longest = took.iter().flatten().map(std::time::Duration::as_millis).max().unwrap_or(0).max(1);
    let mut lines: Vec<_> = steps.iter().zip(took).map(|(step, took)| step_line(step, took, longest, now)).collect();
    if let (Stage::Asked, Some(line)) = (&record.pin.stage, lines.iter_mut().find(|line| line.state == "now")) {
        line.shape = Shape::Waiting;
        line.state = "waits";
        if line.detail.is_empty() {
            "waits for an answer".clone_into(&mut line.detail);
        }
    }
    lines
}

fn step_line(step: &Step, took: Option<std::time::Duration>, longest: u128, now: Timestamp) -> StepLine {
    let (shape, state, said) = match step.state {
        StepState::Done => (Shape::Healthy, "done", "done"),
        StepState::Now => (Shape::Pinning, "now", "in hand"),
        StepState::NotReached => (Shape::Off, "later", "not reached"),
        StepState::Failed => (Shape::Failed, "failed", "ended here"),
    };
    let millis = took.map_or(0, |took| took.as_millis());
    let share = u64::try_from(millis * 100 / longest).unwrap_or(100);
    StepLine {
        shape,
        state,
        said,
        name: step.name,
        at: step.at.map(|at| When::new(at, now)),
        took: took.map(short_length).unwrap_or_default(),
        detail: step.detail.clone().unwrap_or_default(),
        share: if took.is_some() { share.max(1) } else { 0 },
    }
}

fn short_length(took: std::time::Duration) -> String {
    if took.as_secs() == 0 { format!("{} ms", took.as_millis()) } else { wording::length(took) }
}

/// Back to the page of a pin after something was done with it.
pub(crate) fn path(number: PinNumber) -> String {
    format!("/pins/{}", number.0)
}
