//! The database of an App, where it is an object of ours: which one it is, and whose data were in it before.

use cluster::{ObjectKey, Snapshot};
use serde_json::Value;

use super::super::crd::{AppStatus, RanIn};
use super::super::dereference::sources;
use super::super::status::remember;
use super::super::{App, AppSpec};
use super::mark::Mark;
use super::{ended_as, is_migration, jobs, runs_once, secret};
use crate::crd::OfKind as _;
use crate::driver::Work;
use crate::objects::{name_of, uid_of};
use crate::resource::Metadata;

/// Set on a Job: the uid of the database that it runs in, as the status of its App has it.
pub(crate) const RUNS_IN_ANNOTATION: &str = "pinnace.dev/runs-in";
/// Set on a migration's Job whose version says that the one before does not work with what it leaves.
pub(crate) const IRREVERSIBLE_ANNOTATION: &str = "pinnace.dev/irreversible";

/// The database of an App, as it is seen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Database {
    pub(crate) key: ObjectKey,
    /// Nothing, where it is not there.
    pub(crate) live: Value,
    /// Whether another App began in it that lives: they share it, and each begins for itself.
    pub(crate) is_shared: bool,
}

impl Database {
    /// That of this App. Its changes wake this lane from now on.
    pub(crate) fn of(work: &mut Work, app: &App) -> Option<Self> {
        let source = sources(&app.metadata.name, &app.spec).into_iter().find(|source| source.what == "database")?;
        let (kind, name) = source.object?;
        let key = work.ours_beside(kind, &name);
        let live = work.other(&key).unwrap_or_default();
        let is_shared = Mark::of(&live).is_some_and(|mark| {
            let first = work.shared.watcher.seen(&work.ours_beside(AppSpec::KIND.kind, mark.app));
            mark.uid != work.uid() && first.is_some_and(|first| uid_of(&first) == mark.uid)
        });
        Some(Self { key, live, is_shared })
    }

    /// Whether this App made it: it goes with it.
    pub(crate) fn is_of(&self, app: &str) -> bool {
        self.live.pointer("/metadata/ownerReferences/0/uid").is_some_and(|owner| owner == app)
    }

    /// Whether nothing was in it when it was made.
    pub(crate) fn began_empty(&self) -> bool {
        self.live["status"]["beganEmpty"] == true
    }

    /// Whether an App began in it before the one with this uid does. That may be the same one, which was given another database in between.
    fn is_begun(&self, app: &str, is_back: bool) -> bool {
        Mark::of(&self.live).is_some_and(|mark| if mark.uid == app { is_back } else { !self.is_shared })
    }

    /// Whether it bears no mark yet that keeps others from seeding into it. That of an App which shares it would hide whose it is.
    pub(crate) fn is_to_be_marked(&self, app: &str) -> bool {
        let is_left_alone = Metadata::of(&self.live).is_skipped();
        let hides = self.is_of(app) && self.is_shared;
        self.live.is_object() && !is_left_alone && (hides || Mark::of(&self.live).is_none())
    }

    /// Whether another App than the one with this uid began in it, which is gone.
    pub(crate) fn is_of_before(&self, app: &str) -> bool {
        self.is_begun(app, false)
    }

    /// Whether it is there, and what it begins with is still on its way.
    pub(crate) fn is_being_filled(&self) -> bool {
        self.live.is_object() && !self.is_filled()
    }

    /// Whether what it begins with is in it.
    fn is_filled(&self) -> bool {
        self.live["status"]["filled"] == true
    }

    /// Whether its data are those that the object of its name before it had: they stayed where they were.
    fn took_over(&self) -> bool {
        !self.began_empty() && self.live["status"].get("restored").is_none()
    }
}

/// Whether a Job ran, or runs, in data that are no more those of the App.
pub(crate) fn is_of_other_data(job: &Value, ran_in: Option<&RanIn>, database: Option<&Database>) -> bool {
    let Some(ran_in) = ran_in else { return false };
    let made = |object: &Value| object["metadata"]["creationTimestamp"].as_str().unwrap_or_default().to_owned();
    match job["metadata"]["annotations"][RUNS_IN_ANNOTATION].as_str() {
        Some(uid) => uid != ran_in.uid,
        // It is of an operator that did not say it.
        None => match database {
            Some(Database { live, .. }) => ran_in.uid == uid_of(live) && made(job) < made(live),
            None => secret::was_led_elsewhere(ran_in),
        },
    }
}

/// Brings up to date what the status says to be done. What ran in other data counts no longer: a database that was made anew holds what its backup held, or
/// nothing. And all that succeeded is remembered, whichever version is wanted by now and whoever takes its Jobs away.
pub(crate) fn settle(
    app: &mut App,
    uid: &str,
    database: Option<&Database>,
    led_to: Option<&RanIn>,
    snapshot: &Snapshot,
) {
    let mut status = app.status.take().unwrap_or_default();
    // What succeeded a moment before the data became others says that there were some.
    remember_what_succeeded(&mut status, database, snapshot);
    if let Some(database) = database {
        forget_other_data(&mut status, uid, database);
    }
    if let Some(place) = led_to {
        secret::forget_other_place(&mut status, place);
    }
    remember_what_succeeded(&mut status, database, snapshot);
    app.status = Some(status);
}

fn remember_what_succeeded(status: &mut AppStatus, database: Option<&Database>, snapshot: &Snapshot) {
    let ran_in = status.database.clone();
    let is_of_other = |job: &Value| is_of_other_data(job, ran_in.as_ref(), database);
    for job in jobs(snapshot).filter(|job| ended_as(job, "Complete") && !is_of_other(job)) {
        match digest(job).filter(|_| is_migration(job)) {
            Some(digest) => {
                if is_irreversible(job) {
                    remember(&mut status.irreversible, digest.clone());
                }
                remember(&mut status.migrations, digest);
            }
            None if runs_once(job) => remember(&mut status.once, name_of(job).to_owned()),
            None => {}
        }
    }
}

/// Whether something of the App was ever at work on its data.
pub(super) fn is_begun(status: &AppStatus) -> bool {
    status.image.is_some() || !status.migrations.is_empty() || !status.once.is_empty()
}

pub(super) fn forget(status: &mut AppStatus) {
    status.migrations.clear();
    status.irreversible.clear();
    status.once.clear();
    (status.migrated, status.backup) = (None, None);
}

fn forget_other_data(status: &mut AppStatus, app: &str, database: &Database) {
    let (name, uid) = (database.key.name.clone(), uid_of(&database.live).to_owned());
    if !database.is_filled() {
        return;
    }
    let is_back = status.database.is_some();
    // Else it began when no operator said so yet, and is begun itself.
    let is_new = status.migrations.is_empty() && status.once.is_empty();
    // Into another one data may have been moved since it was made: to seed too little is mended, to seed twice is not.
    let is_moved = |ran_in: &RanIn| ran_in.name != name && (ran_in.had_data || is_begun(status));
    let is_other = status.database.as_ref().is_some_and(is_moved);
    let had_data = !database.began_empty() || is_other || (is_back || is_new) && database.is_begun(app, is_back);
    match &status.database {
        Some(ran_in) if ran_in.uid == uid || ran_in.name == name && database.took_over() => return,
        Some(_) => forget(status),
        // It is of an operator that did not say it, or new.
        None => {}
    }
    status.database = Some(RanIn { name, uid, had_data });
}

fn is_irreversible(job: &Value) -> bool {
    job["metadata"]["annotations"][IRREVERSIBLE_ANNOTATION] == "true"
}

fn digest(job: &Value) -> Option<String> {
    let image = job.pointer("/spec/template/spec/containers/0/image")?.as_str()?;
    Some(image.rsplit_once('@')?.1.to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cluster::KindKey;
    use serde_json::json;

    use super::super::BEGUN_ANNOTATION;
    use super::*;

    fn database(name: &str, uid: &str, status: &Value) -> Database {
        let kind = KindKey::new("pinnace.dev/v1alpha1", "PostgresDatabase");
        let metadata = json!({"name": name, "uid": uid, "creationTimestamp": "2026-11-27T12:00:00Z"});
        Database {
            key: ObjectKey { kind, namespace: Some("n".to_owned()), name: name.to_owned() },
            live: json!({"metadata": metadata, "status": status}),
            is_shared: false,
        }
    }

    fn app(needs: &Value) -> App {
        let spec = json!({"image": "shop:4@sha256:4", "processes": {}, "needs": needs});
        let app =
            json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "App", "metadata": {"name": "shop"}, "spec": spec});
        App::read(&app).unwrap()
    }

    fn done(ran_in: Option<(&str, &str)>) -> AppStatus {
        AppStatus {
            migrations: vec!["sha256:1".to_owned()],
            once: vec!["seed".to_owned()],
            database: ran_in.map(|(name, uid)| RanIn { name: name.to_owned(), uid: uid.to_owned(), had_data: false }),
            ..AppStatus::default()
        }
    }

    fn after(mut status: AppStatus, database: &Database) -> (AppStatus, bool) {
        forget_other_data(&mut status, "now", database);
        let is_done = !status.migrations.is_empty() && !status.once.is_empty();
        (status, is_done)
    }

    #[test]
    fn what_ran_in_other_data_counts_no_longer() {
        let (empty, restored) = (json!({"filled": true, "beganEmpty": true}), json!({"filled": true, "restored": "b"}));
        for anew in [&empty, &restored] {
            let (status, is_done) = after(done(Some(("shop", "1"))), &database("shop", "2", anew));
            assert!(!is_done, "{anew}");
            assert_eq!(status.database.map(|ran_in| ran_in.uid).as_deref(), Some("2"));
        }
        let (_, is_done) = after(done(Some(("shop", "1"))), &database("other", "2", &json!({"filled": true})));
        assert!(!is_done, "the App was given another database");
    }

    #[test]
    fn what_ran_in_the_same_data_is_not_run_again() {
        let taken_over = json!({"filled": true});
        for (ran_in, uid, status) in [
            (Some(("shop", "1")), "1", json!({"filled": true, "restored": "b"})),
            (Some(("shop", "1")), "2", taken_over),
            (Some(("shop", "1")), "2", json!({})),
            (Some(("shop", "1")), "", Value::Null),
            (None, "2", json!({"filled": true, "beganEmpty": true})),
        ] {
            assert!(after(done(ran_in), &database("shop", uid, &status)).1, "{ran_in:?} {uid} {status}");
        }
    }

    #[test]
    fn a_job_is_of_other_data_when_it_says_so_or_is_older_than_the_database() {
        let empty = database("shop", "2", &json!({"filled": true, "beganEmpty": true}));
        let job = |runs_in: Option<&str>, made: &str| json!({"metadata": {"creationTimestamp": made, "annotations": {RUNS_IN_ANNOTATION: runs_in}}});
        let (before, since) = ("2026-11-27T11:00:00Z", "2026-11-27T13:00:00Z");
        let status = done(Some(("shop", "2")));
        let is_of_other =
            |job: &Value, status: &AppStatus| is_of_other_data(job, status.database.as_ref(), Some(&empty));
        assert!(is_of_other(&job(Some("1"), since), &status));
        assert!(!is_of_other(&job(Some("2"), before), &status));
        assert!(is_of_other(&job(None, before), &status));
        assert!(!is_of_other(&job(None, since), &status));
        assert!(!is_of_other(&job(None, before), &done(None)), "nothing is known of it");
        assert!(!is_of_other(&job(None, before), &done(Some(("shop", "1")))), "the data stayed where they were");
    }

    #[test]
    fn data_that_were_there_when_the_app_began_are_known_from_then_on() {
        let had_data = |status: &Value, by: Option<&str>, before: Option<(&str, &str)>| {
            let mut database = database("shop", "2", status);
            database.live["metadata"]["annotations"] = json!({BEGUN_ANNOTATION: by});
            let before = before.map_or_else(AppStatus::default, |before| done(Some(before)));
            after(before, &database).0.database.unwrap().had_data
        };
        let empty = json!({"filled": true, "beganEmpty": true});
        assert!(!had_data(&empty, None, None) && !had_data(&empty, Some("shop/now"), None));
        assert!(had_data(&empty, Some("shop/before"), None) && had_data(&empty, Some("other/before"), None));
        assert!(had_data(&json!({"filled": true}), None, None), "it was taken over");
        assert!(had_data(&json!({"filled": true, "restored": "b"}), None, Some(("shop", "1"))));
        assert!(!had_data(&empty, None, Some(("shop", "1"))), "it was made anew");
        assert!(had_data(&empty, Some("shop/now"), Some(("other", "1"))), "the App comes back to it");
        assert!(had_data(&empty, None, Some(("other", "1"))), "its data may have been moved");
    }

    #[test]
    fn an_app_that_joins_one_that_lives_in_a_database_begins_for_itself() {
        let mut joined = database("shop", "2", &json!({"filled": true, "beganEmpty": true}));
        joined.live["metadata"]["annotations"] = json!({BEGUN_ANNOTATION: "first/1"});
        joined.is_shared = true;
        assert!(!after(AppStatus::default(), &joined).0.database.unwrap().had_data);
    }

    #[test]
    fn all_that_succeeded_is_remembered() {
        let job = |part: &str, digit: &str, end: &str| {
            let metadata = json!({"name": format!("shop-{part}"), "labels": {"app.kubernetes.io/component": part}});
            Arc::new(json!({"kind": "Job", "metadata": metadata,
                "spec": {"template": {"spec": {"containers": [{"image": format!("shop:1@sha256:{digit}")}]}}},
                "status": {"conditions": [{"type": end, "status": "True"}]}}))
        };
        let mut snapshot = Snapshot::default();
        let migration = |digit: &str, end: &str| job("migration", digit, end);
        snapshot.children = vec![
            migration("1", "Complete"),
            migration("2", "Complete"),
            migration("3", "Failed"),
            job("once-index", "2", "Complete"),
            job("once-superuser", "2", "Failed"),
            job("other", "2", "Complete"),
        ];
        let mut app = app(&json!({}));
        app.status = Some(done(None));
        settle(&mut app, "now", None, None, &snapshot);
        let status = app.status.unwrap();
        assert_eq!(status.migrations, ["sha256:1", "sha256:2"]);
        assert_eq!(status.once, ["seed", "shop-once-index"]);
    }
}
