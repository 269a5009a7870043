//! What is said about a fleet pin: one headline, one sentence and one message for all its instances.

mod message;
mod said;

use std::collections::BTreeMap;

use model::{EnvironmentName, Fleet, FleetPlace, Pin, ProjectName, Timestamp};

pub use message::{FleetMessage, fleet_message, fleet_pointer};
pub use said::{fleet_headline, fleet_progress, fleet_sentence};

/// `shop → prod`, where a fleet pin's instances are.
pub fn fleet_place(project: &ProjectName, environment: &EnvironmentName) -> String {
    format!("{project} → {environment}")
}

/// Why a pin of a fleet is where it is, in a few words; empty where the place says it all.
pub fn fleet_pin(pin: &Pin) -> String {
    match FleetPlace::of(pin) {
        FleetPlace::Failed | FleetPlace::LeftOut => super::sentence(pin),
        FleetPlace::Running => super::steps_line(&super::steps(pin)),
        FleetPlace::Asked | FleetPlace::Waiting | FleetPlace::Preparing | FleetPlace::Done => String::new(),
    }
}

/// How a place of a fleet's pins is called on every surface.
pub fn fleet_place_word(place: FleetPlace) -> &'static str {
    match place {
        FleetPlace::Failed => "Failed",
        FleetPlace::Running => "In hand",
        FleetPlace::Asked => "Waiting for approval",
        FleetPlace::Waiting => "Waiting for their wave",
        FleetPlace::Preparing => "Being worked out",
        FleetPlace::Done => "Done",
        FleetPlace::LeftOut => "Left as they were",
    }
}

/// The versions that a fleet pin's instances come from, the most widespread first, with how many run each.
pub fn fleet_versions(pins: &[Pin]) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for from in pins.iter().filter_map(Pin::from) {
        *counts.entry(from.version()).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().map(|(version, of)| (version.to_owned(), of)).collect();
    counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    counts
}

/// "1 instance", "300 instances".
fn instances(number: usize) -> String {
    if number == 1 { "1 instance".to_owned() } else { format!("{number} instances") }
}

/// When the first of its asks expires, and how many must approve.
fn asked_until(pins: &[Pin]) -> Option<(Timestamp, Timestamp, u32)> {
    let asked = pins.iter().filter(|pin| FleetPlace::of(pin) == FleetPlace::Asked);
    let ask = asked.filter_map(|pin| pin.ask.as_ref()).min_by_key(|ask| ask.until)?;
    Some((ask.until, ask.at, ask.quorum))
}

/// Who said yes to the whole: people, and else the policy that decided for its pins.
pub fn fleet_approved_by(fleet: &Fleet, pins: &[Pin]) -> String {
    let mut people: Vec<&str> = Vec::new();
    for given in &fleet.approvals {
        if !people.contains(&given.by.as_str()) {
            people.push(given.by.as_str());
        }
    }
    if people.is_empty() {
        return pins.iter().map(Pin::approved_by).find(|by| !by.is_empty()).unwrap_or_default();
    }
    people.join(", ")
}

#[cfg(test)]
mod tests;
