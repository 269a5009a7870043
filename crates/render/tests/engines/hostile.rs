//! What others may put into a config repo, and what has to come of it: a sentence, and nothing else.

use render::engine::{EngineError, EngineSettings, Limits, RunError};
use render::{RenderError, Rendered};

use crate::support::{Case, settings};

const CHART: &str = "source: app\nrelease: app\n-- app/Chart.yaml --\napiVersion: v2\nname: app\nversion: 0.1.0\n";
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: it}\ndata:\n";

/// A chart with one template.
fn chart(template: &str) -> Case {
    Case::parse(&format!("{CHART}-- app/templates/it.yaml --\n{template}"))
}

/// A kustomization, with a Service beside it.
fn kustomization(text: &str) -> Case {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}";
    Case::parse(&format!("source: app\n-- app/service.yaml --\n{service}\n-- app/kustomization.yaml --\n{text}"))
}

async fn refused(case: &Case) -> String {
    told(case.render().await)
}

fn told(result: Result<Rendered, RenderError>) -> String {
    let error = result.map(|rendered| format!("{rendered:?}")).unwrap_err();
    let text = error.to_string();
    assert!(error.is_content(), "{text}");
    assert!(text.len() < 2_000, "{} bytes", text.len());
    assert!(!text.contains("pinnace-render-"), "{text}");
    text
}

#[tokio::test]
async fn what_differs_by_itself_is_refused_and_named() {
    for random in
        ["{{ randAlphaNum 10 }}", "\"{{ now | unixEpoch }}-{{ uuidv4 }}\"", "{{ genPrivateKey \"ed25519\" | quote }}"]
    {
        let told = refused(&chart(&format!("{MAP}  value: {random}\n"))).await;
        assert!(told.contains("something else for app/templates/it.yaml each time"), "{told}");
    }
}

#[tokio::test]
async fn templates_see_no_environment_and_no_file_outside_of_the_chart() {
    for call in ["{{ env \"PATH\" }}", "{{ expandenv \"$HOME\" }}"] {
        assert!(refused(&chart(&format!("{MAP}  value: {call}\n"))).await.contains("not defined"));
    }
    let text = format!("{MAP}  value: {{{{ .Files.Get \"../../../../etc/passwd\" | quote }}}}\n");
    let rendered = chart(&text).render().await.unwrap();
    assert_eq!(rendered.objects[0].value["data"]["value"], "");
}

#[tokio::test]
async fn files_outside_of_a_kustomization_are_refused() {
    for text in [
        "configMapGenerator: [{name: it, files: [/etc/passwd]}]",
        "configMapGenerator: [{name: it, files: [../../../../../../etc/passwd]}]",
        "resources: [service.yaml]\npatches: [{path: ../../../etc/hosts}]",
        "secretGenerator: [{name: it, envs: [/proc/self/environ]}]",
    ] {
        let told = refused(&kustomization(text)).await;
        assert!(!told.contains("root:x:0") && told.contains("Kustomize can't render `app`"), "{told}");
    }
}

#[tokio::test]
async fn what_comes_from_elsewhere_is_refused_before_anything_runs() {
    for remote in
        ["http://169.254.169.254/latest", "https://localhost/x?ref=main", "github.com/acme/base//x", "file:///etc"]
    {
        let told = refused_early(&kustomization(&format!("resources: ['{remote}']"))).await;
        assert!(told.contains("from elsewhere"), "{told}");
    }
    let told = refused_early(&kustomization("resources: [../../../etc]")).await;
    assert!(told.contains("leads out of the config repo"), "{told}");
    // Other fields take addresses too; the room has no network.
    for text in [
        "resources: [service.yaml]\nopenapi: {path: 'http://localhost:1/x'}",
        "resources: [service.yaml]\ncrds: ['http://localhost:1/x']",
    ] {
        refused(&kustomization(text)).await;
    }
}

/// Refused with no engine at hand.
async fn refused_early(case: &Case) -> String {
    let nothing = EngineSettings { kustomize: Some("/nothing".into()), helm: Some("/nothing".into()), ..settings() };
    told(case.render_with(nothing).await)
}

#[tokio::test]
async fn plugins_and_functions_do_not_run() {
    let function = "apiVersion: example.org/v1\nkind: Run\nmetadata:\n  name: run\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ./run.sh}\n";
    let container = function.replace("exec: {path: ./run.sh}", "container: {image: busybox}");
    for plugin in [function, &container, "apiVersion: example.org/v1\nkind: Unknown\nmetadata: {name: x}\n"] {
        let mut case = kustomization("resources: [service.yaml]\ntransformers: [run.yaml]");
        case.files.insert("app/run.yaml".to_owned(), plugin.as_bytes().to_vec());
        case.files.insert("app/run.sh".to_owned(), b"#!/bin/sh\ntouch /tmp/pinnace-was-here\n".to_vec());
        let told = refused(&case).await;
        assert!(told.contains("Kustomize can't render"), "{told}");
    }
    assert!(
        refused(&kustomization("helmCharts: [{name: redis, repo: 'https://charts.example'}]"))
            .await
            .contains("`helmCharts`")
    );
}

#[tokio::test]
async fn bombs_end_the_child_and_are_told() {
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let of = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![of; 9].join(",")));
    }
    let mut case = chart(&format!("{MAP}  value: {{{{ .Values.a11 | toYaml | len | quote }}}}\n"));
    case.files.insert("app/values.yaml".to_owned(), bomb.clone().into_bytes());
    assert!(refused(&case).await.contains("Helm can't render `app`"));
    let mut case = kustomization("resources: [service.yaml, bomb.yaml]");
    case.files.insert("app/bomb.yaml".to_owned(), format!("{MAP}  a: b\n{bomb}").into_bytes());
    refused(&case).await;
}

#[tokio::test]
async fn what_grows_without_end_meets_a_limit() {
    let limits = Limits { output_bytes: 1 << 20, memory: 256 << 20, seconds: 20, cpu_seconds: 5, ..Limits::default() };
    let small = || EngineSettings { limits, ..settings() };
    let long = chart(&format!(
        "{MAP}{{{{ range until 100000 }}}}  key-{{{{ . }}}}: a long enough text to come over the limit\n{{{{ end }}}}"
    ));
    let told_long = told(long.render_with(small()).await);
    assert!(told_long.contains("gave more than 1 MiB"), "{told_long}");
    let endless = chart(
        "{{ range until 2000 }}{{ range until 2000 }}{{ range until 2000 }}{{ $x := . | toString | sha256sum }}{{ end }}{{ end }}{{ end }}",
    );
    let error = endless.render_with(small()).await.unwrap_err();
    let RenderError::Engine(error) = error else { panic!("{error}") };
    assert!(
        matches!(*error, EngineError::Run { why: RunError::TooMuchWork { .. } | RunError::TooSlow { .. }, .. }),
        "{error}"
    );
    let recursive = chart("{{ define \"x\" }}{{ include \"x\" . }}{{ end }}{{ include \"x\" . }}");
    told(recursive.render_with(small()).await);
}

#[tokio::test]
async fn a_million_keys_end_the_child_or_are_too_much() {
    let mut case = chart(&format!("{MAP}  value: {{{{ len .Values | quote }}}}\n"));
    let keys: Vec<String> = (0..1_000_000).map(|key| format!("k{key}: {key}")).collect();
    case.files.insert("app/values.yaml".to_owned(), keys.join("\n").into_bytes());
    match case.render().await {
        Ok(rendered) => assert_eq!(rendered.objects.len(), 1),
        Err(error) => assert!(error.to_string().contains("and was ended"), "{error}"),
    }
}

#[tokio::test]
async fn charts_that_are_broken_are_told_with_their_place() {
    let told = refused(&chart("kind: {{ .Values.a.b.c }}\n")).await;
    assert!(told.contains("app/templates/it.yaml"), "{told}");
    let told = refused(&chart(&format!("{MAP}  value: {{{{ fail \"no region is set\" }}}}\n"))).await;
    assert!(told.contains("no region is set"), "{told}");
    let library = Case::parse(&format!("{CHART}type: library\n-- app/templates/it.yaml --\n{MAP}  a: b\n"));
    assert!(refused(&library).await.contains("library"));
    let dependency = Case::parse(&format!(
        "{CHART}dependencies: [{{name: redis, version: 1.0.0, repository: 'https://charts.example'}}]\n-- app/templates/it.yaml --\n{MAP}  a: b\n"
    ));
    let told = refused(&dependency).await;
    assert!(
        told.contains("app/Chart.yaml needs the chart `redis`") && told.contains("helm dependency build"),
        "{told}"
    );
    let elsewhere = Case::parse(&format!(
        "{CHART}dependencies: [{{name: redis, version: 1.0.0, repository: 'file://../../redis'}}]\n-- app/templates/it.yaml --\n{MAP}  a: b\n"
    ));
    assert!(refused(&elsewhere).await.contains("leads out of the config repo"));
    let mut schema = chart(&format!("{MAP}  a: b\n"));
    schema.files.insert("app/values.schema.json".to_owned(), br#"{"required": ["port"]}"#.to_vec());
    assert!(refused(&schema).await.contains("port"));
    let mut values = chart(&format!("{MAP}  a: b\n"));
    values.source.chart.values = vec!["prod.yaml".to_owned()];
    assert!(refused(&values).await.contains("there is no `prod.yaml`"));
}

#[tokio::test]
async fn an_archive_with_odd_paths_writes_nothing_and_is_refused() {
    let tar = [entry("../../evil/Chart.yaml", b"evil\n"), vec![0; 1024]].concat();
    let mut case = chart(&format!("{MAP}  a: b\n"));
    case.files.insert("app/charts/evil-1.0.0.tgz".to_owned(), stored_gzip(&tar));
    assert!(refused(&case).await.contains("Helm can't render `app`"));
    case.files.insert("app/charts/evil-1.0.0.tgz".to_owned(), b"not an archive".to_vec());
    assert!(refused(&case).await.contains("Helm can't render `app`"));
}

/// A file in a tar.
fn entry(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    let size = format!("{:011o}", bytes.len());
    for (at, text) in [(0, name), (100, "0000644"), (124, &size), (156, "0"), (257, "ustar")] {
        header[at..at + text.len()].copy_from_slice(text.as_bytes());
    }
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut entry = header.to_vec();
    entry.extend_from_slice(bytes);
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}

/// Gzip without compression.
fn stored_gzip(bytes: &[u8]) -> Vec<u8> {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    let length = u16::try_from(bytes.len()).unwrap();
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    gzip.extend(length.to_le_bytes());
    gzip.extend((!length).to_le_bytes());
    gzip.extend_from_slice(bytes);
    gzip.extend((!crc).to_le_bytes());
    gzip.extend(u32::from(length).to_le_bytes());
    gzip
}

#[tokio::test]
async fn a_packed_chart_is_rendered_and_one_that_leaves_its_folder_is_refused() {
    let packed = |files: &[(&str, &[u8])]| {
        let tar: Vec<u8> = files.iter().flat_map(|(name, bytes)| entry(name, bytes)).chain([0; 1024]).collect();
        let mut case = Case::parse("source: charts/web-1.0.0.tgz\nrelease: web");
        case.files.insert("charts/web-1.0.0.tgz".to_owned(), stored_gzip(&tar));
        case
    };
    let chart = b"apiVersion: v2\nname: web\nversion: 1.0.0\n".as_slice();
    let template = format!("{MAP}  a: b\n");
    let template = template.as_bytes();
    let good = packed(&[("web/Chart.yaml", chart), ("web/templates/it.yaml", template)]);
    assert_eq!(good.render().await.unwrap().objects[0].key.name, "it");
    for name in ["/etc/evil.yaml", "web/../../evil.yaml", "web/templates/../../../evil.yaml"] {
        let bad = packed(&[("web/Chart.yaml", chart), ("web/templates/it.yaml", template), (name, b"evil")]);
        let told = refused(&bad).await;
        let leads =
            told.contains("`charts/web-1.0.0.tgz` is refused") && told.contains("leads out of the chart's folder");
        assert!(leads, "{name}: {told}");
    }
}

#[tokio::test]
async fn values_of_secrets_are_not_in_what_is_told() {
    let mut case = chart(&format!("{MAP}  value: {{{{ fail (printf \"bad %s\" .Values.db.password) }}}}\n"));
    case.files.insert("app/values.yaml".to_owned(), b"db: {password: hunter2hunter2}\n".to_vec());
    let told = refused(&case).await;
    assert!(told.contains("bad ***") && !told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn a_missing_program_is_named_with_what_to_do_and_is_nobody_s_commit() {
    let nothing = EngineSettings { helm: Some("/nothing/helm".into()), ..settings() };
    let error = chart(&format!("{MAP}  a: b\n")).render_with(nothing).await.unwrap_err();
    assert!(!error.is_content());
    assert!(error.to_string().contains("`app` needs Helm") && error.to_string().contains("install Helm 4"), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_two_things_is_refused() {
    let mut case = chart(&format!("{MAP}  a: b\n"));
    case.files.insert("app/kustomization.yaml".to_owned(), b"resources: []".to_vec());
    assert!(told(case.render().await).contains("holds a kustomization and a chart"));
    let mut case = kustomization("resources: [service.yaml]");
    case.source.must_be_chart = true;
    assert!(told(case.render().await).contains("there is no `app/Chart.yaml`"));
}
