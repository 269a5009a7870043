//! Every effect of a pin, of a pushed commit and of a first install, as a recorded run announces it, is failed, loses its answer, has the process
//! end before and after it, and is done twice (design 9.14). Each time it must end as the recorded one did, with all promises
//! kept.
#![cfg(test)]

mod chart;
mod checks;
mod keys;
mod play;
mod scenes;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use play::Play;
use scenes::Scene;
use testkit::crash::{Fault, Point};

/// So many worlds play the cases of a scene side by side.
const WORLDS: usize = 3;
/// So many edits of a message are broken: each says all that is so then, so that a later one is no other effect.
const EDITS: u32 = 2;
/// An edit of a chat message may be taken up in the one before it; then the case is played again.
const MOST_TRIES: u32 = 6;

#[test]
fn a_pin_that_holds_survives_every_fault_at_every_effect() {
    survive(Scene::Holds, &[]);
}

#[test]
fn a_pin_that_fails_is_dropped_and_the_cluster_is_back_whatever_breaks() {
    survive(Scene::Fails, &[Scene::Holds]);
}

#[test]
fn an_unpin_survives_every_fault() {
    survive(Scene::Unpin, &[Scene::Holds]);
}

#[test]
fn a_push_that_loses_a_race_is_redone_whatever_breaks() {
    survive(Scene::LosesRace, &[Scene::Holds]);
}

#[test]
fn a_race_that_changes_what_was_proven_is_proven_again_whatever_breaks() {
    survive(Scene::LosesRaceToChange, &[Scene::Holds, Scene::LosesRace]);
}

#[test]
fn a_pushed_commit_that_works_is_proven_whatever_breaks() {
    survive(Scene::Pushed, &[]);
}

#[test]
fn a_pushed_commit_that_does_not_work_is_held_back_whatever_breaks() {
    survive(Scene::PushedBad, &[Scene::Pushed, Scene::Fails]);
}

#[test]
fn a_pin_that_goes_in_steps_survives_every_fault() {
    survive(Scene::Steps, &[Scene::Holds]);
}

#[test]
fn hooks_run_once_a_candidate_whatever_breaks() {
    survive(Scene::Hooks, &[Scene::Holds]);
}

#[test]
fn a_first_install_survives_every_fault_at_every_effect() {
    survive(Scene::Installs, &[]);
}

/// One effect and what goes wrong with it.
type Case = (Point, Fault);

/// Records the scene, then plays it once for each effect and fault.
fn survive(scene: Scene, known: &[Scene]) {
    let began = Instant::now();
    let points = recorded(scene);
    let cases = cases(&points, known);
    let (recorded_in, number) = (began.elapsed(), cases.len());
    let mut shards: Vec<Vec<Case>> = vec![Vec::new(); WORLDS];
    for (index, case) in cases.into_iter().enumerate() {
        shards[index % WORLDS].push(case);
    }
    let playing: Vec<_> = shards.into_iter().map(|shard| std::thread::spawn(move || play_all(scene, shard))).collect();
    let failures: Vec<String> = playing.into_iter().flat_map(|shard| shard.join().unwrap()).collect();
    println!(
        "{scene:?}: {} effects recorded in {recorded_in:.1?}; {number} cases played in {:.1?}; {} failed",
        points.len(),
        began.elapsed(),
        failures.len()
    );
    assert!(failures.is_empty(), "{} of {number} cases:\n\n{}", failures.len(), failures.join("\n\n"));
}

/// Every fault at every effect. An effect that is broken in every way in a scene that is known has one fault here, each
/// effect another; with `CRASH_ALL=1` it has all of them again.
fn cases(points: &[Point], known: &[Scene]) -> Vec<Case> {
    let all = std::env::var_os("CRASH_ALL").is_some();
    let known: Vec<Point> = known.iter().filter(|_| !all).flat_map(|&scene| recorded(scene)).collect();
    let faults = |(index, point): (usize, &Point)| -> Vec<Case> {
        let is_known = known.iter().any(|other| other.effect == point.effect);
        let faults = Fault::ALL.into_iter().enumerate();
        let faults = faults.filter(|(number, _)| !is_known || *number == index % Fault::ALL.len());
        faults.map(|(_, fault)| (point.clone(), fault)).collect()
    };
    points.iter().enumerate().flat_map(faults).filter(|(point, _)| wanted(point)).collect()
}

/// For a person who looks into one of them: `CRASH_ONLY=push` breaks only effects whose name holds that.
fn wanted(point: &Point) -> bool {
    std::env::var("CRASH_ONLY").map_or(true, |only| point.effect.contains(&only))
}

/// What the scene announces when nothing breaks. Chat messages come when they come, the more of them the slower the machine:
/// the first few of each kind are sure, and are listed after all else.
fn recorded(scene: Scene) -> Vec<Point> {
    static RECORDED: Mutex<BTreeMap<Scene, Vec<Point>>> = Mutex::new(BTreeMap::new());
    let mut all = RECORDED.lock().unwrap_or_else(PoisonError::into_inner);
    all.entry(scene).or_insert_with(|| record(scene)).clone()
}

fn record(scene: Scene) -> Vec<Point> {
    let (first, second) = runtime().block_on(async {
        let mut play = Play::new(scene).await;
        keys::each_has_one(&play.seen());
        (play.run(None).await, play.run(None).await)
    });
    keys::each_has_one(&first);
    let is_chat = |point: &Point| point.effect.ends_with("chat message");
    let split = |points: Vec<Point>| points.into_iter().partition::<Vec<_>, _>(is_chat);
    let ((first_chat, first), (second_chat, second)) = (split(first), split(second));
    assert_eq!(first, second, "two runs without a fault announced different effects");
    let often = |point: &Point| point.occurrence <= EDITS && second_chat.contains(point);
    let chat = first_chat.into_iter().filter(often);
    first.into_iter().chain(chat).collect()
}

/// Plays cases in one world, pin after pin; what went wrong, in words. A case that failed leaves a world behind that nobody
/// can use, so the next one gets another.
fn play_all(scene: Scene, cases: Vec<Case>) -> Vec<String> {
    let runtime = runtime();
    let _entered = runtime.enter();
    let mut failures = Vec::new();
    let mut play = None;
    for (point, fault) in cases {
        let case = (point.clone(), fault);
        let one = || runtime.block_on(play_one(scene, play.take(), case));
        match catch_unwind(AssertUnwindSafe(one)) {
            Ok(done) => play = Some(done),
            Err(panic) => failures.push(format!("{fault:?} at {point}: {}", words(panic.as_ref()))),
        }
    }
    if let Some(play) = play {
        let looked = catch_unwind(AssertUnwindSafe(|| play.shows_no_secret()));
        failures.extend(looked.err().map(|panic| words(panic.as_ref())));
    }
    failures
}

async fn play_one(scene: Scene, play: Option<Play>, case: Case) -> Play {
    let mut play = match play {
        Some(play) => play,
        None => Play::new(scene).await,
    };
    for _ in 0..MOST_TRIES {
        let began = Instant::now();
        play.run(Some(case.clone())).await;
        if std::env::var_os("CRASH_TIMES").is_some() {
            println!("{:6.2?} {scene:?} {:?} at {}", began.elapsed(), case.1, case.0);
        }
        if !play.missed() {
            return play;
        }
        assert!(case.0.effect.ends_with("chat message"), "it was never announced");
    }
    panic!("it was never announced in {MOST_TRIES} runs")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
}
