//! Every sentence that people read about a pin, in one place and pure: chat services and the page say the same.
//!
//! The words are those of design section 2: a pin is pinned, unpinned, dropped or cancelled, and nothing else.

mod action;
mod drift;
mod fleet;
mod head;
mod held;
mod left_drift;
mod message;
mod quarantine;
mod refusal;
mod sentence;
mod steps;
mod units;

pub use drift::{drifted, left, prune_held, written};
pub use fleet::{
    FleetMessage, fleet_approved_by, fleet_headline, fleet_message, fleet_pin, fleet_place, fleet_place_word,
    fleet_pointer, fleet_progress, fleet_sentence, fleet_versions,
};
pub use head::{failed_head, head_message, head_pointer};
pub use held::{HeldView, held_message, held_pointer};
pub use left_drift::{left_drift_message, left_drift_pointer};
pub use message::{PinView, message};
pub use quarantine::{quarantine_message, quarantine_pointer, quarantined};
pub use refusal::{Refusal, refusal};
pub use sentence::{headline, sentence};
pub use steps::{Step, StepState, steps, steps_line, timed_steps};
pub use units::{clock, clock_near, length};

use model::{InstanceId, Pin, PinNumber};

/// What stands on the link to the page.
pub const DETAILS: &str = "Details";

/// Stands above commits of the config repo that would go along.
pub const COMMITS_GO_ALONG: &str = "Commits that nobody pinned yet go along:";

/// What a message is edited into that was posted twice.
pub fn pointer(number: PinNumber) -> String {
    format!("This was posted twice. Pin {number} goes on in its other message.")
}

/// Said on the message at once, between a click and what comes of it: see [`crate::Message::deciding`].
pub fn deciding(action: crate::Action, who: &str) -> String {
    let doing = match action {
        crate::Action::Approve => "Approving",
        crate::Action::Reject => "Rejecting",
        crate::Action::Cancel => "Cancelling",
        crate::Action::Retry => "Trying again",
        crate::Action::Unpin => "Unpinning",
        crate::Action::Unlock => "Unlocking",
        crate::Action::ConfirmPrune => "Deleting",
        crate::Action::Details => "Opening",
    };
    format!("{doing} by {who} …")
}

/// `shop → prod`, as headlines name an instance.
pub fn place(instance: &InstanceId) -> String {
    instance.to_string().replacen('/', " → ", 1)
}

/// The version that it goes to.
pub(crate) fn new_version(pin: &Pin) -> String {
    pin.build.version()
}

/// The version that it comes from, in words when it is not known.
pub(crate) fn old_version(pin: &Pin) -> String {
    pin.from().map_or_else(|| "what ran before".to_owned(), |image| model::version(image, pin.from_chart()))
}

#[cfg(test)]
pub(crate) mod tests;
