//! Fleet pins over the API: lists, one with its pins, and what people say to the whole.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, State};
use model::FleetNumber;

use super::{Answer, List, Wanted, read, surface};
use crate::app::App;
use crate::pages::fleet::parse_number;
use crate::session::Viewer;
use crate::verbs::{self, Wish};
use crate::wire::{ActWire, FleetWire};

/// `GET /api/v1/fleets?before=`, newest first.
pub(crate) async fn fleets(State(app): State<App>, Query(wanted): Query<Wanted>) -> Answer<List<FleetWire>> {
    let views = app.control.fleets(wanted.before.map(FleetNumber)).await?;
    let last = views.last().filter(|_| views.len() >= control::FLEETS_A_PAGE);
    let next = last.map(|view| i64::try_from(view.fleet.number.0).unwrap_or(i64::MAX));
    Ok(Json(List { items: views.iter().map(FleetWire::brief).collect(), next }))
}

/// `GET /api/v1/fleets/{number}`, with `7` or `F7`.
pub(crate) async fn fleet(State(app): State<App>, Path(number): Path<String>) -> Answer<FleetWire> {
    Ok(Json(FleetWire::whole(&app.control.fleet_view(parse_number(&number)?).await?)))
}

/// `POST /api/v1/fleets/{number}/{verb}`: approve, reject, cancel. Answers with the fleet pin.
pub(crate) async fn on_fleet(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path((number, verb)): Path<(String, String)>,
    body: Bytes,
) -> Answer<FleetWire> {
    let act: ActWire = read(&body)?;
    let (number, person, surface) = (parse_number(&number)?, viewer.signed_in()?, surface(&viewer));
    let wish = Wish { number, verb: &verb, person, surface, shown: &act.shown, reason: &act.reason };
    verbs::on_fleet(&app, wish).await?;
    Ok(Json(FleetWire::whole(&app.control.fleet_view(number).await?)))
}
