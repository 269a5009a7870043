//! How far a fleet pin is: where each of its pins is, which wave runs, and what failed first.

use super::{Fleet, FleetStop};
use crate::{DropReason, Outcome, Pin, Stage};

/// Where a pin of a fleet is, as seen from the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FleetPlace {
    /// Tried, and did not hold.
    Failed,
    /// In the wave that runs.
    Running,
    /// People are asked.
    Asked,
    /// Approved, and waiting for its wave.
    Waiting,
    /// Not asked about yet.
    Preparing,
    /// Proven and recorded.
    Done,
    /// Never tried to its end: refused, rejected, expired, superseded, cancelled, or the fleet stopped before.
    LeftOut,
}

impl FleetPlace {
    /// Every place, what somebody should look at first.
    pub const ALL: [Self; 7] =
        [Self::Failed, Self::Running, Self::Asked, Self::Waiting, Self::Preparing, Self::Done, Self::LeftOut];

    /// Where this pin is.
    pub fn of(pin: &Pin) -> Self {
        match &pin.stage {
            Stage::Received | Stage::Proposed => Self::Preparing,
            Stage::Asked => Self::Asked,
            Stage::Approved if !pin.released => Self::Waiting,
            Stage::Ended(Outcome::Done { .. }) => Self::Done,
            _ if failed(pin) && pin.ended() => Self::Failed,
            Stage::Ended(_) => Self::LeftOut,
            _ => Self::Running,
        }
    }

    /// Its name, for the API and the page's styles.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Running => "running",
            Self::Asked => "asked",
            Self::Waiting => "waiting",
            Self::Preparing => "preparing",
            Self::Done => "done",
            Self::LeftOut => "left-out",
        }
    }
}

/// How many pins of a fleet are where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Not asked about yet.
    pub preparing: usize,
    /// People are asked.
    pub asked: usize,
    /// Approved, and waiting for their wave.
    pub waiting: usize,
    /// In the wave that runs.
    pub running: usize,
    /// Proven and recorded.
    pub done: usize,
    /// Tried, and did not hold.
    pub failed: usize,
    /// Never tried to their end: refused, rejected, expired, superseded, cancelled, or the fleet stopped before.
    pub left_out: usize,
}

impl Tally {
    /// Counts the pins of a fleet.
    pub fn of<'a>(pins: impl IntoIterator<Item = &'a Pin>) -> Self {
        let mut tally = Self::default();
        for pin in pins {
            *tally.place(FleetPlace::of(pin)) += 1;
        }
        tally
    }

    /// How many are there.
    pub fn at(mut self, place: FleetPlace) -> usize {
        *self.place(place)
    }

    fn place(&mut self, place: FleetPlace) -> &mut usize {
        match place {
            FleetPlace::Failed => &mut self.failed,
            FleetPlace::Running => &mut self.running,
            FleetPlace::Asked => &mut self.asked,
            FleetPlace::Waiting => &mut self.waiting,
            FleetPlace::Preparing => &mut self.preparing,
            FleetPlace::Done => &mut self.done,
            FleetPlace::LeftOut => &mut self.left_out,
        }
    }
}

/// How many waves there are. What is left out makes later waves fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waves {
    /// Those that were begun.
    pub begun: usize,
    /// All of them, as far as it is known now.
    pub all: usize,
}

impl Fleet {
    /// How many waves were begun, and how many there are.
    pub fn waves(&self, pins: &[Pin]) -> Waves {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX).max(1);
        let begun = pins.iter().filter(|pin| pin.released).count();
        let to_come = |pin: &&Pin| !pin.released && (pin.fleet_may_begin() || self.left_out_by_stop(pin));
        let rest = pins.iter().filter(to_come).count();
        let begun = begun.div_ceil(size);
        Waves { begun, all: begun + rest.div_ceil(size) }
    }

    /// The pin that failed first, as far as it is known.
    pub fn first_failed<'a>(&self, pins: &'a [Pin]) -> Option<&'a Pin> {
        match &self.stopped {
            Some(FleetStop::Failed(number)) => pins.iter().find(|pin| pin.number == *number),
            _ => pins.iter().find(|pin| failed(pin)),
        }
    }

    /// What a stop left out would have been in a wave, so that "wave 1 of 60" stays true after it.
    fn left_out_by_stop(&self, pin: &Pin) -> bool {
        self.stopped.is_some()
            && !pin.approvals.is_empty()
            && matches!(pin.stage, Stage::Ended(Outcome::Refused { .. }))
    }
}

impl Pin {
    /// Whether a wave may still come to it.
    fn fleet_may_begin(&self) -> bool {
        matches!(FleetPlace::of(self), FleetPlace::Preparing | FleetPlace::Asked | FleetPlace::Waiting)
    }
}

/// Whether a pin that was begun did not hold. What people or a newer build ended says nothing of the build.
pub(super) fn failed(pin: &Pin) -> bool {
    match &pin.stage {
        Stage::Dropping(DropReason::Failed) | Stage::Ended(Outcome::Dropped { reason: DropReason::Failed, .. }) => true,
        Stage::Ended(Outcome::Refused { .. }) => pin.released,
        _ => false,
    }
}
