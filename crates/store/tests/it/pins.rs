use model::{CommitId, Decider, Fact, InstanceFact, Outcome, PinKind, PinNumber, Stage, Surface, fold};
use store::{OpenedPin, SentMessage, StoreError};

use crate::parts::{approval, at, build, commit, instance, open, opened, pin_id, proof_and_record, reopen};

#[tokio::test]
async fn a_pin_is_its_facts_after_a_restart_too() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let number = opened(&store, 1, "shop/prod", '1').await;
    assert_eq!(number, PinNumber(1));
    let verified = InstanceFact::Verified {
        commit: commit('b'),
        render_hash: "h1".into(),
        image: Some(build('1').image),
        pin: Some(number),
    };
    store.append(&pin_id(1), 1, &approval(), &[], at(20)).await.unwrap();
    let pin = store.append(&pin_id(1), 4, &proof_and_record(), &[verified], at(70)).await.unwrap();
    assert_eq!(pin.stage, Stage::Ended(Outcome::Done { commit: commit('b') }));

    let store = reopen(store, dir.path()).await;
    let record = store.pin(number).await.unwrap().unwrap();
    assert_eq!((record.id.clone(), &record.pin), (pin_id(1), &pin));
    assert_eq!(fold(&record.facts).unwrap().unwrap(), pin);
    assert_eq!(record.facts.iter().map(|recorded| recorded.at.0).collect::<Vec<_>>()[..5], [10, 20, 20, 20, 70]);
    assert_eq!(store.pin_by_id(&pin_id(1)).await.unwrap().unwrap(), record);
    assert_eq!(store.last_done(&instance("shop/prod")).await.unwrap().unwrap(), record);
    assert_eq!(store.last_done(&instance("shop/staging")).await.unwrap(), None);
    assert_eq!(store.open_pins().await.unwrap(), []);
    let state = store.instance(&instance("shop/prod")).await.unwrap();
    assert_eq!(state.verified.unwrap().commit, commit('b'));
}

#[tokio::test]
async fn the_same_build_is_not_pinned_twice_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let first = opened(&store, 1, "shop/prod", '1').await;
    let wish = async |id, place, kind, fill| {
        store.open_pin(&pin_id(id), &instance(place), kind, build(fill), None, at(11)).await.unwrap()
    };
    assert_eq!(wish(1, "shop/prod", PinKind::Pin, '1').await, OpenedPin::AlreadyOpen(first), "asked twice");
    assert_eq!(wish(2, "shop/prod", PinKind::Pin, '1').await, OpenedPin::AlreadyOpen(first));
    let unpin = PinKind::Unpin { of: PinNumber(1) };
    assert_eq!(wish(3, "shop/prod", unpin, '1').await, OpenedPin::New(PinNumber(2)));
    assert_eq!(wish(4, "shop/staging", PinKind::Pin, '1').await, OpenedPin::New(PinNumber(3)));
    assert_eq!(wish(5, "shop/prod", PinKind::Pin, '2').await, OpenedPin::New(PinNumber(4)));
    store.append(&pin_id(1), 1, &[Fact::Refused { why: "no".into() }], &[], at(12)).await.unwrap();
    assert_eq!(wish(6, "shop/prod", PinKind::Pin, '1').await, OpenedPin::New(PinNumber(5)), "the first has ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_decisions_at_once_the_first_wins() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    opened(&store, 1, "shop/prod", '1').await;
    store.append(&pin_id(1), 1, &approval()[..2], &[], at(20)).await.unwrap();
    let ann = [Fact::Approved { by: Decider::Person("ann".parse().unwrap()), surface: Some(Surface::Page) }];
    let bo = [Fact::Rejected { by: "bo".parse().unwrap(), surface: Surface::Chat, reason: None }];
    let id = pin_id(1);
    let (ann, bo) = tokio::join!(store.append(&id, 3, &ann, &[], at(30)), store.append(&id, 3, &bo, &[], at(30)));
    let (won, lost) = if ann.is_ok() { (ann, bo) } else { (bo, ann) };
    assert_eq!(won.unwrap().facts, 4);
    assert!(matches!(lost.unwrap_err(), StoreError::Conflict { number: PinNumber(1), after: 3, have: 4 }));
    assert_eq!(store.pin_by_id(&id).await.unwrap().unwrap().facts.len(), 4);
}

#[tokio::test]
async fn facts_are_appended_all_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    opened(&store, 1, "shop/prod", '1').await;
    let locked = InstanceFact::Locked { by: Decider::Person("ann".parse().unwrap()), why: "broken".into() };
    // The second can't follow the first.
    let facts = [approval().remove(0), Fact::Inventoried];
    let error = store.append(&pin_id(1), 1, &facts, &[locked], at(20)).await.unwrap_err();
    assert!(matches!(error, StoreError::Illegal(_)), "{error:?}");
    assert_eq!(store.pin_by_id(&pin_id(1)).await.unwrap().unwrap().pin.facts, 1);
    assert_eq!(store.instance(&instance("shop/prod")).await.unwrap().lock, None);
    let error = store.append(&pin_id(9), 1, &facts, &[], at(20)).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSuchPin { .. }), "{error:?}");
}

#[tokio::test]
async fn an_instance_has_one_candidate_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let place = instance("shop/prod");
    let first = opened(&store, 1, "shop/prod", '1').await;
    let second = opened(&store, 2, "shop/prod", '2').await;
    opened(&store, 3, "shop/staging", '2').await;
    for id in 1..=3 {
        store.append(&pin_id(id), 1, &approval(), &[], at(20)).await.unwrap();
    }
    store.append(&pin_id(1), 4, &[Fact::Claimed], &[], at(21)).await.unwrap();
    store.append(&pin_id(3), 4, &[Fact::Claimed], &[], at(21)).await.unwrap();
    assert_eq!(store.claim(&place).await.unwrap(), Some(first));
    let store = reopen(store, dir.path()).await;
    let error = store.append(&pin_id(2), 4, &[Fact::Claimed], &[], at(22)).await.unwrap_err();
    assert!(matches!(&error, StoreError::ClaimHeld { by, .. } if *by == first), "{error:?}");
    store.append(&pin_id(1), 5, &proof_and_record()[1..], &[], at(23)).await.unwrap();
    assert_eq!(store.claim(&place).await.unwrap(), None);
    store.append(&pin_id(2), 4, &[Fact::Claimed], &[], at(24)).await.unwrap();
    assert_eq!(store.claim(&place).await.unwrap(), Some(second));
    let refused = [Fact::Refused { why: "gone".into() }];
    store.append(&pin_id(2), 5, &refused, &[], at(25)).await.unwrap();
    assert_eq!(store.claim(&place).await.unwrap(), None);
}

#[tokio::test]
async fn a_refused_write_does_not_touch_its_neighbours() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    opened(&store, 1, "shop/prod", '1').await;
    let (id, none) = (pin_id(1), pin_id(9));
    let facts = approval();
    // All three wait while the task has not run, so they share one transaction.
    let (value, refused, appended) = tokio::join!(
        store.set_value("one", b"1"),
        store.append(&none, 1, &facts, &[], at(20)),
        store.append(&id, 1, &facts, &[], at(20)),
    );
    value.unwrap();
    refused.unwrap_err();
    assert_eq!(appended.unwrap().stage, Stage::Approved);
    assert_eq!(store.value("one").await.unwrap().unwrap(), b"1");
}

#[tokio::test]
async fn pins_are_listed_newest_first_in_pages() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for n in 1..=5 {
        opened(&store, n, if n % 2 == 0 { "shop/prod" } else { "shop/staging" }, 'a').await;
        store.append(&pin_id(n), 1, &[Fact::Refused { why: "no".into() }], &[], at(20)).await.unwrap();
    }
    opened(&store, 6, "shop/prod", 'b').await;
    let numbers = async |place: Option<&str>, before: Option<u64>, most| -> Vec<u64> {
        let place = place.map(instance);
        let pins = store.pins(place.as_ref(), before.map(PinNumber), most).await.unwrap();
        pins.into_iter().map(|record| record.pin.number.0).collect()
    };
    assert_eq!(numbers(None, None, 3).await, [6, 5, 4]);
    assert_eq!(numbers(None, Some(4), 3).await, [3, 2, 1]);
    assert_eq!(numbers(Some("shop/prod"), None, 2).await, [6, 4]);
    assert_eq!(numbers(Some("shop/prod"), Some(4), 2).await, [2]);
    let open: Vec<_> = store.open_pins_of(&instance("shop/prod")).await.unwrap();
    assert_eq!(open.iter().map(|record| record.pin.number.0).collect::<Vec<_>>(), [6]);
}

#[tokio::test]
async fn a_lock_is_there_until_a_person_takes_it_away() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let place = instance("shop/prod/acme");
    let by = Decider::Policy("auto".parse().unwrap());
    let failed = InstanceFact::InstallFailed { commit: None::<CommitId>, why: "crashes".into() };
    store.append_instance(&place, failed, at(1)).await.unwrap();
    store.append_instance(&place, InstanceFact::Locked { by, why: "unpinned".into() }, at(2)).await.unwrap();
    let store = reopen(store, dir.path()).await;
    let state = store.instance(&place).await.unwrap();
    assert_eq!((state.lock.unwrap().why, state.install_failure), ("unpinned".into(), Some("crashes".into())));
    store.append_instance(&place, InstanceFact::Unlocked { by: "ann".parse().unwrap() }, at(3)).await.unwrap();
    assert_eq!(store.instance(&place).await.unwrap().lock, None);
    assert_eq!(store.instance_facts(&place).await.unwrap().len(), 3);
}

#[tokio::test]
async fn what_is_read_of_all_instances_at_once_is_what_is_read_of_each() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let (prod, staging) = (instance("shop/prod"), instance("shop/staging"));
    let number = opened(&store, 1, "shop/prod", '1').await;
    opened(&store, 2, "shop/staging", '1').await;
    let verified =
        InstanceFact::Verified { commit: commit('b'), render_hash: "h1".into(), image: None, pin: Some(number) };
    store.append(&pin_id(1), 1, &approval(), &[], at(20)).await.unwrap();
    store.append(&pin_id(1), 4, &proof_and_record(), &[verified], at(70)).await.unwrap();
    let locked = InstanceFact::Locked { by: Decider::Person("ann".parse().unwrap()), why: "sale".into() };
    store.append_instance(&staging, locked, at(71)).await.unwrap();
    let all = store.instances().await.unwrap();
    assert_eq!(all.len(), 2);
    for id in [&prod, &staging] {
        assert_eq!(all[id], store.instance(id).await.unwrap());
        assert_eq!(store.last_ended().await.unwrap().get(id).copied(), store.last_ended_of(id).await.unwrap());
    }
    assert_eq!(store.last_ended_of(&prod).await.unwrap(), Some(number));
    assert_eq!(store.last_ended_of(&staging).await.unwrap(), None, "its pin is open");
    assert!(store.instances_with_notices().await.unwrap().is_empty());
    let held = InstanceFact::PruneHeld { objects: vec!["a".to_owned()] };
    store.append_instance(&staging, held, at(72)).await.unwrap();
    assert_eq!(store.instances_with_notices().await.unwrap(), [staging]);
}

#[tokio::test]
async fn a_notice_has_one_message_a_service() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    assert_eq!(store.notice(&pin_id(7), "slack").await.unwrap(), None);
    for key in ["17.1", "17.2"] {
        let message = SentMessage { channel: "C1".into(), key: key.into(), content_hash: "h1".into() };
        store.save_notice(&pin_id(7), "slack", &message, at(1)).await.unwrap();
        assert_eq!(store.notice(&pin_id(7), "slack").await.unwrap(), Some(message));
    }
    assert_eq!(store.notice(&pin_id(8), "slack").await.unwrap(), None);
}

#[tokio::test]
async fn each_pin_has_one_message_a_service() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let number = opened(&store, 1, "shop/prod", '1').await;
    assert_eq!(store.message(number, "slack").await.unwrap(), None);
    let mut message = SentMessage { channel: "C1".into(), key: "17.1".into(), content_hash: "h1".into() };
    store.save_message(number, "slack", &message, at(1)).await.unwrap();
    message.content_hash = "h2".into();
    store.save_message(number, "slack", &message, at(2)).await.unwrap();
    assert_eq!(store.message(number, "slack").await.unwrap(), Some(message));
    assert_eq!(store.message(number, "zulip").await.unwrap(), None);
}

#[tokio::test]
async fn every_commit_ticks_and_a_health_check_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut changes = store.changes();
    store.healthy().await.unwrap();
    assert!(!changes.has_changed().unwrap());
    opened(&store, 1, "shop/prod", '1').await;
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    store.append(&pin_id(9), 1, &[], &[], at(1)).await.unwrap_err();
    assert!(!changes.has_changed().unwrap(), "nothing was written");
}
