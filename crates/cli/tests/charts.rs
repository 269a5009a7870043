//! `pinnace charts` and `pinnace lint` as people run them, in a checkout, against a chart repository with an index by the real Helm.
#![cfg(test)]

use std::path::Path;
use std::process::Output;

use tempfile::TempDir;
use testkit::charts::ChartRepository;
use tokio::process::Command;

const TEMPLATES: &[(&str, &str)] = &[
    ("values.yaml", "image: {repository: a, tag: b}\nreplicas: 1\n"),
    (
        "templates/web.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: {{ .Values.replicas }}\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      initContainers: [{name: migrate, image: \"{{ .Values.image.repository }}:1\"}]\n      containers: [{name: web, image: \"{{ .Values.image.repository }}:{{ .Values.image.tag }}\"}]\n",
    ),
    (
        "templates/tests/it.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: it, annotations: {helm.sh/hook: test}}\nspec: {containers: [{name: it, image: x}]}\n",
    ),
];

/// A checkout whose project takes the chart `web`.
fn checkout(repository: &ChartRepository, version: &str, more: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let config = format!(
        "apiVersion: pinnace.dev/v1\nkind: Config\nenvironments: {{dev: {{context: dev}}, prod: {{context: prod}}}}\nprojects:\n  shop:\n    image: registry.example/acme/shop\n    sources: [{{chart: web, repository: '{}', version: '{version}', values: ['apps/{{environment}}/values.yaml']{more}}}]\n    namespaces: {{dev: shop-dev, prod: shop}}\n    rules: {{dev: auto, prod: auto}}\n",
        repository.url()
    );
    put(&folder, "pinnace.yaml", &config);
    for environment in ["dev", "prod"] {
        put(
            &folder,
            &format!("apps/{environment}/values.yaml"),
            "replicas: 3\nimage: {repository: registry.example/acme/shop, tag: \"1.0\"}\nadmin: {password: hunter2hunter2}\n",
        );
    }
    folder
}

fn put(folder: &TempDir, path: &str, text: &str) {
    let path = folder.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

async fn pinnace(folder: &Path, args: &[&str]) -> Output {
    let engines = testkit::engines::engines().unwrap();
    Command::new(env!("CARGO_BIN_EXE_pinnace"))
        .args(args)
        .current_dir(folder)
        .env("PINNACE_HELM", engines.helm)
        .env("PINNACE_KUSTOMIZE", engines.kustomize)
        .output()
        .await
        .unwrap()
}

fn said(output: &Output) -> (Option<i32>, String) {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    (output.status.code(), text.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_written_checked_kept_and_moved_on_demand() {
    let repository = ChartRepository::serve(None).await;
    let old = repository.add("web", "1.4.2", TEMPLATES);
    let folder = checkout(&repository, "^1.2", "");
    let lock = || std::fs::read_to_string(folder.path().join("pinnace.lock")).unwrap_or_default();
    let (code, text) = said(&pinnace(folder.path(), &["charts", "lock", "--check"]).await);
    assert!(code == Some(3) && text.contains("is to be locked") && lock().is_empty(), "{code:?} {text}");
    assert!(repository.asked().is_empty());
    let (code, text) = said(&pinnace(folder.path(), &["charts", "lock"]).await);
    assert!(code == Some(0) && text.contains("/charts/web 1.4.2"), "{code:?} {text}");
    let first = lock();
    assert!(first.contains("version: \"1.4.2\"") && first.contains(&old.digest()), "{first}");

    // What is locked stays, whatever is newer; who asks is told.
    repository.add("web", "1.5.0", TEMPLATES);
    repository.add("web", "2.0.0", TEMPLATES);
    for args in [&["charts", "lock", "--check"][..], &["charts", "lock"]] {
        let (code, text) = said(&pinnace(folder.path(), args).await);
        assert!(code == Some(0) && text.contains("all charts are locked") && lock() == first, "{code:?} {text}");
    }
    let (code, text) = said(&pinnace(folder.path(), &["charts", "outdated"]).await);
    let row = text.lines().nth(1).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(code == Some(3) && row.contains("^1.2 1.4.2 1.5.0 2.0.0 pinnace.lock"), "{code:?} {text}");
    let (code, text) = said(&pinnace(folder.path(), &["charts", "lock", "--update", "web"]).await);
    assert!(code == Some(0) && text.contains("1.4.2 -> 1.5.0") && lock().contains("1.5.0"), "{code:?} {text}");
    let (code, text) = said(&pinnace(folder.path(), &["charts", "lock", "--update", "db"]).await);
    assert!(code == Some(1) && text.contains("names the chart `db`"), "{code:?} {text}");

    // A range that the lock does not fit is seen.
    let config = std::fs::read_to_string(folder.path().join("pinnace.yaml")).unwrap();
    put(&folder, "pinnace.yaml", &config.replace("^1.2", "^3"));
    assert_eq!(said(&pinnace(folder.path(), &["charts", "lock", "--check"]).await).0, Some(3));
    let (code, text) = said(&pinnace(folder.path(), &["charts", "lock"]).await);
    assert!(code == Some(1) && text.contains("is in `^3` (the newest is 2.0.0)"), "{code:?} {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_instance_may_have_its_version_in_a_file_of_its_own() {
    let repository = ChartRepository::serve(None).await;
    repository.add("web", "1.4.2", TEMPLATES);
    let folder = checkout(&repository, "^1.2", ", pinned: 'apps/{environment}/chart.yaml'");
    assert_eq!(said(&pinnace(folder.path(), &["charts", "lock"]).await).0, Some(0));
    let file = |environment: &str| {
        std::fs::read_to_string(folder.path().join(format!("apps/{environment}/chart.yaml"))).unwrap()
    };
    assert!(file("dev").contains("version: \"1.4.2\"") && file("dev") == file("prod"));
    assert!(!folder.path().join("pinnace.lock").exists());
    // What people wrote around the values stays.
    put(&folder, "apps/prod/chart.yaml", &format!("# ours\n{}", file("prod").replace("\"1.4.2\"", "1.4.2 # proven")));
    repository.add("web", "1.5.0", TEMPLATES);
    assert_eq!(said(&pinnace(folder.path(), &["charts", "lock", "--update-all"]).await).0, Some(0));
    assert!(
        file("prod").starts_with("# ours\n") && file("prod").contains("version: 1.5.0 # proven"),
        "{}",
        file("prod")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lint_says_what_is_likely_to_go_wrong_in_a_checkout() {
    let repository = ChartRepository::serve(None).await;
    repository.add("web", "1.4.2", TEMPLATES);
    let folder = checkout(&repository, "^1.2", "");
    let (code, text) = said(&pinnace(folder.path(), &["lint"]).await);
    assert!(
        code == Some(1) && text.contains("pinnace.lock: no version of the chart") && text.contains("[chart-lock]"),
        "{code:?} {text}"
    );
    assert_eq!(said(&pinnace(folder.path(), &["charts", "lock"]).await).0, Some(0));
    let (code, text) = said(&pinnace(folder.path(), &["lint"]).await);
    for told in [
        "Deployment shop/web: the init container `migrate` looks like a migration, and several pods would run it at once: it has 3 replicas",
        "the image `registry.example/acme/shop:1.0` has no digest",
        "the container `web` has no readiness probe",
        "the Pod `it` is a test of the chart: it is left out",
        "apps/prod/values.yaml:3: `admin.password` looks like a secret in the clear",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert!(code == Some(3) && !text.contains("hunter2"), "{code:?} {text}");
    let (_, json) = said(&pinnace(folder.path(), &["lint", "-o", "json"]).await);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((json["problems"].as_array().unwrap().len(), json["findings"][0]["rule"].is_string()), (0, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn lint_knows_what_the_config_lets_a_project_have() {
    let folder = TempDir::new().unwrap();
    let config = "apiVersion: pinnace.dev/v1\nkind: Config\nenvironments: {dev: {context: dev}}\nprojects:\n  shop:\n    image: registry.example/acme/shop\n    sources: [{path: apps/dev}]\n    namespaces: {dev: shop}\n    rules: {dev: auto}\n    clusterKinds: [ClusterRole.rbac.authorization.k8s.io]\n";
    put(&folder, "pinnace.yaml", config);
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: reader}\nrules: []\n";
    put(&folder, "apps/dev/role.yaml", role);
    let (code, text) = said(&pinnace(folder.path(), &["lint"]).await);
    assert_eq!(code, Some(0), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kustomization_takes_a_base_from_a_repository_that_is_allowed_at_a_tag() {
    let base = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: registry.example/acme/shop}]}\n";
    let files = [
        ("web/kustomization.yaml", "resources: [../parts]"),
        ("parts/kustomization.yaml", "resources: [web.yaml]"),
        ("parts/web.yaml", base),
    ];
    let remote = testkit::GitRemote::bare(&files).unwrap();
    remote.git(&["tag", "v1"]).unwrap();
    let folder = TempDir::new().unwrap();
    let config = |bases: &str| {
        format!(
            "apiVersion: pinnace.dev/v1\nkind: Config\nremoteBases: [{bases}]\nenvironments: {{prod: {{context: prod}}}}\nprojects:\n  shop:\n    image: registry.example/acme/shop\n    sources: [{{path: apps/prod}}]\n    namespaces: {{prod: shop}}\n    rules: {{prod: auto}}\n"
        )
    };
    let kustomization = |at: &str| format!("resources:\n  - {}//web{at}\nnamePrefix: our-\n", remote.file_url());
    put(&folder, "pinnace.yaml", &config(&format!("'{}'", remote.file_url())));
    put(&folder, "apps/prod/kustomization.yaml", &kustomization("?ref=v1"));
    let (code, text) = said(&pinnace(folder.path(), &["lint"]).await);
    assert!(
        code == Some(3) && text.contains("Deployment shop/our-web: the container `web` has no readiness probe"),
        "{code:?} {text}"
    );
    put(&folder, "apps/prod/kustomization.yaml", &kustomization(""));
    let (code, text) = said(&pinnace(folder.path(), &["lint"]).await);
    assert!(code == Some(1) && text.contains("without saying which version"), "{code:?} {text}");
    put(&folder, "pinnace.yaml", &config("'https://git.example/acme'"));
    let (code, text) = said(&pinnace(folder.path(), &["lint"]).await);
    assert!(code == Some(1) && text.contains("from elsewhere"), "{code:?} {text}");
}
