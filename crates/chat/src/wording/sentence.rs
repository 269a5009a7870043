//! The headline and the one sentence of a pin, for each stage and outcome.

use model::{Delay, DropReason, Outcome, Pin, PinKind, Stage};

use super::steps::position;
use super::units::{clock, clock_near, length};
use super::{new_version, old_version, place};

/// What and where, in a few words: `shop → prod: pin 1.42.0?`.
pub fn headline(pin: &Pin) -> String {
    format!("{}: {}", place(&pin.instance), what(pin))
}

/// What is so now, in a sentence or two.
pub fn sentence(pin: &Pin) -> String {
    let now = match &pin.stage {
        Stage::Dropping(reason) => {
            let back = if pin.from().is_some() { format!("back to {}", old_version(pin)) } else { "back".to_owned() };
            format!("{} The candidate is dropped; the cluster converges {back}.", why_dropped(pin, reason))
        }
        Stage::Ended(outcome) => ended(pin, outcome),
        _ => return live(pin),
    };
    match &pin.delay {
        Some(delay) => format!("{now} {}", held_up(delay)),
        None => now,
    }
}

fn what(pin: &Pin) -> String {
    let new = new_version(pin);
    match (&pin.stage, pin.kind) {
        (Stage::Received | Stage::Proposed, PinKind::Pin) => format!("{new} arrived"),
        (Stage::Received | Stage::Proposed | Stage::Asked, PinKind::Unpin { of }) => {
            format!("unpin {of}, back to {new}?")
        }
        (Stage::Asked, PinKind::Pin) => format!("pin {new}?"),
        (Stage::Approved, _) if pin.waits_for_wave() => format!("{new} waits for its wave"),
        (Stage::Approved, _) => format!("{new} waits for its turn"),
        (Stage::Dropping(_), _) => format!("{new} is dropped"),
        (Stage::Ended(outcome), _) => what_ended(pin, outcome),
        _ if pin.unrecorded().is_some() => format!("{new} runs, not yet recorded"),
        (_, kind) => {
            let (step, steps) = position(pin);
            match kind {
                PinKind::Pin => format!("pinning {new} ({step} of {steps})"),
                PinKind::Unpin { of } => format!("unpinning {of}, back to {new} ({step} of {steps})"),
            }
        }
    }
}

fn what_ended(pin: &Pin, outcome: &Outcome) -> String {
    let (new, old) = (new_version(pin), old_version(pin));
    match outcome {
        Outcome::Done { .. } => match pin.kind {
            PinKind::Pin => format!("runs {new}"),
            PinKind::Unpin { .. } => format!("back on {new}"),
        },
        Outcome::Refused { .. } => format!("{new} can't be pinned"),
        Outcome::Rejected { .. } => format!("{new} rejected"),
        Outcome::Expired => format!("nobody answered about {new}"),
        Outcome::Superseded { by } => format!("{new} replaced by {by}"),
        Outcome::Cancelled { .. } => format!("{new} cancelled"),
        Outcome::Dropped { reason: DropReason::Failed, healthy: false, .. } => "unhealthy on both versions".to_owned(),
        Outcome::Dropped { healthy: false, .. } => format!("{new} dropped, and {old} is unhealthy"),
        Outcome::Dropped { reason, to, .. } => {
            let did = match reason {
                DropReason::Failed => "failed".to_owned(),
                DropReason::Superseded(by) => format!("replaced by {by}"),
                DropReason::Cancelled(..) => "cancelled".to_owned(),
                DropReason::OtherWon { .. } | DropReason::TooManyRounds => "given up".to_owned(),
            };
            match to {
                Some(_) => format!("{new} {did}; back on {old}"),
                None => format!("{new} {did}; nothing ran before"),
            }
        }
    }
}

fn live(pin: &Pin) -> String {
    let new = new_version(pin);
    if let Some(delay) = pin.unrecorded() {
        return format!(
            "{new} runs and was seen healthy, but git can't record it since {}: {} Other pins of {} wait. {}",
            clock_near(delay.since, delay.again_at),
            stop(&delay.reason),
            pin.instance,
            again(delay),
        );
    }
    if let Some(delay) = &pin.delay {
        return format!("{} {}", doing(pin), held_up(delay));
    }
    doing(pin)
}

fn doing(pin: &Pin) -> String {
    let (new, old) = (new_version(pin), old_version(pin));
    match &pin.stage {
        Stage::Received => format!("{new} is known; what it would change is being worked out."),
        Stage::Proposed => "What it would change is known; people are asked next.".to_owned(),
        Stage::Asked => asked(pin),
        Stage::Approved if pin.waits_for_wave() => {
            let fleet = pin.fleet.map(|fleet| format!(" of fleet pin {fleet}")).unwrap_or_default();
            format!("Approved by {}. It waits for its wave{fleet}.", pin.approved_by())
        }
        Stage::Approved => format!("Approved by {}. It waits for its turn.", pin.approved_by()),
        Stage::Claimed => format!("Approved by {}. Its candidate is being rendered.", pin.approved_by()),
        Stage::Rendered => "The candidate is rendered; the cluster dry-runs the whole of it.".to_owned(),
        Stage::Inventoried { waiting_for } if !waiting_for.is_empty() => {
            format!("The candidate is being applied in steps; the next one waits for: {}", stop(waiting_for))
        }
        Stage::DryRun | Stage::Inventoried { .. } => "The dry run passed; the candidate is being applied.".to_owned(),
        Stage::Watching { waiting_for, .. } if waiting_for.is_empty() => {
            format!("{new} is applied and watched until it is proven.")
        }
        Stage::Watching { waiting_for, .. } => {
            format!("{new} is applied and watched until it is proven; it waits for: {}", stop(waiting_for))
        }
        Stage::Verified | Stage::Committed => format!("{new} was seen healthy; it is being recorded in git."),
        Stage::HeadMoved { .. } => {
            format!("{new} was seen healthy. Another commit came first; the edit is redone on it.")
        }
        Stage::Recorded => format!("{new} runs in place of {old} and is recorded in git."),
        Stage::Dropping(_) | Stage::Ended(_) => String::new(),
    }
}

fn asked(pin: &Pin) -> String {
    let new = new_version(pin);
    let change = match (pin.kind, pin.from()) {
        (PinKind::Unpin { of }, _) => format!("{new} would run again, as before pin {of}."),
        (PinKind::Pin, Some(_)) => format!("{new} would run in place of {}.", old_version(pin)),
        (PinKind::Pin, None) => format!("{new} would run; nothing is pinned yet."),
    };
    let Some(ask) = &pin.ask else { return change };
    let votes = match (ask.quorum, pin.approvals.len()) {
        (..=1, _) => "It waits for an answer".to_owned(),
        (quorum, 0) => format!("It waits for {quorum} approvals"),
        (quorum, given) => format!("{given} of {quorum} approvals are there, by {}; it waits", pin.approved_by()),
    };
    format!("{change} {votes} until {}.", clock_near(ask.until, ask.at))
}

fn ended(pin: &Pin, outcome: &Outcome) -> String {
    let old = old_version(pin);
    match outcome {
        Outcome::Done { commit } => {
            let took = pin.since.since(pin.approvals.last().map_or(pin.opened_at, |approval| approval.at));
            let by =
                if pin.approvals.is_empty() { String::new() } else { format!("Approved by {}. ", pin.approved_by()) };
            let twin = match pin.kind {
                PinKind::Pin => String::new(),
                PinKind::Unpin { .. } => " Automatic pins are off until someone unlocks.".to_owned(),
            };
            format!("{by}Seen healthy and recorded as {} after {}.{twin}", commit.short(), length(took))
        }
        Outcome::Refused { why } => format!("{} Nothing was touched.", stop(why)),
        Outcome::Rejected { by, reason: Some(reason) } => {
            format!("Rejected by {by}: {} Nothing was touched.", stop(reason))
        }
        Outcome::Rejected { by, reason: None } => format!("Rejected by {by}. Nothing was touched."),
        Outcome::Expired => format!("Nobody answered in time; {old} stays. Nothing was touched."),
        Outcome::Superseded { by } => format!("The newer pin {by} takes its place. Nothing was touched."),
        Outcome::Cancelled { by } => format!("Cancelled by {by}. Nothing was touched."),
        Outcome::Dropped { reason, to, healthy, seen } => {
            let back = match (to, healthy) {
                (Some(_), true) => format!("The cluster is back on {old} and healthy."),
                (None, true) => "What it brought is gone; nothing ran before.".to_owned(),
                (_, false) => format!(
                    "The cluster was put back to {old}, and that is unhealthy too: {} I do nothing more until told.",
                    stop(seen)
                ),
            };
            format!("{} {back}{}", why_dropped(pin, reason), git_says(pin, reason))
        }
    }
}

/// What git says after a drop: a candidate that wasn't proven is never in it.
fn git_says(pin: &Pin, reason: &DropReason) -> String {
    let new = new_version(pin);
    match (reason, pin.from()) {
        (DropReason::OtherWon { .. }, _) => String::new(),
        (_, Some(_)) => format!(" Git still says {}: {new} was never recorded.", old_version(pin)),
        (_, None) => format!(" {new} was never recorded in git."),
    }
}

fn why_dropped(pin: &Pin, reason: &DropReason) -> String {
    let new = new_version(pin);
    match reason {
        DropReason::Failed => match &pin.failure {
            Some(failure) => stop(&failure.sentence),
            None => format!("{new} does not work."),
        },
        DropReason::Superseded(by) => format!("The newer pin {by} takes the place of {new}."),
        DropReason::Cancelled(by, surface) => format!("Cancelled by {by} on {surface}."),
        DropReason::OtherWon { commit, author } => {
            format!("{author} committed another version meanwhile ({}); that one counts.", commit.short())
        }
        DropReason::TooManyRounds => "The config repo moved too often while it was verified. Pin it again.".to_owned(),
    }
}

fn held_up(delay: &Delay) -> String {
    format!("That can't be done now: {} {}", stop(&delay.reason), again(delay))
}

fn again(delay: &Delay) -> String {
    format!("It is tried again at {}.", clock(delay.again_at))
}

/// A text from elsewhere as a sentence: with its full stop.
pub(super) fn stop(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?', '…']) { text.to_owned() } else { format!("{text}.") }
}
