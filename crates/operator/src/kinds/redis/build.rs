//! One Redis in the cluster: a pure function. Its pod is told a hash of the password, never the password.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use secrets::{Secret, in_address};

use super::crd::{Persistence, RedisSpec, WhenFull};
use super::validate::{Checked, Place};
use crate::hex::hex;
use crate::local::{Images, Mount, Pod, Server, bytes, resources, shell};
use crate::objects::connection_secret;

const COMPONENT: &str = "redis";
const PORTS: &[(&str, u16)] = &[("redis", 6379)];
/// The rule of the kind says so too; it stands for what got past it.
const USUAL_MEMORY: u64 = 200 << 20;

/// Whether it answers: one that reads its file again after a start does not.
const READY: &str = "#!/bin/sh\n# Says whether Redis takes requests. The user `probe` may do nothing else.\n\
    answer=$(redis-cli -h 127.0.0.1 -p \"${PINNACE_PORT:-6379}\" --user probe --pass probe --no-auth-warning ping)\n[ \"$answer\" = PONG ]\n";

/// The files that a Redis reads: its settings, and its users.
pub struct Files {
    /// `redis.conf`, without the folder of the users.
    pub settings: String,
    /// `users.acl`.
    pub users: String,
    /// What its probe runs.
    pub ready: &'static str,
}

/// What is written into the files of a Redis.
pub fn files(spec: &RedisSpec, password: &Secret<String>) -> Files {
    let memory = bytes(&spec.memory).unwrap_or(USUAL_MEMORY);
    let when_full = match spec.when_full {
        WhenFull::Refuse => "noeviction",
        WhenFull::Forget => "allkeys-lru",
    };
    let keeps = if spec.persistence.is_some() { "yes" } else { "no" };
    // No snapshots beside: the file of what was done is enough, and a snapshot takes as much memory again.
    let settings = format!(
        "protected-mode no\ndaemonize no\nlogfile \"\"\nmaxmemory {memory}\nmaxmemory-policy {when_full}\nappendonly {keeps}\n\
         appendfsync everysec\nsave \"\"\n"
    );
    let hash = hex(&Sha256::digest(password.expose()), 64);
    let users =
        format!("user default on #{hash} ~* &* +@all\nuser probe on nopass resetkeys resetchannels -@all +ping\n");
    Files { settings, users, ready: READY }
}

/// The Secret that tells Apps of it.
pub(crate) fn connection(checked: &Checked<'_>) -> Value {
    let (host, port, path) = match &checked.place {
        Place::Local(server) => (server.host(), 6379, String::new()),
        Place::External { host, port, database: 0 } => (host.clone(), *port, String::new()),
        Place::External { host, port, database } => (host.clone(), *port, format!("/{database}")),
    };
    let password = checked.password.as_ref().map(|password| password.expose().as_str());
    let login = password.map(|password| format!(":{}@", in_address(password))).unwrap_or_default();
    let (url, port) = (format!("redis://{login}{host}:{port}{path}"), port.to_string());
    let parts = [("host", host.as_str()), ("port", &port), ("url", &url)];
    let parts = parts.into_iter().chain(password.map(|password| ("password", password)));
    connection_secret(
        &checked.redis.metadata,
        checked.namespace,
        &super::validate::connection_secret(checked.redis),
        parts,
    )
}

/// The objects of a server.
pub fn build(server: &Server, spec: &RedisSpec, images: &Images, password: &Secret<String>) -> Vec<Value> {
    let Files { settings, users, ready } = files(spec, password);
    let settings = format!("{settings}bind * -::*\nport 6379\ndir /data\naclfile /etc/pinnace-users/users.acl\n");
    let files = server.files(COMPONENT, &[("redis.conf", &settings), ("ready", ready)]);
    let secret_files = server.secret_files(COMPONENT, &[("users.acl", &users)]);
    let mut readiness = shell("/etc/pinnace/ready", None);
    readiness["periodSeconds"] = json!(5);
    readiness["timeoutSeconds"] = json!(5);
    let pod = Pod {
        image: &images.redis,
        command: &["redis-server", "/etc/pinnace/redis.conf"],
        env: &[],
        ports: PORTS,
        probes: vec![
            ("readinessProbe", readiness),
            (
                "livenessProbe",
                json!({"tcpSocket": {"port": "redis"}, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6}),
            ),
        ],
        before_stop: None,
        stop_seconds: 60,
        resources: amounts(spec),
        keeps: spec.persistence.is_some(),
        mounts: vec![
            Mount::files("settings", "/etc/pinnace", server),
            Mount::secret_files("users", "/etc/pinnace-users", server),
        ],
        files: &[&files, &secret_files],
    };
    let stateful_set = server.stateful_set(COMPONENT, &pod);
    let [service, headless] = server.services(COMPONENT, PORTS);
    let mut objects = vec![files, secret_files];
    if let Some(Persistence { size, class }) = &spec.persistence {
        objects.push(server.claim(COMPONENT, size, class.as_deref()));
    }
    objects.extend([headless, service, stateful_set]);
    objects
}

/// Its memory follows from what it may hold, with room for what it needs besides; the rest is as it is given.
fn amounts(spec: &RedisSpec) -> Value {
    let memory = bytes(&spec.memory).unwrap_or(USUAL_MEMORY);
    let mut all = resources(spec.resources.as_ref(), &json!({"requests": {"cpu": "20m"}, "limits": {}}));
    all["requests"]["memory"] = json!(memory.to_string());
    all["limits"]["memory"] = json!(memory.saturating_add(memory / 2).to_string());
    all
}
