//! What the API server itself takes and refuses, what it fills in, and what `kubectl get` shows.

use operator::app::{App, KIND};
use serde_json::{Value, json};

use super::server::Server;

const IMAGE: &str =
    "registry.example/acme/shop:1.4.2@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn object(kind: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

/// An App with one process, and these fields over it.
fn app(name: &str, fields: Value) -> Value {
    let mut spec = json!({"image": IMAGE, "processes": {"web": {}}});
    for (key, value) in fields.as_object().unwrap() {
        spec[key] = value.clone();
    }
    object("App", name, spec)
}

#[tokio::test]
async fn good_objects_are_taken() {
    let server = Server::new().await;
    let good = [
        app("smallest", json!({})),
        app(
            "every-process",
            json!({"processes": {
            "web": {"replicas": 3, "command": ["gunicorn", "shop.wsgi"], "resources": {"requests": {"cpu": "250m", "memory": 1}}},
            "worker": {"autoscale": {"max": 10, "queue": {"name": "celery"}}},
            "scheduler": {"storage": {"path": "/var/schedule"}},
            "websocket": {"port": 9000}, "static": {"image": IMAGE},
            "night-report": {"probes": {"liveness": {"command": ["true"]}, "readiness": {"disabled": true}}, "maxUnavailable": "50%"}}}),
        ),
        app("redbeat", json!({"processes": {"web": {}, "scheduler": {"singleton": false, "replicas": 2}}})),
        app(
            "routed",
            json!({"processes": {"web": {}, "static": {}}, "routes": {"host": "shop.example.org", "aliases": ["www.shop.example.org", "*.shop.example.org"],
            "paths": [{"path": "/", "process": "web"}, {"path": "/files", "process": "static"}],
            "ingress": {"class": "traefik", "annotations": {"a": "b"}}, "tls": {"issuer": {"name": "letsencrypt"}}}}),
        ),
        app(
            "by-gateway",
            json!({"routes": {"host": "shop.example.org", "gateway": {"name": "public", "namespace": "edge"}}}),
        ),
        app(
            "configured",
            json!({"config": {"DEBUG": false, "any": {"thing": [1, "two", null]}}, "secrets": [{"name": "a"}, {"name": "b", "key": "c.yaml", "optional": true}],
            "configuration": {"file": {"path": "/srv/shop/settings.yaml", "connections": {"DB.HOST": "$(database.host)"}}, "environment": {"prefix": "SHOP_"}, "generated": ["SECRET_KEY"]}}),
        ),
        app(
            "needing",
            json!({"needs": {"database": {"make": {"extensions": {"postgis": "latest"}}}, "redis": {}, "rabbit": {"name": "shared"},
            "objects": [{"apiVersion": "v1", "kind": "Secret", "name": "licence"}]},
            "migrations": {"command": ["migrate"], "reversible": false}, "superuser": {"username": "admin"},
            "setup": {"index": {"command": ["build-index"]}}, "seed": {"command": ["load"]}}),
        ),
        object(
            "PostgresDatabase",
            "shop",
            json!({"server": {"local": {}}, "owner": "shop_owner", "reporting": {}, "rotation": {"everyDays": 30}}),
        ),
        object(
            "PostgresDatabase",
            "managed",
            json!({"server": {"rds": {"class": "db.m7g.large", "storageGiB": 100}}, "deletion": "snapshot"}),
        ),
        object("Redis", "shop", json!({"memory": "512Mi", "persistence": {}, "whenFull": "forget"})),
        object(
            "RabbitVhost",
            "shop",
            json!({"broker": {"external": {"adminSecret": "rabbit-admin"}}, "policies": {"all": {"pattern": ".*", "definition": {"max-length": 1000}}}}),
        ),
    ];
    for one in &good {
        server.create(one).await.unwrap_or_else(|why| panic!("{one:#}\n{why}"));
    }
}

/// An App whose one process is this.
fn web(name: &str, process: Value) -> Value {
    app(name, json!({"processes": {"web": process}}))
}

/// An App with a host and these fields of its routes.
fn routed(name: &str, fields: Value) -> Value {
    let mut routes = json!({"host": "shop.example.org"});
    fields.as_object().unwrap().iter().for_each(|(key, value)| routes[key] = value.clone());
    app(name, json!({"routes": routes}))
}

async fn refused(bad: &[(Value, &str)]) {
    let server = Server::new().await;
    for (one, told) in bad {
        let why = server.create(one).await.expect_err(&format!("{one:#}"));
        assert!(why.contains(told), "{}: {why}", one["metadata"]["name"]);
    }
}

#[tokio::test]
async fn bad_apps_are_refused_with_a_sentence() {
    refused(&[
        (app("no-digest", json!({"image": "registry.example/acme/shop:1.4.2"})), "The image needs its digest"),
        (app("shop.prod", json!({})), "The name has to begin with a lower-case letter"),
        (app("1shop", json!({})), "The name has to begin with a lower-case letter"),
        (app("nothing", json!({"processes": {}})), "should have at least 1 properties"),
        (web("no-amount", json!({"resources": {"requests": {"cpu": "a lot"}}})), "Write an amount as in 250m"),
        (web("below-nothing", json!({"resources": {"limits": {"memory": "-1Gi"}}})), "Write an amount as in 250m"),
        (web("half", json!({"maxUnavailable": "half"})), "Write a number of pods, as in 1, or a percentage"),
        (web("too-many", json!({"maxUnavailable": "150%"})), "Write a number of pods, as in 1, or a percentage"),
        (
            app("itself", json!({"needs": {"objects": [{"apiVersion": "pinnace.dev/v1alpha1", "kind": "App", "name": "itself"}]}})),
            "An App can't need itself",
        ),
        (app("bad-process", json!({"processes": {"Web": {}}})), "The name of a process has to begin with"),
        (web("both", json!({"replicas": 2, "autoscale": {"max": 3}})), "Give replicas or autoscale, not both"),
        (
            app("two-schedulers", json!({"processes": {"web": {}, "scheduler": {"replicas": 2}}})),
            "A scheduler runs once",
        ),
        (web("two-singletons", json!({"singleton": true, "replicas": 2})), "A singleton runs once"),
        (web("stored", json!({"storage": {"path": "/data"}, "replicas": 2})), "Storage makes a process a singleton"),
        (web("upside-down", json!({"autoscale": {"min": 5, "max": 3}})), "autoscale.min is larger than autoscale.max"),
        (web("two-measures", json!({"autoscale": {"max": 3, "cpu": 50, "queue": {"name": "a"}}})), "not by both"),
        (
            web("two-probes", json!({"probes": {"liveness": {"path": "/a", "connect": true}}})),
            "Say exactly one of path, command",
        ),
        (web("no-probe", json!({"probes": {"liveness": {}}})), "Say exactly one of path, command"),
        (web("bad-path", json!({"probes": {"readiness": {"path": "healthz"}}})), "The path has to begin with a slash"),
        (web("two-values", json!({"env": [{"name": "A", "value": "b", "valueFrom": {}}]})), "not both"),
        (web("port", json!({"port": 70000})), "should be less than or equal to 65535"),
    ])
    .await;
}

#[tokio::test]
async fn bad_routes_and_forms_are_refused_with_a_sentence() {
    refused(&[
        (routed("nowhere", json!({"paths": [{"path": "/", "process": "shop"}]})), "is not among spec.processes"),
        (routed("with-scheme", json!({"host": "https://shop.example.org"})), "The host has to be a name in lower case"),
        (routed("for-all", json!({"host": "*.example.org"})), "can only be an alias"),
        (routed("own-alias", json!({"aliases": ["shop.example.org"]})), "The host stands among its own aliases"),
        (routed("two-ways", json!({"ingress": {}, "gateway": {"name": "a"}})), "Give ingress or gateway, not both"),
        (
            routed("tls-there", json!({"tls": {"secretName": "a"}, "gateway": {"name": "a"}})),
            "the certificate belongs to the Gateway",
        ),
        (routed("no-tls", json!({"tls": {}})), "Say which Secret holds the certificate"),
        (
            app("no-web", json!({"processes": {"shop": {"port": 80}}, "routes": {"host": "a.example.org"}})),
            "Without a process called web",
        ),
        (app("own-fields", json!({"setup": {"seed": {"command": ["a"]}}})), "are fields of their own"),
        (app("bad-command", json!({"setup": {"Index": {"command": ["a"]}}})), "The name of a command has to begin"),
        (app("as-root", json!({"runAs": {"user": 0}})), "User 0 is root"),
        (
            app("two-paths", json!({"routes": {"host": "a.example.org", "paths": [{"path": "/", "process": "web"}, {"path": "/", "process": "web"}]}})),
            "Duplicate value",
        ),
        (app("of-a-server", json!({"processes": {"web": {}, "redis": {}}})), "are what the servers that are made for an App are called"),
        (app("no-folder", json!({"configuration": {"file": {"path": "/config.yaml"}}})), "a file within a folder"),
        (app("two-sources", json!({"needs": {"redis": {"name": "a", "make": {}}}})), "Say at most one of name"),
        (app("typo", json!({"proceses": {}})), "unknown field \"spec.proceses\""),
    ])
    .await;
}

#[tokio::test]
async fn bad_databases_are_refused_with_a_sentence() {
    refused(&[
        (object("PostgresDatabase", "none", json!({})), "Say in spec.server which server"),
        (
            object("PostgresDatabase", "two", json!({"server": {"local": {}, "rds": {}}})),
            "Say exactly one of local, cluster",
        ),
        (
            object("PostgresDatabase", "own", json!({"server": {"local": {}}, "owner": "postgres"})),
            "This name is PostgreSQL's own",
        ),
        (
            object("PostgresDatabase", "name", json!({"server": {"local": {}}, "database": "Shop-1"})),
            "so that it needs no quotes",
        ),
        (
            object("PostgresDatabase", "alone", json!({"server": {"cluster": {"instances": 1, "synchronous": true}}})),
            "at least two instances",
        ),
        (
            object("PostgresDatabase", "snap", json!({"server": {"local": {}}, "deletion": "snapshot"})),
            "A last snapshot is made only of servers of Amazon RDS",
        ),
        (
            app("snap", json!({"needs": {"database": {"make": {"deletion": "snapshot"}}}})),
            "A last snapshot is made only of servers of Amazon RDS",
        ),
        (object("Redis", "large", json!({"memory": "11Gi"})), "The memory has to be from 16Mi to 10Gi"),
        (object("RabbitVhost", "none", json!({})), "Say in spec.broker which broker"),
    ])
    .await;
}

#[tokio::test]
async fn what_can_not_be_changed_is_refused_later() {
    let server = Server::new().await;
    let database = |spec: Value| object("PostgresDatabase", "shop", spec);
    let stored = server.create(&database(json!({"server": {"local": {}}, "database": "shop"}))).await.unwrap();
    let changed = |path: &str, value: Value| {
        let mut changed = stored.clone();
        *changed.pointer_mut(path).unwrap() = value;
        changed
    };
    let refused = server.replace(&changed("/spec/database", json!("other"))).await.unwrap_err();
    assert!(refused.contains("The database can't be renamed"), "{refused}");
    let refused =
        server.replace(&changed("/spec/server", json!({"external": {"adminSecret": "a"}}))).await.unwrap_err();
    assert!(refused.contains("The kind of server can't be changed"), "{refused}");
    server.replace(&changed("/spec/deletion", json!("drop"))).await.unwrap();
    let within = |name: &str, server: Value| object("PostgresDatabase", name, json!({"server": server}));
    server.write(&within("local", json!({"local": {"shared": {"name": "dev"}}}))).await.unwrap();
    server.write(&within("local", json!({"local": {"shared": {"name": "dev"}, "storage": "20Gi"}}))).await.unwrap();
    server.write(&within("cluster", json!({"cluster": {}}))).await.unwrap();
    server.write(&within("cluster", json!({"cluster": {"engine": "patroni", "instances": 3}}))).await.unwrap();
    for (name, other, says) in [
        ("local", json!({"local": {"shared": {"name": "other"}}}), "Another server can't be named"),
        ("local", json!({"local": {"storage": "20Gi"}}), "Another server can't be named"),
        ("cluster", json!({"cluster": {"shared": {"name": "other"}}}), "Another server can't be named"),
        ("cluster", json!({"cluster": {"engine": "cloudNativePg"}}), "The engine can't be changed"),
    ] {
        let refused = server.write(&within(name, other)).await.unwrap_err();
        assert!(refused.contains(says), "{refused}");
    }
    let at_amazon = |rds: Value| object("PostgresDatabase", "amazon", json!({"server": {"rds": rds}}));
    server.create(&at_amazon(json!({"instance": "shop", "class": "db.t4g.micro"}))).await.unwrap();
    server.write(&at_amazon(json!({"instance": "shop", "class": "db.m7g.large"}))).await.unwrap();
    for other in [json!({"instance": "other"}), json!({"instance": "shop", "region": "eu-west-1"})] {
        let refused = server.write(&at_amazon(other)).await.unwrap_err();
        assert!(refused.contains("Another instance can't be named"), "{refused}");
    }
}

#[tokio::test]
async fn the_server_fills_in_what_reading_a_file_fills_in() {
    let server = Server::new().await;
    let written = app(
        "defaults",
        json!({
            "processes": {"web": {"storage": {"path": "/a"}}, "worker": {"autoscale": {"max": 2, "queue": {"name": "q"}}}},
            "routes": {"host": "a.example.org", "tls": {"issuer": {"name": "x"}}}, "secrets": [{"name": "a"}],
            "configuration": {"file": {}}, "migrations": {"command": ["m"]}, "superuser": {"username": "admin"},
            "needs": {"database": {"make": {"server": {"rds": {}}}}, "rabbit": {"make": {"broker": {"local": {}}}}, "redis": {"make": {}}, "objects": [{"apiVersion": "v1", "kind": "A", "name": "b"}]},
        }),
    );
    let stored = server.create(&written).await.unwrap();
    assert_eq!(stored["spec"]["defaults"], "prod");
    assert_eq!(stored["spec"]["configuration"]["file"]["path"], "/etc/app/config.yaml");
    assert_eq!(stored["spec"]["migrations"]["timeoutSeconds"], 3600);
    assert_eq!(stored["spec"]["routes"]["tls"]["issuer"]["kind"], "ClusterIssuer");
    assert_eq!(stored["spec"]["needs"]["database"]["make"]["server"]["rds"]["class"], "db.t4g.micro");
    // What an empty field means is said by the types: nothing else is written into objects of people.
    assert_eq!(stored["spec"].get("setup"), None);
    assert_eq!(App::read(&stored).unwrap().spec, App::read(&written).unwrap().spec);
}

#[tokio::test]
async fn kubectl_get_tells_version_phase_and_reason() {
    let server = Server::new().await;
    let written = app("shop", json!({"routes": {"host": "shop.example.org"}}));
    server.create(&written).await.unwrap();
    let status = json!({
        "observedGeneration": 1, "phase": "Migrating", "version": "1.4.1", "next": "1.4.2", "migrated": "sha256:00",
        "conditions": [{"type": "Ready", "status": "False", "reason": "Migrating", "message": "the migration of 1.4.2 runs",
            "lastTransitionTime": "2026-11-26T12:00:00Z"}],
    });
    let stored = server.write_status(&written, &status).await.unwrap();
    assert_eq!(stored["status"], status);
    let (heads, rows) = server.table(&KIND).await;
    assert_eq!(heads, ["Name", "Version", "Next", "Phase", "Ready", "Age", "Since", "URL", "Image", "Reason"]);
    assert_eq!(rows[0][..5], ["shop", "1.4.1", "1.4.2", "Migrating", "False"]);
    assert_eq!(rows[0].last().unwrap(), "the migration of 1.4.2 runs");
    let wrong = server.write_status(&written, &json!({"phase": "Fine"})).await.unwrap_err();
    assert!(wrong.contains("Unsupported value"), "{wrong}");
}
