//! One instance: how it is, what is desired and what runs, its lock, and its pins.

use std::time::Duration;

use askama::Template;
use axum::extract::{Extension, Path, Query, State};
use chat::wording;
use control::authorize::Act;
use control::{DriftLine, InstanceView, Mark, Problem, ProblemCode};
use http::StatusCode;
use model::{InstanceId, PinNumber};
use serde::Deserialize;

use super::apps::Apps;
use super::button::{ActionForm, Question, barred};
use super::failure::FailureText;
use super::frame::{Frame, Tab};
use super::look::{self, LOOKS, Look};
use super::pin_line::{Badge, PinLine, badge};
use super::to_git::{Drifted, PrunedLine, drifts, pruned};
use super::version::Version;
use super::when::When;
use super::{Page, Shape, capital, draw};
use crate::app::App;
use crate::session::Viewer;

/// How long the cluster may take to say what differs before the page says that it did not.
const COMPARE: Duration = Duration::from_secs(5);

#[derive(Template)]
#[template(path = "instance.html")]
struct InstancePage {
    frame: Frame,
    place: String,
    badge: Badge,
    sentence: String,
    apps: Apps,
    version: Option<Version>,
    since: Option<When>,
    commit: String,
    by_pin: Option<u64>,
    desired: Option<Version>,
    open: Option<PinLine>,
    context: String,
    namespace: String,
    lock: Option<(String, String, When)>,
    failure: Option<FailureText>,
    repaired: Option<(String, When)>,
    written: Option<(String, When)>,
    drifts: Vec<Drifted>,
    pruned: Vec<PrunedLine>,
    problem: Option<Problem>,
    actions: Vec<ActionForm>,
    compared: Option<Compared>,
    /// What was asked for, and what was seen.
    look: Option<(String, Look)>,
    history: Vec<PinLine>,
    older: Option<String>,
    path: String,
}

enum Compared {
    Same,
    Differs(Vec<DriftLine>),
    NotSeen(String),
}

/// What the address can ask for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    /// Ask the cluster what differs.
    #[serde(default)]
    compare: String,
    /// Look at the plan, at what differs in git, at the objects, or at what could be taken over.
    #[serde(default)]
    look: String,
    /// Pins before this one.
    before: Option<u64>,
}

/// `GET /i/{project}/{environment}` and `/i/{project}/{environment}/{name}`.
pub(crate) async fn show(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(parts): Path<Vec<(String, String)>>,
    Query(wanted): Query<Wanted>,
) -> Page {
    let name = parts.into_iter().map(|(_, part)| part).collect::<Vec<_>>().join("/");
    let id: InstanceId = name.parse().map_err(|_| no_such(&name))?;
    drawn(&app, &viewer, &id, wanted, None).await
}

/// The page of an instance, with what could not be done with it.
pub(crate) async fn drawn(
    app: &App,
    viewer: &Viewer,
    id: &InstanceId,
    wanted: Wanted,
    problem: Option<Problem>,
) -> Page {
    let view = app.control.instance_view(id).await?;
    let compared = if wanted.compare.is_empty() { None } else { Some(compare(app, id).await) };
    let pins = app.control.pins(Some(id), wanted.before.map(PinNumber)).await?;
    let now = app.control.now();
    let history: Vec<PinLine> = pins.iter().map(|pin| PinLine::new(pin, now)).collect();
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| crate::problem::status(problem.code));
    let pruned = pruned(app, viewer, id).await?;
    let look = look::look(app, viewer, id, &wanted.look).await.map(|look| (wanted.look, look));
    let page = InstancePage { pruned, problem, compared, look, ..page(app, viewer, &view, history) };
    Ok(draw(status, &page))
}

fn no_such(name: &str) -> Problem {
    let what = format!("there is no instance {}", secrets::clip(name, 120));
    Problem::new(ProblemCode::NotFound, what, "the overview lists the instances that there are")
}

/// Where an instance's page is.
pub(crate) fn path(id: &InstanceId) -> String {
    format!("/i/{id}")
}

async fn compare(app: &App, id: &InstanceId) -> Compared {
    match tokio::time::timeout(COMPARE, app.control.drift(id)).await {
        Ok(Ok(lines)) if lines.is_empty() => Compared::Same,
        Ok(Ok(lines)) => Compared::Differs(lines),
        Ok(Err(problem)) => Compared::NotSeen(problem.to_string()),
        Err(_) => Compared::NotSeen(format!("the cluster did not answer within {} s", COMPARE.as_secs())),
    }
}

fn page(app: &App, viewer: &Viewer, view: &InstanceView, history: Vec<PinLine>) -> InstancePage {
    let (now, verified) = (app.control.now(), view.state.verified.as_ref());
    let badge = match &view.open {
        Some(pin) => badge(pin),
        None => Badge { shape: view.mark.into(), word: view.mark.word().to_owned() },
    };
    let path = path(&view.id);
    let frame = Frame::new(app, Some(viewer), Tab::None, badge.shape, &format!("{} {}", view.id, badge.word));
    let sentence = sentence(view);
    let holds = view.open.as_ref().filter(|pin| pin.holds_claim());
    let version = verified.and_then(|verified| verified.image.as_ref()).map(Version::of);
    InstancePage {
        frame: frame.live(path.clone(), format!("{}: {} {sentence}", view.id, badge.word)),
        place: wording::place(&view.id),
        badge,
        apps: Apps::of(&view.apps, &sentence, now),
        sentence,
        desired: holds.map(|pin| Version::of(pin.to())).or_else(|| version.clone()),
        version,
        since: verified.map(|verified| When::new(verified.at, now)),
        commit: verified.map(|verified| verified.commit.short().to_owned()).unwrap_or_default(),
        by_pin: verified.and_then(|verified| verified.pin).map(|pin| pin.0),
        open: view.open.as_ref().map(|pin| PinLine::new(pin, now)),
        context: view.context.clone(),
        namespace: view.namespace.clone(),
        lock: view.state.lock.as_ref().map(|lock| (lock.by.to_string(), lock.why.clone(), When::new(lock.at, now))),
        failure: view.state.head_failure.as_ref().map(|failed| FailureText::of(&failed.head.failure)),
        repaired: view.state.repaired.as_ref().map(|(found, at)| (wording::drifted(found), When::new(*at, now))),
        written: view.state.written.as_ref().map(|(written, at)| (wording::written(written), When::new(*at, now))),
        drifts: drifts(app, viewer, view),
        pruned: Vec::new(),
        problem: None,
        actions: actions(app, viewer, view),
        compared: None,
        look: None,
        older: (history.len() >= 50)
            .then(|| history.last().map(|pin| format!("{path}?before={}", pin.number)))
            .flatten(),
        history,
        path,
    }
}

fn sentence(view: &InstanceView) -> String {
    let text = capital(&view.now);
    if text.ends_with(['.', '!', '?', '…']) { text } else { format!("{text}.") }
}

fn actions(app: &App, viewer: &Viewer, view: &InstanceView) -> Vec<ActionForm> {
    let form = |verb: &str, label: &str, style, question: Question, reason, act| ActionForm {
        style,
        reason,
        ..ActionForm::on_instance(&view.id, verb, label, question, barred(app, viewer, act))
    };
    let question =
        |title: String, text: &str, yes: &str| Question { title, text: text.to_owned(), yes: yes.to_owned() };
    let mut forms = Vec::new();
    if view.state.head_failure.is_some() {
        let text = "What people pushed is applied and watched once more.";
        let asked = question(format!("Try again in {}?", view.id), text, "Try again");
        forms.push(form("retry", "Try again", "plain", asked, None, Act::MendHead(&view.id)));
        let text = "A commit makes the files of this instance what they were in the verified commit. It is pushed at once, or to a branch \
                    of its own for review.";
        let asked = question(format!("Revert what was pushed to {}?", view.id), text, "Revert");
        let revert = form("revert", "Revert", "danger", asked, None, Act::MendHead(&view.id));
        forms.push(ActionForm { as_branch: Some("As a branch"), ..revert });
    }
    if view.state.left {
        let text = "A commit gives git the files of this instance again, as they were when it was proven last. It is pushed at once, or to a \
                    branch of its own for review.";
        let asked = question(format!("Bring {} back to git?", view.id), text, "Bring back");
        let back = form("restore", "Bring back", "plain", asked, None, Act::Restore(&view.id));
        forms.push(ActionForm { as_branch: Some("As a branch"), ..back });
    }
    if !view.state.prune_held.is_empty() {
        let text = format!("Deleted for good: {}.", view.state.prune_held.join("; "));
        let asked = question(format!("Delete from {}?", view.id), &text, "Delete");
        let mut delete = form("confirm-prune", "Delete what is held", "danger", asked, None, Act::Prune(&view.id));
        delete.shown = control::shown_prune(&view.state.prune_held);
        forms.push(delete);
    }
    let pinned = view.state.verified.as_ref().is_some_and(|verified| verified.pin.is_some());
    if pinned && view.open.as_ref().is_none_or(|pin| !pin.holds_claim()) && view.mark != Mark::Failed {
        let text = "It goes back to the version before, proven and recorded like any pin. Automatic pins are off \
                    until someone unlocks.";
        let question = question(format!("Unpin {}?", view.id), text, "Unpin");
        forms.push(form("unpin", "Unpin", "danger", question, Some("Why?"), Act::Unpin(&view.id)));
    }
    if view.state.lock.is_some() {
        let question = question(format!("Unlock {}?", view.id), "Automatic pins are on again.", "Unlock");
        forms.push(form("unlock", "Unlock", "plain", question, None, Act::Lock(&view.id)));
    } else {
        let text = "Automatic pins are off until someone unlocks. People can still pin by hand.";
        let question = question(format!("Lock {}?", view.id), text, "Lock");
        forms.push(form("lock", "Lock", "plain", question, Some("Why?"), Act::Lock(&view.id)));
    }
    forms
}
