//! A fleet pin: one ask for every instance of a project, waves, and the first Failed stops it.

use control::{Answer, FleetView, ProblemCode};
use model::{FleetNumber, FleetStop, InstanceId, Outcome, Pin, Stage, Surface};
use testkit::world::{Plan, person};
use testkit::{Person, World};

const FIVE: &[&str] = &["c1", "c2", "c3", "c4", "c5"];

fn five(waves: &'static str) -> Plan {
    Plan { customers: FIVE, waves, ..Plan::default() }
}

fn id(customer: &str) -> InstanceId {
    format!("shop/prod/{customer}").parse().unwrap()
}

async fn installed(plan: Plan) -> World {
    let world = World::planned(plan).await;
    for customer in FIVE {
        world
            .until("every instance is proven", async |world| {
                world.control.instance_view(&id(customer)).await.ok()?.state.verified.map(drop)
            })
            .await;
    }
    world
}

async fn asked(world: &World) -> FleetView {
    world.fleet_that("people are asked about the fleet", |view| view.shown.is_some()).await
}

async fn over(world: &World, number: FleetNumber) -> FleetView {
    world.fleet_that("the fleet pin is over", |view| view.fleet.number == number && view.fleet.ended).await
}

fn done(pin: &Pin) -> bool {
    matches!(pin.stage, Stage::Ended(Outcome::Done { .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_yes_pins_every_instance_wave_by_wave() {
    let mut world = installed(five("{size: 2, pause: 0s}")).await;
    world.build("2.0").await;
    let view = asked(&world).await;
    assert_eq!((view.pins.len(), view.tally.asked), (5, 5));
    // Nobody is asked five times.
    assert_eq!(world.control.overview().await.unwrap().waiting.len(), 0);
    world.approve_fleet(&view, "ann").await;
    let view = over(&world, view.fleet.number).await;
    assert_eq!((view.tally.done, view.fleet.stopped.clone()), (5, None));
    for (pin, customer) in view.pins.iter().zip(FIVE) {
        assert_eq!((pin.instance.clone(), pin.approved_by()), (id(customer), "ann".to_owned()));
        assert!(world.objects.image(&format!("web-{customer}")).await.contains(":2.0"));
        assert!(world.image_of(customer).contains(":2.0"));
        assert_eq!(world.control.disagreements(&id(customer)).await, Vec::<String>::new());
    }
    // Never more than a wave at a time: the third began when the first two were over.
    let (mut begins, mut ends) = (Vec::new(), Vec::new());
    for pin in &view.pins {
        let facts = world.control.pin_view(pin.number).await.unwrap().facts;
        begins.push(facts.iter().find(|f| matches!(f.fact, model::Fact::Released)).unwrap().at);
        ends.push(pin.since);
    }
    assert!(begins[2] >= ends[0].max(ends[1]) && begins[4] >= ends[2].max(ends[3]), "{begins:?} {ends:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_build_stops_in_the_first_wave_and_touches_nothing_else() {
    let mut world = installed(five("{size: 2, pause: 0s}")).await;
    let head = world.remote.head().unwrap();
    world.build("2.0-crash-loop").await;
    let view = asked(&world).await;
    world.approve_fleet(&view, "ann").await;
    let view = over(&world, view.fleet.number).await;
    assert!(matches!(view.fleet.stopped, Some(FleetStop::Failed(_))), "{:?}", view.fleet);
    assert_eq!((view.tally.failed, view.tally.left_out), (2, 3));
    for pin in &view.pins[2..] {
        let Stage::Ended(Outcome::Refused { why }) = &pin.stage else { panic!("{pin:?}") };
        assert!(why.starts_with(&format!("fleet pin {} stopped: pin #", view.fleet.number)), "{why}");
        assert!(!pin.released);
    }
    for customer in FIVE {
        assert!(world.objects.image(&format!("web-{customer}")).await.contains(":1.0"));
        assert_eq!(world.control.disagreements(&id(customer)).await, Vec::<String>::new());
    }
    for customer in &FIVE[2..] {
        let live = world.objects.deployment(&format!("web-{customer}")).await;
        assert_eq!(live["metadata"]["generation"], 1, "{customer} was touched");
    }
    assert_eq!(world.remote.head().unwrap(), head, "nothing was committed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_between_waves_goes_on_with_the_next() {
    let mut world = installed(five("{size: 2, pause: 0s}")).await;
    world.build("2.0").await;
    let view = asked(&world).await;
    world.approve_fleet(&view, "ann").await;
    world.fleet_that("the first wave is over", |view| view.tally.done >= 2).await;
    world.restart(five("{size: 2, pause: 0s}")).await;
    let view = over(&world, view.fleet.number).await;
    assert_eq!(view.tally.done, 5, "{:?}", view.tally);
    assert!(view.pins.iter().all(done));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_is_said_once_for_all_and_by_those_who_may() {
    let mut world = installed(five("{size: 2}")).await;
    world.build("2.0").await;
    let view = asked(&world).await;
    let number = view.fleet.number;
    let cy = person("cy");
    let refused = world.control.approve_fleet(number, Answer::by(&cy, Surface::Page)).await.unwrap_err();
    assert_eq!(refused.code, ProblemCode::NotAllowed);
    let bo = person("bo");
    let stale = world.control.reject_fleet(number, Answer::by(&bo, Surface::Page).to("0000")).await.unwrap_err();
    assert_eq!(stale.code, ProblemCode::TooLate);
    let commits = world.control.store().changes();
    let before = *commits.borrow();
    world.control.reject_fleet(number, Answer::by(&bo, Surface::Page).because("not on a Friday")).await.unwrap();
    let view = over(&world, number).await;
    assert_eq!(view.tally.left_out, 5);
    let written = *commits.borrow() - before;
    assert!(written < 5, "one fact and those of all pins were {written} transactions");
    let late = world.control.approve_fleet(number, Answer::by(&bo, Surface::Page)).await.unwrap_err();
    assert_eq!(late.what, format!("fleet pin {number} is rejected already"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_locked_by_itself_and_left_where_it_is() {
    let mut world = installed(five("{size: 5, pause: 0s}")).await;
    world.control.lock(&id("c3"), &person("ann"), "prices are wrong").await.unwrap();
    world.build("2.0").await;
    let view = asked(&world).await;
    assert_eq!(view.pins.len(), 4);
    world.approve_fleet(&view, "ann").await;
    assert_eq!(over(&world, view.fleet.number).await.tally.done, 4);
    assert!(world.objects.image("web-c3").await.contains(":1.0"));
    assert!(world.objects.image("web-c4").await.contains(":2.0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_stops_it_between_waves() {
    let mut world = installed(five("{size: 2, pause: 1h}")).await;
    world.build("2.0").await;
    let view = asked(&world).await;
    let number = view.fleet.number;
    world.approve_fleet(&view, "ann").await;
    world.fleet_that("the first wave is over", |view| view.tally.done == 2).await;
    world.control.cancel_fleet(number, &person("bo"), Surface::Page).await.unwrap();
    let view = over(&world, number).await;
    assert_eq!((view.tally.done, view.tally.left_out), (2, 3));
    assert_eq!(view.fleet.stopped, Some(FleetStop::Cancelled(person("bo"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_after_the_yes_is_asked_about_again_and_by_itself() {
    let mut world = installed(five("{size: 4, pause: 0s}")).await;
    world.build("2.0").await;
    let view = asked(&world).await;
    let path = "apps/shop/prod/c2/web.yaml";
    let text = world.remote.file(path).unwrap().replace("replicas: 1", "replicas: 2");
    world.remote.commit_as(Person::BOB, path, &text).unwrap();
    world.approve_fleet(&view, "ann").await;
    let alone = world
        .until("c2 is asked about by itself", async |world| {
            world.control.overview().await.ok()?.waiting.into_iter().find(|pin| pin.instance == id("c2"))
        })
        .await;
    world.approve(alone.number, "bo").await;
    assert_eq!(over(&world, view.fleet.number).await.tally.done, 5);
    assert_eq!(world.objects.deployment("web-c2").await["spec"]["replicas"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_says_yes_to_all_and_waves_are_kept() {
    let mut world = installed(Plan { rule: "auto", ..five("{size: 2, pause: 0s}") }).await;
    world.build("2.0-crash-loop").await;
    let view = world.fleet_that("the fleet pin is over", |view| view.fleet.ended).await;
    assert_eq!((view.tally.failed, view.tally.left_out), (2, 3), "{:?}", view.fleet);
    // A build that works is pinned everywhere, also where the bad one was tried.
    world.build("3.0").await;
    let works = |view: &FleetView| view.fleet.ended && view.fleet.build.image.version() == "3.0";
    let view = world.fleet_that("the newer fleet pin is over", works).await;
    assert_eq!(view.tally.done, 5, "{:?}", view.tally);
}
