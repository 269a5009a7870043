//! What we render is what `helm template` and `kustomize build` give: each case is rendered by both, and compared object by
//! object.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use render::engine::Files;
use render::{Object, Rendered};
use serde_json::Value;

use crate::support::{Case, key, programs};

fn cases() -> Vec<(String, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engines/cases");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), Case::parse(&std::fs::read_to_string(path).unwrap()))).collect()
}

/// The engine as anybody would run it.
fn plainly(case: &Case) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in &case.files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let source = &case.source;
    let is_chart = case.files.contains_key(&format!("{}/Chart.yaml", source.path));
    let mut command = if is_chart {
        let mut command = Command::new(&programs().helm);
        let chart = String::from_utf8_lossy(&case.files[&format!("{}/Chart.yaml", source.path)]).into_owned();
        if chart.contains("file://") {
            // As people do it, from the innermost on.
            for chart in ["charts/web", &source.path] {
                let mut update = Command::new(&programs().helm);
                let updated = update.args(["dependency", "update", chart]).current_dir(folder.path()).output().unwrap();
                assert!(updated.status.success(), "{}", String::from_utf8_lossy(&updated.stderr));
            }
        }
        command.args([
            "template",
            &source.chart.release,
            &source.path,
            "-n",
            "todo",
            "--include-crds",
            "--kube-version",
        ]);
        command.arg(source.chart.kube_version.as_deref().unwrap_or("1.33.0"));
        command.args(source.chart.api_versions.iter().flat_map(|api| ["-a", api]));
        command.args(source.chart.values.iter().flat_map(|file| ["-f", file]));
        command
    } else {
        let mut command = Command::new(&programs().kustomize);
        command.args(["build", &source.path]);
        command
    };
    let output = command.current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn by_key(rendered: &Rendered) -> BTreeMap<String, &Value> {
    rendered.everything().map(|object: &Object| (object.key.to_string(), &object.value)).collect()
}

fn is_test(value: &Value) -> bool {
    value.pointer("/metadata/annotations/helm.sh~1hook").is_some_and(|hook| hook == "test")
}

#[tokio::test]
async fn what_is_rendered_is_what_the_engines_give() {
    let cases = cases();
    assert!(cases.len() >= 20, "{}", cases.len());
    for (name, case) in &cases {
        let ours = case.render().await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let said = plainly(case);
        let key = key();
        let theirs =
            render::render(&Files::from([("all.yaml".to_owned(), said.clone().into_bytes())]), &case.context(&key))
                .unwrap_or_else(|error| panic!("{name}: {error}\n{said}"));
        let wanted: BTreeMap<_, _> = by_key(&theirs).into_iter().filter(|(_, value)| !is_test(value)).collect();
        let got = by_key(&ours);
        assert_eq!(got.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "{name}");
        for (object, value) in wanted {
            assert_eq!(got[&object], value, "{name}: {object}");
        }
        let said_objects = said.lines().filter(|line| line.starts_with("kind: ")).count();
        assert!(said_objects >= ours.everything().count() || said.contains("kind: List"), "{name}");
    }
}

#[tokio::test]
async fn an_object_of_a_chart_is_known_by_its_template() {
    let (_, case) = cases().into_iter().find(|(name, _)| name == "helm-01-web").unwrap();
    let rendered = case.render().await.unwrap();
    let hpa = rendered.objects.iter().find(|object| object.key.kind == "HorizontalPodAutoscaler").unwrap();
    assert_eq!(hpa.place.file, "apps/web/templates/hpa.yaml");
    assert!(rendered.objects.iter().all(|object| object.key.kind != "Pod"));
    assert_eq!(rendered.left_out, ["the Pod `web-test-connection` is a test of the chart: it is left out"]);
}
