//! A fleet pin in one entry of a list.

use chat::wording;
use control::FleetView;
use model::{FleetStop, Timestamp};

use super::Shape;
use super::pin_line::Badge;
use super::version::Version;
use super::when::When;

/// A fleet pin in one entry.
pub(crate) struct FleetLine {
    pub number: u64,
    pub badge: Badge,
    pub place: String,
    pub instances: String,
    /// The version that they come from, or how many versions.
    pub from: String,
    pub to: Version,
    pub change: String,
    pub author: String,
    pub sentence: String,
    pub opened: When,
    /// Whether people are asked now.
    pub asked: bool,
}

impl FleetLine {
    /// Of a fleet pin, seen from now.
    pub(crate) fn new(view: &FleetView, now: Timestamp) -> Self {
        let (fleet, pins) = (&view.fleet, &view.pins);
        let announced = fleet.build.announced.as_ref();
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        let versions = wording::fleet_versions(pins);
        Self {
            number: fleet.number.0,
            badge: badge(view),
            place: wording::fleet_place(&fleet.project, &fleet.environment),
            instances: match pins.len() {
                1 => "1 instance".to_owned(),
                many => format!("{many} instances"),
            },
            from: match versions.as_slice() {
                [] => String::new(),
                [(only, _)] => only.clone(),
                many => format!("{} versions", many.len()),
            },
            to: Version::of_build(&fleet.build),
            change: text(announced.and_then(|announced| announced.message.as_ref())),
            author: text(announced.and_then(|announced| announced.author.as_ref())),
            sentence: wording::fleet_sentence(fleet, pins),
            opened: When::new(fleet.opened_at, now),
            asked: view.shown.is_some(),
        }
    }
}

/// A fleet pin's state as shape and word.
pub(crate) fn badge(view: &FleetView) -> Badge {
    let (fleet, tally) = (&view.fleet, view.tally);
    let waves = fleet.waves(&view.pins);
    let (shape, word) = match &fleet.stopped {
        Some(FleetStop::Failed(_)) => (Shape::Failed, "Failed, stopped"),
        Some(FleetStop::Rejected(..)) => (Shape::Off, "Rejected"),
        Some(FleetStop::Cancelled(_)) => (Shape::Off, "Cancelled"),
        Some(FleetStop::Superseded(_)) => (Shape::Off, "Superseded"),
        None if fleet.ended && tally.done == view.pins.len() => (Shape::Healthy, "Recorded"),
        None if fleet.ended => (Shape::Off, "Over"),
        None if view.shown.is_some() => (Shape::Waiting, "Waiting for approval"),
        None if waves.begun > 0 => {
            return Badge { shape: Shape::Pinning, word: format!("Wave {} of {}", waves.begun, waves.all) };
        }
        None if tally.preparing > 0 => (Shape::Pinning, "New"),
        None => (Shape::Pinning, "Approved"),
    };
    Badge { shape, word: word.to_owned() }
}
