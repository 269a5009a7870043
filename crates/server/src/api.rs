//! The JSON API: what the page shows and does, for the command line and other programs. Lists say when they are cut.

mod fleets;
pub(crate) mod plan;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, State};
use control::{Mark, Problem, ProblemCode};
use http::StatusCode;
use model::{InstanceId, PinNumber, ProjectName, Surface};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::BuildId;

use crate::app::App;
use crate::pages::{Shape, pin::parse_number};
use crate::problem::ApiProblem;
use crate::session::{self, Proof, Viewer};
use crate::sign_in::person_of_link;
use crate::verbs::{self, Said, Wish};
use crate::wire::{
    ActWire, BuildWire, CommitIdWire, DriftWire, FleetWire, InstanceWire, LinkWire, PartWire, PinWire, PrunedWire,
    SessionWire, WrittenWire,
};
pub(crate) use fleets::{fleet, fleets, on_fleet};

type Answer<T> = Result<Json<T>, ApiProblem>;

/// Things that a list holds at a time.
const PAGE: usize = 50;

/// A list, and the address of what follows it.
#[derive(Debug, Serialize)]
pub(crate) struct List<T> {
    items: Vec<T>,
    /// What to send as `before` or `from` for the next ones; none at the end.
    next: Option<i64>,
}

#[derive(Debug, Serialize)]
pub(crate) struct OverviewWire {
    waiting: Vec<PinWire>,
    /// Fleet pins that are not over.
    fleets: Vec<FleetWire>,
    states: Vec<StateCount>,
    parts: Vec<PartWire>,
}

#[derive(Debug, Serialize)]
struct StateCount {
    state: &'static str,
    instances: usize,
}

/// What lists can be asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    instance: String,
    #[serde(default)]
    project: String,
    before: Option<u64>,
    #[serde(default)]
    from: usize,
}

/// `GET /api/v1/overview`.
pub(crate) async fn overview(State(app): State<App>) -> Answer<OverviewWire> {
    let overview = app.overview().await?;
    let count = |mark: Mark| overview.instances.iter().filter(|instance| instance.mark == mark).count();
    let states = Mark::ALL.into_iter();
    let states = states.map(|mark| StateCount { state: Shape::from(mark).name(), instances: count(mark) }).collect();
    let waiting = overview.waiting.iter().take(PAGE).map(PinWire::brief).collect();
    let fleets = overview.fleets.iter().take(PAGE).map(FleetWire::brief).collect();
    let parts = overview.parts.iter().cloned().map(PartWire::from).collect();
    Ok(Json(OverviewWire { waiting, fleets, states, parts }))
}

/// `GET /api/v1/instances?from=`.
pub(crate) async fn instances(State(app): State<App>, Query(wanted): Query<Wanted>) -> Answer<List<InstanceWire>> {
    let overview = app.overview().await?;
    let all = &overview.instances;
    let last = wanted.from.saturating_add(PAGE).min(all.len());
    let items = all.get(wanted.from..last).unwrap_or_default().iter().map(InstanceWire::of).collect();
    Ok(Json(List { items, next: (last < all.len()).then(|| i64::try_from(last).unwrap_or(i64::MAX)) }))
}

/// `GET /api/v1/instances/{project}/{environment}[/{name}]`.
pub(crate) async fn instance(State(app): State<App>, Path(parts): Path<Vec<(String, String)>>) -> Answer<InstanceWire> {
    let name = parts.into_iter().map(|(_, part)| part).collect::<Vec<_>>().join("/");
    Ok(Json(InstanceWire::of(&app.control.instance_view(&instance_id(&name)?).await?)))
}

/// `GET /api/v1/drift?instance=`.
pub(crate) async fn drift(State(app): State<App>, Query(wanted): Query<Wanted>) -> Answer<List<DriftWire>> {
    let lines = app.control.drift(&instance_id(&wanted.instance)?).await?;
    Ok(Json(List { items: lines.into_iter().map(DriftWire::from).collect(), next: None }))
}

/// `GET /api/v1/pruned?instance=`, newest first.
pub(crate) async fn pruned(State(app): State<App>, Query(wanted): Query<Wanted>) -> Answer<List<PrunedWire>> {
    let pruned = app.control.pruned(&instance_id(&wanted.instance)?).await?;
    Ok(Json(List { items: pruned.into_iter().map(PrunedWire::from).collect(), next: None }))
}

/// `GET /api/v1/pins?instance=&before=`, newest first.
pub(crate) async fn pins(State(app): State<App>, Query(wanted): Query<Wanted>) -> Answer<List<PinWire>> {
    let of = if wanted.instance.is_empty() { None } else { Some(instance_id(&wanted.instance)?) };
    let pins = app.control.pins(of.as_ref(), wanted.before.map(PinNumber)).await?;
    let next = pins.last().filter(|_| pins.len() >= PAGE).map(|pin| i64::try_from(pin.number.0).unwrap_or(i64::MAX));
    Ok(Json(List { items: pins.iter().map(PinWire::brief).collect(), next }))
}

/// `GET /api/v1/pins/{number}`.
pub(crate) async fn pin(State(app): State<App>, Path(number): Path<String>) -> Answer<PinWire> {
    whole(&app, parse_number(&number)?).await
}

/// `GET /api/v1/builds?project=&before=`, newest first.
pub(crate) async fn builds(State(app): State<App>, Query(wanted): Query<Wanted>) -> Answer<List<BuildWire>> {
    let project = Some(wanted.project).filter(|project| !project.is_empty());
    let project: Option<ProjectName> = project.map(|project| project.parse()).transpose().map_err(invalid)?;
    let before = wanted.before.map(|before| BuildId(i64::try_from(before).unwrap_or(i64::MAX)));
    let rows = app.control.store().builds(project.as_ref(), before, 50).await?;
    let next = rows.last().filter(|_| rows.len() >= PAGE).map(|row| row.id.0);
    Ok(Json(List { items: rows.into_iter().map(BuildWire::from).collect(), next }))
}

/// `POST /api/v1/pins/{number}/{verb}`: approve, reject, cancel, retry. Answers with the pin that shows what came of it.
pub(crate) async fn on_pin(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path((number, verb)): Path<(String, String)>,
    body: Bytes,
) -> Answer<PinWire> {
    let act: ActWire = read(&body)?;
    let (number, person, surface) = (parse_number(&number)?, viewer.signed_in()?, surface(&viewer));
    let wish = Wish { number, verb: &verb, person, surface, shown: &act.shown, reason: &act.reason };
    let number = verbs::on_pin(&app, wish).await?;
    whole(&app, number).await
}

/// What an acting call on an instance answers.
#[derive(Debug, Serialize)]
pub(crate) struct Acted {
    instance: Option<InstanceWire>,
    /// The pin that it opened: an unpin is a pin of its own.
    pin: Option<u64>,
    /// What it wrote to git.
    written: Option<WrittenWire>,
}

/// `POST /api/v1/instances/{verb}`: unpin, lock, unlock and the others of docs/api.md.
pub(crate) async fn on_instance(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(verb): Path<String>,
    body: Bytes,
) -> Answer<Acted> {
    let act: ActWire = read(&body)?;
    let id = instance_id(&act.instance)?;
    let ActWire { reason, shown, object, branch, at, plan, .. } = &act;
    let said = Said { reason, shown, object, branch: *branch, at: *at, plan: *plan };
    let done = verbs::on_instance(&app, &id, &verb, viewer.signed_in()?, said).await?;
    // What was written to a branch for review is an instance once it is merged.
    let instance = app.control.instance_view(&id).await.ok().map(|view| InstanceWire::of(&view));
    let written = done.written.as_ref().map(WrittenWire::of);
    Ok(Json(Acted { instance, pin: done.pin.map(|pin| pin.0), written }))
}

/// `POST /api/v1/repo/accept-rewrite`: goes on from a rewritten branch.
pub(crate) async fn accept_rewrite(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    body: Bytes,
) -> Answer<CommitIdWire> {
    let wanted: CommitIdWire = read(&body)?;
    let commit = app.control.accept_rewrite(&wanted.commit, viewer.signed_in()?).await?;
    Ok(Json(CommitIdWire { commit: commit.to_string() }))
}

/// `POST /api/v1/sessions`: a one-time link for a token.
pub(crate) async fn sign_in(State(app): State<App>, body: Bytes) -> Answer<SessionWire> {
    let link: LinkWire = read(&body)?;
    let person = person_of_link(&app, &link.link).await?;
    let token = session::begin(&app, &person).await?;
    tracing::info!(%person, "a program signed in");
    Ok(Json(SessionWire { person: person.to_string(), token: Some(token) }))
}

/// `GET /api/v1/session`: who is signed in.
pub(crate) async fn who(Extension(viewer): Extension<Viewer>) -> Answer<SessionWire> {
    Ok(Json(SessionWire { person: viewer.signed_in()?.to_string(), token: None }))
}

/// `POST /api/v1/sign-out`: the token is worth nothing any more.
pub(crate) async fn sign_out(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
) -> Result<StatusCode, ApiProblem> {
    if let Some(session) = viewer.session {
        app.control.store().end_session(session).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Every address of the API that is not in the list.
pub(crate) async fn nothing_here() -> ApiProblem {
    ApiProblem::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such address in the API", "docs/api.md lists them")
}

async fn whole(app: &App, number: PinNumber) -> Answer<PinWire> {
    let record = app.control.store().pin(number).await?.ok_or_else(|| {
        Problem::new(ProblemCode::NotFound, format!("there is no pin {number}"), "list them with `/api/v1/pins`")
    })?;
    Ok(Json(PinWire::whole(&record)))
}

fn surface(viewer: &Viewer) -> Surface {
    if viewer.proof == Proof::Bearer { Surface::CommandLine } else { Surface::Page }
}

fn instance_id(name: &str) -> Result<InstanceId, ApiProblem> {
    name.parse().map_err(invalid)
}

fn invalid(error: impl std::fmt::Display) -> ApiProblem {
    Problem::new(ProblemCode::Invalid, error.to_string(), "an instance is written project/environment").into()
}

/// An empty body is an empty object.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiProblem> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        Problem::new(ProblemCode::Invalid, format!("the body can't be read: {error}"), "docs/api.md lists the fields")
            .into()
    })
}
