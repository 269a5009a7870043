//! What is rendered, what differs, what would be done, and what could be taken over: looked at, and nothing written.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Query, State};
use control::{Adoptable, Plan, PlannedObject};
use model::CommitId;
use serde::{Deserialize, Serialize};

use super::{Answer, instance_id, invalid, read};
use crate::app::App;
use crate::session::Viewer;
use crate::wire::{ActWire, DriftWire};

/// Which instance, and as which commit has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Which {
    instance: String,
    at: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct RenderedWire {
    /// YAML documents; Secret values are masks.
    objects: String,
}

/// `GET /api/v1/render?instance=&at=`.
pub(crate) async fn render(State(app): State<App>, Query(which): Query<Which>) -> Answer<RenderedWire> {
    let at = Some(which.at).filter(|at| !at.is_empty());
    let at: Option<CommitId> = at.map(|at| at.parse()).transpose().map_err(invalid)?;
    let objects = app.control.render_instance(&instance_id(&which.instance)?, at.as_ref()).await?;
    Ok(Json(RenderedWire { objects }))
}

#[derive(Debug, Serialize)]
pub(crate) struct DifferenceWire {
    verified: Option<String>,
    head: String,
    git: String,
    rendered: String,
    live: Vec<DriftWire>,
}

/// `GET /api/v1/diff?instance=`.
pub(crate) async fn diff(State(app): State<App>, Query(which): Query<Which>) -> Answer<DifferenceWire> {
    let found = app.control.difference(&instance_id(&which.instance)?).await?;
    Ok(Json(DifferenceWire {
        verified: found.verified.map(|commit| commit.to_string()),
        head: found.head.to_string(),
        git: found.git,
        rendered: found.rendered,
        live: found.live.into_iter().map(DriftWire::from).collect(),
    }))
}

#[derive(Debug, Serialize)]
pub(crate) struct PlanWire {
    verified: Option<String>,
    head: String,
    hash: String,
    proven: bool,
    differs: bool,
    objects: Vec<PlannedWire>,
    /// Names it, where it was saved.
    number: Option<u64>,
    /// What others would have to do before.
    waits: Vec<String>,
}

#[derive(Debug, Serialize)]
struct PlannedWire {
    object: String,
    action: &'static str,
    why: String,
    /// What would change, from what is live.
    changes: Vec<DriftWire>,
}

impl From<PlannedObject> for PlannedWire {
    fn from(PlannedObject { object, action, why, changes, .. }: PlannedObject) -> Self {
        Self { object, action, why, changes: changes.into_iter().map(DriftWire::from).collect() }
    }
}

impl PlanWire {
    fn of(plan: Plan, number: Option<u64>) -> Self {
        Self {
            differs: plan.differs(),
            verified: plan.verified.map(|commit| commit.to_string()),
            head: plan.head.to_string(),
            hash: plan.hash,
            proven: plan.is_proven,
            objects: plan.objects.into_iter().map(PlannedWire::from).collect(),
            waits: plan.waits,
            number,
        }
    }
}

/// `GET /api/v1/plan?instance=`.
pub(crate) async fn plan(State(app): State<App>, Query(which): Query<Which>) -> Answer<PlanWire> {
    let plan = app.control.plan(&instance_id(&which.instance)?).await?;
    Ok(Json(PlanWire::of(plan, None)))
}

/// `POST /api/v1/plans`: plans, and saves it to be carried out as it is.
pub(crate) async fn save(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    body: Bytes,
) -> Answer<PlanWire> {
    let act: ActWire = read(&body)?;
    let (number, plan) = app.control.save_plan(&instance_id(&act.instance)?, viewer.signed_in()?).await?;
    Ok(Json(PlanWire::of(plan, Some(number))))
}

#[derive(Debug, Serialize)]
pub(crate) struct AdoptionWire {
    /// What an adoption names as `shown`; none where there is nothing to take over.
    shown: Option<String>,
    objects: Vec<AdoptableWire>,
}

#[derive(Debug, Serialize)]
struct AdoptableWire {
    object: String,
    managers: Vec<String>,
    changes: Vec<DriftWire>,
}

impl From<Adoptable> for AdoptableWire {
    fn from(Adoptable { object, managers, changes, .. }: Adoptable) -> Self {
        Self { object, managers, changes: changes.into_iter().map(DriftWire::from).collect() }
    }
}

/// `GET /api/v1/adoption?instance=`.
pub(crate) async fn adoption(State(app): State<App>, Query(which): Query<Which>) -> Answer<AdoptionWire> {
    let found = app.control.adoptable(&instance_id(&which.instance)?).await?;
    let shown = (!found.is_empty()).then(|| control::shown_adoption(&found));
    Ok(Json(AdoptionWire { shown, objects: found.into_iter().map(AdoptableWire::from).collect() }))
}
