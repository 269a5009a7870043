use std::time::Duration;

use health::{Cause, Decision, Failure, LogSource, ObjectKey, Progress, Verdict, Watch};
use serde_json::json;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn watch() -> Watch {
    Watch::new(seconds(600), seconds(30))
}

fn key() -> ObjectKey {
    ObjectKey::of(
        &json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}}),
    )
}

fn waits(sentence: &str) -> Verdict {
    Verdict::InProgress(Progress::new(&key(), sentence, "technical"))
}

#[test]
fn current_for_the_whole_window_passes() {
    let mut watch = watch();
    // The time before the first Current was not Current.
    assert_eq!(watch.observe(&Verdict::Current, seconds(100)), Decision::Wait);
    assert_eq!(watch.look_again_in(), seconds(30));
    assert_eq!(watch.observe(&Verdict::Current, seconds(29)), Decision::Wait);
    assert_eq!(watch.look_again_in(), seconds(1));
    assert_eq!(watch.observe(&Verdict::Current, seconds(1)), Decision::Passed);
}

#[test]
fn without_a_window_the_first_current_passes() {
    assert_eq!(Watch::new(seconds(600), Duration::ZERO).observe(&Verdict::Current, seconds(0)), Decision::Passed);
}

#[test]
fn a_flap_begins_the_window_anew() {
    let mut watch = watch();
    watch.observe(&Verdict::Current, seconds(1));
    watch.observe(&Verdict::Current, seconds(29));
    assert_eq!(watch.observe(&waits("web: 1 of 2 are ready"), seconds(0)), Decision::Wait);
    assert_eq!(watch.observe(&Verdict::Current, seconds(5)), Decision::Wait);
    assert_eq!(watch.observe(&Verdict::Current, seconds(29)), Decision::Wait);
    assert_eq!(watch.observe(&Verdict::Current, seconds(1)), Decision::Passed);
}

#[test]
fn a_failure_ends_it_at_once() {
    let failure = Failure::new(&key(), Cause::CrashLoop, "web starts and stops again", "");
    assert_eq!(watch().observe(&Verdict::Failed(failure.clone()), seconds(0)), Decision::Failed(failure));
}

#[test]
fn the_deadline_names_what_was_waited_for() {
    let mut watch = watch();
    let logs = LogSource { namespace: "shop".into(), pod: "a".into(), container: "web".into(), previous: false };
    let mut progress = Progress::new(&key(), "web runs but is not ready: probe failed: 503", "technical");
    progress.logs_of = Some(logs.clone());
    assert_eq!(watch.observe(&Verdict::InProgress(progress.clone()), seconds(599)), Decision::Wait);
    assert_eq!(watch.look_again_in(), seconds(1));
    let Decision::Failed(failure) = watch.observe(&Verdict::InProgress(progress), seconds(1)) else {
        panic!("not failed")
    };
    assert_eq!(failure.cause, Cause::DeadlineExceeded);
    assert_eq!(failure.sentence, "not ready after 10 m: web runs but is not ready: probe failed: 503");
    assert_eq!((failure.object, failure.logs_of), (key(), Some(logs)));
}

#[test]
fn at_the_deadline_a_stretch_of_current_may_still_end() {
    let mut watch = watch();
    watch.observe(&waits("a"), seconds(590));
    assert_eq!(watch.observe(&Verdict::Current, seconds(5)), Decision::Wait);
    assert_eq!(watch.observe(&Verdict::Current, seconds(29)), Decision::Wait);
    assert!(matches!(watch.clone().observe(&waits("a"), seconds(0)), Decision::Failed(_)));
    assert_eq!(watch.observe(&Verdict::Current, seconds(1)), Decision::Passed);
}

#[test]
fn time_that_nobody_observed_uses_up_nothing() {
    let mut watch = watch();
    for _ in 0..1_000 {
        assert_eq!(watch.observe(&waits("a"), seconds(0)), Decision::Wait);
    }
    assert_eq!(watch.observed(), seconds(0));
}

#[test]
fn an_added_machine_doubles_the_deadline_once() {
    let mut watch = watch();
    let mut progress = Progress::new(&key(), "no room", "");
    progress.patience = true;
    watch.observe(&Verdict::InProgress(progress.clone()), seconds(1));
    assert_eq!(watch.observe(&waits("a"), seconds(700)), Decision::Wait);
    assert_eq!(watch.observe(&Verdict::InProgress(progress), seconds(498)), Decision::Wait);
    assert!(matches!(watch.observe(&waits("a"), seconds(1)), Decision::Failed(_)));
}

#[test]
fn an_object_that_goes_or_cannot_be_judged_is_waited_for_until_the_deadline() {
    let mut watch = watch();
    watch.observe(&waits("web: 1 of 2 are ready"), seconds(1));
    assert_eq!(watch.observe(&Verdict::Terminating, seconds(1)), Decision::Wait);
    let Decision::Failed(failure) = watch.observe(&Verdict::Terminating, seconds(600)) else { panic!("not failed") };
    assert_eq!(failure.sentence, "not ready after 10 m: is being deleted; before: web: 1 of 2 are ready");
    assert!(
        matches!(Watch::new(seconds(72), seconds(0)).observe(&Verdict::Unknown("x".into()), seconds(72)), Decision::Failed(failure) if failure.sentence == "not ready after 1 m 12 s: x")
    );
}

#[test]
fn a_watch_goes_on_after_a_restart_of_ours() {
    let mut watch = watch();
    watch.observe(&waits("a"), seconds(590));
    let mut again: Watch = serde_json::from_str(&serde_json::to_string(&watch).unwrap()).unwrap();
    assert!(matches!(again.observe(&waits("a"), seconds(10)), Decision::Failed(_)));
}
