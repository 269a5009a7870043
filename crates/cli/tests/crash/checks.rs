//! What must hold after every run, whatever broke: promises P1 to P12 as far as a pin can break them.

use control::Mark;
use model::{Fact, Outcome, PinNumber};
use store::PinRecord;
use testkit::{FakeSlack, World};

use crate::play::CANARY;
use crate::scenes::{Scene, is_approval};

/// What was so before the run.
pub(crate) struct Before {
    head: String,
}

impl Before {
    /// Now.
    pub(crate) fn of(world: &World) -> Self {
        Self { head: world.remote.head().unwrap() }
    }
}

/// Holds the run against all promises.
pub(crate) async fn check(
    scene: Scene,
    world: &World,
    before: &Before,
    number: PinNumber,
    outcome: &Outcome,
    said: &[String],
) {
    let record = world.control.store().pin(number).await.unwrap().unwrap();
    let as_expected = match outcome {
        Outcome::Done { .. } => scene.is_recorded(),
        Outcome::Dropped { healthy, .. } => !scene.is_recorded() && *healthy,
        _ => false,
    };
    assert!(as_expected, "P11: it ended otherwise than without a fault: {outcome:?}\n{}", life(&record));
    in_order(scene, &record);
    history(scene, world, before, &record);
    told_once(said);
    secret(&record, said);
    // P4: every lane is at rest, and git, cluster and database agree.
    let open = world.control.store().open_pins_of(&world.instance).await.unwrap();
    assert!(open.is_empty(), "P2: something is still open: {open:?}");
    let found = world.control.disagreements(&world.instance).await;
    assert!(found.is_empty(), "P4: git, cluster and database disagree:\n{}\n{}", found.join("\n"), life(&record));
}

/// Holds a first install against all promises: HEAD alone is desired, nobody is asked, and nothing is written to git.
pub(crate) async fn check_installed(world: &World) {
    let view = world.control.instance_view(&world.instance).await.unwrap();
    assert_eq!((view.mark, &view.state.install_failure), (Mark::Healthy, &None), "P11: {}", view.now);
    let head = world.remote.head().unwrap();
    assert_eq!(view.state.verified.unwrap().commit.as_str(), head, "P3: another commit was taken for proven");
    assert_eq!(world.remote.git(&["rev-list", "--count", "main"]).unwrap(), "1", "P3: something was committed");
    assert_eq!(world.control.pins(None, None).await.unwrap(), [], "P1: a pin was opened");
    let said = world.slack.as_ref().unwrap().messages(FakeSlack::DEPLOYS);
    assert!(said.is_empty(), "P8: people were told of a pin that is none: {said:?}");
    secret_on_disk(world);
    let found = world.control.disagreements(&world.instance).await;
    assert!(found.is_empty(), "P4: git, cluster and database disagree:\n{}", found.join("\n"));
}

/// Holds a pushed commit against all promises: nobody is asked, nothing is written to git, and who is told is told once.
pub(crate) async fn check_pushed(scene: Scene, world: &World, commit: &str) {
    let state = world.control.instance_view(&world.instance).await.unwrap().state;
    assert_eq!(world.remote.head().unwrap(), commit, "P12: something else is on the branch");
    assert_eq!(world.control.pins(None, None).await.unwrap(), [], "P1: a pin was opened");
    let verified = state.verified.as_ref().unwrap().commit.as_str();
    assert_eq!(verified == commit, scene.is_recorded(), "P3: {verified} is taken for proven");
    let healthy = state.head_failure.as_ref().map(|failed| failed.back.as_ref().is_some_and(|back| back.healthy));
    assert_eq!(healthy, (!scene.is_recorded()).then_some(true), "P11: it ended otherwise than without a fault");
    let told = told_of(world, commit);
    let pointers = told.iter().filter(|text| text.contains("This was posted twice")).count();
    assert_eq!(told.len() - pointers, usize::from(!scene.is_recorded()), "P8: people were told otherwise: {told:?}");
    world.agree().await;
    secret_on_disk(world);
}

/// What people were told of a pushed commit.
pub(crate) fn told_of(world: &World, commit: &str) -> Vec<String> {
    let said = world.slack.as_ref().unwrap().messages(FakeSlack::DEPLOYS);
    said.into_iter().map(|posted| posted.text).filter(|text| text.contains(&commit[..8])).collect()
}

/// P1, P3, P8: one question, one decision before anything was touched, a verdict before the commit, one end.
fn in_order(scene: Scene, record: &PinRecord) {
    let count = |is: fn(&Fact) -> bool| record.facts.iter().filter(|recorded| is(&recorded.fact)).count();
    let first = |is: fn(&Fact) -> bool| record.facts.iter().position(|recorded| is(&recorded.fact));
    let life = || life(record);
    assert_eq!(count(|fact| matches!(fact, Fact::Asked { .. })), 1, "people were asked again:\n{}", life());
    assert_eq!(count(is_approval), 1, "there was a second approval:\n{}", life());
    let ends = count(|fact| matches!(fact, Fact::Settled { .. } | Fact::ConvergedBack { .. }));
    assert_eq!(ends, 1, "P8: it ended more than once:\n{}", life());
    assert!(first(is_approval) < first(|fact| matches!(fact, Fact::Inventoried)), "P1: touched first:\n{}", life());
    if scene.is_recorded() {
        let verified = first(|fact| matches!(fact, Fact::Verified { .. }));
        let pushed = first(|fact| matches!(fact, Fact::Pushed { .. }));
        assert!(verified.is_some() && verified < pushed, "P3: recorded before it was proven:\n{}", life());
    } else {
        assert_eq!(count(|fact| matches!(fact, Fact::Verified { .. })), 0, "P3: it was taken for proven:\n{}", life());
    }
}

/// P3, P12: a line of commits, none lost, and exactly one of this pin if it holds.
fn history(scene: Scene, world: &World, before: &Before, record: &PinRecord) {
    let git = |args: &[&str]| world.remote.git(args).unwrap();
    let range = format!("{}..main", before.head);
    let merges = git(&["rev-list", "--merges", "main"]);
    assert!(merges.is_empty(), "the history is no longer a line: {merges}");
    let lost = git(&["rev-list", &format!("main..{}", before.head)]);
    assert!(lost.is_empty(), "P12: commits were lost: {lost}");
    let trailers = git(&["log", "--format=%(trailers:key=Pinnace-Pin,valueonly,separator=%x2C)", &range]);
    let ours: Vec<&str> = trailers.lines().filter(|line| !line.is_empty()).collect();
    let wanted: &[&str] = if scene.is_recorded() { &[record.id.as_str()] } else { &[] };
    assert_eq!(
        ours,
        wanted,
        "the commits of this run:\n{}\n{}",
        git(&["log", "--format=%h %an %s", &range]),
        life(record)
    );
    let theirs = git(&["log", "--format=%an", "--author=Bob", &range]).lines().count();
    assert_eq!(theirs, usize::from(scene.race(1).is_some()), "P12: a person's commits of this run");
}

/// One message tells the outcome; what was posted twice points to it.
fn told_once(said: &[String]) {
    let pointers = said.iter().filter(|text| text.contains("This was posted twice")).count();
    assert_eq!(said.len() - pointers, 1, "people were told more than once: {said:#?}");
}

/// P9: a Secret's value is in no fact and no message.
fn secret(record: &PinRecord, said: &[String]) {
    let shown = format!("{record:?} {said:?}");
    assert!(!shown.contains(CANARY), "P9: a Secret's value is shown: {shown}");
}

/// P9: a Secret's value is nowhere in the database.
pub(crate) fn secret_on_disk(world: &World) {
    for entry in std::fs::read_dir(world.data()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = if path.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        assert!(!String::from_utf8_lossy(&bytes).contains(CANARY), "P9: a Secret's value is in {}", path.display());
    }
}

/// The texts of a pin's messages, pointers included, oldest first.
pub(crate) fn messages(world: &World, key: &str) -> Vec<String> {
    let slack = world.slack.as_ref().unwrap();
    let of_pin = slack.messages(FakeSlack::DEPLOYS).into_iter();
    of_pin.filter(|posted| posted.metadata["event_payload"]["pin"] == key).map(|posted| posted.text).collect()
}

/// The pin's facts, one a line.
fn life(record: &PinRecord) -> String {
    let lines = record.facts.iter().map(|recorded| {
        let line = format!("  {:?}", recorded.fact);
        line.chars().take(200).collect::<String>()
    });
    lines.collect::<Vec<_>>().join("\n")
}
