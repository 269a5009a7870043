//! Backups of databases, and what is brought back from them. They are made by Jobs in the operator's own namespace, on a volume there: so
//! they outlive the namespace of the App.
//!
//! Who wants one says so by an annotation, and finds it in the status when it is made. What was made is written down in the operator's
//! namespace too, so that a database that is made again after a disaster finds its last backup.

mod script;

use std::collections::BTreeMap;
use std::time::Duration;

use cluster::{KindKey, MADE_BY, MADE_LABEL, ObjectKey, Snapshot};
use health::Verdict;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::PostgresDatabase;
use super::crd::{Backup, BackupRun};
use super::dereference::Reached;
use crate::driver::{OperatorError, Work, rfc3339};
use crate::hex::hex;
use crate::kinds::app::judge_job;
use crate::postgres::{self, Login, Wanted};
use script::{DUMP, RESTORE};

/// `backup.pinnace.dev/<who>: <name>` asks for a backup of this name.
pub(crate) const WANTED_ANNOTATION: &str = "backup.pinnace.dev/";
/// A Job in our own namespace may be out of sight: it is asked about so often.
pub(crate) const ASKED_EVERY: Duration = Duration::from_secs(2);
/// So many are kept on the volume, and remembered.
const KEPT: usize = 5;
const VOLUME: &str = "pinnace-backups";
const TIMEOUT_SECONDS: u32 = 6 * 3600;

/// A backup that somebody asked for and that is not made yet: who asks, and its name. One that runs comes first, so that there is one at a time;
/// one that failed holds up no other.
pub(crate) fn asked_for(database: &PostgresDatabase) -> Option<(String, String)> {
    let status = database.status.clone().unwrap_or_default();
    let run = status.backup;
    let is_of = |name: &str, failed: bool| run.as_ref().is_some_and(|run| run.name == name && run.failed == failed);
    let is_missing = |name: &String| is_name(name) && status.backups.iter().all(|one| one.name != *name);
    let asked = database.metadata.annotations.iter();
    let asked = asked.filter(|(key, name)| key.starts_with(WANTED_ANNOTATION) && is_missing(name));
    let first = asked.min_by_key(|(_, name)| (!is_of(name, false), is_of(name, true)));
    first.map(|(key, name)| (key.clone(), name.clone()))
}

/// What is made is asked for no longer: it would be made again once it is no more among those that are kept.
pub(crate) async fn is_answered(work: &Work, asked: &str) -> Result<(), OperatorError> {
    work.client().annotate(&work.key, asked, None).await?;
    Ok(())
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 100 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// What came of a Job.
pub(crate) enum Ran {
    Runs(String),
    Failed(String),
    /// Since then.
    Done(Timestamp),
}

/// Makes a backup, or looks at how it goes.
pub(crate) async fn made(
    work: &mut Work,
    reached: &Reached,
    wanted: &Wanted,
    login: &Login,
    name: &str,
) -> Result<Ran, OperatorError> {
    let ran = run(work, reached, wanted, login, ("backup", name, DUMP)).await?;
    if let Ran::Done(at) = ran {
        write_down_made(work, name, at).await?;
    }
    Ok(ran)
}

/// Writes down that a backup was made.
pub(crate) async fn write_down_made(work: &mut Work, name: &str, at: Timestamp) -> Result<(), OperatorError> {
    let mut all = known(work).await?;
    if all.iter().all(|one| one.name != name) {
        all.push(Backup { name: name.to_owned(), at: rfc3339(at) });
        all.sort_by(|one, other| one.at.cmp(&other.at));
    }
    write_down(work, &mut all).await
}

/// Brings a backup back, or looks at how it goes.
pub(crate) async fn restored(
    work: &mut Work,
    reached: &Reached,
    wanted: &Wanted,
    login: &Login,
    name: &str,
) -> Result<Ran, OperatorError> {
    run(work, reached, wanted, login, ("restore", &of_this(work, name), &RESTORE.replace("$NAME", name))).await
}

/// A database that is made once more is restored once more.
fn of_this(work: &Work, name: &str) -> String {
    format!("{name}-{}", work.uid().chars().take(8).collect::<String>())
}

/// Whether a backup is being brought back into this very database, or was. One that could not be is none.
pub(crate) async fn is_or_was_restored(work: &Work, name: &str) -> Result<bool, OperatorError> {
    let live = work.client().get(&job_key(work, "restore", &of_this(work, name))).await?;
    Ok(live.is_some_and(|job| !matches!(judge_job(&job, &Snapshot::default()), Verdict::Failed(_))))
}

fn job_key(work: &Work, what: &str, name: &str) -> ObjectKey {
    let hash = hex(&Sha256::digest(format!("{}/{}/{name}", work.namespace(), work.key.name)), 10);
    let own = work.client().own_namespace().to_owned();
    ObjectKey { kind: KindKey::new("batch/v1", "Job"), namespace: Some(own), name: format!("{what}-{hash}") }
}

async fn run(
    work: &mut Work,
    reached: &Reached,
    wanted: &Wanted,
    login: &Login,
    (what, name, script): (&str, &str, &str),
) -> Result<Ran, OperatorError> {
    let own = work.client().own_namespace().to_owned();
    let key = job_key(work, what, name);
    let job_name = key.name.clone();
    let live = if let Some(live) = work.client().get(&key).await? {
        live
    } else {
        work.client().create(&volume(&own, &work.shared.settings.backups)).await?;
        work.client().create(&secret(&own, &job_name, reached, wanted, login)).await?;
        let folder = format!("{}/{}", work.namespace(), work.key.name);
        // Dumps of another major version are refused by one side or the other.
        let major = {
            let _turn = work.shared.turn_on(&reached.server.to_string()).await;
            postgres::major_version(&reached.server).await?
        };
        let image = work.shared.settings.images.postgres_of_major(major);
        let job = job(&own, &job_name, (name, script, &folder), &image);
        work.client().create(&job).await?.into_object()
    };
    Ok(match judge_job(&live, &Snapshot::default()) {
        Verdict::Current => {
            // The login is not left lying about.
            work.delete_made(&ObjectKey { kind: KindKey::new("v1", "Secret"), ..key }, None).await?;
            Ran::Done(ended(&live).unwrap_or_else(|| work.now()))
        }
        Verdict::Failed(failure) => Ran::Failed(format!("{} (kubectl logs -n {own} job/{job_name})", failure.sentence)),
        other => Ran::Runs(format!("the Job {job_name} in the namespace {own}: {}", other.sentence())),
    })
}

fn ended(job: &Value) -> Option<Timestamp> {
    job["status"]["completionTime"].as_str()?.parse().ok()
}

/// What is kept of this database, the newest last.
pub(crate) async fn known(work: &Work) -> Result<Vec<Backup>, OperatorError> {
    let key = record(work);
    let Some(live) = work.client().get(&key).await? else { return Ok(Vec::new()) };
    read(&live).ok_or_else(|| OperatorError::DamagedRecord {
        namespace: key.namespace.unwrap_or_default(),
        name: key.name,
        why: "can't be read as the backups that there are: mend it, or delete it if there are none to be kept",
    })
}

/// A record that can't be read is never the same as one of no backups: a database would begin empty.
fn read(record: &Value) -> Option<Vec<Backup>> {
    serde_json::from_str(record["data"]["backups"].as_str()?).ok()
}

async fn write_down(work: &mut Work, all: &mut Vec<Backup>) -> Result<(), OperatorError> {
    let too_many = all.len().saturating_sub(KEPT);
    all.drain(..too_many);
    let key = record(work);
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": key.name, "namespace": key.namespace, "labels": {MADE_LABEL: MADE_BY}},
        "data": {"backups": json!(all).to_string()},
    });
    work.keep_as_it_is(&map, &cluster::Autoscaled::default()).await?;
    Ok(())
}

/// Where it is written down which there are.
fn record(work: &Work) -> ObjectKey {
    let hash = hex(&Sha256::digest(format!("{}/{}", work.namespace(), work.key.name)), 10);
    let (kind, namespace) = (KindKey::new("v1", "ConfigMap"), Some(work.client().own_namespace().to_owned()));
    ObjectKey {
        kind,
        namespace,
        name: format!("backups-{}-{hash}", work.namespace().chars().take(40).collect::<String>()),
    }
}

/// The run that a status tells of.
pub(crate) fn told(name: &str, ran: &Ran) -> Option<BackupRun> {
    let of = |failed, message: &String| Some(BackupRun { name: name.to_owned(), failed, message: message.clone() });
    match ran {
        Ran::Runs(message) => of(false, message),
        Ran::Failed(message) => of(true, message),
        Ran::Done(_) => None,
    }
}

fn labels() -> Value {
    json!({MADE_LABEL: MADE_BY, "app.kubernetes.io/component": "backup"})
}

fn volume(own: &str, settings: &crate::driver::Backups) -> Value {
    let mut spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": settings.size}}});
    crate::objects::put(&mut spec, "storageClassName", settings.class.clone());
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": VOLUME, "namespace": own, "labels": labels()}, "spec": spec})
}

fn secret(own: &str, name: &str, reached: &Reached, wanted: &Wanted, login: &Login) -> Value {
    let port = reached.port.to_string();
    let data: BTreeMap<&str, &str> = [
        ("PGHOST", reached.host.as_str()),
        ("PGPORT", &port),
        ("PGDATABASE", wanted.database.as_str()),
        ("PGUSER", &login.role),
        ("PGPASSWORD", login.password.expose()),
    ]
    .into();
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": own, "labels": labels()}, "stringData": data})
}

fn job(own: &str, job: &str, (name, script, folder): (&str, &str, &str), image: &str) -> Value {
    let env = json!([
        {"name": "NAME", "value": name}, {"name": "FOLDER", "value": folder}, {"name": "KEPT", "value": KEPT.to_string()},
    ]);
    let container = json!({
        "name": "postgres", "image": image, "command": ["sh", "-c", script], "env": env, "envFrom": [{"secretRef": {"name": job}}],
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
        "volumeMounts": [{"name": "backups", "mountPath": "/backups"}],
    });
    let pod = json!({
        "restartPolicy": "Never", "automountServiceAccountToken": false, "enableServiceLinks": false,
        "securityContext": {"runAsNonRoot": true, "runAsUser": 999, "runAsGroup": 999, "fsGroup": 999, "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "backups", "persistentVolumeClaim": {"claimName": VOLUME}}],
    });
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": job, "namespace": own, "labels": labels()},
        "spec": {"backoffLimit": 2, "activeDeadlineSeconds": TIMEOUT_SECONDS, "ttlSecondsAfterFinished": 86_400,
            "template": {"metadata": {"labels": labels()}, "spec": pod}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_is_damaged_is_not_one_of_no_backups() {
        let record = |text: &str| json!({"data": {"backups": text}});
        assert_eq!(read(&record("[]")), Some(Vec::new()));
        let kept = r#"[{"name": "a", "at": "2026-11-26T00:00:00Z"}]"#;
        assert_eq!(read(&record(kept)).map(|all| all.len()), Some(1));
        assert_eq!(read(&record("[{")), None);
        assert_eq!(read(&json!({"data": {}})), None);
    }

    #[test]
    fn the_backup_that_runs_comes_first_and_one_that_failed_last() {
        let asked = |run: Value| {
            let annotations =
                json!({"backup.pinnace.dev/a": "one", "backup.pinnace.dev/b": "two", "backup.pinnace.dev/c": "made"});
            let database = json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "PostgresDatabase", "metadata": {"name": "shop", "annotations": annotations},
                "spec": {"server": {"local": {}}}, "status": {"backup": run, "backups": [{"name": "made", "at": ""}]}});
            asked_for(&PostgresDatabase::read(&database).unwrap()).unwrap().1
        };
        assert_eq!(asked(Value::Null), "one");
        assert_eq!(asked(json!({"name": "two", "failed": false, "message": ""})), "two");
        assert_eq!(asked(json!({"name": "one", "failed": true, "message": ""})), "two");
    }
}
