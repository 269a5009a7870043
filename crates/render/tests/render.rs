//! Files in, objects or a clear error out.

#![expect(clippy::panic, reason = "a helper of a test fails by panicking")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use render::{Place, Problem, RenderContext, RenderError, Rendered, render};
use secrets::MaskKey;
use serde_json::{Value, json};

fn key() -> MaskKey {
    MaskKey::from_bytes([1; 32])
}

fn files(files: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

fn try_render(given: &[(&str, &str)]) -> Result<Rendered, RenderError> {
    let key = key();
    render(&files(given), &RenderContext { namespace: "todo", cluster_kinds: &[], key: &key })
}

fn one(yaml: &str) -> Value {
    let rendered = try_render(&[("a.yaml", yaml)]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(rendered.objects.len(), 1);
    rendered.objects[0].value.clone()
}

fn problem(yaml: &str) -> (Place, Problem) {
    match try_render(&[("apps/a.yaml", yaml)]) {
        Err(RenderError::At { place, problem }) => (place, problem),
        other => panic!("{yaml}: {other:?}"),
    }
}

fn config_map(data: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n{data}")
}

#[test]
fn scalars_are_read_as_kubernetes_reads_them() {
    let table = [
        ("yes", json!(true)),
        ("off", json!(false)),
        ("y", json!(true)),
        ("012", json!(10)),
        ("0o14", json!(12)),
        ("1_000", json!(1000)),
        ("0b101", json!(5)),
        ("1e3", json!(1000)),
        ("1.0", json!(1)),
        ("1.5", json!(1.5)),
        ("1.10", json!(1.1)),
        ("'1.10'", json!("1.10")),
        ("2026-01-01", json!("2026-01-01")),
        ("12345678901234567890", json!(12_345_678_901_234_567_890_u64)),
        ("~", json!(null)),
        ("\"no\"", json!("no")),
    ];
    for (given, expected) in table {
        assert_eq!(one(&config_map(&format!("  k: {given}\n")))["data"]["k"], expected, "{given}");
    }
}

#[test]
fn several_documents_lists_and_json_are_read() {
    let rendered = try_render(&[
        ("a.yaml", "---\n# nothing\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n---\n\n"),
        ("b.json", r#"{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"}}]}"#),
        ("c.yml", "\u{feff}apiVersion: v1\r\nkind: ConfigMap\r\nmetadata:\r\n  name: a\r\n"),
        ("README.md", "# not: [yaml"),
        (".hidden.yaml", "not: [yaml"),
        ("pinnace.yaml", "apiVersion: pinnace.dev/v1\nkind: Config\nprojects: {}\n"),
    ])
    .unwrap();
    let keys: Vec<String> = rendered.objects.iter().map(|object| object.key.to_string()).collect();
    assert_eq!(keys, ["ConfigMap todo/a", "ConfigMap todo/b", "Service todo/s"]);
    assert_eq!(rendered.objects[1].place, Place { file: "a.yaml".into(), line: 4, column: 0 });
}

#[test]
fn anchors_and_merge_keys_are_expanded() {
    let value = one(&config_map("  a: &x text\n  b: *x\n"));
    assert_eq!(value["data"], json!({"a": "text", "b": "text"}));
}

#[test]
fn what_only_live_objects_have_is_left_out() {
    let value = one(
        "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: todo, uid: x, resourceVersion: '5', creationTimestamp: null, managedFields: []}\nstatus: {loadBalancer: {}}\n",
    );
    assert_eq!(value, json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "todo"}}));
}

#[test]
fn a_secret_has_one_form() {
    let value = one(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  a: aHVudGVyMg==\n  c: |\n    aHVu\n    dGVyMg==\nstringData: {b: x, a: 'y'}\n",
    );
    assert_eq!(value["data"], json!({"a": "eQ==", "b": "eA==", "c": "aHVudGVyMg=="}));
    assert_eq!(value.get("stringData"), None);
}

#[test]
fn objects_come_in_the_order_in_which_they_are_applied() {
    let kinds = ["Deployment", "Job", "Secret", "Service", "ServiceAccount", "Ingress", "ConfigMap", "Widget"];
    let yaml: Vec<String> =
        kinds.iter().map(|kind| format!("apiVersion: x.example/v1\nkind: {kind}\nmetadata: {{name: a}}\n")).collect();
    let rendered = try_render(&[("a.yaml", &yaml.join("---\n"))]).unwrap();
    let order: Vec<&str> = rendered.objects.iter().map(|object| object.key.kind.as_str()).collect();
    assert_eq!(order, ["ServiceAccount", "Secret", "ConfigMap", "Service", "Widget", "Deployment", "Job", "Ingress"]);
}

#[test]
fn the_hash_says_what_is_rendered_and_nothing_about_how_it_is_written() {
    let hash = |given: &[(&str, &str)]| try_render(given).unwrap().hash;
    let a = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1', y: '2'}\n";
    let same = "# comment\nkind: ConfigMap\ndata:\n  y: \"2\"\n  x: \"1\"\napiVersion: v1\nmetadata: {name: a, namespace: todo}\n";
    assert_eq!(hash(&[("a.yaml", a)]), hash(&[("other.yml", same)]));
    assert_ne!(hash(&[("a.yaml", a)]), hash(&[("a.yaml", &a.replace('2', "3"))]));
    let text = hash(&[("a.yaml", a)]).to_string();
    assert_eq!(text.parse(), Ok(hash(&[("a.yaml", a)])));
    assert!("zz".parse::<render::RenderHash>().is_err());
}

#[test]
fn a_changed_secret_changes_the_hash_only_for_who_has_the_key() {
    let secret =
        |value: &str| format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData: {{p: {value}}}\n");
    let hash = |value: &str, key: &MaskKey| {
        let given = files(&[("a.yaml", &secret(value))]);
        render(&given, &RenderContext { namespace: "todo", cluster_kinds: &[], key }).unwrap().hash
    };
    assert_eq!(hash("hunter2", &key()), hash("hunter2", &key()));
    assert_ne!(hash("hunter2", &key()), hash("hunter3", &key()));
    assert_ne!(hash("hunter2", &key()), hash("hunter2", &MaskKey::from_bytes([2; 32])));
}

#[test]
fn nothing_rendered_is_never_taken_for_nothing_wanted() {
    for given in [&[][..], &[("a.yaml", "# all gone\n")], &[("a.yaml", "")], &[("README.md", "x")]] {
        assert!(matches!(try_render(given), Err(RenderError::NothingRendered { .. })), "{given:?}");
    }
}

#[test]
fn another_engine_s_folder_inside_of_a_plain_source_is_refused_by_name() {
    let (kustomization, chart) = ("kustomization", "chart");
    for (file, what) in
        [("x/kustomization.yaml", kustomization), ("Kustomization", kustomization), ("x/Chart.yaml", chart)]
    {
        let error = try_render(&[(file, "a: b")]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{file}: a {what} inside a folder of plain manifests")), "{error}");
    }
}

#[test]
fn bad_yaml_is_told_with_its_place() {
    let (place, told) = problem("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n name: b\n");
    assert_eq!((place.file.as_str(), place.line), ("apps/a.yaml", 5), "{told}");
    let (place, told) = problem(&config_map("  a: 1\n  a: canary\n"));
    assert_eq!(place.line, 7, "{told}");
    assert!(!told.to_string().contains("canary"));
    let (_, told) = problem("kind: {{ .Values.kind }}\n");
    assert!(told.to_string().contains("template of Helm"), "{told}");
    let key = key();
    let binary = BTreeMap::from([("a.yaml".to_owned(), vec![0xff, 0xfe, 0x00])]);
    let error = render(&binary, &RenderContext { namespace: "todo", cluster_kinds: &[], key: &key }).unwrap_err();
    assert!(error.to_string().contains("not UTF-8"));
}

#[test]
fn bombs_are_refused() {
    let mut aliases = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        aliases.extend([format!("a{level}: &a{level} [{}]\n", vec![before; 9].join(","))]);
    }
    let deep = format!("a: {}{}", "[".repeat(5_000), "]".repeat(5_000));
    for yaml in [aliases, deep] {
        assert!(matches!(problem(&yaml).1, Problem::Yaml { .. }));
    }
    assert!(matches!(problem(&"#".repeat(render::LARGEST_FILE + 1)).1, Problem::FileTooLarge { .. }));
}

#[test]
fn a_large_bundle_is_read() {
    let documents: Vec<String> =
        (0..2_000).map(|n| config_map("  k: v\n").replace("name: a", &format!("name: a{n}"))).collect();
    assert_eq!(try_render(&[("a.yaml", &documents.join("---\n"))]).unwrap().objects.len(), 2_000);
    let wide: Vec<String> = (0..20_000).map(|n| format!("  k{n}: v{n}\n")).collect();
    assert_eq!(one(&config_map(&wide.concat()))["data"].as_object().unwrap().len(), 20_000);
}

#[test]
fn what_is_no_object_is_told() {
    let table = [
        ("just text", "this is a text"),
        ("[1, 2]", "this is a list"),
        ("kind: ConfigMap\nmetadata: {name: a}", "`apiVersion` is missing"),
        ("apiVersion: v1\nmetadata: {name: a}", "`kind` is missing"),
        ("apiVersion: v1\nkind: ConfigMap", "`metadata.name` is missing"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 5}", "`metadata.name` is missing or not a text"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}", "use `metadata.name`"),
        ("apiVersion: v1\nkind: Config/Map\nmetadata: {name: a}", "a kind is made of letters and digits"),
        ("apiVersion: a/b/c\nkind: ConfigMap\nmetadata: {name: a}", "an apiVersion is"),
        ("apiVersion: v1\nkind: List\nitems: 5", "`items` is missing"),
        ("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: List, items: []}]", "`metadata.name` is missing"),
    ];
    for (yaml, expected) in table {
        let told = problem(yaml).1.to_string();
        assert!(told.contains(expected), "{yaml}: {told}");
    }
}

#[test]
fn names_labels_and_annotations_are_checked_with_their_place() {
    let long = "a".repeat(300);
    let table = [
        ("ConfigMap", "{name: Upper}".to_owned(), "can't be the name of a ConfigMap"),
        ("ConfigMap", format!("{{name: {long}}}"), "at most 253"),
        ("ConfigMap", "{name: '../etc'}".to_owned(), "can't be the name"),
        ("Service", "{name: a.b}".to_owned(), "at most 63"),
        (
            "ConfigMap",
            "{name: a, labels: {x: yes}}".to_owned(),
            "label `x` of ConfigMap todo/a: its value has to be a text: put quotes",
        ),
        ("ConfigMap", "{name: a, labels: {x: 'a b'}}".to_owned(), "label `x`"),
        ("ConfigMap", "{name: a, labels: [x]}".to_owned(), "mapping of names to texts"),
        ("ConfigMap", "{name: a, annotations: {'a/b/c': x}}".to_owned(), "annotation `a/b/c`"),
        ("ConfigMap", "{name: a, annotations: {pinnace.dev/instance: x}}".to_owned(), "is set by Pinnace only"),
        ("ConfigMap", format!("{{name: a, annotations: {{x: '{}'}}}}", "b".repeat(300_000)), "256 KiB"),
    ];
    for (kind, metadata, expected) in table {
        let told = problem(&format!("apiVersion: v1\nkind: {kind}\nmetadata: {metadata}\n")).1.to_string();
        assert!(told.contains(expected), "{metadata:.80}: {told}");
    }
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: 'shop:reader', annotations: {pinnace.dev/replace: 'true', long: 'a b'}}\n";
    assert!(try_render(&[("a.yaml", role)]).unwrap().objects[0].may_be_replaced());
}

#[test]
fn an_object_stays_in_its_instance() {
    let (_, told) = problem("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: kube-system}");
    assert_eq!(
        told.to_string(),
        "ConfigMap kube-system/a is for another namespace than this instance's, `todo`: remove `metadata.namespace` or make it an instance of its own"
    );
    for (api, kind) in [
        ("rbac.authorization.k8s.io/v1", "ClusterRole"),
        ("v1", "Namespace"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
    ] {
        let (_, told) = problem(&format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{name: a}}"));
        assert!(matches!(told, Problem::ClusterScoped { .. }), "{kind}: {told}");
    }
}

#[test]
fn kinds_of_the_whole_cluster_can_be_allowed_one_by_one() {
    let key = key();
    let kinds = ["Namespace".to_owned(), "Widget.x.example".to_owned()];
    let context = RenderContext { namespace: "todo", cluster_kinds: &kinds, key: &key };
    let render = |yaml: &str| render(&files(&[("a.yaml", yaml)]), &context);
    let rendered = render("apiVersion: x.example/v1\nkind: Widget\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: todo}\n").unwrap();
    assert!(rendered.objects.iter().all(|object| object.key.namespace.is_none()));
    assert!(render("apiVersion: v1\nkind: Namespace\nmetadata: {name: kube-system}\n").is_err());
    assert!(render("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a}\n").is_err());
}

#[test]
fn the_same_object_twice_is_refused_with_both_places() {
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    let error = try_render(&[("a.yaml", object), ("b.yaml", &format!("---\n{object}"))]).unwrap_err();
    assert_eq!(error.to_string(), "b.yaml:2: ConfigMap todo/a is already at a.yaml:1: remove one of them");
}

#[test]
fn ciphertext_never_reaches_the_cluster() {
    use base64::Engine as _;
    let packed = base64::engine::general_purpose::STANDARD.encode("ENC[AES256_GCM,data:canary]");
    let table = [
        (config_map("  a: ENC[AES256_GCM,data:canary,type:str]\n"), "data.a"),
        (config_map("  a: |\n    $ANSIBLE_VAULT;1.1;AES256\n    canary\n"), "data.a"),
        (config_map("  a: |\n    -----BEGIN AGE ENCRYPTED FILE-----\n    canary\n"), "data.a"),
        (config_map("  a: b\nsops: {mac: canary, version: 3.9.0}\n"), "sops"),
        (format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\ndata: {{ok: 'AP8=', p: {packed}}}\n"), "data.p"),
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {p: 'EJ[1:canary]'}\n".to_owned(),
            "stringData.p",
        ),
    ];
    for (yaml, field) in table {
        let told = problem(&yaml).1.to_string();
        assert!(told.contains(&format!("`{field}`")) && told.contains("still encrypted"), "{yaml}: {told}");
        assert!(!told.contains("canary"));
    }
}

#[test]
fn a_secret_that_is_none_is_refused_without_its_value() {
    for data in ["data: {p: canary!}", "data: {p: 5}", "data: canary", "stringData: {p: yes}"] {
        let told = problem(&format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\n{data}\n")).1;
        assert!(matches!(told, Problem::BadSecret { .. }) && !told.to_string().contains("canary"), "{told}");
    }
}

#[test]
fn nothing_about_a_rendered_secret_is_seen_in_debug_output() {
    let rendered =
        try_render(&[("a.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {p: canary}\n")])
            .unwrap();
    assert!(!format!("{rendered:?}").contains("canary") && !format!("{rendered:?}").contains("Y2FuYXJ5"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let key = key();
        let given = BTreeMap::from([("a.yaml".to_owned(), bytes)]);
        let _ = render(&given, &RenderContext { namespace: "todo", cluster_kinds: &[], key: &key });
    }

    #[test]
    fn any_yaml_like_text_is_read_or_refused(parts in prop::collection::vec(prop_oneof![
        Just("apiVersion: v1\n"), Just("kind: Secret\n"), Just("kind: List\nitems:\n"), Just("metadata: {name: a}\n"),
        Just("data:\n"), Just("  a: b\n"), Just("- "), Just("---\n"), Just("&x "), Just("*x\n"), Just("<<: "),
        Just("{"), Just("}"), Just("["), Just("]"), Just("\"") , Just("|\n"), Just(": "), Just("\t"), Just("!!binary "),
    ], 0..30)) {
        let _ = try_render(&[("a.yaml", &parts.concat())]);
    }

    #[test]
    fn rendering_is_the_same_every_time_and_of_its_own_output(
        data in prop::collection::btree_map("[a-z]{1,6}", "\\PC{0,12}", 0..6), secret in any::<bool>(),
    ) {
        let kind = if secret { "Secret" } else { "ConfigMap" };
        let field = if secret { "stringData" } else { "data" };
        let object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}, field: data});
        let given = object.to_string();
        let first = try_render(&[("a.json", &given)]);
        prop_assert_eq!(&first, &try_render(&[("a.json", &given)]));
        if let Ok(first) = first {
            let again = try_render(&[("a.json", &first.objects[0].value.to_string())]).unwrap();
            prop_assert_eq!(first.hash, again.hash);
        }
    }
}
