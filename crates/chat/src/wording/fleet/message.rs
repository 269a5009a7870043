//! The message of a fleet pin: one for all its instances, however many there are.

use model::{Fleet, FleetStop, Pin, PinId, Tally};

use super::super::message::LOG_LINES;
use super::super::units::clock_near;
use super::{asked_until, fleet_approved_by, fleet_headline, fleet_place, fleet_sentence, fleet_versions, instances};
use crate::wording::DETAILS;
use crate::{Action, Button, ButtonStyle, ButtonValue, Confirm, Field, Message, Mood};

/// Versions that are named before the rest is only counted.
const MOST_VERSIONS: usize = 5;

/// What the message is made of.
#[derive(Debug, Clone, Copy)]
pub struct FleetMessage<'a> {
    /// The fleet pin's key, for its buttons.
    pub id: &'a PinId,
    /// The fleet pin.
    pub fleet: &'a Fleet,
    /// Its pins, in the order of their instances.
    pub pins: &'a [Pin],
    /// Names what people are asked about now, for the buttons.
    pub shown: &'a str,
    /// Who may answer, as people call them.
    pub approvers: &'a [String],
    /// The fleet pin's page.
    pub url: Option<&'a str>,
    /// Whether "Approve" asks once more.
    pub confirm: bool,
    /// Whether log lines may be shown in chat.
    pub show_log: bool,
}

/// The message of a fleet pin as it is now.
pub fn fleet_message(view: &FleetMessage<'_>) -> Message {
    let (fleet, pins) = (view.fleet, view.pins);
    let header = fleet_headline(fleet, pins);
    let sentence = fleet_sentence(fleet, pins);
    Message {
        mood: mood(fleet, pins),
        summary: format!("{header} {sentence}"),
        header,
        paragraphs: vec![sentence],
        fields: fields(fleet, pins),
        commits: Vec::new(),
        log: log(view),
        steps: None,
        buttons: buttons(view),
        footer: Some(footer(view)),
    }
}

/// What a second message about the same fleet pin is edited into.
pub fn fleet_pointer(fleet: &Fleet) -> String {
    format!("This was posted twice. Fleet pin {} goes on in its other message.", fleet.number)
}

fn mood(fleet: &Fleet, pins: &[Pin]) -> Mood {
    let tally = Tally::of(pins);
    match &fleet.stopped {
        Some(FleetStop::Failed(_)) => Mood::Bad,
        Some(_) => Mood::Neutral,
        None if fleet.ended && tally.done == pins.len() => Mood::Good,
        None if fleet.ended => Mood::Neutral,
        None if tally.preparing == 0 && tally.asked > 0 => Mood::Question,
        None => Mood::Running,
    }
}

fn fields(fleet: &Fleet, pins: &[Pin]) -> Vec<Field> {
    let plain = |label: &str, value: String| Field { label: label.to_owned(), value, url: None };
    let mut fields = Vec::new();
    let versions = fleet_versions(pins);
    if !versions.is_empty() {
        let named = versions.iter().take(MOST_VERSIONS).map(|(version, of)| format!("{version} ({of})"));
        let more = versions.len().saturating_sub(MOST_VERSIONS);
        let more = (more > 0).then(|| format!("and {more} more versions"));
        fields.push(plain("Before", named.chain(more).collect::<Vec<_>>().join(", ")));
    }
    let image = &fleet.build.image;
    let digest = image.digest.as_ref().filter(|digest| digest.short() != image.version());
    let digest = digest.map(|digest| format!(" ({})", digest.short())).unwrap_or_default();
    fields.push(plain("New", format!("{}{digest}", image.version())));
    if let Some(announced) = &fleet.build.announced {
        if let Some(message) = &announced.message {
            let author = announced.author.as_ref().map(|author| format!(" ({author})")).unwrap_or_default();
            fields.push(plain("Change", format!("{message}{author}")));
        }
        if let Some(url) = &announced.build_url {
            fields.push(Field { label: "Build".to_owned(), value: "CI run".to_owned(), url: Some(url.clone()) });
        }
    }
    fields
}

/// The last lines of what failed first, by the rule for pins.
fn log(view: &FleetMessage<'_>) -> Vec<String> {
    let failed = view.fleet.first_failed(view.pins).and_then(|pin| pin.failure.as_ref());
    match failed {
        Some(failure) if view.show_log => {
            failure.log.iter().skip(failure.log.len().saturating_sub(LOG_LINES)).cloned().collect()
        }
        _ => Vec::new(),
    }
}

fn buttons(view: &FleetMessage<'_>) -> Vec<Button> {
    let (fleet, tally) = (view.fleet, Tally::of(view.pins));
    let is_asked = fleet.is_asked(view.pins);
    let begun = fleet.waves(view.pins).begun > 0;
    let mut buttons = Vec::new();
    if is_asked {
        buttons.push(approve(view, &tally));
    }
    if is_asked && !begun {
        buttons.push(button(view, Action::Reject, "Reject", ButtonStyle::Danger, None));
    } else if fleet.stopped.is_none() && !fleet.ended {
        buttons.push(cancel(view, &tally));
    }
    if let Some(url) = view.url {
        let details = button(view, Action::Details, DETAILS, ButtonStyle::Plain, None);
        buttons.push(Button { value: None, url: Some(url.to_owned()), ..details });
    }
    buttons
}

fn approve(view: &FleetMessage<'_>, tally: &Tally) -> Button {
    let (fleet, waves) = (view.fleet, view.fleet.waves(view.pins));
    let new = fleet.build.version();
    let confirm = view.confirm.then(|| Confirm {
        title: format!("Pin {new} in {} of {}?", instances(tally.asked), fleet.environment),
        text: format!("{} at a time, in {} waves. The first that fails stops it.", fleet.size, waves.all),
        yes: "Pin".to_owned(),
        no: "Not now".to_owned(),
    });
    button(view, Action::Approve, "Approve", ButtonStyle::Primary, confirm)
}

fn cancel(view: &FleetMessage<'_>, tally: &Tally) -> Button {
    let fleet = view.fleet;
    let done = match tally.done {
        0 => String::new(),
        done => format!(" {} keep {}.", instances(done), fleet.build.version()),
    };
    let confirm = Confirm {
        title: format!("Cancel fleet pin {}?", fleet.number),
        text: format!("Nothing more is begun; what is in hand goes to its own end.{done}"),
        yes: "Cancel it".to_owned(),
        no: "Not now".to_owned(),
    };
    button(view, Action::Cancel, "Cancel", ButtonStyle::Danger, Some(confirm))
}

fn button(
    view: &FleetMessage<'_>,
    action: Action,
    label: &str,
    style: ButtonStyle,
    confirm: Option<Confirm>,
) -> Button {
    let fleet = view.fleet;
    let place = fleet_place(&fleet.project, &fleet.environment);
    Button {
        action,
        label: label.to_owned(),
        spoken: format!("{label}: {} in {place}", fleet.build.version()),
        style,
        confirm,
        value: Some(ButtonValue { pin: view.id.clone(), nonce: view.shown.to_owned() }),
        url: None,
    }
}

fn footer(view: &FleetMessage<'_>) -> String {
    let fleet = view.fleet;
    let mut parts = vec![format!("Fleet pin {}", fleet.number)];
    let approved = fleet_approved_by(fleet, view.pins);
    if let Some((until, at, _)) = asked_until(view.pins).filter(|_| fleet.is_asked(view.pins)) {
        let names = if view.approvers.is_empty() { "nobody is named".to_owned() } else { view.approvers.join(", ") };
        parts.push(format!("can approve: {names}"));
        parts.push(format!("until {}", clock_near(until, at)));
        parts.push(format!("`pinnace approve {}`", fleet.number));
    } else if !approved.is_empty() {
        parts.push(format!("approved by {approved}"));
    }
    parts.join(" · ")
}
