//! What people do on the page: each form is one verb, and leads back to the page that shows what came of it.

use axum::Form;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Redirect};
use control::{Problem, ProblemCode};
use model::{InstanceId, Surface};
use serde::Deserialize;

use super::{Page, fleet, instance, pin};
use crate::app::App;
use crate::session::Viewer;
use crate::verbs::{self, Done, Said, Wish};

/// What the form of a pin or a fleet pin carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct PinForm {
    /// Names the ask that was shown.
    #[serde(default)]
    shown: String,
    #[serde(default)]
    reason: String,
}

/// What an instance's form carries.
#[derive(Debug, Deserialize)]
pub(crate) struct InstanceForm {
    instance: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    shown: String,
    /// One of its objects.
    #[serde(default)]
    object: String,
    /// `1`: to a branch of its own.
    #[serde(default)]
    branch: String,
    /// The number of one of several.
    at: Option<u64>,
}

/// `POST /pins/{number}/{verb}`.
pub(crate) async fn on_pin(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path((number, verb)): Path<(String, String)>,
    Form(form): Form<PinForm>,
) -> Page {
    let number = pin::parse_number(&number)?;
    let (person, surface) = (viewer.signed_in()?, Surface::Page);
    let wish = Wish { number, verb: &verb, person, surface, shown: &form.shown, reason: &form.reason };
    match verbs::on_pin(&app, wish).await {
        Ok(number) => Ok(Redirect::to(&pin::path(number)).into_response()),
        Err(problem) => pin::drawn(&app, &viewer, number, Some(problem)).await,
    }
}

/// `POST /fleets/{number}/{verb}`.
pub(crate) async fn on_fleet(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path((number, verb)): Path<(String, String)>,
    Form(form): Form<PinForm>,
) -> Page {
    let number = fleet::parse_number(&number)?;
    let (person, surface) = (viewer.signed_in()?, Surface::Page);
    let wish = Wish { number, verb: &verb, person, surface, shown: &form.shown, reason: &form.reason };
    match verbs::on_fleet(&app, wish).await {
        Ok(()) => Ok(Redirect::to(&fleet::path(number)).into_response()),
        Err(problem) => fleet::drawn(&app, &viewer, number, Some(problem)).await,
    }
}

/// `POST /instances/{verb}`.
pub(crate) async fn on_instance(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(verb): Path<String>,
    Form(form): Form<InstanceForm>,
) -> Page {
    let person = viewer.signed_in()?;
    let id: InstanceId = form.instance.parse().map_err(|error: model::InvalidName| invalid(&error.to_string()))?;
    let InstanceForm { reason, shown, object, at, .. } = &form;
    let said = Said { reason, shown, object, branch: !form.branch.is_empty(), at: *at, plan: None };
    match verbs::on_instance(&app, &id, &verb, person, said).await {
        Ok(Done { pin: Some(number), .. }) => Ok(Redirect::to(&pin::path(number)).into_response()),
        Ok(_) => Ok(Redirect::to(&instance::path(&id)).into_response()),
        Err(problem) => instance::drawn(&app, &viewer, &id, instance::Wanted::default(), Some(problem)).await,
    }
}

fn invalid(what: &str) -> Problem {
    Problem::new(ProblemCode::Invalid, what, "use the page's buttons")
}
