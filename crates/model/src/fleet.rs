//! A fleet pin: one ask for many instances, done in waves that stop at the first Failed. Each instance has its own pin, with
//! its own candidate and verdict; here is what holds them together.

mod progress;
mod turn;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Build, EnvironmentName, PersonName, PinNumber, ProjectName, Recorded, Surface, Timestamp};

pub use progress::{FleetPlace, Tally, Waves};
pub use turn::FleetTurn;

/// A fleet pin's number for people: `F7`. Counted over the whole server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FleetNumber(pub u64);

impl fmt::Display for FleetNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "F{}", self.0)
    }
}

/// A text that is not a fleet pin's number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a fleet pin's number: write it like `F7`")]
pub struct InvalidFleetNumber(String);

impl FromStr for FleetNumber {
    type Err = InvalidFleetNumber;
    fn from_str(text: &str) -> Result<Self, InvalidFleetNumber> {
        let digits = text.strip_prefix(['F', 'f']);
        let number = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        let number = number.and_then(|digits| digits.parse().ok());
        number.map(Self).ok_or_else(|| InvalidFleetNumber(text.chars().take(40).collect()))
    }
}

/// A fact about a fleet pin. Stored as [`crate::Fact`]s are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub enum FleetFact {
    /// It exists, and so do the pins of its instances.
    Opened {
        /// Its number for people.
        number: FleetNumber,
        /// Whose instances.
        project: ProjectName,
        /// Where.
        environment: EnvironmentName,
        /// What would run.
        build: Box<Build>,
        /// How many instances are pinned at a time.
        size: u32,
        /// For how many milliseconds nothing is begun after a wave that holds.
        pause_ms: u64,
        /// The pins, in the order of their instances.
        pins: Vec<PinNumber>,
    },
    /// Someone said yes to exactly these pins as they were asked about: each with the hash of what it renders to.
    Approved {
        /// Who.
        by: PersonName,
        /// Where they said it.
        surface: Surface,
        /// What they saw.
        covers: Vec<(PinNumber, String)>,
    },
    /// Someone said no.
    Rejected {
        /// Who.
        by: PersonName,
        /// Where.
        surface: Surface,
        /// Why, if they said.
        reason: Option<String>,
    },
    /// Someone stopped it: nothing more is begun, and what runs is left to its own end.
    Cancelled {
        /// Who.
        by: PersonName,
        /// Where.
        surface: Surface,
    },
    /// One of its pins failed: nothing more is begun.
    Failed {
        /// The first that failed.
        pin: PinNumber,
    },
    /// A newer fleet pin was approved: nothing more is begun.
    Superseded {
        /// The newer one.
        by: FleetNumber,
    },
    /// All its pins are over.
    Ended,
}

/// A fleet pin, computed from its facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    /// Its number for people.
    pub number: FleetNumber,
    /// Whose instances.
    pub project: ProjectName,
    /// Where.
    pub environment: EnvironmentName,
    /// What would run.
    pub build: Build,
    /// How many instances are pinned at a time.
    pub size: u32,
    /// For how many milliseconds nothing is begun after a wave that holds.
    pub pause_ms: u64,
    /// The pins, in the order of their instances.
    pub pins: Vec<PinNumber>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Who said yes, and to what.
    pub approvals: Vec<FleetApproval>,
    /// Why nothing more of it is begun.
    pub stopped: Option<FleetStop>,
    /// Whether all its pins are over.
    pub ended: bool,
    /// How many facts it has: the number to append after.
    pub facts: u64,
}

/// One yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetApproval {
    /// Who.
    pub by: PersonName,
    /// Where.
    pub surface: Surface,
    /// What they saw.
    pub covers: Vec<(PinNumber, String)>,
    /// When.
    pub at: Timestamp,
}

/// Why nothing more of a fleet pin is begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FleetStop {
    /// One of its pins failed.
    Failed(PinNumber),
    /// A person said no, and why if they said.
    Rejected(PersonName, Option<String>),
    /// A person stopped it.
    Cancelled(PersonName),
    /// A newer one was approved.
    Superseded(FleetNumber),
}

/// A fact that can't be true of a fleet pin as it is: somebody else's came first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("fleet pin {number} is {state}: `{fact}` can't follow")]
pub struct IllegalFleetFact {
    /// Which.
    pub number: FleetNumber,
    /// How it is.
    pub state: &'static str,
    /// What was to be appended.
    pub fact: &'static str,
}

impl Fleet {
    /// The state after all these facts; none when there are none.
    pub fn fold(facts: &[Recorded<FleetFact>]) -> Result<Option<Self>, IllegalFleetFact> {
        facts.iter().try_fold(None, |fleet, recorded| Self::step(fleet, &recorded.fact, recorded.at).map(Some))
    }

    /// The state after one more fact.
    pub fn step(fleet: Option<Self>, fact: &FleetFact, at: Timestamp) -> Result<Self, IllegalFleetFact> {
        let mut fleet = match (fleet, fact) {
            (None, FleetFact::Opened { .. }) => {
                return Ok(opened(fact, at)).and_then(|fleet| fleet.ok_or(unopened(fact)));
            }
            (None, _) => return Err(unopened(fact)),
            (Some(fleet), _) => fleet,
        };
        let over = fleet.ended || fleet.stopped.is_some();
        match fact.clone() {
            FleetFact::Ended if !fleet.ended => fleet.ended = true,
            _ if over => return Err(fleet.illegal(fact)),
            FleetFact::Approved { by, surface, covers } => {
                if fleet.approvals.iter().any(|given| given.by == by && given.covers == covers) {
                    return Err(fleet.illegal(fact));
                }
                fleet.approvals.push(FleetApproval { by, surface, covers, at });
            }
            FleetFact::Rejected { by, reason, .. } => fleet.stopped = Some(FleetStop::Rejected(by, reason)),
            FleetFact::Cancelled { by, .. } => fleet.stopped = Some(FleetStop::Cancelled(by)),
            FleetFact::Failed { pin } => fleet.stopped = Some(FleetStop::Failed(pin)),
            FleetFact::Superseded { by } => fleet.stopped = Some(FleetStop::Superseded(by)),
            FleetFact::Opened { .. } | FleetFact::Ended => return Err(fleet.illegal(fact)),
        }
        fleet.facts += 1;
        Ok(fleet)
    }

    /// Its state in a word.
    pub fn state(&self) -> &'static str {
        match (&self.stopped, self.ended) {
            (Some(FleetStop::Failed(_)), _) => "stopped",
            (Some(FleetStop::Rejected(..)), _) => "rejected",
            (Some(FleetStop::Cancelled(_)), _) => "cancelled",
            (Some(FleetStop::Superseded(_)), _) => "superseded",
            (None, true) => "over",
            (None, false) if self.approvals.is_empty() => "open",
            (None, false) => "approved",
        }
    }

    fn illegal(&self, fact: &FleetFact) -> IllegalFleetFact {
        IllegalFleetFact { number: self.number, state: self.state(), fact: name(fact) }
    }
}

fn opened(fact: &FleetFact, at: Timestamp) -> Option<Fleet> {
    let FleetFact::Opened { number, project, environment, build, size, pause_ms, pins } = fact.clone() else {
        return None;
    };
    Some(Fleet {
        number,
        project,
        environment,
        build: *build,
        size: size.max(1),
        pause_ms,
        pins,
        opened_at: at,
        approvals: Vec::new(),
        stopped: None,
        ended: false,
        facts: 1,
    })
}

fn unopened(fact: &FleetFact) -> IllegalFleetFact {
    IllegalFleetFact { number: FleetNumber(0), state: "not opened", fact: name(fact) }
}

fn name(fact: &FleetFact) -> &'static str {
    match fact {
        FleetFact::Opened { .. } => "opened",
        FleetFact::Approved { .. } => "approved",
        FleetFact::Rejected { .. } => "rejected",
        FleetFact::Cancelled { .. } => "cancelled",
        FleetFact::Failed { .. } => "failed",
        FleetFact::Superseded { .. } => "superseded",
        FleetFact::Ended => "ended",
    }
}

#[cfg(test)]
mod tests;
