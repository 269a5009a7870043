use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::{
    CommitId, Decider, DropReason, Fact, FailureReport, InstanceId, Outcome, Pin, PinKind, Proposal, Stage, step,
};

const MINUTE: u64 = 60_000;

fn at(minutes: i64) -> Timestamp {
    Timestamp(minutes * 60_000)
}

fn commit() -> CommitId {
    "a".repeat(40).parse().unwrap()
}

fn build() -> Build {
    Build { image: "r.example/acme/shop:2".parse().unwrap(), chart: None, announced: None }
}

fn fleet(size: u32, pins: u64) -> Fleet {
    let opened = FleetFact::Opened {
        number: FleetNumber(1),
        project: "shop".parse().unwrap(),
        environment: "prod".parse().unwrap(),
        build: Box::new(build()),
        size,
        pause_ms: 5 * MINUTE,
        pins: (1..=pins).map(PinNumber).collect(),
    };
    Fleet::step(None, &opened, at(0)).unwrap()
}

fn with(fleet: &Fleet, fact: &FleetFact) -> Fleet {
    Fleet::step(Some(fleet.clone()), fact, at(1)).unwrap()
}

fn proposal(hash: &str) -> Proposal {
    let text = String::new;
    let commits = Vec::new();
    let render_hash = hash.to_owned();
    Proposal {
        base: commit(),
        from: None,
        from_chart: None,
        render_hash,
        git_diff: text(),
        rendered_diff: text(),
        commits,
    }
}

fn asked(number: u64) -> Pin {
    let opened = Fact::Opened {
        number: PinNumber(number),
        instance: instance(number),
        kind: PinKind::Pin,
        build: Box::new(build()),
        by: None,
    };
    let pin = step(None, &opened, at(0)).unwrap().0;
    let pin = then(pin, &Fact::InFleet { fleet: FleetNumber(1) });
    let pin = then(pin, &Fact::Proposed(Box::new(proposal("h1"))));
    then(pin, &Fact::Asked { approvers: vec!["ann".parse().unwrap()], quorum: 1, until: at(60) })
}

fn instance(number: u64) -> InstanceId {
    format!("shop/prod/c{number}").parse().unwrap()
}

fn then(pin: Pin, fact: &Fact) -> Pin {
    step(Some(pin), fact, at(1)).unwrap().0
}

fn approved(number: u64) -> Pin {
    then(asked(number), &Fact::Approved { by: Decider::Person("ann".parse().unwrap()), surface: None })
}

fn ended(number: u64, outcome: Outcome, when: Timestamp) -> Pin {
    let mut pin = then(approved(number), &Fact::Released);
    (pin.stage, pin.since) = (Stage::Ended(outcome), when);
    pin
}

fn done(number: u64, when: Timestamp) -> Pin {
    ended(number, Outcome::Done { commit: commit() }, when)
}

fn failed(number: u64) -> Pin {
    let (reason, seen) = (DropReason::Failed, String::new());
    let mut pin = ended(number, Outcome::Dropped { reason, to: None, healthy: true, seen }, at(2));
    let text = String::new;
    pin.failure = Some(FailureReport { sentence: text(), technical: text(), object: text(), log: Vec::new() });
    pin
}

fn turn(fleet: &Fleet, pins: &[Pin], now: Timestamp) -> FleetTurn {
    fleet.turn(pins, &BTreeMap::new(), None, now)
}

fn released(turn: &FleetTurn) -> Vec<u64> {
    assert!(turn.pins.iter().all(|(_, fact)| *fact == Fact::Released), "{turn:?}");
    turn.pins.iter().map(|(number, _)| number.0).collect()
}

fn ann(covers: &[Pin]) -> FleetFact {
    FleetFact::Approved { by: "ann".parse().unwrap(), surface: Surface::Page, covers: Fleet::covers(covers) }
}

#[test]
fn one_yes_is_a_yes_to_every_pin_that_was_shown() {
    let pins = [asked(1), asked(2), asked(3)];
    let fleet = with(&fleet(2, 3), &ann(&pins));
    let said = turn(&fleet, &pins, at(1)).pins;
    assert_eq!(said.len(), 3);
    assert!(said.iter().all(|(_, fact)| matches!(fact, Fact::Approved { by: Decider::Person(_), surface: Some(_) })));
}

#[test]
fn a_pin_that_changed_after_the_yes_is_not_covered_by_it() {
    let fleet = with(&fleet(2, 2), &ann(&[asked(1), asked(2)]));
    let mut changed = asked(2);
    changed.proposal = Some(proposal("h2"));
    let said = turn(&fleet, &[approved(1), changed], at(1));
    assert_eq!(released(&said), [1]);
}

#[test]
fn as_many_are_begun_at_a_time_as_a_wave_holds() {
    let pins = [approved(1), approved(2), approved(3)];
    assert!(pins.iter().all(Pin::waits_for_wave));
    assert_eq!(released(&turn(&fleet(2, 3), &pins, at(1))), [1, 2]);
}

#[test]
fn nothing_is_begun_while_a_wave_runs() {
    let running = then(approved(1), &Fact::Released);
    assert!(!running.waits_for_wave());
    assert_eq!(turn(&fleet(1, 2), &[running, approved(2)], at(1)), FleetTurn::default());
}

#[test]
fn after_a_wave_that_holds_there_is_a_pause() {
    let pins = [done(1, at(10)), approved(2), approved(3)];
    let early = turn(&fleet(1, 3), &pins, at(12));
    assert_eq!((early.pins.len(), early.again_at), (0, Some(at(15))));
    assert_eq!(released(&turn(&fleet(1, 3), &pins, at(15))), [2]);
}

#[test]
fn the_first_failed_stops_it_and_the_rest_is_never_tried() {
    let pins = [failed(1), approved(2), asked(3)];
    let stopped = turn(&fleet(1, 3), &pins, at(20)).fact.unwrap();
    assert_eq!(stopped, FleetFact::Failed { pin: PinNumber(1) });
    let fleet = with(&fleet(1, 3), &stopped);
    let left = turn(&fleet, &pins, at(20)).pins;
    assert_eq!(left.iter().map(|(number, _)| number.0).collect::<Vec<_>>(), [2, 3]);
    assert!(left.iter().all(|(_, fact)| matches!(fact, Fact::Refused { why } if why.contains("F1 stopped: pin #1"))));
    assert_eq!(fleet.state(), "stopped");
}

#[test]
fn what_runs_when_it_stops_is_left_to_its_own_end() {
    let running = then(approved(2), &Fact::Released);
    let fleet = with(&fleet(2, 2), &FleetFact::Failed { pin: PinNumber(1) });
    assert_eq!(turn(&fleet, &[failed(1), running], at(3)), FleetTurn::default());
    assert_eq!(turn(&fleet, &[failed(1), done(2, at(4))], at(4)).fact, Some(FleetFact::Ended));
}

#[test]
fn a_pin_that_can_not_be_proposed_does_not_stop_the_others() {
    let mut refused = asked(1);
    refused.stage = Stage::Ended(Outcome::Refused { why: "the image stands nowhere".to_owned() });
    assert_eq!(released(&turn(&fleet(1, 2), &[refused.clone(), approved(2)], at(1))), [2]);
    let tally = Tally::of(&[refused, approved(2)]);
    assert_eq!((tally.left_out, tally.waiting), (1, 1));
}

#[test]
fn a_refusal_in_a_wave_counts_as_failed() {
    let refused = ended(1, Outcome::Refused { why: "the cluster would refuse it".to_owned() }, at(2));
    assert_eq!(turn(&fleet(1, 2), &[refused, approved(2)], at(3)).fact, Some(FleetFact::Failed { pin: PinNumber(1) }));
}

#[test]
fn a_lock_is_respected_where_a_policy_said_yes_and_not_where_people_did() {
    let locked = BTreeMap::from([(instance(1), "ann: prices are wrong".to_owned())]);
    let by_policy = Fact::Approved { by: Decider::Policy("auto".parse().unwrap()), surface: None };
    let mut proposed = asked(1);
    (proposed.stage, proposed.ask) = (Stage::Proposed, None);
    let pins = [then(proposed, &by_policy), approved(2)];
    let said = fleet(1, 2).turn(&pins, &locked, None, at(1)).pins;
    assert!(matches!(&said[0].1, Fact::Refused { why } if why.contains("shop/prod/c1 is locked: ann")), "{said:?}");
    assert_eq!(said[1], (PinNumber(2), Fact::Released));
    let pins = [approved(1), approved(2)];
    assert_eq!(released(&fleet(1, 2).turn(&pins, &locked, None, at(1))), [1]);
}

#[test]
fn a_newer_fleet_pin_that_was_approved_takes_its_place() {
    let pins = [done(1, at(2)), approved(2)];
    let said = fleet(1, 2).turn(&pins, &BTreeMap::new(), Some(FleetNumber(2)), at(30)).fact;
    assert_eq!(said, Some(FleetFact::Superseded { by: FleetNumber(2) }));
}

#[test]
fn what_people_said_first_counts() {
    let rejected = with(
        &fleet(1, 1),
        &FleetFact::Rejected {
            by: "bo".parse().unwrap(),
            surface: Surface::Page,
            reason: Some("not today".to_owned()),
        },
    );
    let error = Fleet::step(Some(rejected.clone()), &ann(&[asked(1)]), at(2)).unwrap_err();
    assert_eq!(error.to_string(), "fleet pin F1 is rejected: `approved` can't follow");
    let left = turn(&rejected, &[asked(1)], at(2)).pins;
    assert!(matches!(&left[0].1, Fact::Refused { why } if why == "fleet pin F1 was rejected by bo: not today"));
}

#[test]
fn all_waves_end_it() {
    let mut fleet = fleet(2, 4);
    let mut pins: Vec<Pin> = (1..=4).map(approved).collect();
    let (mut now, mut waves) = (at(1), Vec::new());
    while !fleet.ended {
        let turn = turn(&fleet, &pins, now);
        if let Some(fact) = turn.fact {
            fleet = Fleet::step(Some(fleet), &fact, now).unwrap();
        }
        let begun: Vec<u64> = turn.pins.iter().map(|(number, _)| number.0).collect();
        for pin in pins.iter_mut().filter(|pin| begun.contains(&pin.number.0)) {
            *pin = done(pin.number.0, now);
        }
        waves.extend((!begun.is_empty()).then_some(begun));
        now = turn.again_at.unwrap_or(now).plus(Duration::from_millis(1));
    }
    assert_eq!(waves, [vec![1, 2], vec![3, 4]]);
    assert_eq!(fleet.state(), "over");
}

#[test]
fn a_number_reads_back_as_it_was_written() {
    assert_eq!("F7".parse::<FleetNumber>().unwrap().to_string(), "F7");
    assert_eq!("f7".parse::<FleetNumber>(), Ok(FleetNumber(7)));
    for odd in ["", "7", "F", "F-1", "F7x", "FF"] {
        assert!(odd.parse::<FleetNumber>().is_err(), "{odd}");
    }
}

#[test]
fn waves_are_counted_from_what_was_begun_and_what_may_still_begin() {
    let waves = |fleet: &Fleet, pins: &[Pin]| {
        let Waves { begun, all } = fleet.waves(pins);
        (begun, all)
    };
    let asked: Vec<Pin> = (1..=5).map(asked).collect();
    assert_eq!(waves(&fleet(2, 5), &asked), (0, 3));
    let pins = [done(1, at(2)), done(2, at(2)), then(approved(3), &Fact::Released), approved(4), approved(5)];
    assert_eq!(waves(&fleet(2, 5), &pins), (2, 3));
    // What was locked is in no wave, and what a stop left out would have been in one.
    let mut refused = asked[3].clone();
    refused.stage = Stage::Ended(Outcome::Refused { why: "it is locked".to_owned() });
    assert_eq!(waves(&fleet(2, 3), &[done(1, at(2)), refused]), (1, 1));
    let stopped = with(&fleet(1, 3), &FleetFact::Failed { pin: PinNumber(1) });
    let stop = |pin: Pin| Pin { stage: Stage::Ended(Outcome::Refused { why: "it stopped".to_owned() }), ..pin };
    let pins = [failed(1), stop(approved(2)), stop(approved(3))];
    assert_eq!(waves(&stopped, &pins), (1, 3));
    assert_eq!(stopped.first_failed(&pins).map(|pin| pin.number), Some(PinNumber(1)));
}

#[test]
fn every_pin_is_in_one_place() {
    let running = then(approved(2), &Fact::Released);
    let pins = [asked(1), running, approved(3), done(4, at(2)), failed(5)];
    let tally = Tally::of(&pins);
    let all = FleetPlace::ALL.map(|place| tally.at(place));
    assert_eq!(all, [1, 1, 1, 1, 0, 1, 0]);
    assert_eq!(FleetPlace::of(&pins[0]).name(), "asked");
}
