use super::*;

const SHA: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

fn shop() -> ImageRepository {
    "registry.example/acme/shop".parse().unwrap()
}

fn files(of: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    of.iter().map(|(file, text)| ((*file).to_owned(), text.as_bytes().to_vec())).collect()
}

fn pod(image: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: {image} # x\n")
}

fn shop_at(version: &str) -> ImageRef {
    reference(&shop(), version).unwrap()
}

fn set(of: &[(&str, &str)], version: &str) -> Result<FilesEdit, FilesError> {
    set_image_in_files(&files(of), &shop(), &shop_at(version))
}

#[test]
fn only_the_files_with_the_image_change() {
    let (ours, other) = (pod("registry.example/acme/shop:1"), pod("nginx:1"));
    let edit =
        set(&[("a.yaml", &ours), ("b.yaml", &other), ("README.md", "shop"), ("logo.png", "\u{0}shop")], "2").unwrap();
    assert_eq!(edit.changed, files(&[("a.yaml", &ours.replace(":1 ", ":2 "))]));
    assert_eq!(edit.from.to_string(), "registry.example/acme/shop:1");
    assert_eq!((edit.places[0].file.as_str(), edit.places[0].place.line), ("a.yaml", 5));
}

#[test]
fn places_that_differ_are_all_set_and_told() {
    let (a, b) = (pod("registry.example/acme/shop:1"), pod("registry.example/acme/shop:0.9"));
    let edit = set(&[("a.yaml", &a), ("b.yml", &b)], &format!("2@{SHA}")).unwrap();
    let set = pod(&format!("registry.example/acme/shop:2@{SHA}"));
    assert_eq!(edit.changed, files(&[("a.yaml", &set), ("b.yml", &set)]));
    let all: Vec<_> = edit.all_from.iter().map(ToString::to_string).collect();
    assert_eq!(all, ["registry.example/acme/shop:1", "registry.example/acme/shop:0.9"]);
}

#[test]
fn an_image_that_is_there_already_changes_no_file() {
    let edit = set(&[("a.yaml", &pod("registry.example/acme/shop:2"))], "2").unwrap();
    assert!(edit.changed.is_empty());
    assert_eq!(edit.places.len(), 1);
}

#[test]
fn no_place_names_the_images_of_all_files() {
    let error =
        set(&[("a.yaml", &pod("nginx:1")), ("b.yaml", &pod("registry.example/acme/shop-x:1"))], "2").unwrap_err();
    assert_eq!(
        error.to_string(),
        "no image of `registry.example/acme/shop` in the 2 files read; there are `nginx:1 (a.yaml:5)`, `registry.example/acme/shop-x:1 (b.yaml:5)`"
    );
}

#[test]
fn a_file_that_is_no_text_is_named() {
    let mut folder = files(&[("a.yaml", &pod("registry.example/acme/shop:1"))]);
    folder.insert("b.yaml".to_owned(), b"a: \xff".to_vec());
    let error = set_image_in_files(&folder, &shop(), &shop_at("2")).unwrap_err();
    assert_eq!(error.to_string(), "b.yaml: not UTF-8 from byte 3 on: save it as UTF-8");
}

#[test]
fn broken_yaml_that_names_the_image_stops_the_edit_by_file_and_line() {
    let error = set(&[("a.yaml", &pod("registry.example/acme/shop:1")), ("b.yaml", "shop: [\nb: }")], "2").unwrap_err();
    assert!(error.to_string().starts_with("b.yaml: line 1, column 7: not valid YAML"), "{error}");
}

#[test]
fn a_chart_is_edited_in_its_values() {
    let template = "metadata: {name: shop}\nspec:\n  containers:\n  {{- range .Values.all }}\n  - image: {{ .image }}\n  {{- end }}\n";
    let values = "image: {repository: registry.example/acme/shop, tag: v1}\n";
    let edit = set(&[("templates/a.yaml", template), ("values.yaml", values)], "1e5").unwrap();
    assert_eq!(edit.changed, files(&[("values.yaml", &values.replace("v1", "\"1e5\""))]));
    let error = set(&[("templates/a.yaml", template)], "2").unwrap_err();
    assert!(error.to_string().starts_with("templates/a.yaml: line 4: this is a template"), "{error}");
}

#[test]
fn templates_of_any_kind_stand_in_nobody_s_way() {
    let helpers =
        "{{- define \"shop.image\" -}}\n{{ .Values.image.repository }}:{{ .Values.image.tag }}\n{{- end -}}\n";
    let ingress = "{{- if .Values.ingress.enabled }}\nkind: Ingress\nmetadata:\n  name: shop\n  {{- with .Values.x }}\n  labels:\n    {{- toYaml . | nindent 4 }}\n  {{- end }}\n{{- end }}\n";
    let deployment = "kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n        - name: shop\n          image: \"{{ .Values.image.repository }}:{{ .Values.image.tag }}\"\n          resources:\n            {{- toYaml .Values.resources | nindent 12 }}\n";
    let values = "# Shop.\nimage:\n  registry: registry.example\n  repository: acme/shop\n  tag: \"1\"\n";
    let chart = [
        ("Chart.yaml", "name: shop\nversion: 0.1.0\n"),
        ("templates/_helpers.yaml", helpers),
        ("templates/ingress.yaml", ingress),
        ("templates/deployment.yaml", deployment),
        ("values.yaml", values),
    ];
    let edit = set(&chart, "2").unwrap();
    assert_eq!(edit.changed, files(&[("values.yaml", &values.replace("\"1\"", "\"2\""))]));
}

#[test]
fn a_kustomization_is_edited_whatever_its_file_is_called() {
    let text = "images:\n- name: registry.example/acme/shop\n  newTag: \"1\" # ours\n";
    for name in ["Kustomization", "kustomization.yml", "prod/kustomization.yaml"] {
        let edit = set(&[(name, text)], "2").unwrap();
        assert_eq!(edit.changed, files(&[(name, &text.replace("\"1\"", "\"2\""))]), "{name}");
    }
}

#[test]
fn pins_name_the_places_and_no_other_is_touched() {
    let text = "kind: A\nweb:\n  image: registry.example/acme/shop:1\n---\nkind: B\nlist:\n- {name: x, tag: 1.10}\n- {name: y, tag: 1.10}\n";
    let folder = files(&[("a.yaml", text)]);
    let pin = |path: &str| PinsPath { file: "a.yaml".to_owned(), path: path.to_owned() };
    let to = shop_at("1.11");
    let edit = set_image_at_pins(&folder, &[pin("web.image"), pin("list[name=y].tag")], &shop(), &to).unwrap();
    let wanted = text.replace("shop:1\n", "shop:1.11\n").replace("y, tag: 1.10", "y, tag: \"1.11\"");
    assert_eq!(edit.changed, files(&[("a.yaml", &wanted)]));
    let refused = |path: &str| set_image_at_pins(&folder, &[pin(path)], &shop(), &to).unwrap_err().to_string();
    assert_eq!(refused("web.tag"), "a.yaml: nothing stands at `web.tag`: correct the path");
    assert_eq!(refused("kind"), "a.yaml: several documents of the file have `kind`: put them into files of their own");
    assert_eq!(refused("web"), "a.yaml: line 3: this is not a single value");
    assert_eq!(
        refused("web["),
        "a.yaml: `web[` is not a path: write it like `spec.template.spec.containers[name=web].image`"
    );
    let gone = PinsPath { file: "b.yaml".to_owned(), path: "a".to_owned() };
    assert!(
        set_image_at_pins(&folder, &[gone], &shop(), &to)
            .unwrap_err()
            .to_string()
            .starts_with("b.yaml: there is no such file")
    );
}

#[test]
fn pins_refuse_another_image() {
    let folder = files(&[("a.yaml", "image: registry.example/acme/other:1\n")]);
    let pin = PinsPath { file: "a.yaml".to_owned(), path: "image".to_owned() };
    let error = set_image_at_pins(&folder, &[pin], &shop(), &shop_at("2")).unwrap_err();
    assert!(
        error.to_string().starts_with("a.yaml: line 1: `registry.example/acme/other:1` is not an image reference"),
        "{error}"
    );
}

#[test]
fn a_reference_may_be_short() {
    let at = |text: &str| reference(&shop(), text).map(|image| image.to_string());
    assert_eq!(at("1.2").unwrap(), "registry.example/acme/shop:1.2");
    assert_eq!(at(&format!("no@{SHA}")).unwrap(), format!("registry.example/acme/shop:no@{SHA}"));
    for digest in [format!("@{SHA}"), SHA.to_owned()] {
        assert_eq!(at(&digest).unwrap(), format!("registry.example/acme/shop@{SHA}"));
    }
    assert_eq!(at("registry.example/acme/shop:2").unwrap(), "registry.example/acme/shop:2");
    assert_eq!(at("shop:2").unwrap(), "docker.io/library/shop:2");
    for bad in ["", "@", "a b", "1\n", "-1", "sha256:12", "1@sha256:12", "\"; rm"] {
        assert!(at(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_diff_reads_as_gits() {
    let old = "a: 1\nb: 2\nc: 3\nd: 4\nimage: x:1\nend: 1";
    assert_eq!(
        git_diff("apps/a.yaml", old, &old.replace("x:1", "x:2")),
        "--- a/apps/a.yaml\n+++ b/apps/a.yaml\n@@ -2,5 +2,5 @@\n b: 2\n c: 3\n d: 4\n-image: x:1\n+image: x:2\n end: 1\n\\ No newline at end of file\n"
    );
    assert_eq!(git_diff("a.yaml", old, old), "");
}

#[test]
fn a_file_is_replaced_and_keeps_its_mode_and_its_links() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("a.yaml"), folder.path().join("link.yaml"));
    std::fs::write(&file, "old").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("a.yaml", &link).unwrap();
    write_atomically(&link, b"new").unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), b"new");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}
