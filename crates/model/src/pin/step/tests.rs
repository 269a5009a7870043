use proptest::prelude::*;

use super::*;
use crate::{Build, CommitId, Decider, Effect, FailureReport, InstanceId, PersonName, PinKind, Proposal, Surface};

const AT: Timestamp = Timestamp(1_000);

fn commit(digit: char) -> CommitId {
    digit.to_string().repeat(40).parse().unwrap()
}

fn ann() -> PersonName {
    "ann".parse().unwrap()
}

fn opened() -> Fact {
    Fact::Opened {
        number: PinNumber(117),
        instance: "shop/prod".parse::<InstanceId>().unwrap(),
        kind: PinKind::Pin,
        build: Box::new(Build { image: "r.example/shop:2".parse().unwrap(), chart: None, announced: None }),
        by: None,
    }
}

fn proposed() -> Fact {
    Fact::Proposed(Box::new(Proposal {
        base: commit('a'),
        from: Some("r.example/shop:1".parse().unwrap()),
        from_chart: None,
        render_hash: "h1".into(),
        git_diff: String::new(),
        rendered_diff: String::new(),
        commits: Vec::new(),
    }))
}

fn asked(quorum: u32) -> Fact {
    Fact::Asked { approvers: vec![ann()], quorum, until: Timestamp(10_000) }
}

fn approved(by: &str) -> Fact {
    Fact::Approved { by: Decider::Person(by.parse().unwrap()), surface: Some(Surface::Page) }
}

fn rendered(hash: &str) -> Fact {
    Fact::Rendered { base: commit('a'), render_hash: hash.into(), objects: 3 }
}

fn applied() -> Fact {
    Fact::Applied { changed: 1, objects: 3, notes: Vec::new() }
}

fn verified(hash: &str) -> Fact {
    Fact::Verified { render_hash: hash.into(), commit_date: AT }
}

fn failed() -> Fact {
    Fact::Failed(Box::new(FailureReport {
        sentence: "web starts and stops again".into(),
        technical: "CrashLoopBackOff".into(),
        object: "Deployment/web".into(),
        log: Vec::new(),
    }))
}

fn converged() -> Fact {
    Fact::ConvergedBack { to: Some(commit('a')), healthy: true, seen: "Current".into() }
}

fn dry_run() -> Fact {
    Fact::DryRun { unchecked: Vec::new() }
}

fn until_approved() -> Vec<Fact> {
    vec![opened(), proposed(), asked(1), approved("ann")]
}

fn until_verified() -> Vec<Fact> {
    let mut facts = until_approved();
    facts.extend([Fact::Claimed, rendered("h1"), dry_run(), Fact::Inventoried, applied(), verified("h1")]);
    facts
}

fn play(facts: &[Fact]) -> Result<Pin, IllegalFact> {
    let recorded: Vec<_> = facts.iter().map(|fact| Recorded { at: AT, fact: fact.clone() }).collect();
    fold(&recorded).map(Option::unwrap)
}

fn played(mut facts: Vec<Fact>, more: &[Fact]) -> Pin {
    facts.extend_from_slice(more);
    play(&facts).unwrap()
}

#[test]
fn a_pin_that_works_ends_done_and_wants_each_effect_in_turn() {
    let facts = [
        until_verified(),
        vec![
            Fact::Committed { commit: commit('b'), parent: commit('a') },
            Fact::Pushed { commit: commit('b') },
            Fact::Settled { pruned: 0, held: Vec::new() },
        ],
    ]
    .concat();
    let mut pin = None;
    let mut wanted = Vec::new();
    for fact in &facts {
        let (after, next) = step(pin, fact, AT).unwrap();
        if let Next::Do(effect) = next {
            wanted.push(effect);
        }
        pin = Some(after);
    }
    assert_eq!(
        wanted.iter().map(|effect| effect.name()).collect::<Vec<_>>().join(" "),
        "propose ask claim render dry-run write-inventory apply watch commit push settle"
    );
    assert_eq!(pin.unwrap().stage, Stage::Ended(Outcome::Done { commit: commit('b') }));
}

#[test]
fn nothing_is_committed_before_it_is_verified() {
    let early = Fact::Committed { commit: commit('b'), parent: commit('a') };
    let all = until_verified();
    for length in 1..all.len() {
        let mut facts = all[..length].to_vec();
        facts.push(early.clone());
        assert!(play(&facts).is_err(), "after {length} facts");
    }
}

#[test]
fn a_verdict_on_another_render_is_no_verdict() {
    let facts = [
        until_approved(),
        vec![Fact::Claimed, rendered("h1"), dry_run(), Fact::Inventoried, applied(), verified("other")],
    ]
    .concat();
    assert!(play(&facts).is_err());
}

#[test]
fn a_failed_candidate_is_dropped_and_never_revived() {
    let facts =
        [until_approved(), vec![Fact::Claimed, rendered("h1"), dry_run(), Fact::Inventoried, applied(), failed()]]
            .concat();
    let pin = play(&facts).unwrap();
    assert_eq!(pin.next(AT), Next::Do(Effect::ConvergeBack));
    let over = played(facts.clone(), &[converged()]);
    assert!(matches!(over.stage, Stage::Ended(Outcome::Dropped { healthy: true, .. })));
    for fact in [verified("h1"), applied(), approved("bo"), Fact::Claimed] {
        assert!(step(Some(over.clone()), &fact, AT).is_err());
    }
}

#[test]
fn the_first_decision_wins() {
    let pin = play(&until_approved()).unwrap();
    assert!(step(Some(pin), &Fact::Rejected { by: ann(), surface: Surface::Chat, reason: None }, AT).is_err());
    let rejected = played(
        vec![opened(), proposed(), asked(1)],
        &[Fact::Rejected { by: ann(), surface: Surface::Chat, reason: None }],
    );
    assert!(step(Some(rejected), &approved("ann"), AT).is_err());
}

#[test]
fn a_quorum_of_two_needs_two_different_people() {
    let one = played(vec![opened(), proposed(), asked(2)], &[approved("ann")]);
    assert_eq!(one.stage, Stage::Asked);
    assert!(step(Some(one.clone()), &approved("ann"), AT).is_err());
    let (two, _) = step(Some(one), &approved("bo"), AT).unwrap();
    assert_eq!(two.stage, Stage::Approved);
}

#[test]
fn an_ask_waits_until_it_expires() {
    let pin = play(&[opened(), proposed(), asked(1)]).unwrap();
    assert_eq!(pin.next(AT), Next::WaitUntil(Timestamp(10_000)));
    assert_eq!(pin.next(Timestamp(10_000)), Next::Do(Effect::Expire));
}

#[test]
fn a_delay_is_waited_out_and_ends_with_the_next_success() {
    let delay = Fact::Delayed { effect: Effect::Push, reason: "remote is down".into(), again_at: Timestamp(5_000) };
    let committed = played(until_verified(), &[Fact::Committed { commit: commit('b'), parent: commit('a') }, delay]);
    assert_eq!(committed.next(AT), Next::WaitUntil(Timestamp(5_000)));
    assert_eq!(committed.next(Timestamp(5_000)), Next::Do(Effect::Push));
    assert_eq!(committed.unrecorded().unwrap().attempts, 1);
    let (pushed, _) = step(Some(committed), &Fact::Pushed { commit: commit('b') }, AT).unwrap();
    assert!(pushed.unrecorded().is_none() && pushed.delay.is_none());
}

#[test]
fn an_ask_that_would_do_something_else_is_asked_again() {
    let pin = played(until_approved(), &[Fact::Claimed, proposed()]);
    assert_eq!(pin.stage, Stage::Proposed);
    assert!(pin.approvals.is_empty() && !pin.holds_claim());
}

#[test]
fn rule_g_rebases_verifies_again_gives_way_or_takes_theirs() {
    let moved = [
        until_verified(),
        vec![Fact::Committed { commit: commit('b'), parent: commit('a') }, Fact::HeadMoved { head: commit('c') }],
    ]
    .concat();
    let rebased = played(moved.clone(), &[Fact::Rebased { base: commit('c') }]);
    assert_eq!(rebased.next(AT), Next::Do(Effect::Commit));
    assert_eq!(rebased.candidate.unwrap().base, commit('c'));
    let again = played(moved.clone(), &[Fact::RenderMoved { base: commit('c'), render_hash: "h2".into() }]);
    assert_eq!(again.next(AT), Next::Do(Effect::DryRun));
    assert!(again.touched(), "what was verified is in the cluster: giving up means converging back");
    let theirs = played(moved.clone(), &[Fact::RecordedByOther { commit: commit('c'), author: "bo".into() }]);
    assert_eq!(theirs.next(AT), Next::Do(Effect::Settle));
    let other = played(moved, &[Fact::OtherWon { commit: commit('c'), author: "bo".into() }]);
    assert_eq!(other.next(AT), Next::Do(Effect::ConvergeBack));
}

#[test]
fn rule_g_stops_after_three_rounds() {
    let mut facts = until_verified();
    for _ in 0..=MOST_ROUNDS {
        facts.extend([
            Fact::HeadMoved { head: commit('c') },
            Fact::RenderMoved { base: commit('c'), render_hash: "h2".into() },
        ]);
        if play(&facts).unwrap().next(AT) == Next::Do(Effect::ConvergeBack) {
            break;
        }
        facts.extend([dry_run(), Fact::Inventoried, applied(), verified("h2")]);
    }
    assert_eq!(play(&facts).unwrap().stage, Stage::Dropping(DropReason::TooManyRounds));
}

#[test]
fn a_newer_pin_ends_what_waits_and_drops_what_is_not_proven() {
    let by = Fact::Superseded { by: PinNumber(118) };
    let waiting = played(vec![opened(), proposed(), asked(1)], std::slice::from_ref(&by));
    assert_eq!(waiting.stage, Stage::Ended(Outcome::Superseded { by: PinNumber(118) }));
    let flying =
        played(until_approved(), &[Fact::Claimed, rendered("h1"), dry_run(), Fact::Inventoried, applied(), by.clone()]);
    assert_eq!(flying.stage, Stage::Dropping(DropReason::Superseded(PinNumber(118))));
    assert!(step(Some(play(&until_verified()).unwrap()), &by, AT).is_err(), "what was proven is recorded first");
}

#[test]
fn a_person_may_stop_what_is_not_recorded() {
    let cancel = Fact::Cancelled { by: ann(), surface: Surface::Page };
    assert!(step(Some(play(&until_verified()).unwrap()), &cancel, AT).is_err());
    let delay = Fact::Delayed { effect: Effect::Push, reason: "refused".into(), again_at: AT };
    let unrecorded =
        played(until_verified(), &[Fact::Committed { commit: commit('b'), parent: commit('a') }, delay, cancel]);
    assert!(matches!(unrecorded.stage, Stage::Dropping(DropReason::Cancelled(..))));
    let pushed = Fact::Pushed { commit: commit('b') };
    let (recorded, _) = step(Some(unrecorded), &pushed, AT).unwrap();
    assert_eq!(recorded.stage, Stage::Recorded, "its push got through after all");
}

#[test]
fn what_was_never_committed_is_not_recorded_by_being_dropped() {
    let dropping = played(
        until_approved(),
        &[
            Fact::Claimed,
            rendered("h1"),
            dry_run(),
            Fact::Inventoried,
            applied(),
            Fact::Cancelled { by: ann(), surface: Surface::Page },
        ],
    );
    assert!(step(Some(dropping), &Fact::Pushed { commit: commit('b') }, AT).is_err());
}

fn any_fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        Just(proposed()),
        Just(Fact::Refused { why: "no".into() }),
        Just(asked(1)),
        Just(asked(2)),
        Just(approved("ann")),
        Just(approved("bo")),
        Just(Fact::Rejected { by: ann(), surface: Surface::Page, reason: None }),
        Just(Fact::Expired),
        Just(Fact::Superseded { by: PinNumber(118) }),
        Just(Fact::Cancelled { by: ann(), surface: Surface::Page }),
        Just(Fact::Began { effect: Effect::Apply }),
        Just(Fact::Delayed { effect: Effect::Apply, reason: "down".into(), again_at: AT }),
        Just(Fact::Claimed),
        Just(rendered("h1")),
        Just(dry_run()),
        Just(Fact::Inventoried),
        Just(applied()),
        Just(Fact::Watched { observed_ms: 1, waiting_for: String::new() }),
        Just(verified("h1")),
        Just(failed()),
        Just(Fact::Committed { commit: commit('b'), parent: commit('a') }),
        Just(Fact::HeadMoved { head: commit('c') }),
        Just(Fact::Rebased { base: commit('c') }),
        Just(Fact::RenderMoved { base: commit('c'), render_hash: "h1".into() }),
        Just(Fact::RecordedByOther { commit: commit('c'), author: "bo".into() }),
        Just(Fact::OtherWon { commit: commit('c'), author: "bo".into() }),
        Just(Fact::Pushed { commit: commit('b') }),
        Just(Fact::Settled { pruned: 0, held: Vec::new() }),
        Just(converged()),
    ]
}

proptest! {
    /// Whatever arrives in whatever order: a pin that is done was approved and verified, what ended stays ended, and what
    /// touched the outside ends only done or converged back.
    #[test]
    fn no_order_of_facts_breaks_the_promises(facts in prop::collection::vec(any_fact(), 0..120)) {
        let mut pin = step(None, &opened(), AT).unwrap().0;
        let mut touched = false;
        for fact in facts {
            let Ok((after, _)) = step(Some(pin.clone()), &fact, AT) else { continue };
            prop_assert!(!pin.ended(), "{} after the end", name(&fact));
            touched |= after.touched();
            if let Stage::Ended(outcome) = &after.stage {
                match outcome {
                    Outcome::Done { .. } => prop_assert!(!after.approvals.is_empty() && after.verified.is_some()),
                    Outcome::Dropped { .. } => {}
                    _ => prop_assert!(!touched, "{} though the cluster was touched", outcome.name()),
                }
            }
            pin = after;
        }
    }
}
