//! One PostgreSQL in the cluster: a pure function. The superuser's password is never with it; its pod is told a verifier.

use serde_json::{Value, json};

use super::crd::LocalServer;
use crate::local::{Images, Mount, Pod, Server, resources, shell};

const COMPONENT: &str = "postgres";
const PORTS: &[(&str, u16)] = &[("postgres", 5432)];
/// Its processes talk by shared memory, of which a container has 64 MiB where nothing else is said.
pub(super) const SHARED_MEMORY: &str = "256Mi";

/// The start script, as the pod runs it.
pub const START: &str = include_str!("build/start.sh");
/// What its probes run.
pub const READY: &str = include_str!("build/ready.sh");
/// What is run before it is told to stop.
pub const STOP: &str = include_str!("build/stop.sh");
/// Who may come in: everybody with a password, and what runs in the pod itself.
pub const HBA: &str = "local all all trust\nhost all all all scram-sha-256\n";
/// `initdb` wants the user that it runs as to have a name, and images differ in which number has which.
pub(super) const USERS: &str = "root:x:0:0:root:/root:/sbin/nologin\npostgres:x:999:999:postgres:/data:/bin/sh\n";

/// The objects of a server. `verifier` is what PostgreSQL keeps of the superuser's password ([`crate::postgres::stable_verifier`]).
pub fn build(server: &Server, local: &LocalServer, images: &Images, verifier: &str) -> Vec<Value> {
    let files = [("start", START), ("ready", READY), ("stop", STOP), ("pg_hba.conf", HBA), ("passwd", USERS)];
    let files = server.files(COMPONENT, &files);
    let secret_files = server.secret_files(COMPONENT, &[("verifier", verifier)]);
    let image = images.postgres(local.version);
    let probe = |script: Value, seconds: u32, failures: u32| {
        let mut probe = script;
        probe["periodSeconds"] = json!(seconds);
        probe["timeoutSeconds"] = json!(10);
        probe["failureThreshold"] = json!(failures);
        probe
    };
    let mut passwd = Mount::files("settings", "/etc/passwd", server);
    passwd.sub_path = Some("passwd");
    let mut shared_memory = Mount::empty("shm", "/dev/shm");
    shared_memory.volume = json!({"emptyDir": {"medium": "Memory", "sizeLimit": SHARED_MEMORY}});
    let pod = Pod {
        image: &image,
        command: &["sh", "/etc/pinnace/start"],
        env: &[
            ("PGDATA", "/data/postgres"),
            ("PINNACE_RUN", "/run/pinnace"),
            ("PINNACE_SETTINGS", "/etc/pinnace"),
            ("PINNACE_ADMIN", "/etc/pinnace-admin"),
        ],
        ports: PORTS,
        probes: vec![
            ("readinessProbe", probe(shell("/etc/pinnace/ready", None), 5, 2)),
            ("livenessProbe", probe(shell("/etc/pinnace/ready", Some("alive")), 10, 6)),
        ],
        before_stop: Some(shell("/etc/pinnace/stop", None)),
        stop_seconds: 120,
        resources: resources(local.resources.as_ref(), &json!({"requests": {"cpu": "50m", "memory": "128Mi"}})),
        keeps: true,
        mounts: vec![
            Mount::files("settings", "/etc/pinnace", server),
            Mount::secret_files("admin", "/etc/pinnace-admin", server),
            passwd,
            Mount::empty("run", "/run/pinnace"),
            Mount::empty("tmp", "/tmp"),
            shared_memory,
        ],
        files: &[&files, &secret_files],
    };
    let stateful_set = server.stateful_set(COMPONENT, &pod);
    let claim = server.claim(COMPONENT, &local.storage, local.storage_class.as_deref());
    let [service, headless] = server.services(COMPONENT, PORTS);
    vec![files, secret_files, claim, headless, service, stateful_set]
}
