//! Several PostgreSQLs in the cluster that Patroni keeps: a pure function. The superuser's password is never with them; their pods are told a
//! verifier (docs/decisions/0013).

use secrets::Secret;
use serde_json::{Value, json};

use super::super::build::{SHARED_MEMORY, USERS};
use super::super::crd::ClusterServer;
use super::rights;
use crate::local::{Images, Mount, Pod, Server, bytes, resources};
use crate::objects::put;
use crate::postgres::stable_verifier;

pub(super) const COMPONENT: &str = "postgres";
const PORTS: &[(&str, u16)] = &[("postgres", 5432)];
const API_PORT: u16 = 8008;
/// Patroni's label of a pod: `master` or, in later versions, `primary`; and `replica`.
pub(super) const ROLE_LABEL: &str = "pinnace.dev/role";
/// Patroni's word for its objects is told by this label.
const SCOPE_LABEL: &str = "app.kubernetes.io/name";

/// The start script, as the pods run it.
pub const START: &str = include_str!("start.sh");
/// What it runs again and again beside Patroni.
pub const TEND: &str = include_str!("tend.sh");
/// How Patroni is given the settings of the whole cluster.
pub const SETTINGS: &str = include_str!("settings.py");
/// Who may come in: everybody with a password, copies, and what runs in a pod itself.
const HBA: &[&str] = &[
    "local all all trust",
    "local replication all trust",
    "host replication standby all scram-sha-256",
    "host all all all scram-sha-256",
];

/// What the pods of a server are told.
pub struct Known {
    /// What PostgreSQL keeps of the superuser's password.
    pub verifier: String,
    /// The password of the role that copies are made by.
    pub standby: Secret<String>,
    /// The password that Patroni takes orders with.
    pub api: Secret<String>,
}

/// The objects of a server.
pub fn build(server: &Server, cluster: &ClusterServer, images: &Images, known: &Known) -> Vec<Value> {
    let settings = settings(cluster);
    let (written, settings_text) = (patroni(server, &settings), format!("{settings:#}\n"));
    let files = [
        ("start", START),
        ("tend", TEND),
        ("settings.py", SETTINGS),
        ("settings.json", &settings_text),
        ("patroni.json", &written),
        ("passwd", USERS),
    ];
    let files = server.files(COMPONENT, &files);
    let (standby, api) = (known.standby.expose(), known.api.expose());
    let secret_files = [
        ("verifier", known.verifier.as_str()),
        ("standby", standby),
        ("standby-verifier", &stable_verifier(&known.standby)),
        ("api", api),
    ];
    let mut objects = vec![server.secret_files(COMPONENT, &secret_files)];
    objects.extend(rights::build(server, cluster.instances));
    objects.extend(services(server));
    objects.push(disruption_budget(server));
    // Settings of the whole cluster and the superuser's password are read again while it runs: others of those start nothing anew.
    let read_once = [START, &patroni(server, &Value::Null), standby, api].map(Value::from);
    objects.push(stateful_set(server, cluster, images, &json!({"data": read_once})));
    objects.insert(0, files);
    objects
}

/// The settings of the whole cluster, which Patroni keeps in its store.
fn settings(cluster: &ClusterServer) -> Value {
    // A copy that is away keeps the primary from forgetting what it has not got yet: not until its volume is full.
    let storage = cluster.storage.as_str().and_then(bytes).unwrap_or(4 << 30);
    let kept = ((storage / 4) >> 20).max(64);
    json!({
        // Seconds. Who is primary loses that after `ttl` without a word of it.
        "ttl": 20,
        "loop_wait": 5,
        "retry_timeout": 7,
        "primary_start_timeout": 20,
        "maximum_lag_on_failover": 1_048_576,
        "synchronous_mode": cluster.synchronous,
        // With the last copy gone writing goes on: that one can then not take over until it has all again.
        "synchronous_mode_strict": false,
        // While the API server is away the primary stays as long as it reaches all the others.
        "failsafe_mode": true,
        "postgresql": {
            "use_slots": true,
            "use_pg_rewind": true,
            "remove_data_directory_on_rewind_failure": true,
            "remove_data_directory_on_diverged_timelines": true,
            "parameters": {
                "max_connections": 500,
                "max_slot_wal_keep_size": format!("{kept}MB"),
                // A copy that the network lost holds up writing no longer than this.
                "wal_sender_timeout": "10s",
                "wal_receiver_timeout": "10s",
            },
        },
    })
}

/// What each Patroni reads when it starts. Names and addresses of its own come by the environment, passwords from files.
fn patroni(server: &Server, settings: &Value) -> String {
    let patroni = json!({
        "scope": server.name,
        "kubernetes": {
            "use_endpoints": true,
            "labels": {"app.kubernetes.io/component": COMPONENT, "app.kubernetes.io/managed-by": cluster::MADE_BY},
            "scope_label": SCOPE_LABEL,
            "role_label": ROLE_LABEL,
            "ports": [{"name": "postgres", "port": 5432}],
        },
        "restapi": {"listen": format!("0.0.0.0:{API_PORT}")},
        "bootstrap": {
            "dcs": settings,
            "initdb": [
                {"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums", {"auth-local": "trust"}, {"auth-host": "reject"},
            ],
        },
        "postgresql": {
            "listen": "*:5432",
            "data_dir": "/data/postgres",
            "pgpass": "/run/pinnace/pgpass",
            "use_unix_socket": true,
            "use_unix_socket_repl": true,
            "pg_hba": HBA,
            "parameters": {
                "unix_socket_directories": "/run/pinnace",
                "password_encryption": "scram-sha-256",
                "log_destination": "stderr",
                "logging_collector": "off",
            },
        },
    });
    format!("{patroni:#}\n")
}

/// Where clients write (Patroni says which pod that is, in the Endpoints of the same name), where they read, and what its own Endpoints need
/// to be left alone. Those say who may take over, and belong to the volumes: they stay with them.
fn services(server: &Server) -> Vec<Value> {
    let [mut read, headless] = server.services(COMPONENT, PORTS);
    let mut write = read.clone();
    if let Some(spec) = write["spec"].as_object_mut() {
        spec.remove("selector");
    }
    read["metadata"]["name"] = json!(read_service(server));
    let of_patroni = |what: &str| {
        let mut service = server.object_that_stays("v1", "Service", &format!("{}-{what}", server.name), COMPONENT);
        service["spec"] = json!({"clusterIP": "None"});
        service
    };
    vec![write, read, headless, of_patroni("config"), of_patroni("sync")]
}

/// The names of what Patroni knows, in Services and Endpoints.
pub(super) fn names_of_patroni(server: &Server) -> [String; 3] {
    ["config", "sync", "failover"].map(|what| format!("{}-{what}", server.name))
}

/// The Service that every instance which takes connections answers at.
pub(super) fn read_service(server: &Server) -> String {
    format!("{}-read", server.name)
}

/// One may be taken away at a time.
fn disruption_budget(server: &Server) -> Value {
    let mut budget = server.object("policy/v1", "PodDisruptionBudget", &server.name, COMPONENT);
    budget["spec"] = json!({"maxUnavailable": 1, "selector": {"matchLabels": server.labels(COMPONENT)}});
    budget
}

/// The volume of one of the instances. The StatefulSet makes it; later it grows by this.
pub(super) fn claims(server: &Server, cluster: &ClusterServer) -> Vec<Value> {
    let names = (0..cluster.instances).map(|number| claim_name(server, number));
    names.map(|name| server.claim_named(&name, COMPONENT, &cluster.storage, cluster.storage_class.as_deref())).collect()
}

/// How the StatefulSet calls the volume of an instance.
pub(in crate::kinds::postgres_database) fn claim_name(server: &Server, number: u32) -> String {
    format!("data-{}-{number}", server.name)
}

fn stateful_set(server: &Server, cluster: &ClusterServer, images: &Images, read_once: &Value) -> Value {
    let version = cluster.version.map(|version| version.to_string()).unwrap_or_default();
    let mut passwd = Mount::files("settings", "/etc/passwd", server);
    passwd.sub_path = Some("passwd");
    let mut shared_memory = Mount::empty("shm", "/dev/shm");
    shared_memory.volume = json!({"emptyDir": {"medium": "Memory", "sizeLimit": SHARED_MEMORY}});
    let probe = |path: &str, seconds: u32, failures: u32| json!({"httpGet": {"path": path, "port": "patroni"}, "periodSeconds": seconds, "timeoutSeconds": 5, "failureThreshold": failures});
    let mut env = vec![
        ("PGDATA", "/data/postgres"),
        ("PINNACE_RUN", "/run/pinnace"),
        ("PINNACE_SETTINGS", "/etc/pinnace"),
        ("PINNACE_ADMIN", "/etc/pinnace-admin"),
    ];
    env.extend((!version.is_empty()).then_some(("PINNACE_VERSION", version.as_str())));
    let pod = Pod {
        image: &images.patroni,
        command: &["sh", "/etc/pinnace/start"],
        env: &env,
        ports: &[PORTS[0], ("patroni", API_PORT)],
        probes: vec![("readinessProbe", probe("/readiness", 3, 3)), ("livenessProbe", probe("/liveness", 10, 6))],
        before_stop: None,
        stop_seconds: 120,
        resources: resources(cluster.resources.as_ref(), &json!({"requests": {"cpu": "50m", "memory": "192Mi"}})),
        keeps: true,
        mounts: vec![
            Mount::files("settings", "/etc/pinnace", server),
            Mount::secret_files("admin", "/etc/pinnace-admin", server),
            passwd,
            Mount::empty("run", "/run/pinnace"),
            Mount::empty("tmp", "/tmp"),
            shared_memory,
        ],
        files: &[read_once],
    };
    let mut set = server.stateful_set(COMPONENT, &pod);
    set["spec"]["replicas"] = json!(cluster.instances);
    let mut claim = server.claim_named("data", COMPONENT, &cluster.storage, cluster.storage_class.as_deref());
    claim["metadata"] = json!({"name": "data", "labels": server.labels(COMPONENT)});
    set["spec"]["volumeClaimTemplates"] = json!([claim]);
    of_several(&mut set["spec"]["template"]["spec"], server);
    set
}

/// What pods have that are several: rights to agree by, addresses, and the wish to be on different machines.
fn of_several(pod: &mut Value, server: &Server) {
    put(pod, "serviceAccountName", server.name.as_str());
    put(pod, "automountServiceAccountToken", true);
    let apart = |weight: u32, key: &str| json!({"weight": weight, "podAffinityTerm": {"topologyKey": key, "labelSelector": {"matchLabels": server.labels(COMPONENT)}}});
    let apart = [apart(100, "kubernetes.io/hostname"), apart(50, "topology.kubernetes.io/zone")];
    put(pod, "affinity", json!({"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": apart}}));
    if let Some(volumes) = pod["volumes"].as_array_mut() {
        volumes.retain(|volume| volume["name"] != "data");
    }
    let own = |name: &str, field: &str| json!({"name": name, "valueFrom": {"fieldRef": {"fieldPath": field}}});
    let at = |name: &str, port: u16| json!({"name": name, "value": format!("$(PATRONI_KUBERNETES_POD_IP):{port}")});
    if let Some(env) = pod["containers"][0]["env"].as_array_mut() {
        env.extend([
            own("PATRONI_NAME", "metadata.name"),
            own("PATRONI_KUBERNETES_NAMESPACE", "metadata.namespace"),
            own("PATRONI_KUBERNETES_POD_IP", "status.podIP"),
            at("PATRONI_POSTGRESQL_CONNECT_ADDRESS", 5432),
            at("PATRONI_RESTAPI_CONNECT_ADDRESS", API_PORT),
        ]);
    }
}
