//! What is said about objects that go only when a person says so.

use model::{HeldPrune, InstanceId, PinId};

use super::drift::by_reason;
use super::{DETAILS, place};
use crate::{Action, Button, ButtonStyle, ButtonValue, Confirm, Message, Mood};

/// With more objects there is no button: nobody confirms what they do not see.
const MOST_NAMED: usize = 20;

/// What a message about held objects is made of.
#[derive(Debug, Clone, Copy)]
pub struct HeldView<'a> {
    /// The instance.
    pub instance: &'a InstanceId,
    /// What is held, and what became of it.
    pub held: &'a HeldPrune,
    /// What stands on the button, and comes back with a click.
    pub key: &'a PinId,
    /// The name of exactly this list.
    pub shown: &'a str,
    /// Where the page is.
    pub url: &'a str,
}

/// The message about it.
pub fn held_message(view: &HeldView<'_>) -> Message {
    let HeldView { instance, held, .. } = view;
    let open = !held.is_over && held.confirmed_by.is_none();
    let header = format!("{}: {}", place(instance), headline(held));
    let named = named(held);
    let mut buttons = Vec::new();
    if open && held.objects.len() <= MOST_NAMED {
        buttons.push(delete(view));
    }
    buttons.push(super::head::details(instance, view.url));
    Message {
        mood: if held.is_over { Mood::Good } else { Mood::Attention },
        summary: format!("{header}: {named}"),
        header,
        paragraphs: std::iter::once(named).chain(open.then(|| how(held))).collect(),
        buttons,
        ..Message::default()
    }
}

/// What a second message about the same is edited into.
pub fn held_pointer(instance: &InstanceId) -> String {
    format!("This was posted twice. What is held back in {} is in its other message.", place(instance))
}

fn count(held: &HeldPrune) -> String {
    if held.objects.len() == 1 { "1 object".to_owned() } else { format!("{} objects", held.objects.len()) }
}

fn headline(held: &HeldPrune) -> String {
    let count = count(held);
    match (&held.confirmed_by, held.is_over) {
        (Some(by), false) => format!("{by} lets {count} go"),
        (Some(by), true) => format!("{count} deleted, as {by} said"),
        (None, true) => format!("{count} held back no longer: git has what it needs again"),
        (None, false) if held.left => format!("git has it no longer, and {count} still there"),
        (None, false) => format!("{count} no longer in git, and not deleted yet"),
    }
}

fn named(held: &HeldPrune) -> String {
    let more = held.objects.len().saturating_sub(MOST_NAMED);
    let named = by_reason(&held.objects[..held.objects.len() - more]);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    format!("{named}{more}.")
}

fn how(held: &HeldPrune) -> String {
    if held.objects.len() > MOST_NAMED {
        format!(
            "They are too many to be confirmed here. All are listed under {DETAILS}, where an approver can delete them."
        )
    } else {
        "Nothing is deleted before an approver says so.".to_owned()
    }
}

fn delete(view: &HeldView<'_>) -> Button {
    let count = count(view.held);
    let text = format!("Deleted for good, with the data in them: {}", named(view.held));
    let title = format!("Delete {count} of {}?", view.instance);
    Button {
        action: Action::ConfirmPrune,
        label: format!("Delete {count}"),
        spoken: format!("Delete {count} of {}", view.instance),
        style: ButtonStyle::Danger,
        confirm: Some(Confirm { title, text, yes: "Delete".to_owned(), no: "Not now".to_owned() }),
        value: Some(ButtonValue { pin: view.key.clone(), nonce: view.shown.to_owned() }),
        url: None,
    }
}

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use super::*;

    fn said(objects: usize, left: bool, by: Option<&str>, is_over: bool) -> Message {
        let objects = (0..objects).map(|n| format!("PersistentVolumeClaim/data-{n}: it holds data")).collect();
        let confirmed_by = by.map(|by| by.parse().unwrap());
        let held = HeldPrune { since: Timestamp(0), objects, left, confirmed_by, is_over };
        let (instance, key) = ("shop/prod".parse().unwrap(), PinId::from_random([7; 16]));
        let shown = "0123456789abcdef";
        held_message(&HeldView { instance: &instance, held: &held, key: &key, shown, url: "https://x/i/shop/prod" })
    }

    #[test]
    fn what_is_held_is_named_and_can_be_let_go() {
        let message = said(1, false, None, false);
        assert_eq!(message.header, "shop → prod: 1 object no longer in git, and not deleted yet");
        assert_eq!(message.paragraphs[0], "PersistentVolumeClaim/data-0 (it holds data).");
        let button = &message.buttons[0];
        assert_eq!((button.action, button.label.as_str()), (Action::ConfirmPrune, "Delete 1 object"));
        assert!(button.confirm.as_ref().unwrap().text.contains("PersistentVolumeClaim/data-0"));
        assert_eq!(button.value.as_ref().unwrap().nonce, "0123456789abcdef");
    }

    #[test]
    fn each_state_of_it_has_its_words_and_only_the_open_one_a_button() {
        for (message, header) in [
            (said(2, true, None, false), "git has it no longer, and 2 objects still there"),
            (said(2, false, Some("ann"), false), "ann lets 2 objects go"),
            (said(2, false, Some("ann"), true), "2 objects deleted, as ann said"),
            (said(2, false, None, true), "2 objects held back no longer: git has what it needs again"),
        ] {
            assert_eq!(message.header, format!("shop → prod: {header}"));
            let deletes = message.buttons.iter().any(|button| button.action == Action::ConfirmPrune);
            assert_eq!(deletes, header.contains("still there"), "{header}");
        }
    }

    #[test]
    fn what_is_not_shown_as_a_whole_can_not_be_confirmed_here() {
        let message = said(21, false, None, false);
        assert!(message.paragraphs[0].ends_with("; and 1 more."), "{:?}", message.paragraphs);
        assert!(message.paragraphs[1].contains("too many"));
        assert_eq!(message.buttons.len(), 1, "only the link");
    }
}
