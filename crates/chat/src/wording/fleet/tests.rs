use model::{
    Decider, Fact, FleetFact, FleetNumber, Outcome, PersonName, PinId, PinNumber, Recorded, Stage, Surface, step,
};

use super::*;
use crate::wording::tests::{asked, commit, failed, opened, proposed};
use crate::{Message, Mood};

const START: i64 = 1_795_269_600_000;

fn at() -> Timestamp {
    Timestamp(START)
}

fn fleet(size: u32, pins: usize, then: &[FleetFact]) -> Fleet {
    let Fact::Opened { build, .. } = opened(model::PinKind::Pin) else { unreachable!() };
    let opened = FleetFact::Opened {
        number: FleetNumber(7),
        project: "shop".parse().unwrap(),
        environment: "prod".parse().unwrap(),
        build,
        size,
        pause_ms: 60_000,
        pins: (1..=pins).map(number).collect(),
    };
    let facts: Vec<Recorded<FleetFact>> =
        std::iter::once(&opened).chain(then).map(|fact| Recorded { at: at(), fact: fact.clone() }).collect();
    Fleet::fold(&facts).unwrap().unwrap()
}

fn number(index: usize) -> PinNumber {
    PinNumber(index as u64)
}

/// A pin of the fleet after these facts.
fn pin(index: usize, facts: &[Fact]) -> Pin {
    let Fact::Opened { kind, build, by, .. } = opened(model::PinKind::Pin) else { unreachable!() };
    let instance = format!("shop/prod/c{index}").parse().unwrap();
    let opened = Fact::Opened { number: number(index), instance, kind, build, by };
    let mut pin = step(None, &opened, at()).unwrap().0;
    for fact in [&Fact::InFleet { fleet: FleetNumber(7) }].into_iter().chain(facts) {
        pin = step(Some(pin), fact, at()).unwrap().0;
    }
    pin
}

fn yes() -> Fact {
    Fact::Approved { by: Decider::Person(ann()), surface: Some(Surface::Page) }
}

fn ann() -> PersonName {
    "ann".parse().unwrap()
}

fn ask(index: usize) -> Pin {
    pin(index, &[proposed(0), asked(1)])
}

fn waiting(index: usize) -> Pin {
    pin(index, &[proposed(0), asked(1), yes()])
}

fn done(index: usize) -> Pin {
    let pin = pin(index, &[proposed(0), asked(1), yes(), Fact::Released]);
    Pin { stage: Stage::Ended(Outcome::Done { commit: commit('d') }), ..pin }
}

fn stopped(index: usize) -> Pin {
    let why = "fleet pin F7 stopped: pin #1 failed".to_owned();
    Pin { stage: Stage::Ended(Outcome::Refused { why }), ..waiting(index) }
}

fn broken(index: usize) -> Pin {
    let (base, render_hash) = (commit('a'), "h1".to_owned());
    let applied = Fact::Applied { changed: 1, objects: 1, notes: Vec::new() };
    pin(
        index,
        &[
            proposed(0),
            asked(1),
            yes(),
            Fact::Released,
            Fact::Claimed,
            Fact::Rendered { base, render_hash, objects: 1 },
            Fact::DryRun { unchecked: Vec::new() },
            Fact::Inventoried,
            applied,
            failed("web starts and stops again", vec!["KeyError: 'STRIPE_KEY'".to_owned()]),
            Fact::ConvergedBack { to: Some(commit('a')), healthy: true, seen: String::new() },
        ],
    )
}

fn approved(pins: &[Pin]) -> FleetFact {
    FleetFact::Approved { by: ann(), surface: Surface::Chat, covers: Fleet::covers(pins) }
}

fn said(fleet: &Fleet, pins: &[Pin], show_log: bool) -> Message {
    let id: PinId = PinId::from_random([7; 16]);
    let view = FleetMessage {
        id: &id,
        fleet,
        pins,
        shown: "0011223344556677",
        approvers: &["ann".to_owned(), "@release".to_owned()],
        url: Some("https://pinnace.example/fleets/7"),
        confirm: true,
        show_log,
    };
    fleet_message(&view)
}

fn labels(message: &Message) -> Vec<&str> {
    message.buttons.iter().map(|button| button.label.as_str()).collect()
}

#[test]
fn the_ask_says_how_many_in_which_steps_and_from_where() {
    let pins: Vec<Pin> = (1..=300).map(ask).collect();
    let message = said(&fleet(5, 300, &[]), &pins, true);
    assert_eq!((message.mood, message.header.as_str()), (Mood::Question, "shop → prod (300 instances): pin 1.42.0?"));
    assert_eq!(
        message.paragraphs,
        ["1.42.0 would run in 300 instances, 5 at a time: 60 waves, and the first that fails stops it. \
          It waits for an answer until 15:00 UTC."]
    );
    assert_eq!(message.fields[0].value, "1.41.3 (300)");
    assert_eq!(labels(&message), ["Approve", "Reject", "Details"]);
    assert_eq!(message.buttons[0].confirm.as_ref().unwrap().title, "Pin 1.42.0 in 300 instances of prod?");
    let footer = message.footer.unwrap();
    assert_eq!(footer, "Fleet pin F7 · can approve: ann, @release · until 15:00 UTC · `pinnace approve F7`");
}

#[test]
fn while_it_is_worked_out_nobody_can_answer() {
    let pins = [ask(1), pin(2, &[])];
    let message = said(&fleet(5, 2, &[]), &pins, true);
    assert_eq!(message.header, "shop → prod (2 instances): 1.42.0 arrived");
    assert!(message.paragraphs[0].ends_with("being worked out: 1 of 2 instances are known."), "{message:?}");
    assert_eq!(labels(&message), ["Cancel", "Details"]);
}

#[test]
fn a_wave_that_runs_is_counted() {
    let pins = [done(1), pin(2, &[proposed(0), asked(1), yes(), Fact::Released]), waiting(3), waiting(4)];
    let fleet = fleet(2, 4, &[approved(&[])]);
    let message = said(&fleet, &pins, true);
    assert_eq!(message.header, "shop → prod (4 instances): pinning 1.42.0 (wave 1 of 2)");
    assert_eq!(message.paragraphs, ["Wave 1 of 2: 1 done, 1 in hand, 2 waiting for their wave."]);
    assert_eq!(labels(&message), ["Cancel", "Details"]);
    assert_eq!(message.footer.unwrap(), "Fleet pin F7 · approved by ann");
}

#[test]
fn the_first_failure_is_told_with_its_sentence_and_with_its_log_where_that_may_be_shown() {
    let pins = [broken(1), stopped(2), stopped(3)];
    let fleet = fleet(1, 3, &[approved(&[]), FleetFact::Failed { pin: number(1) }, FleetFact::Ended]);
    let message = said(&fleet, &pins, true);
    assert_eq!(
        (message.mood, message.header.as_str()),
        (Mood::Bad, "shop → prod (3 instances): 1.42.0 failed in wave 1 of 3, stopped")
    );
    let sentence = "shop/prod/c1: web starts and stops again. None runs 1.42.0, 1 failed, 2 left as they were.";
    assert_eq!(message.paragraphs, [sentence]);
    assert_eq!(message.log, ["KeyError: 'STRIPE_KEY'"]);
    assert!(said(&fleet, &pins, false).log.is_empty());
    assert_eq!(labels(&message), ["Details"]);
}

#[test]
fn each_end_has_its_words() {
    let (rejected, cancelled) = (
        FleetFact::Rejected { by: ann(), surface: Surface::Chat, reason: Some("not on a Friday".to_owned()) },
        FleetFact::Cancelled { by: ann(), surface: Surface::Chat },
    );
    let newer = FleetFact::Superseded { by: FleetNumber(8) };
    let left = |pin: Pin| Pin { stage: Stage::Ended(Outcome::Expired), ..pin };
    let cases = [
        (vec![rejected], vec![ask(1)], "1.42.0 rejected", "Rejected by ann: not on a Friday. Nothing was touched."),
        (
            vec![cancelled],
            vec![done(1), stopped(2)],
            "1.42.0 cancelled",
            "Cancelled by ann. 1 instance runs 1.42.0, 1 left as they were.",
        ),
        (
            vec![newer],
            vec![waiting(1)],
            "1.42.0 replaced by F8",
            "The newer fleet pin F8 takes its place. Nothing was touched.",
        ),
        (
            vec![FleetFact::Ended],
            vec![done(1), done(2)],
            "all run 1.42.0",
            "Each was seen healthy on 1.42.0 and recorded.",
        ),
        (
            vec![FleetFact::Ended],
            vec![done(1), left(ask(2))],
            "1 of 2 run 1.42.0",
            "1 instance runs 1.42.0, seen healthy and recorded; 1 is left as it was, and each says why.",
        ),
        (
            vec![FleetFact::Ended],
            vec![left(ask(1))],
            "1.42.0 is pinned nowhere",
            "None was tried; each says why. Nothing was touched.",
        ),
    ];
    for (facts, pins, headline, sentence) in cases {
        let fleet = fleet(1, pins.len(), &facts);
        assert!(fleet_headline(&fleet, &pins).ends_with(headline), "{}", fleet_headline(&fleet, &pins));
        assert_eq!(fleet_sentence(&fleet, &pins), sentence);
    }
}

#[test]
fn what_changed_after_the_yes_is_asked_again_while_the_rest_goes_on() {
    let again = Pin { stage: Stage::Asked, ..pin(2, &[proposed(0), asked(1), yes(), Fact::Released]) };
    let fleet = fleet(2, 3, &[approved(&[])]);
    let message = said(&fleet, &[done(1), again, waiting(3)], true);
    let words = "1 instance changed after the yes: people are asked again.";
    assert!(message.paragraphs[0].ends_with(words), "{message:?}");
    assert_eq!(labels(&message), ["Approve", "Cancel", "Details"]);
}
