use serde_json::{Value, json};

use super::super::databases::{named, needed};
use super::super::{AppsView, NeedState, NeedView, Sight};
use super::*;

const OLD: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const NEW: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn image(version: &str, digest: &str) -> String {
    format!("registry.example/acme/shop:{version}@{digest}")
}

/// An App that serves 1.4.2.
fn serving() -> Value {
    json!({
        "apiVersion": "pinnace.dev/v1alpha1", "kind": "App",
        "metadata": {"name": "shop", "namespace": "shop-prod", "generation": 3},
        "spec": {"image": image("1.4.2", OLD), "migrations": {"command": ["migrate"]}, "needs": {"database": {}}},
        "status": {
            "observedGeneration": 3, "phase": "Ready", "phaseSince": "2026-07-15T14:02:11Z", "version": "1.4.2",
            "image": image("1.4.2", OLD), "migrated": OLD, "migrations": [OLD], "url": "https://shop.example.org/",
            "conditions": said("True", "Ready", "it runs as it should"),
        },
    })
}

/// The same, whose next version can't be migrated.
fn failed() -> Value {
    let mut app = serving();
    app["spec"]["image"] = json!(image("1.5.0", NEW));
    app["status"]["phase"] = json!("Error");
    app["status"]["conditions"] = said("False", "MigrationFailed", "the migration failed: exit code 1");
    app["status"]["conditions"][1]["status"] = json!("True");
    app["status"]["logs"] = json!({"pod": "shop-migrate-x", "container": "migrate", "previous": true});
    app
}

fn said(ready: &str, reason: &str, message: &str) -> Value {
    json!([
        {"type": "Ready", "status": ready, "reason": reason, "message": message},
        {"type": "Stalled", "status": "False", "reason": reason, "message": ""},
    ])
}

fn seen(object: &Value) -> AppView {
    app(object, "prod").0
}

#[test]
fn what_serves_is_said_with_its_version_address_and_migration() {
    let view = seen(&serving());
    assert_eq!((view.word(), view.versions().as_str(), view.to.as_deref()), ("Ready", "1.4.2", None));
    assert!(view.ready && !view.is_in_error() && view.retry.is_none(), "{view:?}");
    assert_eq!(view.since.unwrap().to_string(), "2026-07-15T14:02:11Z");
    assert_eq!(view.url.as_deref(), Some("https://shop.example.org/"));
    let migration = view.migration.unwrap();
    assert_eq!((migration.state, migration.version.as_str()), (MigrationState::Done, "1.4.2"));
}

#[test]
fn a_command_that_failed_is_run_again_by_the_same_verb_and_is_no_migration_that_failed() {
    let mut app = failed();
    app["status"]["conditions"] = said("False", "CommandFailed", "the command failed: exit code 1");
    let view = seen(&app);
    assert!(view.retry.is_some(), "{view:?}");
    assert_eq!(view.migration.unwrap().state, MigrationState::Waits);
}

#[test]
fn a_migration_that_failed_says_what_serves_on_and_how_it_is_run_again() {
    let (view, source) = app(&failed(), "arn:aws:eks/prod eu");
    assert_eq!((view.word(), view.versions().as_str()), ("Error", "1.4.2 → 1.5.0"));
    assert!(view.is_in_error());
    assert_eq!(view.retry.unwrap(), "pinnace app retry --context 'arn:aws:eks/prod eu' -n shop-prod shop");
    let migration = view.migration.unwrap();
    assert_eq!((migration.state, migration.version.as_str()), (MigrationState::Failed, "1.5.0"));
    assert_eq!(migration.done_last.as_deref(), Some("1.4.2"));
    let source = source.unwrap();
    assert_eq!((source.namespace.as_str(), source.pod.as_str()), ("shop-prod", "shop-migrate-x"));
    assert_eq!(view.lines_of, "pod shop-migrate-x, container migrate, the run before");
}

#[test]
fn a_status_from_before_the_newest_change_counts_for_nothing() {
    let mut app = failed();
    app["metadata"]["generation"] = json!(4);
    let view = seen(&app);
    assert!(!view.is_in_error() && !view.ready && view.retry.is_none(), "{view:?}");
    assert!(view.message.starts_with("its newest change is not taken up yet"), "{}", view.message);
}

#[test]
fn an_app_that_nobody_looks_after_says_where_the_operator_has_to_run() {
    let mut app = serving();
    app["status"] = json!({});
    let view = seen(&app);
    assert_eq!((view.word(), view.versions().as_str()), ("Not taken up", "nothing → 1.4.2"));
    assert!(view.message.contains("`pinnace operator` runs for the context prod"), "{}", view.message);
}

#[test]
fn what_is_left_as_it_is_says_by_what() {
    let mut app = failed();
    app["spec"]["pause"] = json!(true);
    assert_eq!((seen(&app).word(), seen(&app).paused, seen(&app).is_in_error()), ("Paused", Some("spec.pause"), false));
    let mut app = serving();
    app["metadata"]["annotations"] = json!({"pinnace.dev/skip": "true"});
    assert_eq!(seen(&app).paused, Some("the annotation pinnace.dev/skip"));
    app["metadata"]["annotations"] = json!({"pinnace.dev/skip": "false"});
    assert_eq!(seen(&app).paused, None);
}

#[test]
fn whatever_stands_in_an_app_it_is_read() {
    for odd in
        [json!(null), json!({"spec": 3, "status": []}), json!({"status": {"conditions": {"a": 1}, "logs": "no"}})]
    {
        assert!(!seen(&odd).ready);
        assert!(needed(&odd, &|_| Sight::Gone).is_empty());
    }
}

fn need(app: &Value, object: Option<Value>) -> NeedView {
    let sight = |_: &cluster::ObjectKey| object.clone().map_or(Sight::Gone, |object| Sight::There(Box::new(object)));
    needed(app, &sight).remove(0)
}

#[test]
fn what_an_app_needs_bears_its_name_or_the_one_that_is_given() {
    let names = |app: &Value| named(app).iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut app = serving();
    assert_eq!(names(&app), ["PostgresDatabase shop-prod/shop"]);
    app["spec"]["needs"] = json!({"database": {"secret": {"name": "pg"}}, "redis": {"name": "shared"}, "rabbit": null});
    assert_eq!(names(&app), ["Redis shop-prod/shared"]);
    let needs = needed(&app, &|_| Sight::Gone);
    assert_eq!((needs[0].state, needs[0].why.as_str()), (NeedState::Elsewhere, "known by the Secret pg alone"));
    assert_eq!(needs[1].why, "there is no Redis/shared");
}

#[test]
fn a_database_says_its_server_its_backups_and_why_it_is_not_ready() {
    let mut database = json!({
        "apiVersion": "pinnace.dev/v1alpha1", "kind": "PostgresDatabase", "metadata": {"name": "shop"},
        "spec": {"server": {"cluster": {}}},
        "status": {"backedUp": "2026-07-15T14:02:11Z", "conditions": said("True", "Ready", "it takes connections")},
    });
    let view = need(&serving(), Some(database.clone()));
    assert_eq!((view.state, view.server.as_deref(), view.why.as_str()), (NeedState::Ready, Some("cluster"), ""));
    assert!(view.backed_up.is_some() && view.restored.is_none());
    database["status"] =
        json!({"backup": {"failed": true, "message": "no room"}, "conditions": said("False", "Waits", "starts")});
    let view = need(&serving(), Some(database));
    assert_eq!((view.state, view.why.as_str(), view.backup.as_deref()), (NeedState::Waits, "starts", Some("no room")));
}

#[test]
fn what_did_not_come_back_is_said_by_the_database_and_in_more_words_by_its_app() {
    let restored = |message: &str| json!({"conditions": [{"type": "Restored", "status": "True", "reason": "FromBackup", "message": message}]});
    let database = json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "PostgresDatabase", "metadata": {"name": "shop"},
        "spec": {}, "status": restored("from 1")});
    let mut app = serving();
    assert_eq!(need(&app, Some(database.clone())).restored.as_deref(), Some("from 1"));
    app["status"] = restored("from 1; SECRET_KEY is another");
    assert_eq!(need(&app, Some(database)).restored.as_deref(), Some("from 1; SECRET_KEY is another"));
}

#[test]
fn a_kind_that_can_not_be_seen_says_which_rights_are_wanted() {
    let blind = needed(&serving(), &|_| Sight::Blind(Some("it may not list them".to_owned())));
    assert_eq!(blind[0].state, NeedState::Unseen);
    assert!(blind[0].why.contains("`pinnace rbac`"), "{}", blind[0].why);
}

#[test]
fn nothing_is_shown_as_it_came() {
    let mut app = failed();
    app["status"]["url"] = json!("javascript:alert(1)");
    let mut view = seen(&app);
    view.lines = vec!["password hunter2".to_owned()];
    view.needs = vec![need(&serving(), None)];
    view.needs[0].why = "hunter2".to_owned();
    let shown = AppsView { apps: vec![view], ..AppsView::default() }.shown(&|text| text.replace("hunter2", "•••"));
    assert_eq!(shown.apps[0].lines, ["password •••"]);
    assert_eq!((shown.apps[0].needs[0].why.as_str(), &shown.apps[0].url), ("•••", &None));
}

#[test]
fn of_several_apps_the_one_in_error_comes_first() {
    let apps = vec![seen(&serving()), seen(&failed())];
    let view = AppsView { apps, ..AppsView::default() };
    assert_eq!(view.worst().unwrap().word(), "Error");
}
