//! What a person can do with a pin, a fleet pin or an instance, as forms: the same actions and questions as in chat, and for who may
//! not, the same button with whom to ask.

use chat::{Action, wording};
use control::FleetView;
use control::authorize::{Act, authorize};
use model::{InstanceId, InstanceState, Pin, PinId};
use store::PinRecord;

use crate::app::App;
use crate::session::Viewer;

/// A button with its form.
#[derive(Debug, Clone)]
pub(crate) struct ActionForm {
    /// Its id on the page.
    pub id: String,
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
    /// One object of the instance; empty: all that there is to it.
    pub object: String,
    /// The number of one of several.
    pub at: Option<u64>,
    /// What the second button is called that does it on a branch of its own.
    pub as_branch: Option<&'static str>,
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

impl ActionForm {
    /// A verb on an instance that asks first: plain, without a field for a reason.
    pub(crate) fn on_instance(
        instance: &InstanceId,
        verb: &str,
        label: &str,
        question: Question,
        barred: Option<String>,
    ) -> Self {
        Self {
            id: verb.to_owned(),
            label: label.to_owned(),
            spoken: format!("{label}: {instance}"),
            style: "plain",
            path: format!("/instances/{verb}"),
            instance: instance.to_string(),
            shown: String::new(),
            question: Some(question),
            reason: None,
            barred,
            object: String::new(),
            at: None,
            as_branch: None,
            asks_first: true,
        }
    }
}

/// Every button of a pin as it is now.
pub(crate) fn of_pin(app: &App, viewer: &Viewer, record: &PinRecord, instance: &InstanceState) -> Vec<ActionForm> {
    let pin = &record.pin;
    let view =
        wording::PinView { id: &record.id, pin, instance, approvers: &[], url: None, confirm: true, show_log: false };
    let buttons = wording::message(&view).buttons;
    let shown = chat::ButtonValue::of(&record.id, pin).nonce;
    buttons.into_iter().filter_map(|button| of_pins_button(app, viewer, pin, &shown, button)).collect()
}

/// Every button of a fleet pin as it is now.
pub(crate) fn of_fleet(app: &App, viewer: &Viewer, view: &FleetView) -> Vec<ActionForm> {
    let (fleet, shown) = (&view.fleet, view.shown.as_deref().unwrap_or_default());
    // The key is for chat; a form names the fleet pin by its number.
    let id = PinId::from_random([0; 16]);
    let (approvers, url) = (&[], None);
    let pins = &view.pins;
    let said = wording::FleetMessage { id: &id, fleet, pins, shown, approvers, url, confirm: true, show_log: false };
    let place = InstanceId::only(fleet.project.clone(), fleet.environment.clone());
    let form = |button: chat::Button| {
        let id = button.action.id();
        let path = format!("/fleets/{}/{id}", fleet.number.0);
        let barred = barred(app, viewer, Act::Fleet(&place));
        let form = form(button, id, path, place.to_string(), shown, barred);
        // One press moves hundreds: a click asks first as well.
        ActionForm { asks_first: form.question.is_some(), ..form }
    };
    wording::fleet_message(&said).buttons.into_iter().map(form).collect()
}

fn of_pins_button(app: &App, viewer: &Viewer, pin: &Pin, shown: &str, button: chat::Button) -> Option<ActionForm> {
    let (id, act) = match button.action {
        Action::Approve => ("approve", Act::Approve(pin)),
        Action::Reject => ("reject", Act::Reject(pin)),
        Action::Cancel => ("cancel", Act::Cancel(pin)),
        Action::Retry => ("retry", Act::Retry(pin)),
        Action::Unpin => ("unpin", Act::Unpin(&pin.instance)),
        Action::Unlock => ("unlock", Act::Lock(&pin.instance)),
        // What is held back belongs to an instance, and its page has a form for it.
        Action::ConfirmPrune | Action::Details => return None,
    };
    let on_instance = matches!(button.action, Action::Unpin | Action::Unlock);
    let path = if on_instance { format!("/instances/{id}") } else { format!("/pins/{}/{id}", pin.number.0) };
    let barred = barred(app, viewer, act);
    Some(form(button, id, path, pin.instance.to_string(), shown, barred))
}

/// The form of a button, in whatever it acts on.
fn form(
    button: chat::Button,
    id: &'static str,
    path: String,
    instance: String,
    shown: &str,
    barred: Option<String>,
) -> ActionForm {
    let question = button.confirm.map(|asked| Question { title: asked.title, text: asked.text, yes: asked.yes });
    ActionForm {
        id: id.to_owned(),
        label: button.label,
        spoken: button.spoken,
        style: match button.style {
            chat::ButtonStyle::Primary => "primary",
            chat::ButtonStyle::Danger => "danger",
            chat::ButtonStyle::Plain => "plain",
        },
        path,
        instance,
        shown: shown.to_owned(),
        asks_first: question.is_some() && button.action != Action::Approve,
        question,
        reason: match button.action {
            Action::Reject => Some("Why? (people are told)"),
            Action::Unpin => Some("Why? (stays with the lock)"),
            _ => None,
        },
        barred,
        object: String::new(),
        at: None,
        as_branch: None,
    }
}

/// Why this person can't do this, and who can.
pub(crate) fn barred(app: &App, viewer: &Viewer, act: Act<'_>) -> Option<String> {
    let Some(person) = &viewer.person else { return Some("sign in first".to_owned()) };
    authorize(&app.control.config(), person, act).err().map(|problem| problem.next)
}
