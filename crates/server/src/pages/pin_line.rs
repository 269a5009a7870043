//! A pin in one line of a list.

use chat::wording;
use model::{DropReason, Outcome, Pin, Stage, Timestamp};

use super::Shape;
use super::version::Version;
use super::when::When;

/// A pin in one line.
pub(crate) struct PinLine {
    pub number: u64,
    pub badge: Badge,
    pub instance: String,
    pub place: String,
    pub from: Option<Version>,
    pub to: Version,
    pub change: String,
    pub author: String,
    pub decided: String,
    pub sentence: String,
    pub opened: When,
    pub since: When,
}

/// A pin's state: shape and word.
#[derive(Debug, Clone)]
pub(crate) struct Badge {
    pub shape: Shape,
    pub word: String,
}

impl PinLine {
    /// Of a pin, seen from now.
    pub(crate) fn new(pin: &Pin, now: Timestamp) -> Self {
        let announced = pin.build.announced.as_ref();
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        Self {
            number: pin.number.0,
            badge: badge(pin),
            instance: pin.instance.to_string(),
            place: wording::place(&pin.instance),
            from: pin.from().map(|image| Version::of_both(image, pin.from_chart())),
            to: Version::of_build(&pin.build),
            change: text(announced.and_then(|announced| announced.message.as_ref())),
            author: text(announced.and_then(|announced| announced.author.as_ref())),
            decided: decided(pin),
            sentence: wording::sentence(pin),
            opened: When::new(pin.opened_at, now),
            since: When::new(pin.since, now),
        }
    }
}

/// Who decided: people, a policy, or nobody yet.
fn decided(pin: &Pin) -> String {
    match &pin.stage {
        Stage::Ended(Outcome::Rejected { by, .. } | Outcome::Cancelled { by }) => by.to_string(),
        _ => pin.approved_by(),
    }
}

/// A pin's state as shape and word.
pub(crate) fn badge(pin: &Pin) -> Badge {
    let (shape, word) = match &pin.stage {
        _ if pin.unrecorded().is_some() => (Shape::Attention, "Runs, not yet recorded"),
        Stage::Received | Stage::Proposed => (Shape::Pinning, "New"),
        Stage::Asked => (Shape::Waiting, "Waiting for approval"),
        Stage::Approved => (Shape::Pinning, "Approved"),
        Stage::Dropping(_) => (Shape::Attention, "Dropping"),
        Stage::Ended(outcome) => ended(outcome),
        _ => {
            let steps = wording::steps(pin);
            let done = steps.iter().filter(|step| step.state == wording::StepState::Done).count();
            let word = format!("Pinning {}/{}", (done + 1).min(steps.len()), steps.len());
            return Badge { shape: Shape::Pinning, word };
        }
    };
    Badge { shape, word: word.to_owned() }
}

fn ended(outcome: &Outcome) -> (Shape, &'static str) {
    match outcome {
        Outcome::Done { .. } => (Shape::Healthy, "Recorded"),
        Outcome::Refused { .. } => (Shape::Failed, "Refused"),
        Outcome::Rejected { .. } => (Shape::Off, "Rejected"),
        Outcome::Expired => (Shape::Off, "Expired"),
        Outcome::Superseded { .. } => (Shape::Off, "Superseded"),
        Outcome::Cancelled { .. } => (Shape::Off, "Cancelled"),
        Outcome::Dropped { healthy: false, .. } => (Shape::Failed, "Unhealthy on both"),
        Outcome::Dropped { reason: DropReason::Failed, .. } => (Shape::Failed, "Failed, dropped"),
        Outcome::Dropped { .. } => (Shape::Off, "Dropped"),
    }
}
