//! What the person is told whose click or command had no effect: what, why, and who can.

use model::{DropReason, Outcome, Pin, Stage};

use crate::Action;

/// Why a click had no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal<'a> {
    /// The account is not one of a person in `pinnace.yaml`.
    Stranger {
        /// The account as `pinnace.yaml` would name it (`slack: U024BE7LH`).
        account: &'a str,
    },
    /// The click came from another workspace than ours.
    OtherWorkspace,
    /// The person is known and may not.
    NotAllowed {
        /// Who may: people and `@groups`.
        approvers: &'a [String],
    },
    /// Four eyes: who wrote it may not approve it.
    OwnBuild {
        /// Who may: people and `@groups`.
        approvers: &'a [String],
    },
    /// The person said so before.
    AlreadySaid,
    /// It is no longer open; the pin says what became of it.
    AlreadyDecided {
        /// The pin as it is now.
        pin: &'a Pin,
    },
    /// People are asked about something else by now.
    AskedAgain,
    /// The button is not one of ours, or its pin is unknown.
    NotOurs,
    /// The answer could not be stored.
    NotStored,
    /// A rule of ours forbids it, in words.
    Because {
        /// Why.
        why: &'a str,
    },
}

/// The sentence for the one who clicked, and for nobody else.
pub fn refusal(action: Action, refusal: &Refusal<'_>) -> String {
    let verb = if action == Action::ConfirmPrune { "delete" } else { action.id() };
    match refusal {
        Refusal::Stranger { account } => format!(
            "Nothing was done: you can't {verb}, since no person in `pinnace.yaml` has this account. \
             Whoever keeps that file can add `{account}` under your name."
        ),
        Refusal::OtherWorkspace => {
            format!("Nothing was done: you can't {verb} from another workspace. Ask somebody of this one.")
        }
        Refusal::NotAllowed { approvers } => format!("Nothing was done: you may not {verb} this. {}", ask(approvers)),
        Refusal::OwnBuild { approvers } => {
            format!("Nothing was done: it is your own build, and a second person must {verb} it. {}", ask(approvers))
        }
        Refusal::AlreadySaid => "You already approved this. It waits for others.".to_owned(),
        Refusal::AlreadyDecided { pin } => format!("Nothing was done: {}.", became(pin)),
        Refusal::AskedAgain => {
            "Nothing was done: what would change is no longer what you saw. Look at the message again.".to_owned()
        }
        Refusal::NotOurs => "Nothing was done: this button belongs to no pin that is known here.".to_owned(),
        Refusal::NotStored => {
            "Not recorded, nothing was done: the database can't be written now. Try again.".to_owned()
        }
        Refusal::Because { why } => format!("Nothing was done: {why}"),
    }
}

fn ask(approvers: &[String]) -> String {
    if approvers.is_empty() {
        "Nobody is named who may: add `approvers` to the environment in `pinnace.yaml`.".to_owned()
    } else {
        format!("Ask {}.", approvers.join(" or "))
    }
}

fn became(pin: &Pin) -> String {
    let number = pin.number;
    match &pin.stage {
        Stage::Ended(Outcome::Rejected { by, .. }) => format!("{number} was already decided by {by}: rejected"),
        Stage::Ended(Outcome::Expired) => format!("{number} expired, nobody answered in time"),
        Stage::Ended(Outcome::Superseded { by }) | Stage::Dropping(DropReason::Superseded(by)) => {
            format!("{number} was replaced by {by}")
        }
        Stage::Ended(Outcome::Cancelled { by }) | Stage::Dropping(DropReason::Cancelled(by, _)) => {
            format!("{number} was already cancelled by {by}")
        }
        Stage::Ended(Outcome::Refused { why }) => format!("{number} can't be done: {}", why.trim_end_matches('.')),
        _ if pin.approvals.is_empty() => format!("{number} is not waiting for that ({})", pin.stage.name()),
        _ => format!("{number} was already decided by {}: approved", pin.approved_by()),
    }
}
