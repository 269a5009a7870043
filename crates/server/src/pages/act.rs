//! What people do on the page: each form is one verb of `control`, and leads back to the page that shows what came of it.

use axum::Form;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Redirect};
use control::{Problem, ProblemCode};
use model::{InstanceId, PersonName, PinNumber, Surface};
use serde::Deserialize;

use super::{Page, instance, pin};
use crate::app::App;
use crate::session::Viewer;

/// What a pin's form carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct PinForm {
    /// Names the ask that was shown.
    #[serde(default)]
    pub shown: String,
    #[serde(default)]
    pub reason: String,
}

/// What an instance's form carries.
#[derive(Debug, Deserialize)]
pub(crate) struct InstanceForm {
    pub instance: String,
    #[serde(default)]
    pub reason: String,
}

/// `POST /pins/{number}/{verb}`.
pub(crate) async fn on_pin(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path((number, verb)): Path<(String, String)>,
    Form(form): Form<PinForm>,
) -> Page {
    let number = pin::parse_number(&number)?;
    let person = viewer.signed_in()?;
    match pin_verb(&app, number, &verb, person, Surface::Page, &form).await {
        Ok(()) => Ok(Redirect::to(&pin::path(number)).into_response()),
        Err(problem) => pin::drawn(&app, &viewer, number, Some(problem)).await,
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
    match instance_verb(&app, &id, &verb, person, &form.reason).await {
        Ok(Some(number)) => Ok(Redirect::to(&pin::path(number)).into_response()),
        Ok(None) => Ok(Redirect::to(&instance::path(&id)).into_response()),
        Err(problem) => instance::drawn(&app, &viewer, &id, instance::Wanted::default(), Some(problem)).await,
    }
}

/// Does one thing with a pin. An ask that changed since it was shown is not answered.
pub(crate) async fn pin_verb(
    app: &App,
    number: PinNumber,
    verb: &str,
    person: &PersonName,
    surface: Surface,
    form: &PinForm,
) -> Result<(), Problem> {
    if matches!(verb, "approve" | "reject") {
        still_shown(app, number, &form.shown).await?;
    }
    let control = &app.control;
    let done = match verb {
        "approve" => control.approve(number, person, surface).await,
        "reject" => control.reject(number, person, surface, Some(&form.reason)).await,
        "cancel" => control.cancel(number, person, surface).await,
        "retry" => control.retry(number, person).await,
        _ => Err(no_verb(verb)),
    };
    done.map(|_| ())
}

/// Does one thing with an instance; an unpin is a pin of its own.
pub(crate) async fn instance_verb(
    app: &App,
    id: &InstanceId,
    verb: &str,
    person: &PersonName,
    reason: &str,
) -> Result<Option<PinNumber>, Problem> {
    match verb {
        "unpin" => app.control.unpin(id, person, reason).await.map(Some),
        "lock" => {
            let why = if reason.trim().is_empty() { "no reason given" } else { reason };
            app.control.lock(id, person, why).await.map(|()| None)
        }
        "unlock" => app.control.unlock(id, person).await.map(|()| None),
        _ => Err(no_verb(verb)),
    }
}

/// Programs that name no ask answer the one that there is.
async fn still_shown(app: &App, number: PinNumber, shown: &str) -> Result<(), Problem> {
    let Some(record) = app.control.store().pin(number).await?.filter(|_| !shown.is_empty()) else { return Ok(()) };
    if chat::ButtonValue::of(&record.id, &record.pin).nonce == shown {
        return Ok(());
    }
    let what = format!("people are asked about something else by now: pin {number} changed after it was shown to you");
    Err(Problem::new(ProblemCode::TooLate, what, "read what is asked now, and answer that"))
}

fn no_verb(verb: &str) -> Problem {
    Problem::new(ProblemCode::NotFound, format!("there is no `{}`", secrets::clip(verb, 40)), "use the page's buttons")
}

fn invalid(what: &str) -> Problem {
    Problem::new(ProblemCode::Invalid, what, "use the page's buttons")
}
