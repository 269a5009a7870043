//! The buttons that a pin's message carries, by its state.

use model::{DropReason, Outcome, Pin, PinKind, Stage};

use super::message::PinView;
use super::{DETAILS, new_version, old_version};
use crate::{Action, Button, ButtonStyle, ButtonValue, Confirm};

/// What people can do now, the expected thing first and the link last.
pub(super) fn buttons(view: &PinView<'_>) -> Vec<Button> {
    let pin = view.pin;
    let mut buttons = match &pin.stage {
        Stage::Asked => vec![approve(view), reject(view)],
        Stage::Ended(Outcome::Done { .. }) => after_done(view),
        Stage::Ended(outcome) => after_failure(view, outcome),
        _ if pin.unrecorded().is_some() => {
            vec![button(view, Action::Retry, "Record now", ButtonStyle::Primary, None), cancel(view)]
        }
        _ if pin.can_be_cancelled() => vec![cancel(view)],
        _ => Vec::new(),
    };
    if let Some(url) = view.url {
        buttons.push(Button {
            value: None,
            url: Some(url.to_owned()),
            ..button(view, Action::Details, DETAILS, ButtonStyle::Plain, None)
        });
    }
    buttons
}

fn approve(view: &PinView<'_>) -> Button {
    let (pin, new) = (view.pin, new_version(view.pin));
    let environment = &pin.instance.environment;
    let (title, yes) = match pin.kind {
        PinKind::Pin => (format!("Pin {new} in {environment}?"), "Pin"),
        PinKind::Unpin { of } => (format!("Unpin {of} in {environment}?"), "Unpin"),
    };
    let text = format!("{}: from {} to {new}.", pin.instance, old_version(pin));
    let confirm = view.confirm.then(|| question(title, text, yes));
    button(view, Action::Approve, "Approve", ButtonStyle::Primary, confirm)
}

fn reject(view: &PinView<'_>) -> Button {
    button(view, Action::Reject, "Reject", ButtonStyle::Danger, None)
}

fn cancel(view: &PinView<'_>) -> Button {
    let pin = view.pin;
    let text = if pin.touched() {
        format!("{} is dropped and the cluster converges back to {}.", new_version(pin), old_version(pin))
    } else {
        format!("{} is not pinned. Nothing was touched so far.", new_version(pin))
    };
    let confirm = question(format!("Cancel pin {}?", pin.number), text, "Cancel it");
    button(view, Action::Cancel, "Cancel", ButtonStyle::Danger, Some(confirm))
}

fn after_done(view: &PinView<'_>) -> Vec<Button> {
    let pin = view.pin;
    let runs = view.instance.verified.as_ref().is_some_and(|verified| verified.pin == Some(pin.number));
    let mut buttons = Vec::new();
    if let (true, PinKind::Pin, Some(_)) = (runs, pin.kind, pin.from()) {
        let text = format!(
            "{} goes back from {} to {}, proven and recorded like any pin. Automatic pins are off until someone unlocks.",
            pin.instance,
            new_version(pin),
            old_version(pin)
        );
        let confirm = question(format!("Unpin {}?", pin.number), text, "Unpin");
        buttons.push(button(view, Action::Unpin, "Unpin", ButtonStyle::Danger, Some(confirm)));
    }
    if view.instance.lock.is_some() && (runs || matches!(pin.kind, PinKind::Unpin { .. })) {
        buttons.push(button(view, Action::Unlock, "Unlock", ButtonStyle::Plain, None));
    }
    buttons
}

fn after_failure(view: &PinView<'_>, outcome: &Outcome) -> Vec<Button> {
    let new = new_version(view.pin);
    match outcome {
        Outcome::Rejected { .. } | Outcome::Expired | Outcome::Cancelled { .. } | Outcome::Refused { .. } => {
            vec![button(view, Action::Retry, "Ask again", ButtonStyle::Plain, None)]
        }
        Outcome::Dropped { reason: DropReason::Superseded(_) | DropReason::OtherWon { .. }, .. }
        | Outcome::Superseded { .. }
        | Outcome::Done { .. } => Vec::new(),
        Outcome::Dropped { .. } => {
            let text =
                format!("A new pin of {new} for {}; people are asked where that is the rule.", view.pin.instance);
            let confirm = question(format!("Try {new} again?"), text, "Try again");
            vec![button(view, Action::Retry, "Try again", ButtonStyle::Plain, Some(confirm))]
        }
    }
}

fn question(title: String, text: String, yes: &str) -> Confirm {
    Confirm { title, text, yes: yes.to_owned(), no: "Not now".to_owned() }
}

fn button(view: &PinView<'_>, action: Action, label: &str, style: ButtonStyle, confirm: Option<Confirm>) -> Button {
    let pin: &Pin = view.pin;
    Button {
        action,
        label: label.to_owned(),
        spoken: format!("{label}: {} {} in {}", pin.instance.project, new_version(pin), pin.instance.environment),
        style,
        confirm,
        value: Some(ButtonValue::of(view.id, pin)),
        url: None,
    }
}
