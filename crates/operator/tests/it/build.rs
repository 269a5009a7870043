//! What an App comes to: the properties that people rely on.

use operator::app::{App, Objects, Problem, Seen, build, objects, validate};
use secrets::MaskKey;
use serde_json::{Map, Value, json};

use super::golden::read;

const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// An App with these fields, and Secrets beside it.
fn made(spec: &Value, secrets: &[Value]) -> Result<Objects, Vec<Problem>> {
    let (app, seen) = seen(spec, secrets);
    Ok(build(&validate(&app, &seen)?))
}

fn seen(spec: &Value, secrets: &[Value]) -> (App, Seen) {
    let mut all = json!({"image": format!("registry.example/acme/shop:1@sha256:{DIGEST}"), "processes": {"web": {}}});
    for (key, value) in spec.as_object().unwrap() {
        all[key] = value.clone();
    }
    let object =
        json!({"apiVersion": "pinnace.dev/v1alpha1", "kind": "App", "metadata": {"name": "shop"}, "spec": all});
    let app = App::read(&object).unwrap();
    let seen = Seen::from_objects(&app, secrets, MaskKey::from_bytes([1; 32]));
    (app, seen)
}

fn secret(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data})
}

fn find<'o>(objects: &'o [Value], kind: &str, name: &str) -> Option<&'o Value> {
    objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
}

fn told(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_scheduler_is_never_two() {
    let made = made(&json!({"processes": {"scheduler": {}}}), &[]).unwrap().processes;
    let scheduler = find(&made, "StatefulSet", "shop-scheduler").unwrap();
    assert_eq!(scheduler["spec"]["replicas"], 1);
    assert_eq!(made.len(), 1, "no budget, no autoscaler, no Service: {made:#?}");
    // Even where an object got past the API server that says otherwise.
    let more = self::made(&json!({"processes": {"scheduler": {"replicas": 5}}}), &[]).unwrap().processes;
    assert_eq!(find(&more, "StatefulSet", "shop-scheduler").unwrap()["spec"]["replicas"], 1);
}

#[test]
fn liveness_never_asks_the_app_and_readiness_does() {
    let made = made(&json!({"routes": {"host": "a.example.org", "tls": {"secretName": "a"}}}), &[]).unwrap().processes;
    let container = &find(&made, "Deployment", "shop-web").unwrap()["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["livenessProbe"]["tcpSocket"], json!({"port": "http"}));
    assert_eq!(
        container["readinessProbe"]["httpGet"],
        json!({"path": "/readyz", "port": "http", "httpHeaders": [
        {"name": "Host", "value": "a.example.org"}, {"name": "X-Forwarded-Proto", "value": "https"}]})
    );
}

#[test]
fn what_nobody_asks_whether_it_is_ready_has_to_run_for_a_while_before_it_takes_the_place_of_what_works() {
    let probe = json!({"command": ["celery", "inspect", "ping"]});
    let spec = json!({"processes": {"web": {}, "worker": {}, "mail": {"probes": {"readiness": probe}}, "relay": {"port": 25},
        "raw": {"port": 26, "probes": {"readiness": {"disabled": true}}}, "scheduler": {}}});
    let made = made(&spec, &[]).unwrap().processes;
    let seconds =
        |made: &[Value], name: &str| find(made, "Deployment", name).unwrap()["spec"]["minReadySeconds"].clone();
    assert_eq!((seconds(&made, "shop-worker"), seconds(&made, "shop-raw")), (json!(10), json!(10)));
    for asked in ["shop-web", "shop-mail", "shop-relay"] {
        assert_eq!(seconds(&made, asked), Value::Null, "{asked}");
    }
    let one_alone = find(&made, "StatefulSet", "shop-scheduler").unwrap();
    assert_eq!(one_alone["spec"]["minReadySeconds"], Value::Null, "it takes the place of nothing that runs");
    let dev = self::made(&json!({"defaults": "dev", "processes": {"worker": {}}}), &[]).unwrap().processes;
    assert_eq!(seconds(&dev, "shop-worker"), Value::Null);
}

#[test]
fn a_changed_configuration_has_another_name_and_rolls_the_pods_that_read_it() {
    let spec =
        |debug: bool| json!({"config": {"DEBUG": debug}, "processes": {"web": {}, "other": {"configured": false}}});
    let (one, two) = (made(&spec(true), &[]).unwrap(), made(&spec(false), &[]).unwrap());
    assert_ne!(one.configuration[0]["metadata"]["name"], two.configuration[0]["metadata"]["name"]);
    assert_eq!(one.configuration[0]["immutable"], true);
    let web = |objects: &Objects| find(&objects.processes, "Deployment", "shop-web").unwrap().clone();
    assert_ne!(web(&one), web(&two));
    let other = |objects: &Objects| find(&objects.processes, "Deployment", "shop-other").unwrap().clone();
    assert_eq!(other(&one), other(&two));
}

#[test]
fn the_order_of_keys_changes_nothing() {
    let spec = |config: &str| {
        let config: Value = serde_json::from_str(config).unwrap();
        json!({"config": config, "configuration": {"file": {}, "environment": {}}})
    };
    let one = made(&spec(r#"{"a": {"x": 1, "y": [{"p": 1, "q": 2}]}, "b": 2}"#), &[]).unwrap();
    let two = made(&spec(r#"{"b": 2, "a": {"y": [{"q": 2, "p": 1}], "x": 1}}"#), &[]).unwrap();
    assert_eq!(one, two);
}

#[test]
fn secrets_stand_in_generated_secrets_and_nowhere_else() {
    let spec = json!({
        "secrets": [{"name": "mail"}], "needs": {"database": {"secret": {"name": "db"}}}, "migrations": {"command": ["m"]},
        "configuration": {"file": {}, "environment": {}, "generated": ["SECRET_KEY"]},
    });
    let secrets = [
        secret("mail", json!({"MAIL_PASSWORD": "hunter2"})),
        secret("db", json!({"url": "postgresql://shop:swordfish@db/shop"})),
        secret("shop-generated", json!({"SECRET_KEY": "opensesame"})),
    ];
    let all = made(&spec, &secrets).unwrap().into_vec();
    assert_eq!(all.iter().filter(|object| object["kind"] == "Secret").count(), 2);
    for object in all.iter().filter(|object| object["kind"] != "Secret") {
        let text = object.to_string();
        assert!(!["hunter2", "swordfish", "opensesame"].iter().any(|value| text.contains(value)), "{text}");
    }
    let (app, seen) = self::seen(&spec, &secrets);
    assert!(!format!("{seen:?}").contains("hunter2"));
    // The name is a hash with a key: who does not have it can't try out what is in there.
    let named = |key: u8| {
        let seen = Seen { key: MaskKey::from_bytes([key; 32]), ..seen.clone() };
        objects(&app, &seen).unwrap().iter().find(|one| one["kind"] == "Secret").unwrap()["metadata"]["name"].clone()
    };
    assert_ne!(named(1), named(2));
}

#[test]
fn the_last_secret_that_names_a_key_wins_over_all_before() {
    let spec = json!({
        "config": {"A": "config", "B": "config", "deep": {"x": 1, "y": 1}},
        "secrets": [{"name": "one"}, {"name": "two", "key": "two.yaml"}], "configuration": {"file": {}},
    });
    let secrets = [
        secret("one", json!({"A": "one", "C": "one"})),
        secret("two", json!({"two.yaml": "C: two\ndeep: {y: 2}\nport: 0o17\n"})),
    ];
    let (app, seen) = seen(&spec, &secrets);
    let made = objects(&app, &seen).unwrap();
    let packed = made[0]["data"]["config.yaml"].as_str().unwrap();
    let text = String::from_utf8(base64_of(packed)).unwrap();
    assert_eq!(text, "A: \"one\"\nB: \"config\"\nC: \"two\"\ndeep:\n  x: 1\n  \"y\": 2\nport: 15\n");
}

fn base64_of(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

#[test]
fn a_password_with_any_character_is_written_so_that_it_is_read_again() {
    let password = "a@b:c/d%e?f#g'h\"i\\j\u{85}k é";
    let spec =
        json!({"needs": {"database": {"secret": {"name": "db"}}}, "configuration": {"file": {}, "environment": {}}});
    let db =
        secret("db", json!({"host": "db", "port": "5432", "name": "shop", "username": "shop", "password": password}));
    let made = made(&spec, &[db]).unwrap();
    let value = |key: &str| {
        let found = made.configuration.iter().find_map(|object| object["data"][key].as_str()).unwrap();
        String::from_utf8(base64_of(found)).unwrap()
    };
    assert_eq!(value("DATABASE_PASSWORD"), password);
    assert_eq!(
        value("DATABASE_URL"),
        "postgresql://shop:a%40b%3Ac%2Fd%25e%3Ff%23g%27h%22i%5Cj%C2%85k%20%C3%A9@db:5432/shop"
    );
    let file: Value = serde_saphyr::from_str(&value("config.yaml")).unwrap();
    assert_eq!(file["DATABASE_PASSWORD"], password);
}

#[test]
fn an_autoscaler_s_replicas_are_left_to_it_once_it_has_set_them() {
    let spec = json!({"processes": {"worker": {"autoscale": {"min": 3, "max": 9}}}});
    let (app, mut seen) = seen(&spec, &[]);
    let replicas = |seen: &Seen| {
        let made = objects(&app, seen).unwrap();
        find(&made, "Deployment", "shop-worker").unwrap()["spec"].get("replicas").cloned()
    };
    assert_eq!(replicas(&seen), Some(json!(3)));
    seen.scaled.insert("worker".to_owned());
    assert_eq!(replicas(&seen), None);
}

#[test]
fn an_ingress_is_encrypted_by_the_secret_that_is_named_or_by_one_that_an_issuer_fills() {
    let ingress = |tls: Value| {
        let made = made(&json!({"routes": {"host": "a.example.org", "tls": tls}}), &[]).unwrap().routes;
        find(&made, "Ingress", "shop").unwrap().clone()
    };
    let of = |ingress: &Value| ingress["spec"]["tls"].clone();
    let named = ingress(json!({"secretName": "of-people"}));
    assert_eq!(of(&named), json!([{"hosts": ["a.example.org"], "secretName": "of-people"}]));
    assert_eq!(named["metadata"].get("annotations"), None, "nobody is asked for a certificate");
    let issued = ingress(json!({"issuer": {"name": "letsencrypt"}}));
    assert_eq!(of(&issued), json!([{"hosts": ["a.example.org"], "secretName": "shop-tls"}]));
    assert!(issued["metadata"]["annotations"].to_string().contains("letsencrypt"), "{issued:#}");
}

#[test]
fn a_migration_is_named_by_app_and_digest_and_runs_once() {
    let made = made(&json!({"migrations": {"command": ["migrate"]}}), &[]).unwrap();
    let job = made.migration.unwrap();
    assert_eq!(job["metadata"]["name"], "shop-migrate-0123456789ab");
    assert_eq!(
        (&job["spec"]["backoffLimit"], &job["spec"]["template"]["spec"]["restartPolicy"]),
        (&json!(0), &json!("Never"))
    );
}

#[test]
fn what_runs_once_is_not_run_again_by_a_new_version() {
    let spec = |digest: &str| json!({"image": format!("registry.example/acme/shop@sha256:{digest}"), "seed": {"command": ["load"]}, "setup": {"a": {"command": ["b"]}}});
    let names = |digest: &str| {
        let once = made(&spec(digest), &[]).unwrap().once;
        once.iter().map(|job| job["metadata"]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(DIGEST), names(&DIGEST.replace('0', "9")));
    assert_eq!(names(DIGEST).len(), 2);
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_no_secret_with_it() {
    let spec = json!({
        "image": "registry.example/acme/shop:1",
        "processes": {"web": {}, "worker": {}},
        "routes": {"host": "a.example.org", "paths": [{"path": "/", "process": "worker"}, {"path": "/a", "process": "gone"}]},
        "secrets": [{"name": "gone"}, {"name": "bad", "key": "bad.yaml"}, {"name": "bad", "key": "no"}],
        "config": {"a-b": 1},
    });
    let problems = made(&spec, &[secret("bad", json!({"bad.yaml": "hunter2"}))]).unwrap_err();
    assert_eq!(
        told(&problems),
        [
            "spec.image: registry.example/acme/shop:1 has no digest: write it with its digest, as in registry.example/acme/shop:1@sha256:...",
            "spec.routes.paths: / leads to worker, which has no port: give it one",
            "spec.routes.paths: /a leads to gone, which is not among spec.processes",
            "the Secret gone, which spec.secrets names, is not there: make it, or say optional: true",
            "the key bad.yaml of the Secret bad is not a YAML mapping",
            "the Secret bad with the key no, which spec.secrets names, is not there: make it, or say optional: true",
            "a-b can't be the name of an environment variable: use letters, digits and underscores, or give the configuration as a file (spec.configuration.file)",
        ]
    );
    assert!(!problems.iter().any(Problem::is_waiting));
}

#[test]
fn what_others_still_make_is_waited_for() {
    let spec = json!({"needs": {"database": {}}, "configuration": {"environment": {"connections": {"DB": "$(database.url)"}}, "generated": ["KEY"]}});
    let problems = made(&spec, &[]).unwrap_err();
    assert!(problems.iter().all(Problem::is_waiting), "{:?}", told(&problems));
    let bad = json!({"configuration": {"environment": {"connections": {"DB": "$(database.url)", "X": "$(app.name|base64)", "Y": "$(app.name"}}}});
    assert_eq!(
        told(&made(&bad, &[]).unwrap_err()),
        [
            "spec.configuration.environment.connections.DB: there is no $(database.url); there are: app.name",
            "spec.configuration.environment.connections.X: $(app.name|base64): there is no form `base64`, only `url`",
            "spec.configuration.environment.connections.Y: a `$(` is not closed in the text $(app.name",
        ]
    );
}

#[test]
fn names_that_get_too_long_are_cut_and_stay_apart() {
    let (long, other) = ("a".repeat(63), format!("{}b", "a".repeat(62)));
    let names = |app: &str| {
        let text = format!(
            "apiVersion: pinnace.dev/v1alpha1\nkind: App\nmetadata: {{name: {app}}}\nspec:\n  image: r.example/a/b@sha256:{DIGEST}\n  \
             processes: {{web: {{}}, a-process-named-long: {{}}}}\n  migrations: {{command: [m]}}\n  setup: {{a-command-named-long: {{command: [c]}}}}\n  config: {{A: b}}\n"
        );
        let (app, seen) = read(&text);
        let made = objects(&app, &seen).unwrap();
        let names = made.iter().map(|object| object["metadata"]["name"].as_str().unwrap().to_owned());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    assert!(names(&long).iter().all(|name| name.len() <= 63), "{:?}", names(&long));
    assert!(names(&long).is_disjoint(&names(&other)));
}

#[test]
fn a_secret_of_another_namespace_is_another_secret() {
    let text = format!(
        "apiVersion: pinnace.dev/v1alpha1\nkind: App\nmetadata: {{name: shop, namespace: shop}}\nspec:\n  image: r.example/a/b@sha256:{DIGEST}\n  \
         processes: {{web: {{}}}}\n  secrets: [{{name: mail}}]\n---\n{{apiVersion: v1, kind: Secret, metadata: {{name: mail, namespace: other}}, \
         stringData: {{A: b}}}}\n"
    );
    let (app, seen) = read(&text);
    assert!(told(&objects(&app, &seen).unwrap_err())[0].starts_with("the Secret mail"));
    let (app, seen) = read(&text.replace("namespace: other", "namespace: shop"));
    assert!(objects(&app, &seen).is_ok());
}

#[test]
fn a_volume_of_its_own_can_be_written_to_by_a_process_that_is_not_root() {
    let made = made(&json!({"processes": {"scheduler": {"storage": {"path": "/data"}}}}), &[]).unwrap().processes;
    let pod = &find(&made, "StatefulSet", "shop-scheduler").unwrap()["spec"]["template"]["spec"];
    assert_eq!(pod["securityContext"]["fsGroup"], 1000);
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
}

#[test]
fn the_manual_shows_apps_that_work() {
    let manual = include_str!("../../../../docs/apps.md");
    let blocks: Vec<&str> = manual.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let usual = &blocks[0];
    let (app, mut seen) = read(usual);
    seen.fill_in_what_is_missing(&app);
    assert!(objects(&app, &seen).unwrap().len() > 10);
    let usual: Value = serde_saphyr::from_str(usual).unwrap();
    for fields in &blocks[1..] {
        let fields: Map<String, Value> = serde_saphyr::from_str(fields).unwrap();
        let mut with = usual.clone();
        with["spec"].as_object_mut().unwrap().extend(fields);
        let (app, mut seen) = read(&with.to_string());
        seen.fill_in_what_is_missing(&app);
        objects(&app, &seen).unwrap();
    }
}
