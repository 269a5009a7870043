//! One broker of RabbitMQ in the cluster: a pure function. Its pod is told a hash of the administrator's password, never the password.

use secrets::in_address;
use serde_json::{Value, json};

use super::crd::LocalBroker;
use super::validate::Checked;
use crate::local::{Images, Mount, Pod, Server, bytes, resources};
use crate::objects::connection_secret;

const COMPONENT: &str = "rabbit";
const PORTS: &[(&str, u16)] = &[("amqp", 5672), ("management", 15672)];
/// What it holds in memory before it takes no more, where its pod has no limit. Left to itself it would go by the memory of the machine.
const USUAL_MEMORY: &str = "512MiB";

/// The administrator of a broker in the cluster.
pub const ADMIN: &str = "pinnace";
/// The start script, as the pod runs it.
pub const START: &str = include_str!("build/start.sh");
/// The plugins that it has.
pub const PLUGINS: &str = "[rabbitmq_management].\n";

/// The users that it has at each start, whatever became of them: `password_hash` is that of [`ADMIN`]'s password.
pub fn definitions(password_hash: &str) -> String {
    json!({
        "users": [{
            "name": ADMIN, "password_hash": password_hash, "hashing_algorithm": crate::rabbit::ALGORITHM, "tags": ["administrator"],
        }],
        "vhosts": [{"name": "/"}],
        "permissions": [{"user": ADMIN, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}],
    })
    .to_string()
}

/// The settings of a broker; `folder` is where its definitions are.
pub fn settings(local: &LocalBroker, folder: &str) -> String {
    let limit = local.resources.as_ref().and_then(|resources| resources.limits.get("memory"));
    let limit = limit.and_then(|limit| limit.as_u64().or_else(|| bytes(limit.as_str()?)));
    let memory = match limit {
        Some(limit) => {
            format!("total_memory_available_override_value = {limit}\nvm_memory_high_watermark.relative = 0.6")
        }
        None => format!("vm_memory_high_watermark.absolute = {USUAL_MEMORY}"),
    };
    format!(
        "listeners.tcp.default = 5672\nmanagement.tcp.port = 15672\nload_definitions = {folder}/definitions.json\n\
         log.console = true\nlog.console.level = info\nlog.file = false\ndisk_free_limit.absolute = 100MB\n{memory}\n"
    )
}

/// The Secret that tells Apps of it.
pub(crate) fn connection(checked: &Checked<'_>) -> Value {
    let (vhost, username) = (checked.wanted.vhost.as_str(), checked.wanted.username.as_str());
    let (password, port) = (checked.password.expose().as_str(), checked.port.to_string());
    let login = format!("{}:{}", in_address(username), in_address(password));
    let url = format!("{}://{login}@{}:{port}/{}", checked.scheme(), checked.host, in_address(vhost));
    let parts = [
        ("host", checked.host.as_str()),
        ("port", &port),
        ("vhost", vhost),
        ("username", username),
        ("password", password),
        ("url", &url),
    ];
    connection_secret(
        &checked.vhost.metadata,
        checked.namespace,
        &super::validate::connection_secret(checked.vhost),
        parts,
    )
}

/// The objects of a broker. `password_hash` is what it keeps of the administrator's password ([`crate::rabbit::stable_hash`]).
pub fn build(server: &Server, local: &LocalBroker, images: &Images, password_hash: &str) -> Vec<Value> {
    let settings = settings(local, "/etc/pinnace-admin");
    let files = [("start", START), ("rabbitmq.conf", &settings), ("enabled_plugins", PLUGINS)];
    let files = server.files(COMPONENT, &files);
    let secret_files = server.secret_files(COMPONENT, &[("definitions.json", &definitions(password_hash))]);
    let connects = |seconds: u32, failures: u32| json!({"tcpSocket": {"port": "amqp"}, "periodSeconds": seconds, "timeoutSeconds": 5, "failureThreshold": failures});
    let pod = Pod {
        image: &images.rabbit,
        command: &["sh", "/etc/pinnace/start"],
        env: &[
            ("HOME", "/run/pinnace"),
            ("PINNACE_SETTINGS", "/etc/pinnace"),
            // A name that stays, whatever the pod is called: the folder of its data is called after it.
            ("RABBITMQ_NODENAME", "rabbit@localhost"),
            ("RABBITMQ_MNESIA_BASE", "/data"),
        ],
        ports: PORTS,
        probes: vec![
            // 20 minutes: it takes connections when it has read all of its queues.
            ("startupProbe", connects(2, 600)),
            ("readinessProbe", connects(5, 3)),
            ("livenessProbe", connects(10, 6)),
        ],
        before_stop: None,
        stop_seconds: 120,
        resources: resources(local.resources.as_ref(), &json!({"requests": {"cpu": "50m", "memory": "256Mi"}})),
        keeps: true,
        mounts: vec![
            Mount::files("settings", "/etc/pinnace", server),
            Mount::secret_files("admin", "/etc/pinnace-admin", server),
            Mount::empty("run", "/run/pinnace"),
            Mount::empty("tmp", "/tmp"),
        ],
        files: &[&files, &secret_files],
    };
    let stateful_set = server.stateful_set(COMPONENT, &pod);
    let claim = server.claim(COMPONENT, &local.storage, local.storage_class.as_deref());
    let [service, headless] = server.services(COMPONENT, PORTS);
    vec![files, secret_files, claim, headless, service, stateful_set]
}
