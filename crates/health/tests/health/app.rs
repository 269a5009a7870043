//! Our own App, as its operator says how it is.

use std::time::Duration;

use health::{Cause, Decision, Verdict, Watch};
use serde_json::{Value, json};

use crate::fixtures::{failure, progress, verdict};

fn app(phase: &str, ready: (&str, &str), stalled: bool) -> Value {
    let (status, message) = ready;
    let mut conditions = vec![json!({"type": "Ready", "status": status, "reason": phase, "message": message})];
    if stalled {
        conditions.push(json!({"type": "Stalled", "status": "True", "reason": "MigrationFailed", "message": message}));
    }
    let logs = json!({"pod": "shop-migrate-x", "container": "migrate"});
    json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "App", "metadata": {"name": "shop", "namespace": "shop", "generation": 2},
        "status": {"observedGeneration": 2, "phase": phase, "conditions": conditions, "logs": logs}})
}

#[test]
fn what_comes_before_its_processes_start_uses_up_no_deadline_and_their_start_does() {
    for phase in ["Initializing", "BackingUp", "Migrating"] {
        let waiting = verdict(&app(phase, ("False", "the Job shop-migrate runs"), false), &[]);
        let Verdict::InProgress(progress) = &waiting else { panic!("{waiting:?}") };
        assert!(progress.timed && progress.sentence.contains("the Job shop-migrate runs"), "{progress:?}");
        let mut watch = Watch::new(Duration::from_mins(1), Duration::ZERO);
        assert_eq!(watch.observe(&waiting, Duration::from_hours(3)), Decision::Wait, "{phase}");
        let starting = verdict(&app("Deploying", ("False", "web is starting"), false), &[]);
        assert_eq!(watch.observe(&starting, Duration::from_secs(59)), Decision::Wait);
        assert!(matches!(watch.observe(&starting, Duration::from_secs(1)), Decision::Failed(_)));
    }
}

#[test]
fn an_app_that_can_not_go_on_fails_with_its_words_and_the_lines_of_what_failed() {
    let failed = failure(&app("Error", ("False", "the migration failed: exit code 1"), true), &[]);
    assert_eq!(
        (failed.cause, failed.logs_of.map(|logs| logs.pod)),
        (Cause::Stalled, Some("shop-migrate-x".to_owned()))
    );
    assert!(failed.sentence.contains("the migration failed: exit code 1"), "{}", failed.sentence);
    assert_eq!(verdict(&app("Ready", ("True", ""), false), &[]), Verdict::Current);
    assert!(!progress(&app("Error", ("False", "tried again"), false), &[]).timed);
}
