use model::{Fact, FleetFact, FleetNumber, FleetStop, PinKind, PinNumber, Stage, Surface};
use store::{FleetRecord, NewFleet, NewPin, Opening, SentMessage, Store, StoreError};

use crate::parts::{announced, approval, at, build, digest, instance, open, pin_id, reopen};

async fn opened(store: &Store) -> FleetRecord {
    let build_id = store.receive(announced("shop", "d1", 5)).await.unwrap().build;
    let pin = |(n, place): (u8, &str)| NewPin {
        id: pin_id(n),
        instance: instance(place),
        kind: PinKind::Pin,
        build: build('1'),
        by: None,
    };
    let fleet = NewFleet {
        id: pin_id(9),
        project: "shop".parse().unwrap(),
        environment: "prod".parse().unwrap(),
        build: build('1'),
        size: 2,
        pause_ms: 0,
        pins: [(1, "shop/prod/a"), (2, "shop/prod/b"), (3, "shop/prod/c")].into_iter().map(pin).collect(),
    };
    let opening = Opening { pins: Vec::new(), fleets: vec![fleet] };
    store.build_resolved_into(build_id, &digest('1'), opening, at(6)).await.unwrap();
    store.open_fleets().await.unwrap().pop().unwrap()
}

#[tokio::test]
async fn a_fleet_pin_and_its_pins_are_opened_at_once_and_are_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let record = opened(&store).await;
    assert_eq!((record.fleet.number, record.id.clone()), (FleetNumber(1), pin_id(9)));
    assert_eq!(record.fleet.pins, [1, 2, 3].map(PinNumber));
    let store = reopen(store, dir.path()).await;
    assert_eq!(store.fleet(FleetNumber(1)).await.unwrap(), Some(record.clone()));
    assert_eq!(store.fleet_by_id(&pin_id(9)).await.unwrap(), Some(record.clone()));
    assert_eq!(store.fleets(None, 10).await.unwrap(), [record]);
    let pins = store.pins_of_fleet(FleetNumber(1)).await.unwrap();
    assert_eq!(pins.len(), 3);
    assert!(pins.iter().all(|pin| pin.pin.fleet == Some(FleetNumber(1)) && pin.pin.stage == Stage::Received));
    assert!(matches!(pins[0].facts[1].fact, Fact::InFleet { fleet: FleetNumber(1) }));
}

#[tokio::test]
async fn of_two_decisions_about_a_fleet_pin_the_first_counts() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let number = opened(&store).await.fleet.number;
    let cancelled = FleetFact::Cancelled { by: "ann".parse().unwrap(), surface: Surface::Page };
    let fleet = store.append_fleet(number, 1, cancelled.clone(), at(7)).await.unwrap();
    assert_eq!(fleet.stopped, Some(FleetStop::Cancelled("ann".parse().unwrap())));
    let late = store.append_fleet(number, 1, cancelled.clone(), at(8)).await.unwrap_err();
    assert!(matches!(late, StoreError::FleetConflict { .. }), "{late}");
    let illegal = store.append_fleet(number, 2, cancelled, at(8)).await.unwrap_err();
    assert!(matches!(illegal, StoreError::IllegalFleet(_)), "{illegal}");
    store.append_fleet(number, 2, FleetFact::Ended, at(9)).await.unwrap();
    assert_eq!(store.open_fleets().await.unwrap(), []);
    let none = store.append_fleet(FleetNumber(7), 1, FleetFact::Ended, at(9)).await.unwrap_err();
    assert_eq!(none.to_string(), "there is no fleet pin F7");
}

#[tokio::test]
async fn pins_of_a_fleet_are_told_alone_only_where_the_fleet_does_not_speak_for_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let alone =
        store.open_pin(&pin_id(8), &instance("blog/prod"), PinKind::Pin, build('1'), None, at(1)).await.unwrap();
    opened(&store).await;
    let told = async || -> Vec<PinNumber> {
        store.pins_told_alone(10).await.unwrap().into_iter().map(|record| record.pin.number).collect()
    };
    assert_eq!(told().await, [alone.number()]);
    // One has a message of its own; another is asked about again after its wave began.
    let message = SentMessage { channel: "C1".into(), key: "17.1".into(), content_hash: "h1".into() };
    store.save_message(PinNumber(3), "slack", &message, at(7)).await.unwrap();
    let asked = approval()[..2].to_vec();
    let facts = [approval(), vec![Fact::Released, Fact::Claimed], asked].concat();
    store.append(&pin_id(1), 2, &facts, &[], at(8)).await.unwrap();
    assert_eq!(told().await, [PinNumber(3), PinNumber(2), alone.number()]);
    assert_eq!(store.pins_told_alone(1).await.unwrap().len(), 1);
}
