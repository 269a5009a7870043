//! What runs once and ends: the migration of a version, and what a new App begins with.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::dereference::superuser_secret;
use super::super::validate::Checked;
use super::names::{LONGEST, joined, metadata};
use super::pod::{self, Container};
use super::put;
use crate::hex::hex;
use crate::kinds::app::crd::{EnvVariable, Migrations, Resources, Superuser};

/// So much longer than it may take a migration has until its Job ends, so that a machine can be had meanwhile. The time of its pod begins there,
/// with the image.
const SECONDS_TO_BEGIN: u32 = 600;

/// The migration of this version. Its name holds the digest, so that there is one for each, whoever asks for it.
pub(super) fn migration(checked: &Checked<'_>) -> Option<Value> {
    let migrations = checked.app.spec.migrations.as_ref()?;
    let name = joined(&checked.app.metadata.name, &format!("migrate-{}", checked.digest.short()), LONGEST);
    let container = Container {
        name: "migrate",
        image: &checked.app.spec.image,
        command: &migrations.command,
        args: &[],
        env: lock_timeout(checked, migrations),
        configured: true,
        resources: migrations.resources.as_ref().or_else(|| of_web(checked)),
        volumes: &[],
        storage: None,
    };
    let mut job = job(checked, &name, super::JOB_OF_MIGRATION, migrations.timeout_seconds, &container);
    // It fails at the first failure, and is never run again by itself; a pod that a machine took along was none.
    job["spec"]["backoffLimit"] = json!(0);
    // A Job whose time is over deletes its pod, and with it what that said. A pod whose own time is over stays.
    job["spec"]["template"]["spec"]["activeDeadlineSeconds"] = json!(migrations.timeout_seconds);
    job["spec"]["activeDeadlineSeconds"] = json!(migrations.timeout_seconds.saturating_add(SECONDS_TO_BEGIN));
    job["spec"]["podReplacementPolicy"] = json!("Failed");
    job["spec"]["podFailurePolicy"] =
        json!({"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]});
    Some(job)
}

fn of_web<'a>(checked: &'a Checked<'_>) -> Option<&'a Resources> {
    checked.app.spec.processes.get("web")?.resources.as_ref()
}

/// A migration that waits for a lock makes all who come after it wait as well.
fn lock_timeout(checked: &Checked<'_>, migrations: &Migrations) -> Vec<Value> {
    let asked = checked.app.spec.needs.database.is_some() && migrations.lock_timeout_seconds > 0;
    let options = format!("-c lock_timeout={}s", migrations.lock_timeout_seconds);
    if asked { vec![json!({"name": "PGOPTIONS", "value": options})] } else { Vec::new() }
}

/// What a new App begins with: its data, its first user, its other commands.
pub(super) fn once(checked: &Checked<'_>) -> Vec<Value> {
    let spec = &checked.app.spec;
    let mut jobs = Vec::new();
    if let Some(seed) = &spec.seed {
        let image = seed.image.as_deref().unwrap_or(&spec.image);
        let (command, timeout) = (&seed.command, seed.timeout_seconds);
        jobs.push(Once { name: "seed", image, command, env: Vec::new(), is: Value::Null, timeout });
    }
    if let Some(superuser) = &spec.superuser {
        // Another address or password is nothing that is made anew: the user is there.
        let (env, is) = (superuser_env(checked, superuser), json!(superuser.username));
        let command = &superuser.command;
        jobs.push(Once { name: "superuser", image: &spec.image, command, env, is, timeout: 600 });
    }
    for (name, command) in &spec.setup {
        let (env, timeout) = (pod::env(&command.env), command.timeout_seconds);
        jobs.push(Once { name, image: &spec.image, command: &command.command, is: json!(env), env, timeout });
    }
    jobs.iter().map(|once| once.job(checked)).collect()
}

/// A command that runs once.
struct Once<'a> {
    name: &'a str,
    image: &'a str,
    command: &'a [String],
    env: Vec<Value>,
    /// What makes it another one, besides the command.
    is: Value,
    timeout: u32,
}

impl Once<'_> {
    /// Its name holds a hash of what it does, without the image: a new version does not do it again.
    fn job(&self, checked: &Checked<'_>) -> Value {
        let does = json!([self.command, self.is]).to_string();
        let hash = hex(&Sha256::digest(does.as_bytes()), 8);
        let name = joined(&checked.app.metadata.name, &format!("once-{}-{hash}", self.name), LONGEST);
        let container = Container {
            name: self.name,
            image: self.image,
            command: self.command,
            args: &[],
            env: self.env.clone(),
            configured: true,
            resources: of_web(checked),
            volumes: &[],
            storage: None,
        };
        job(checked, &name, &format!("{}{}", super::JOB_THAT_RUNS_ONCE, self.name), self.timeout, &container)
    }
}

fn superuser_env(checked: &Checked<'_>, superuser: &Superuser) -> Vec<Value> {
    let plain = |name: &str, value: &str| EnvVariable {
        name: name.to_owned(),
        value: Some(value.to_owned()),
        value_from: None,
    };
    let secret = superuser_secret(checked.app);
    pod::env(&[
        plain("DJANGO_SUPERUSER_USERNAME", &superuser.username),
        plain("DJANGO_SUPERUSER_EMAIL", &superuser.email),
        EnvVariable {
            name: "DJANGO_SUPERUSER_PASSWORD".to_owned(),
            value: None,
            value_from: Some(json!({"secretKeyRef": {"name": secret, "key": "password"}})),
        },
    ])
}

fn job(checked: &Checked<'_>, name: &str, part: &str, timeout: u32, container: &Container<'_>) -> Value {
    let mut spec = json!({});
    put(&mut spec, "backoffLimit", 3);
    put(&mut spec, "activeDeadlineSeconds", timeout);
    put(&mut spec, "template", pod::of_job(checked, part, container));
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata(checked.app, name, Some(part)), "spec": spec})
}
