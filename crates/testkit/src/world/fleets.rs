//! What people do with fleet pins.

use control::{Answer, FleetView};
use model::Surface;

use super::{World, person};

impl World {
    /// The newest fleet pin, once it is so.
    pub async fn fleet_that(&self, what: &str, is_so: impl Fn(&FleetView) -> bool) -> FleetView {
        self.until(what, async |world| {
            world.control.fleets(None).await.ok()?.into_iter().next().filter(|view| is_so(view))
        })
        .await
    }

    /// Somebody says yes to all that a fleet pin asks.
    pub async fn approve_fleet(&self, view: &FleetView, who: &str) {
        let (by, shown) = (person(who), view.shown.clone().expect("it is asked about"));
        let answer = Answer::by(&by, Surface::Page).to(&shown);
        self.control.approve_fleet(view.fleet.number, answer).await.expect("the approval is taken");
    }
}
