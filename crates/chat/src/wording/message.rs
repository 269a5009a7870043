//! The message of a pin: one function from what is known to what is said.

use model::{DropReason, InstanceState, Outcome, Pin, PinId, Stage};

use super::action::buttons;
use super::sentence::{headline, sentence};
use super::steps::{steps, steps_line};
use super::units::clock_near;
use super::{new_version, old_version};
use crate::{CommitText, Field, Message, Mood};

/// What the message is made of.
#[derive(Debug, Clone, Copy)]
pub struct PinView<'a> {
    /// The pin's key, for its buttons.
    pub id: &'a PinId,
    /// The pin.
    pub pin: &'a Pin,
    /// Its instance.
    pub instance: &'a InstanceState,
    /// Who may answer, as people call them: `ann`, `@release`.
    pub approvers: &'a [String],
    /// The pin's page.
    pub url: Option<&'a str>,
    /// Whether "Approve" asks once more.
    pub confirm: bool,
    /// Whether log lines may be shown in chat.
    pub show_log: bool,
}

/// Lines of the failing container that are shown; the page has more.
pub(super) const LOG_LINES: usize = 10;

/// The message of a pin as it is now.
pub fn message(view: &PinView<'_>) -> Message {
    let pin = view.pin;
    let header = headline(pin);
    let sentence = sentence(pin);
    Message {
        mood: mood(pin),
        summary: summary(&header, &sentence),
        header,
        paragraphs: paragraphs(view, sentence),
        fields: fields(pin),
        commits: commits(pin),
        log: log(view),
        steps: shows_steps(pin).then(|| steps_line(&steps(pin))),
        buttons: buttons(view),
        footer: Some(footer(view)),
    }
}

fn mood(pin: &Pin) -> Mood {
    match &pin.stage {
        Stage::Asked => Mood::Question,
        Stage::Ended(Outcome::Done { .. }) => Mood::Good,
        Stage::Ended(Outcome::Dropped { healthy: false, .. }) => Mood::Attention,
        Stage::Ended(Outcome::Dropped { reason, .. }) | Stage::Dropping(reason) => match reason {
            DropReason::Cancelled(..) | DropReason::Superseded(_) => Mood::Neutral,
            DropReason::Failed | DropReason::OtherWon { .. } | DropReason::TooManyRounds => Mood::Bad,
        },
        Stage::Ended(Outcome::Refused { .. }) => Mood::Bad,
        Stage::Ended(_) => Mood::Neutral,
        _ if pin.unrecorded().is_some() => Mood::Attention,
        _ => Mood::Running,
    }
}

fn summary(header: &str, sentence: &str) -> String {
    format!("{header} {sentence}")
}

fn paragraphs(view: &PinView<'_>, sentence: String) -> Vec<String> {
    let mut paragraphs = vec![sentence];
    if let (true, Some(lock)) = (view.pin.ended(), &view.instance.lock) {
        paragraphs.push(format!(
            "Automatic pins are off since {}, by {}: {}",
            clock_near(lock.at, view.pin.since),
            lock.by,
            lock.why
        ));
    }
    if !view.pin.notes.is_empty() {
        paragraphs.push(format!("Noticed: {}", view.pin.notes.join("; ")));
    }
    paragraphs
}

fn fields(pin: &Pin) -> Vec<Field> {
    let plain = |label: &str, value: String| Field { label: label.to_owned(), value, url: None };
    let mut fields = vec![plain("Before", old_version(pin)), plain("New", new_with_digest(pin))];
    if let Some(announced) = &pin.build.announced {
        if let Some(message) = &announced.message {
            let author = announced.author.as_ref().map(|author| format!(" ({author})")).unwrap_or_default();
            fields.push(plain("Change", format!("{message}{author}")));
        }
        let source = [announced.branch.as_deref(), announced.commit.as_deref().map(short)];
        let source = source.into_iter().flatten().collect::<Vec<_>>().join(" ");
        if !source.is_empty() || announced.build_url.is_some() {
            let value = if source.is_empty() { "CI run".to_owned() } else { source };
            fields.push(Field { label: "Build".to_owned(), value, url: announced.build_url.clone() });
        }
    }
    if let Some(by) = &pin.opened_by {
        fields.push(plain("Wanted by", by.to_string()));
    }
    fields
}

fn new_with_digest(pin: &Pin) -> String {
    let version = new_version(pin);
    let chart = pin.build.chart.as_ref().map(|chart| &chart.digest);
    match chart.or(pin.to().digest.as_ref()) {
        Some(digest) if digest.short() != version => format!("{version} ({})", digest.short()),
        _ => version,
    }
}

fn short(commit: &str) -> &str {
    commit.get(..8).unwrap_or(commit)
}

/// Commits of the config repo that nobody deployed yet: they are part of the question, and of nothing after it.
fn commits(pin: &Pin) -> Vec<CommitText> {
    match (&pin.stage, &pin.proposal) {
        (Stage::Asked, Some(proposal)) => proposal
            .commits
            .iter()
            .map(|line| CommitText { subject: line.subject.clone(), author: line.author.clone() })
            .collect(),
        _ => Vec::new(),
    }
}

fn log(view: &PinView<'_>) -> Vec<String> {
    match &view.pin.failure {
        Some(failure) if view.show_log => {
            failure.log.iter().skip(failure.log.len().saturating_sub(LOG_LINES)).cloned().collect()
        }
        _ => Vec::new(),
    }
}

fn shows_steps(pin: &Pin) -> bool {
    let untouched = matches!(
        pin.stage,
        Stage::Ended(
            Outcome::Rejected { .. } | Outcome::Expired | Outcome::Superseded { .. } | Outcome::Cancelled { .. }
        )
    );
    !untouched && !matches!(pin.stage, Stage::Received | Stage::Proposed | Stage::Asked)
}

fn footer(view: &PinView<'_>) -> String {
    let pin = view.pin;
    let mut parts = vec![format!("Pin {}", pin.number)];
    if let (Stage::Asked, Some(ask)) = (&pin.stage, &pin.ask) {
        let names = if view.approvers.is_empty() {
            ask.approvers.iter().map(ToString::to_string).collect::<Vec<_>>()
        } else {
            view.approvers.to_vec()
        };
        let names = if names.is_empty() { "nobody is named".to_owned() } else { names.join(", ") };
        parts.push(format!("can approve: {names}"));
        parts.push(format!("until {}", clock_near(ask.until, ask.at)));
        parts.push(format!("`pinnace approve {}`", pin.number.0));
    } else if !pin.approvals.is_empty() {
        parts.push(format!("approved by {}", pin.approved_by()));
    }
    parts.join(" · ")
}
