//! What lies encrypted in git is opened for Helm and Kustomize too, and what an engine says repeats nothing of it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use testkit::world::{Plan, files_of};
use testkit::{Desk, DevCluster, Person, World};

const SECRET: &str = "canary-of-the-values";

const KUSTOMIZATION: &str = "-- apps/shop/prod/web.yaml --
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: IMAGE}]}
-- apps/shop/prod/kustomization.yaml --
resources: [web.yaml]
generatorOptions: {disableNameSuffixHash: true}
secretGenerator:
  - {name: keys, envs: [keys.env], files: [token.key]}
";

const CHART: &str = "-- charts/web/Chart.yaml --
apiVersion: v2
name: web
version: 0.1.0
-- charts/web/templates/web.yaml --
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"{{ .Values.image.repository }}:{{ .Values.image.tag }}\"}]}
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {STRIPE_KEY: {{ .Values.stripe.key }}}
-- apps/shop/prod/values.yaml --
image: {repository: REPOSITORY, tag: \"1.0\"}
";

const VALUES: &str = "apps/shop/prod/secrets.yaml";

fn plan(desk: &Desk, files: &str, sealed: &[(&str, &str)]) -> Plan {
    let sealed = sealed.iter().map(|(name, plain)| ((*name).to_owned(), desk.sealed(name, plain)));
    Plan {
        instead: files_of(files).into_iter().chain(sealed).collect(),
        engines: Some(testkit::engines::run_by(env!("CARGO_BIN_EXE_pinnace"))),
        age_key_file: Some(desk.key_file()),
        deadline: "10m",
        ..Plan::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_generator_of_kustomize_reads_is_opened() {
    let desk = Desk::new();
    let sealed =
        [("apps/shop/prod/keys.env", "STRIPE_KEY=canary-of-the-env\n"), ("apps/shop/prod/token.key", "binary")];
    let world = World::planned(plan(&desk, KUSTOMIZATION, &sealed)).await;
    let value = async |key: &str| world.objects.secret_value("keys", key).await;
    assert_eq!(value("STRIPE_KEY").await.as_deref(), Some("canary-of-the-env"));
    assert_eq!(value("token.key").await.as_deref(), Some("binary"));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_a_chart_are_opened_and_what_helm_says_of_them_is_redacted() {
    let desk = Desk::new();
    let plain = format!("stripe: {{key: {SECRET}}}\n");
    let sources = "[{chart: charts/web, values: [\"apps/shop/{environment}/values.yaml\", \"apps/shop/{environment}/secrets.yaml\"]}]";
    let world = World::planned(Plan { sources, ..plan(&desk, CHART, &[(VALUES, &plain)]) }).await;
    assert_eq!(world.objects.secret_value("keys", "STRIPE_KEY").await.as_deref(), Some(SECRET));

    let template = "charts/web/templates/web.yaml";
    let fails = format!("{}---\n{{{{ fail .Values.stripe.key }}}}\n", world.remote.file(template).unwrap());
    let bad = world.remote.commit_as(Person::BOB, template, &fails).unwrap();
    let failed = world.head_failed(&bad).await;
    let sentence = &failed.head.failure.sentence;
    assert!(sentence.contains("•••") && !sentence.contains(SECRET), "{sentence}");
    world.agree().await;
}

/// `pinnace secrets key`, in a namespace of a cluster.
fn key(cluster: &DevCluster, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinnace"));
    command
        .args(["secrets", "key"])
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("KUBECONFIG", cluster.kubeconfig());
    command.args(["--context", "devcluster", "--namespace", "default"]).output().expect("it can be started")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_put_into_the_cluster_and_got_back_and_another_takes_its_place_only_when_that_is_said() {
    let cluster = DevCluster::shared().await.unwrap();
    let (one, other) = (Desk::new(), Desk::new());
    let folder = one.key_file().parent().unwrap().to_owned();
    std::fs::copy(other.key_file(), folder.join("other.txt")).unwrap();
    let key = |arguments: &[&str]| key(&cluster, &folder, arguments);
    let none = key(&["status"]);
    assert!(!none.status.success() && said(&none).contains("is not there"), "{}", said(&none));
    let installed = key(&["install", "--key-file", "key.txt"]);
    assert!(installed.status.success() && said(&installed).contains(one.public()), "{}", said(&installed));
    assert!(said(&key(&["install", "--key-file", "key.txt"])).contains("holds this key already"));
    let refused = key(&["install", "--key-file", "other.txt"]);
    let told = said(&refused);
    assert!(!refused.status.success() && told.contains(one.public()) && told.contains("--replace"), "{told}");
    assert!(!told.contains("SECRET-KEY"), "{told}");

    let fetched = key(&["fetch", "--out", "back.txt"]);
    assert!(fetched.status.success(), "{}", said(&fetched));
    let back = folder.join("back.txt");
    assert_eq!(std::fs::read(&back).unwrap(), std::fs::read(one.key_file()).unwrap());
    assert_eq!(std::fs::metadata(&back).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!key(&["fetch", "--out", "back.txt"]).status.success(), "a file that is there stays");
    assert_eq!(key(&["fetch"]).stdout, std::fs::read(one.key_file()).unwrap(), "a pipe gets it");

    assert!(key(&["install", "--key-file", "other.txt", "--replace"]).status.success());
    let status = key(&["status"]);
    assert!(status.status.success() && said(&status).contains(other.public()), "{}", said(&status));
    let nonsense = key(&["install", "--key-file", "sealed-nowhere.txt"]);
    assert!(!nonsense.status.success() && said(&nonsense).contains("sealed-nowhere.txt"), "{}", said(&nonsense));
}
