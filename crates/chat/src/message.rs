//! A message as data: what is said, without how a chat service writes it. All text is plain; services escape and clip it.

use std::fmt;
use std::str::FromStr;

use model::{Pin, PinId, PinNumber};
use sha2::{Digest as _, Sha256};

use crate::hex::hex;

/// One message about a pin. It is posted once and edited through the pin's life.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// What kind of news it is; shown by shape and word, never by colour alone.
    pub mood: Mood,
    /// The one line that says what and where. Empty: no header.
    pub header: String,
    /// All of it in one line, for notifications and screen readers. Never empty.
    pub summary: String,
    /// What is so now, a paragraph each.
    pub paragraphs: Vec<String>,
    /// Names and values side by side.
    pub fields: Vec<Field>,
    /// Commits that go along; services show as many as fit and say how many more there are.
    pub commits: Vec<CommitText>,
    /// Last lines of the failing container, scrubbed.
    pub log: Vec<String>,
    /// The steps in one line.
    pub steps: Option<String>,
    /// What people can do now.
    pub buttons: Vec<Button>,
    /// Who can answer, until when.
    pub footer: Option<String>,
}

/// What kind of news a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    /// Nothing to do and nothing wrong.
    #[default]
    Neutral,
    /// People are asked.
    Question,
    /// Work goes on.
    Running,
    /// It worked.
    Good,
    /// It failed, and the cluster is back on what worked.
    Bad,
    /// Somebody should act.
    Attention,
}

/// A name and a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// What it is.
    pub label: String,
    /// Its value.
    pub value: String,
    /// Where the value leads: an http or https address.
    pub url: Option<String>,
}

/// One commit as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitText {
    /// The first line of its message.
    pub subject: String,
    /// Who wrote it.
    pub author: String,
}

/// One button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// What a click asks for.
    pub action: Action,
    /// What stands on it.
    pub label: String,
    /// What it says to a screen reader.
    pub spoken: String,
    /// How it looks.
    pub style: ButtonStyle,
    /// The question before the click counts.
    pub confirm: Option<Confirm>,
    /// What comes back with the click; none for a link.
    pub value: Option<ButtonValue>,
    /// Where a link leads.
    pub url: Option<String>,
}

/// How a button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ButtonStyle {
    /// Plain.
    #[default]
    Plain,
    /// The expected one.
    Primary,
    /// The one that stops something.
    Danger,
}

/// The question before a click counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirm {
    /// Its title.
    pub title: String,
    /// What will happen.
    pub text: String,
    /// The answer that goes on.
    pub yes: String,
    /// The answer that does nothing.
    pub no: String,
}

/// What a button does. Its text is the button's id in every service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Say yes to an ask.
    Approve,
    /// Say no to an ask.
    Reject,
    /// Stop a running pin.
    Cancel,
    /// A new pin of the same build; for one that "runs, not yet recorded": try to record it now.
    Retry,
    /// Pin the version before.
    Unpin,
    /// Switch automatic pins on again.
    Unlock,
    /// Let go what the guard holds back.
    ConfirmPrune,
    /// Open the page: a link, nothing comes back.
    Details,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 8] = [
        Self::Approve,
        Self::Reject,
        Self::Cancel,
        Self::Retry,
        Self::Unpin,
        Self::Unlock,
        Self::ConfirmPrune,
        Self::Details,
    ];

    /// Its id.
    pub fn id(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Cancel => "cancel",
            Self::Retry => "retry",
            Self::Unpin => "unpin",
            Self::Unlock => "unlock",
            Self::ConfirmPrune => "confirm-prune",
            Self::Details => "details",
        }
    }
}

/// A text that is not an action's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not one of our buttons")]
pub struct UnknownAction(String);

impl FromStr for Action {
    type Err = UnknownAction;
    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        let found = Self::ALL.into_iter().find(|action| action.id() == text);
        found.ok_or_else(|| UnknownAction(text.chars().take(40).collect()))
    }
}

/// What comes back with a click: the opaque id of what it belongs to (a pin, a fleet pin, objects that are held back), and a nonce that names
/// what was shown with it. All else is read
/// from the database, so a forged value can at most name another pin, and the clicker's rights are checked for that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ButtonValue {
    /// Which pin, fleet pin or held objects.
    pub pin: PinId,
    /// What was shown: see [`ButtonValue::of`].
    pub nonce: String,
}

/// A text that is not a button's value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the button's value is not one of ours")]
pub struct InvalidButtonValue;

impl ButtonValue {
    /// The value of this pin's buttons as it is now. It changes when people are asked about something else, and only then:
    /// a click on an older message is seen to mean the older ask.
    pub fn of(id: &PinId, pin: &Pin) -> Self {
        let mut hash = Sha256::new();
        hash.update(id.as_str());
        hash.update([0]);
        hash.update(pin.build.image.to_string());
        hash.update([0]);
        hash.update(pin.proposal.as_ref().map_or("", |proposal| proposal.render_hash.as_str()));
        let nonce = hex(&hash.finalize()[..8]);
        Self { pin: id.clone(), nonce }
    }
}

impl fmt::Display for ButtonValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.pin, self.nonce)
    }
}

impl FromStr for ButtonValue {
    type Err = InvalidButtonValue;
    fn from_str(text: &str) -> Result<Self, InvalidButtonValue> {
        let (pin, nonce) = text.split_once('.').ok_or(InvalidButtonValue)?;
        let hex = nonce.len() == 16 && nonce.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !hex {
            return Err(InvalidButtonValue);
        }
        Ok(Self { pin: pin.parse().map_err(|_| InvalidButtonValue)?, nonce: nonce.to_owned() })
    }
}

impl Message {
    /// What a message is edited into that was posted twice: it leads to the one that is kept.
    pub fn pointer(number: PinNumber, url: Option<&str>) -> Self {
        let summary = crate::wording::pointer(number);
        let link = url.map(|url| Field {
            label: number.to_string(),
            value: crate::wording::DETAILS.to_owned(),
            url: Some(url.to_owned()),
        });
        let fields = link.into_iter().collect();
        Self { paragraphs: vec![summary.clone()], summary, fields, ..Self::default() }
    }

    /// The message between a click and what comes of it: who pressed what, and no more buttons to press.
    #[must_use]
    pub fn deciding(mut self, action: Action, who: &str) -> Self {
        let note = crate::wording::deciding(action, who);
        self.summary = format!("{} {note}", self.summary);
        self.paragraphs.push(note);
        self.buttons.retain(|button| button.url.is_some());
        self
    }

    /// A message of one sentence.
    pub fn text(sentence: impl Into<String>) -> Self {
        let sentence = sentence.into();
        Self { paragraphs: vec![sentence.clone()], summary: sentence, ..Self::default() }
    }
}

#[cfg(test)]
mod tests;
