//! What a fleet pin wants next, from its state and its pins: pure, and computed anew each time.

use std::collections::BTreeMap;

use super::progress::failed;
use super::{Fleet, FleetFact, FleetStop, Tally};
use crate::{Decider, Fact, InstanceId, Pin, PinNumber, Stage, Timestamp};

/// What is to be appended, and when to look again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FleetTurn {
    /// About the fleet pin.
    pub fact: Option<FleetFact>,
    /// About its pins.
    pub pins: Vec<(PinNumber, Fact)>,
    /// When the pause after a wave is over.
    pub again_at: Option<Timestamp>,
}

impl Fleet {
    /// Whether all that can be asked about is: only then people see the whole of it.
    pub fn is_asked(&self, pins: &[Pin]) -> bool {
        let tally = Tally::of(pins);
        self.stopped.is_none() && tally.preparing == 0 && tally.asked > 0
    }

    /// What an approval would cover now: every pin that people are asked about, with the hash of what it renders to.
    pub fn covers(pins: &[Pin]) -> Vec<(PinNumber, String)> {
        let asked = pins.iter().filter(|pin| pin.stage == Stage::Asked);
        let hash = |pin: &Pin| pin.proposal.as_ref().map(|proposal| (pin.number, proposal.render_hash.clone()));
        asked.filter_map(hash).collect()
    }

    /// What is to be done now. `pins` are its pins, in the order of their instances; `locked` says why an instance is locked,
    /// and `newer` which newer fleet pin of the same instances was approved.
    pub fn turn(
        &self,
        pins: &[Pin],
        locked: &BTreeMap<InstanceId, String>,
        newer: Option<super::FleetNumber>,
        now: Timestamp,
    ) -> FleetTurn {
        let fact = |fact| FleetTurn { fact: Some(fact), ..FleetTurn::default() };
        if self.ended {
            return FleetTurn::default();
        }
        if pins.iter().all(Pin::ended) {
            return fact(FleetFact::Ended);
        }
        if let Some(stop) = &self.stopped {
            return FleetTurn { pins: leave_out(pins, &self.why(stop)), ..FleetTurn::default() };
        }
        if let Some(failed) = pins.iter().find(|pin| failed(pin)) {
            return fact(FleetFact::Failed { pin: failed.number });
        }
        if let Some(by) = newer {
            return fact(FleetFact::Superseded { by });
        }
        let approved = self.carry_approvals(pins);
        if !approved.is_empty() {
            return FleetTurn { pins: approved, ..FleetTurn::default() };
        }
        self.next_wave(pins, locked, now)
    }

    /// What people said to the whole, said to each pin that is still what they saw.
    fn carry_approvals(&self, pins: &[Pin]) -> Vec<(PinNumber, Fact)> {
        let mut facts = Vec::new();
        for pin in pins.iter().filter(|pin| pin.stage == Stage::Asked) {
            let hash = pin.proposal.as_ref().map(|proposal| &proposal.render_hash);
            let given = self.approvals.iter().find(|given| {
                let seen = given.covers.iter().any(|(number, seen)| *number == pin.number && Some(seen) == hash);
                let by = Decider::Person(given.by.clone());
                seen && !pin.approvals.iter().any(|approval| approval.by == by)
            });
            if let Some(given) = given {
                let by = Decider::Person(given.by.clone());
                facts.push((pin.number, Fact::Approved { by, surface: Some(given.surface) }));
            }
        }
        facts
    }

    fn next_wave(&self, pins: &[Pin], locked: &BTreeMap<InstanceId, String>, now: Timestamp) -> FleetTurn {
        let begun: Vec<&Pin> = pins.iter().filter(|pin| pin.released).collect();
        if begun.iter().any(|pin| !pin.ended()) || pins.iter().any(is_being_prepared) {
            return FleetTurn::default();
        }
        if let Some(last) = begun.iter().map(|pin| pin.since).max() {
            let again_at = last.plus(std::time::Duration::from_millis(self.pause_ms));
            if again_at > now {
                return FleetTurn { again_at: Some(again_at), ..FleetTurn::default() };
            }
        }
        let waiting = pins.iter().filter(|pin| pin.stage == Stage::Approved && !pin.released);
        let mut turn = FleetTurn::default();
        let mut begins = 0;
        for pin in waiting {
            let by_policy = pin.approvals.iter().all(|approval| matches!(approval.by, Decider::Policy(_)));
            match locked.get(&pin.instance).filter(|_| by_policy) {
                Some(why) => {
                    let why = format!("{} is locked: {why}", pin.instance);
                    turn.pins.push((pin.number, Fact::Refused { why }));
                }
                None if begins < self.size => {
                    begins += 1;
                    turn.pins.push((pin.number, Fact::Released));
                }
                None => break,
            }
        }
        turn
    }

    fn why(&self, stop: &FleetStop) -> String {
        let number = self.number;
        match stop {
            FleetStop::Failed(pin) => format!("fleet pin {number} stopped: pin {pin} failed"),
            FleetStop::Rejected(by, None) => format!("fleet pin {number} was rejected by {by}"),
            FleetStop::Rejected(by, Some(why)) => format!("fleet pin {number} was rejected by {by}: {why}"),
            FleetStop::Cancelled(by) => format!("fleet pin {number} was cancelled by {by}"),
            FleetStop::Superseded(by) => format!("fleet pin {number} was replaced by {by}"),
        }
    }
}

/// What was not begun is left out.
fn leave_out(pins: &[Pin], why: &str) -> Vec<(PinNumber, Fact)> {
    let open = pins.iter().filter(|pin| pin.stage.waits() && !pin.released);
    open.map(|pin| (pin.number, Fact::Refused { why: why.to_owned() })).collect()
}

/// Whether what it would do is still being found out: no wave begins before all of them are known.
fn is_being_prepared(pin: &Pin) -> bool {
    matches!(pin.stage, Stage::Received | Stage::Proposed)
}
