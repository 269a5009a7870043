//! What a person can do with a pin or an instance, as forms: the same actions and questions as in chat, and for who may
//! not, the same button with whom to ask.

use chat::{Action, wording};
use control::authorize::{Act, authorize};
use model::{InstanceState, Pin};
use store::PinRecord;

use crate::app::App;
use crate::session::Viewer;

/// A button with its form.
#[derive(Debug, Clone)]
pub(crate) struct ActionForm {
    /// Its id on the page.
    pub id: &'static str,
    pub label: String,
    /// What it says to a screen reader.
    pub spoken: String,
    /// `primary`, `danger` or `plain`.
    pub style: &'static str,
    /// Where it is sent.
    pub path: String,
    /// Which instance, for what is no pin's.
    pub instance: String,
    /// Names what was shown: an ask that has changed since is not answered by it.
    pub shown: String,
    /// The question before it counts.
    pub question: Option<Question>,
    /// What the field for a reason is called.
    pub reason: Option<&'static str>,
    /// Why this person can't: whom to ask.
    pub barred: Option<String>,
    /// Whether the question stands between a click and the act, and not only between a key and the act.
    pub asks_first: bool,
}

/// The question before something counts.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub title: String,
    pub text: String,
    pub yes: String,
}

/// Every button of a pin as it is now.
pub(crate) fn of_pin(app: &App, viewer: &Viewer, record: &PinRecord, instance: &InstanceState) -> Vec<ActionForm> {
    let pin = &record.pin;
    let view =
        wording::PinView { id: &record.id, pin, instance, approvers: &[], url: None, confirm: true, show_log: false };
    let buttons = wording::message(&view).buttons;
    let shown = chat::ButtonValue::of(&record.id, pin).nonce;
    buttons.into_iter().filter_map(|button| form(app, viewer, pin, &shown, button)).collect()
}

fn form(app: &App, viewer: &Viewer, pin: &Pin, shown: &str, button: chat::Button) -> Option<ActionForm> {
    let (id, act) = match button.action {
        Action::Approve => ("approve", Act::Approve(pin)),
        Action::Reject => ("reject", Act::Reject(pin)),
        Action::Cancel => ("cancel", Act::Cancel(pin)),
        Action::Retry => ("retry", Act::Retry(pin)),
        Action::Unpin => ("unpin", Act::Unpin(&pin.instance)),
        Action::Unlock => ("unlock", Act::Lock(&pin.instance)),
        Action::Details => return None,
    };
    let on_instance = matches!(button.action, Action::Unpin | Action::Unlock);
    let path = if on_instance { format!("/instances/{id}") } else { format!("/pins/{}/{id}", pin.number.0) };
    let question = button.confirm.map(|asked| Question { title: asked.title, text: asked.text, yes: asked.yes });
    Some(ActionForm {
        id,
        label: button.label,
        spoken: button.spoken,
        style: match button.style {
            chat::ButtonStyle::Primary => "primary",
            chat::ButtonStyle::Danger => "danger",
            chat::ButtonStyle::Plain => "plain",
        },
        path,
        instance: pin.instance.to_string(),
        shown: shown.to_owned(),
        asks_first: question.is_some() && button.action != Action::Approve,
        question,
        reason: match button.action {
            Action::Reject => Some("Why? (people are told)"),
            Action::Unpin => Some("Why? (stays with the lock)"),
            _ => None,
        },
        barred: barred(app, viewer, act),
    })
}

/// Why this person can't do this, and who can.
pub(crate) fn barred(app: &App, viewer: &Viewer, act: Act<'_>) -> Option<String> {
    let Some(person) = &viewer.person else { return Some("sign in first".to_owned()) };
    authorize(&app.control.config(), person, act).err().map(|problem| problem.next)
}
