//! The headline and the sentence of a fleet pin, for each state.

use model::{Fleet, FleetStop, Pin, Tally};

use super::super::sentence::stop;
use super::super::units::clock_near;
use super::{asked_until, fleet_approved_by, fleet_place, instances};

/// What and where, in a few words: `shop → prod (300 instances): pin 1.42.0?`.
pub fn fleet_headline(fleet: &Fleet, pins: &[Pin]) -> String {
    let place = fleet_place(&fleet.project, &fleet.environment);
    format!("{place} ({}): {}", instances(pins.len()), what(fleet, pins))
}

fn what(fleet: &Fleet, pins: &[Pin]) -> String {
    let (new, tally, waves) = (fleet.build.version(), Tally::of(pins), fleet.waves(pins));
    match &fleet.stopped {
        Some(FleetStop::Failed(_)) => return format!("{new} failed in wave {} of {}, stopped", waves.begun, waves.all),
        Some(FleetStop::Rejected(..)) => return format!("{new} rejected"),
        Some(FleetStop::Cancelled(_)) => return format!("{new} cancelled"),
        Some(FleetStop::Superseded(by)) => return format!("{new} replaced by {by}"),
        None => {}
    }
    match tally {
        _ if fleet.ended && tally.done == pins.len() => format!("all run {new}"),
        _ if fleet.ended && tally.done == 0 => format!("{new} is pinned nowhere"),
        _ if fleet.ended => format!("{} of {} run {new}", tally.done, pins.len()),
        Tally { preparing: 1.., .. } if waves.begun == 0 => format!("{new} arrived"),
        Tally { asked: 1.., .. } if waves.begun == 0 => format!("pin {new}?"),
        _ => format!("pinning {new} (wave {} of {})", waves.begun.max(1), waves.all),
    }
}

/// What is so now, in a sentence or two.
pub fn fleet_sentence(fleet: &Fleet, pins: &[Pin]) -> String {
    let (new, tally) = (fleet.build.version(), Tally::of(pins));
    if let Some(stopped) = &fleet.stopped {
        return format!("{} {}", why_stopped(fleet, stopped, pins), after_stop(&new, &tally));
    }
    if fleet.ended {
        return over(&new, &tally, pins);
    }
    if fleet.waves(pins).begun > 0 {
        let again = if tally.asked > 0 {
            format!(" {} changed after the yes: people are asked again.", instances(tally.asked))
        } else {
            String::new()
        };
        return format!("{}{again}", fleet_progress(fleet, pins));
    }
    match tally {
        Tally { preparing: 1.., .. } => format!(
            "{new} is known; what it would change is being worked out: {} of {} are known.",
            pins.len() - tally.preparing,
            instances(pins.len())
        ),
        Tally { asked: 1.., .. } => asked(fleet, pins, &tally),
        _ => format!("Approved by {}. The first wave begins.", fleet_approved_by(fleet, pins)),
    }
}

/// How far it is, in counts: `Wave 2 of 60: 10 done, 5 in hand, 285 waiting for their wave.`
pub fn fleet_progress(fleet: &Fleet, pins: &[Pin]) -> String {
    let (tally, waves) = (Tally::of(pins), fleet.waves(pins));
    let counts = [
        (tally.done, "done"),
        (tally.running, "in hand"),
        (tally.waiting, "waiting for their wave"),
        (tally.failed, "failed"),
        (tally.left_out, "left as they were"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let counts = counts.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>();
    format!("Wave {} of {}: {}.", waves.begun, waves.all, counts.join(", "))
}

fn asked(fleet: &Fleet, pins: &[Pin], tally: &Tally) -> String {
    let (new, waves) = (fleet.build.version(), fleet.waves(pins));
    let change = match waves.all {
        1 => format!("{new} would run in {}, all at a time.", instances(tally.asked)),
        all => format!(
            "{new} would run in {}, {} at a time: {all} waves, and the first that fails stops it.",
            instances(tally.asked),
            fleet.size
        ),
    };
    let left = match tally.left_out {
        0 => String::new(),
        left => format!(" {}.", left_as_they_were(left)),
    };
    let Some((until, at, quorum)) = asked_until(pins) else { return format!("{change}{left}") };
    let votes = match (quorum, fleet.approvals.len()) {
        (..=1, _) => "It waits for an answer".to_owned(),
        (quorum, 0) => format!("It waits for {quorum} approvals"),
        (quorum, given) => {
            format!("{given} of {quorum} approvals are there, by {}; it waits", fleet_approved_by(fleet, pins))
        }
    };
    format!("{change}{left} {votes} until {}.", clock_near(until, at))
}

fn why_stopped(fleet: &Fleet, stopped: &FleetStop, pins: &[Pin]) -> String {
    match stopped {
        FleetStop::Failed(number) => match fleet.first_failed(pins) {
            Some(pin) => format!("{}: {}", pin.instance, stop(&cause(pin))),
            None => format!("Pin {number} failed."),
        },
        FleetStop::Rejected(by, Some(reason)) => format!("Rejected by {by}: {}", stop(reason)),
        FleetStop::Rejected(by, None) => format!("Rejected by {by}."),
        FleetStop::Cancelled(by) => format!("Cancelled by {by}."),
        FleetStop::Superseded(by) => format!("The newer fleet pin {by} takes its place."),
    }
}

/// Why a pin failed: what was seen, or why it could not be done.
fn cause(pin: &Pin) -> String {
    match (&pin.failure, &pin.stage) {
        (Some(failure), _) => failure.sentence.clone(),
        (None, model::Stage::Ended(model::Outcome::Refused { why })) => why.clone(),
        _ => format!("{} does not work", pin.build.version()),
    }
}

fn after_stop(new: &str, tally: &Tally) -> String {
    if tally.done + tally.failed + tally.running == 0 {
        return "Nothing was touched.".to_owned();
    }
    let run = if tally.done == 0 { format!("None runs {new}") } else { format!("{} {new}", run(tally.done)) };
    let failed = if tally.failed == 0 { String::new() } else { format!(", {} failed", tally.failed) };
    let left = tally.left_out + tally.waiting + tally.asked + tally.preparing;
    let left = if left == 0 { String::new() } else { format!(", {left} left as they were") };
    let running = match tally.running {
        0 => String::new(),
        running => format!(", {running} still in hand go to their own end"),
    };
    format!("{run}{failed}{left}{running}.")
}

fn over(new: &str, tally: &Tally, pins: &[Pin]) -> String {
    if tally.done == pins.len() {
        return format!("Each was seen healthy on {new} and recorded.");
    }
    if tally.done + tally.failed == 0 {
        return "None was tried; each says why. Nothing was touched.".to_owned();
    }
    let left = left_as_they_were(tally.left_out + tally.failed);
    format!("{} {new}, seen healthy and recorded; {left}, and each says why.", run(tally.done))
}

fn run(number: usize) -> String {
    if number == 1 { "1 instance runs".to_owned() } else { format!("{number} instances run") }
}

fn left_as_they_were(number: usize) -> String {
    if number == 1 { "1 is left as it was".to_owned() } else { format!("{number} are left as they were") }
}
