//! The steps of a pin in the order that people see them, reached or not.

use model::{DropReason, Fact, Outcome, Pin, Recorded, Stage, Timestamp};

use super::units::{clock, length};

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// How far it is.
    pub state: StepState,
    /// When it was done, or when the one in hand began; none when that isn't known or it was not reached.
    pub at: Option<Timestamp>,
    /// What there is to say about it.
    pub detail: Option<String>,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// Done.
    Done,
    /// In hand.
    Now,
    /// Not reached.
    NotReached,
    /// The pin ended here.
    Failed,
}

impl StepState {
    /// Its shape, which says it without colour.
    pub fn mark(self) -> char {
        match self {
            Self::Done => '✓',
            Self::Now => '●',
            Self::NotReached => '○',
            Self::Failed => '✖',
        }
    }
}

const NAMES: [&str; 7] = ["asked", "approved", "rendered", "dry-run", "applied", "verified", "recorded"];
const ASKED: usize = 0;
const APPROVED: usize = 1;
const RENDERED: usize = 2;
const DRY_RUN: usize = 3;
const APPLIED: usize = 4;
const VERIFIED: usize = 5;
const RECORDED: usize = 6;

/// The steps of a pin, the hollow ones too: people see what would come.
pub fn steps(pin: &Pin) -> Vec<Step> {
    let done = steps_done(pin);
    let mut steps: Vec<Step> = NAMES
        .iter()
        .enumerate()
        .map(|(index, &name)| {
            let state = state(pin, index, done);
            Step { name, state, at: at(pin, index, state), detail: detail(pin, index, state) }
        })
        .collect();
    steps.extend(converged_back(pin));
    steps
}

/// The steps of a pin, with the time of each from its facts.
pub fn timed_steps(pin: &Pin, facts: &[Recorded<Fact>]) -> Vec<Step> {
    let mut steps = steps(pin);
    for recorded in facts {
        let (name, new) = match &recorded.fact {
            Fact::Asked { .. } => ("asked", true),
            Fact::Approved { .. } => ("approved", true),
            Fact::Rendered { .. } => ("rendered", true),
            Fact::DryRun { .. } => ("dry-run", true),
            Fact::Applied { .. } => ("applied", true),
            Fact::Verified { .. } => ("verified", true),
            Fact::Failed(_) => ("verified", pin.failure.is_some()),
            Fact::Pushed { .. } | Fact::RecordedByOther { .. } => ("recorded", true),
            Fact::ConvergedBack { .. } => ("converged back", true),
            _ => continue,
        };
        let reached = |step: &&mut Step| matches!(step.state, StepState::Done | StepState::Failed);
        if let Some(step) = steps.iter_mut().filter(reached).find(|step| new && step.name == name) {
            step.at = Some(recorded.at);
        }
    }
    steps
}

/// What is longer than this is said in the sentence, not in the line of steps.
const SHORT_DETAIL: usize = 40;

/// The steps in one line.
pub fn steps_line(steps: &[Step]) -> String {
    let word = |step: &Step| match (&step.state, &step.detail) {
        (StepState::Now, Some(detail)) if detail.chars().count() <= SHORT_DETAIL => {
            format!("{} {} ({detail})", step.state.mark(), step.name)
        }
        _ => format!("{} {}", step.state.mark(), step.name),
    };
    steps.iter().map(word).collect::<Vec<_>>().join("  ")
}

/// Which step is in hand, counted from one, and how many there are.
pub(super) fn position(pin: &Pin) -> (usize, usize) {
    ((steps_done(pin) + 1).min(NAMES.len()), NAMES.len())
}

/// How many steps are done. The step with this index is in hand, or is where it ended.
fn steps_done(pin: &Pin) -> usize {
    match &pin.stage {
        Stage::Received | Stage::Proposed => ASKED,
        Stage::Asked => APPROVED,
        Stage::Approved | Stage::Claimed => RENDERED,
        Stage::Rendered => DRY_RUN,
        Stage::DryRun | Stage::Inventoried { .. } => APPLIED,
        Stage::Watching { .. } => VERIFIED,
        Stage::Verified | Stage::Committed | Stage::HeadMoved { .. } => RECORDED,
        Stage::Recorded | Stage::Ended(Outcome::Done { .. }) => NAMES.len(),
        Stage::Dropping(reason) | Stage::Ended(Outcome::Dropped { reason, .. }) => dropped_at(pin, reason),
        Stage::Ended(_) => untouched_at(pin),
    }
}

fn dropped_at(pin: &Pin, reason: &DropReason) -> usize {
    let unrecorded = matches!(reason, DropReason::OtherWon { .. } | DropReason::TooManyRounds);
    if unrecorded || pin.verified.is_some() { RECORDED } else { VERIFIED }
}

fn untouched_at(pin: &Pin) -> usize {
    let quorum = pin.ask.as_ref().map_or(1, |ask| ask.quorum as usize);
    if pin.candidate.is_some() {
        DRY_RUN
    } else if pin.approvals.len() >= quorum {
        RENDERED
    } else if pin.ask.is_some() {
        APPROVED
    } else {
        ASKED
    }
}

fn state(pin: &Pin, index: usize, done: usize) -> StepState {
    let over = matches!(pin.stage, Stage::Dropping(_) | Stage::Ended(_));
    match index.cmp(&done) {
        std::cmp::Ordering::Less => StepState::Done,
        std::cmp::Ordering::Equal if over => StepState::Failed,
        std::cmp::Ordering::Equal => StepState::Now,
        std::cmp::Ordering::Greater => StepState::NotReached,
    }
}

fn at(pin: &Pin, index: usize, state: StepState) -> Option<Timestamp> {
    match (state, index) {
        (StepState::Now, _) => Some(pin.since),
        (StepState::Done, ASKED) => pin.ask.as_ref().map(|ask| ask.at),
        (StepState::Done, APPROVED) => pin.approvals.last().map(|approval| approval.at),
        (StepState::Done, VERIFIED) => pin.verified.as_ref().map(|verified| verified.commit_date),
        (StepState::Done | StepState::Failed | StepState::NotReached, _) => None,
    }
}

fn detail(pin: &Pin, index: usize, state: StepState) -> Option<String> {
    match (state, index) {
        (StepState::Failed, _) => ended_by(pin),
        (StepState::Now, _) => in_hand(pin),
        (StepState::Done, APPROVED) => Some(format!("by {}", pin.approved_by())),
        (StepState::Done, RECORDED) => pin.commit.as_ref().map(|commit| commit.short().to_owned()),
        (StepState::Done | StepState::NotReached, _) => None,
    }
}

fn in_hand(pin: &Pin) -> Option<String> {
    if let Some(delay) = &pin.delay {
        return Some(format!("{}; again at {}", delay.reason, clock(delay.again_at)));
    }
    match &pin.stage {
        Stage::Asked => {
            let ask = pin.ask.as_ref()?;
            (ask.quorum > 1).then(|| format!("{} of {}", pin.approvals.len(), ask.quorum))
        }
        Stage::Approved => Some("waits for its turn".to_owned()),
        Stage::Inventoried { waiting_for } => Some(waiting_for.clone()).filter(|waiting_for| !waiting_for.is_empty()),
        Stage::Watching { observed_ms, waiting_for } => {
            let seen = length(std::time::Duration::from_millis(*observed_ms));
            Some(if waiting_for.is_empty() { seen } else { format!("{waiting_for}, {seen}") })
        }
        Stage::HeadMoved { .. } => Some("the branch moved: the edit is redone".to_owned()),
        _ => None,
    }
}

fn ended_by(pin: &Pin) -> Option<String> {
    let reason = match &pin.stage {
        Stage::Dropping(reason) | Stage::Ended(Outcome::Dropped { reason, .. }) => reason,
        Stage::Ended(Outcome::Refused { why }) => return Some(why.clone()),
        Stage::Ended(Outcome::Rejected { by, .. }) => return Some(format!("rejected by {by}")),
        Stage::Ended(Outcome::Expired) => return Some("nobody answered in time".to_owned()),
        Stage::Ended(Outcome::Superseded { by }) => return Some(format!("replaced by {by}")),
        Stage::Ended(Outcome::Cancelled { by }) => return Some(format!("cancelled by {by}")),
        _ => return None,
    };
    Some(match reason {
        DropReason::Failed => pin.failure.as_ref()?.sentence.clone(),
        DropReason::Superseded(by) => format!("replaced by {by}"),
        DropReason::Cancelled(by, surface) => format!("cancelled by {by} on {surface}"),
        DropReason::OtherWon { author, .. } => format!("{author} committed another version"),
        DropReason::TooManyRounds => "the config repo moved too often".to_owned(),
    })
}

/// A touched pin that is given up has one more step.
fn converged_back(pin: &Pin) -> Option<Step> {
    let (state, at, detail) = match &pin.stage {
        Stage::Dropping(_) => (StepState::Now, Some(pin.since), in_hand(pin)),
        Stage::Ended(Outcome::Dropped { healthy: true, .. }) => (StepState::Done, Some(pin.since), None),
        Stage::Ended(Outcome::Dropped { seen, .. }) => (StepState::Failed, Some(pin.since), Some(seen.clone())),
        _ => return None,
    };
    Some(Step { name: "converged back", state, at, detail })
}
