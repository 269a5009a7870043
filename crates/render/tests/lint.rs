//! What the lint finds, and what it passes over.
#![cfg(test)]

use render::RenderContext;
use render::engine::Files;
use render::lint::{Finding, Scene, Unlocked, lint};
use secrets::MaskKey;

/// What is found in these objects.
fn found(objects: &str) -> Vec<Finding> {
    let files = Files::from([("apps/shop/web.yaml".to_owned(), objects.as_bytes().to_vec())]);
    let context = RenderContext { namespace: "shop", cluster_kinds: &[], key: &MaskKey::from_bytes([7; 32]) };
    let rendered = render::render(&files, &context).unwrap();
    lint(&Scene {
        objects: &rendered.objects,
        config_file: "pinnace.yaml",
        left_out: &rendered.left_out,
        files: &files,
        values: &[],
        unlocked: &[],
    })
}

/// What is found in files that are not rendered.
fn found_in(files: &[(&str, &str)], values: &[&str]) -> Vec<Finding> {
    let files: Files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    let values: Vec<String> = values.iter().map(|file| (*file).to_owned()).collect();
    lint(&Scene {
        objects: &[],
        config_file: "pinnace.yaml",
        left_out: &[],
        files: &files,
        values: &values,
        unlocked: &[],
    })
}

fn of<'f>(rule: &str, found: &'f [Finding]) -> Vec<&'f Finding> {
    found.iter().filter(|one| one.rule == rule).collect()
}

/// A Deployment with this spec beside its template, and these fields in its pod.
fn deployment(spec: &str, pod: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  {spec}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      {pod}\n"
    )
}

const DIGEST: &str = "@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn good_pod() -> String {
    format!(
        "containers: [{{name: web, image: 'r.example/web:1{DIGEST}', readinessProbe: {{httpGet: {{path: /, port: 80}}}}}}]"
    )
}

#[test]
fn what_is_right_is_passed_over() {
    assert_eq!(found(&deployment("replicas: 3", &good_pod())), []);
}

#[test]
fn a_finding_names_place_object_rule_and_what_to_do() {
    let found = found(&deployment(
        "replicas: 3",
        "containers: [{name: web, image: r.example/web, readinessProbe: {exec: {command: [a]}}}]",
    ));
    assert_eq!(found.len(), 1);
    let told = found[0].to_string();
    assert!(
        told.starts_with(
            "apps/shop/web.yaml:1: Deployment shop/web: the image `r.example/web` is whatever was pushed last"
        ),
        "{told}"
    );
    assert!(told.ends_with("[image]") && told.contains("name a version"), "{told}");
}

#[test]
fn images_without_a_digest_are_found() {
    for (image, finds) in [
        ("r.example:5000/web", "whatever was pushed last"),
        ("r.example/web:latest", "whatever was pushed last"),
        ("r.example/web:1.2", "has no digest"),
    ] {
        let found = found(&deployment("replicas: 1", &good_pod().replace(&format!("r.example/web:1{DIGEST}"), image)));
        assert!(of("image", &found)[0].what.contains(finds), "{image}: {found:?}");
    }
}

const MIGRATING: &str =
    "initContainers: [{name: prepare, image: 'r.example/web:1DIGEST', command: [sh, -c, 'python manage.py migrate']}]";

fn migrating(spec: &str) -> String {
    deployment(spec, &format!("{}\n      {}", MIGRATING.replace("DIGEST", DIGEST), good_pod()))
}

#[test]
fn a_migration_that_several_pods_would_run_is_found() {
    for (spec, why) in [
        ("replicas: 3", "it has 3 replicas"),
        ("replicas: 1", "a rolling update"),
        ("minReadySeconds: 1", "a rolling update"),
    ] {
        let found = found(&migrating(spec));
        let [one] = of("migration", &found)[..] else { panic!("{spec}: {found:?}") };
        assert!(one.what.contains("`prepare`") && one.what.contains(why), "{one}");
    }
    let scaler = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n";
    let scaled = found(&format!("{}{scaler}", migrating("strategy: {type: Recreate}")));
    assert!(of("migration", &scaled)[0].what.contains("HorizontalPodAutoscaler shop/web scales it"), "{scaled:?}");
    for alone in
        ["strategy: {type: Recreate}", "strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}", "replicas: 0"]
    {
        assert_eq!(of("migration", &found(&migrating(alone))), Vec::<&Finding>::new(), "{alone}");
    }
}

#[test]
fn a_person_may_know_better_than_a_rule() {
    let text = migrating("replicas: 3").replace(
        "metadata: {name: web}",
        "metadata: {name: web, annotations: {pinnace.dev/lint-ignore: 'image, migration'}}",
    );
    assert_eq!(found(&text), []);
}

#[test]
fn containers_that_nobody_asks_are_found() {
    let found =
        found(&deployment("replicas: 1", &format!("containers: [{{name: web, image: 'r.example/web:1{DIGEST}'}}]")));
    assert!(of("probe", &found)[0].what.contains("`web` has no readiness probe"), "{found:?}");
}

#[test]
fn versions_that_are_gone_are_found() {
    let found = found("apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: nightly}\n");
    assert!(of("api-version", &found)[0].what.contains("gone since Kubernetes 1.25"), "{found:?}");
}

#[test]
fn secrets_in_the_clear_are_found_and_never_repeated() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {DB_PASSWORD: hunter2hunter2, TOKEN_FILE: /run/token, MODE: fast, KEY: \"-----BEGIN RSA PRIVATE KEY-----\"}\n";
    let pod = good_pod().replace("name: web,", "name: web, env: [{name: API_TOKEN, value: swordfish}, {name: API_SECRET_NAME, value: shop-secrets}, {name: OTHER_TOKEN, valueFrom: {secretKeyRef: {name: a, key: b}}}],");
    let found = found(&format!("{map}---\n{}", deployment("replicas: 2", &pod)));
    let what: Vec<_> = of("secret", &found).iter().map(|one| one.what.clone()).collect();
    assert_eq!(what.len(), 3, "{what:?}");
    assert!(
        what.iter().any(|one| one.contains("`DB_PASSWORD`"))
            && what.iter().any(|one| one.contains("`API_TOKEN` of `web`")),
        "{what:?}"
    );
    let told: String = found.iter().map(ToString::to_string).collect();
    assert!(!told.contains("hunter2") && !told.contains("swordfish"), "{told}");

    let values =
        "db:\n  host: db.internal\n  password: hunter2hunter2\n  existingSecret: shop-db\nempty: {password: \"\"}\n";
    let found = found_in(&[("apps/shop/values.yaml", values)], &["apps/shop/values.yaml"]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].to_string().starts_with("apps/shop/values.yaml:3: `db.password` looks like a secret"),
        "{}",
        found[0]
    );
}

#[test]
fn templates_that_give_something_else_each_time_are_found_by_line() {
    let template = "apiVersion: v1\nkind: Secret\nmetadata: {name: {{ .Release.Name }}-now}\ndata:\n  a: {{ randAlphaNum 10 | b64enc }}\n  b: {{ now | date \"2006\" }}\n  c: {{ (lookup \"v1\" \"Secret\" \"x\" \"y\").data }}\n  d: {{ .Values.now }}{{ \"lookup\" }}{{- /* lookup */ -}}\n";
    let found = found_in(&[("charts/web/templates/s.yaml", template), ("charts/web/README.md", "{{ now }}")], &[]);
    let told: Vec<_> = found.iter().map(|one| (one.place.line, one.what.split('`').nth(1).unwrap())).collect();
    assert_eq!(told, [(5, "randAlphaNum"), (6, "now"), (7, "lookup")]);
}

#[test]
fn charts_that_nobody_locked_and_parts_that_are_left_out_are_told() {
    let unlocked = [Unlocked { file: "pinnace.lock".to_owned(), why: "no version is locked".to_owned() }];
    let left_out = ["the Pod `web-test` is a test of the chart and is left out".to_owned()];
    let found = lint(&Scene {
        objects: &[],
        config_file: "pinnace.yaml",
        left_out: &left_out,
        files: &Files::new(),
        values: &[],
        unlocked: &unlocked,
    });
    let rules: Vec<_> = found.iter().map(|one| one.rule).collect();
    assert_eq!(rules, ["chart-lock", "left-out"]);
}

proptest::proptest! {
    #[test]
    fn any_template_is_looked_at(text in "(\\{\\{|\\}\\}|now|lookup|\"|[ -~\n]){0,60}") {
        let _ = found_in(&[("charts/web/templates/a.yaml", &text)], &["charts/web/templates/a.yaml"]);
    }
}
