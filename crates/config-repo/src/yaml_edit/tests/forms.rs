//! The forms in which an image is written.

use super::super::*;
use super::*;

#[test]
fn one_of_several_containers_is_ours() {
    let edit = check(&deployment(
        "      - name: proxy\n        image: registry.example/acme/proxy:9 # not ours\n      - name: web\n        image: IMG\n",
    ));
    let [place] = edit.places.as_slice() else { panic!("{edit:?}") };
    assert_eq!(place.path, "spec.template.spec.containers[1].image");
    assert_eq!((place.document, place.line, place.column), (0, 11, 16));
    assert_eq!(place.reference, "registry.example/acme/shop:1.0");
}

#[test]
fn init_containers_are_set_and_ephemeral_ones_are_not() {
    let text = deployment(
        "      - {name: web, image: IMG}\n      initContainers:\n      - {name: init, image: 'IMG'}\n      ephemeralContainers:\n      - {name: debug, image: registry.example/acme/shop:0.1}\n",
    );
    assert_eq!(check(&text).places.len(), 2);
}

#[test]
fn pods_cron_jobs_lists_and_foreign_kinds_are_searched() {
    check("apiVersion: v1\nkind: Pod\nspec:\n  containers: [{image: IMG}]\n");
    check(
        "apiVersion: batch/v1\nkind: CronJob\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers:\n          - image: IMG\n",
    );
    check(
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  spec:\n    containers:\n    - image: IMG\n",
    );
    check(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec:\n  template:\n    spec:\n      containers:\n      - image: IMG\n",
    );
}

#[test]
fn several_documents_are_all_set() {
    let pod = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: IMG\n";
    let edit = check(&format!(
        "{pod}---\n# nothing\n---\n{pod}...\n---\napiVersion: v1\nkind: ConfigMap\ndata: {{x: registry.example/acme/shop:1.0}}\n"
    ));
    assert_eq!(edit.places.iter().map(|place| place.document).collect::<Vec<_>>(), [0, 2]);
}

#[test]
fn a_manifest_in_json_stays_json() {
    check("{\"apiVersion\": \"v1\", \"kind\": \"Pod\",\n\t\"spec\": {\"containers\": [{\"image\": \"IMG\"}]}}");
}

#[test]
fn digests_are_set_with_the_tag() {
    let text = |image: &str| deployment(&format!("      - image: {image} # x\n"));
    let at = |version: &str| text(&format!("registry.example/acme/shop{version}"));
    let to = shop_at(&format!("2.0@{SHA2}"));
    for old in [":1.0", "", &format!("@{SHA1}"), &format!(":1.0@{SHA1}")] {
        let edit = set_image(&at(old), &shop(), &to).unwrap();
        assert_eq!(edit.text, at(&format!(":2.0@{SHA2}")), "{old}");
        assert!(edit.places[0].holds_digest);
    }
}

#[test]
fn the_repository_stays_as_the_file_spells_it() {
    let text = |image: &str| deployment(&format!("      - image: {image}\n"));
    let to: ImageRef = "docker.io/library/shop:2".parse().unwrap();
    assert_eq!(set_image(&text("shop:1"), &to.repository, &to).unwrap().text, text("shop:2"));
    assert_eq!(
        set_image(&text("index.docker.io/library/shop"), &to.repository, &to).unwrap().text,
        text("index.docker.io/library/shop:2")
    );
    let to: ImageRef = "r.example:5000/a:2".parse().unwrap();
    assert_eq!(set_image(&text("r.example:5000/a"), &to.repository, &to).unwrap().text, text("r.example:5000/a:2"));
}

#[test]
fn kustomize_images_are_found_by_their_new_name_first() {
    let kustomization = |tag: &str, digest: &str| {
        format!(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nimages:\n- name: app\n  newName: registry.example/acme/shop # x\n  newTag: {tag}\n  digest: {digest}\n- name: registry.example/acme/other\n  newTag: \"1\"\n"
        )
    };
    let to = shop_at(&format!("1e5@{SHA2}"));
    let edit = set_image(&kustomization("v1", SHA1), &shop(), &to).unwrap();
    assert_eq!(edit.text, kustomization("\"1e5\"", SHA2));
    assert_eq!(edit.places[0].path, "images[0]");
    assert_eq!(edit.from, [shop_at(&format!("v1@{SHA1}"))]);
}

#[test]
fn a_kustomization_needs_no_kind() {
    let text =
        |tag: &str| format!("resources: [a.yaml]\nimages:\n- name: registry.example/acme/shop\n  newTag: {tag}\n");
    let edit = set_image(&text("1.10"), &shop(), &shop_at("1.11")).unwrap();
    assert_eq!(edit.text, text("\"1.11\""));
    assert!(!edit.places[0].holds_digest);
}

#[test]
fn helm_values_keep_tag_and_digest_apart() {
    let values = |tag: &str, digest: &str| {
        format!(
            "replicas: 2\nweb:\n  image:\n    repository: registry.example/acme/shop\n    tag: {tag} # set by Pinnace\n    digest: {digest}\n    pullPolicy: Always\n"
        )
    };
    let to = shop_at(&format!("no@{SHA2}"));
    for (tag, digest) in [("1.10", SHA1), ("\"\"", SHA1), ("1.10", "\"\"")] {
        let edit = set_image(&values(tag, digest), &shop(), &to).unwrap();
        let quoted = if digest == SHA1 { SHA2.to_owned() } else { format!("\"{SHA2}\"") };
        assert_eq!(edit.text, values("\"no\"", &quoted));
    }
}

#[test]
fn helm_values_without_a_value_are_filled_in() {
    let empty = "image:\n  repository: registry.example/acme/shop\n  tag: # set by Pinnace\n  digest:\n";
    let edit = set_image(empty, &shop(), &shop_at(&format!("no@{SHA2}"))).unwrap();
    let filled = empty.replace("tag:", "tag: \"no\"").replace("digest:", &format!("digest: {SHA2}"));
    assert_eq!(edit.text, filled);
    assert_eq!(edit.from, [shop()].map(|repository| ImageRef { repository, tag: None, digest: None }));
}

#[test]
fn helm_values_may_name_the_registry_apart() {
    let values = |tag: &str| format!("image:\n  registry: registry.example\n  repository: acme/shop\n  tag: '{tag}'\n");
    assert_eq!(set_image(&values("1"), &shop(), &shop_at("0x1F")).unwrap().text, values("0x1F"));
}

#[test]
fn a_tag_that_carries_its_digest_goes_on_to() {
    let values = |tag: &str| format!("image: {{repository: registry.example/acme/shop, tag: {tag}}}\n");
    let edit = set_image(&values(&format!("1@{SHA1}")), &shop(), &shop_at(&format!("2@{SHA2}"))).unwrap();
    assert_eq!(edit.text, values(&format!("2@{SHA2}")));
    assert!(edit.places[0].holds_digest);
}

#[test]
fn our_app_is_known_in_both_forms() {
    check("apiVersion: pinnace.dev/v1\nkind: App\nspec:\n  image: IMG\n");
    check("apiVersion: v1\nkind: List\nitems:\n- apiVersion: pinnace.dev/v1\n  kind: App\n  spec: {image: 'IMG'}\n");
    let component = "apiVersion: pinnace.dev/v1alpha1\nkind: App\nspec:\n  image: r.example/other\n  processes:\n    web: {}\n    trips: {image: 'IMG'}\n";
    check(component);
    check("apiVersion: pinnace.dev/v1alpha1\nkind: App\nspec:\n  seed:\n    image: IMG\n");
    let app = |tag: &str| {
        format!(
            "apiVersion: pinnace.dev/v1\nkind: App\nspec:\n  image:\n    repository: registry.example/acme/shop\n    tag: {tag}\n"
        )
    };
    assert_eq!(set_image(&app("v1"), &shop(), &shop_at("v2")).unwrap().text, app("v2"));
    let other = "apiVersion: other.example/v1\nkind: App\nspec:\n  image: IMG\n";
    assert!(refused(other).starts_with("no image of `registry.example/acme/shop` here, nor of any other"));
}

#[test]
fn a_digest_that_stands_there_is_never_left_behind() {
    let values = format!("image:\n  repository: registry.example/acme/shop\n  tag: v1\n  digest: {SHA1}\n");
    let error = set_image(&values, &shop(), &shop_at("v2")).unwrap_err();
    assert_eq!(error, EditError::NeedsDigest { line: 3 });
    assert_eq!(
        set_image(&values, &shop(), &shop_at(&format!("@{SHA2}"))).unwrap_err(),
        EditError::NeedsTag { line: 3 }
    );
}

#[test]
fn a_repository_alone_has_nothing_to_set() {
    assert_eq!(
        refused("image:\n  repository: registry.example/acme/shop\n"),
        EditError::NothingToSet { line: 2 }.to_string()
    );
}

#[test]
fn no_place_names_the_images_that_there_are() {
    let error = refused(&deployment("      - image: nginx:1\n      - image: registry.example/acme/shop-worker:1\n"));
    assert_eq!(
        error,
        "no image of `registry.example/acme/shop` here; there are `nginx:1`, `registry.example/acme/shop-worker:1`"
    );
}

#[test]
fn what_is_no_plain_reference_is_refused_by_name() {
    for image in [
        "registry.example/acme/shop:${TAG}",
        "'registry.example/acme/shop:{{ .Values.tag }}'",
        "registry.example/acme/shop:1\n         more",
    ] {
        let error = refused(&deployment(&format!("      - image: {image}\n")));
        assert!(error.starts_with("line 8: `registry.example/acme/shop:"), "{error}");
    }
    let error = refused(&deployment("      - image: {{ .Values.image }}\n"));
    assert_eq!(error, EditError::Template { line: 8 }.to_string());
    let error = refused(&deployment("      {{- if .x }}\n      - image: IMG\n      {{- end }}\n"));
    assert!(error.contains("this is a template"), "{error}");
}

#[test]
fn broken_yaml_names_line_and_column() {
    let error = refused(&deployment("      - image: IMG\n     bad: [\n"));
    assert!(error.starts_with("line 9, column "), "{error}");
}

#[test]
fn a_key_that_stands_twice_on_the_way_is_refused() {
    let error = refused(&deployment("      - image: IMG\n        name: a\n        image: x\n"));
    assert_eq!(error, "line 10: the key `image` stands twice: remove one");
    let error = refused("apiVersion: v1\nkind: Pod\nspec:\n  containers: [{image: IMG}]\nspec: {}\n");
    assert_eq!(error, "line 5: the key `spec` stands twice: remove one");
    check("apiVersion: v1\nkind: Pod\nmetadata: {labels: {a: b, a: c}}\nspec:\n  containers: [{image: IMG}]\n");
}

#[test]
fn the_reference_must_be_of_the_repository_and_name_a_version() {
    let text = deployment("      - image: registry.example/acme/shop:1\n");
    let other: ImageRef = "registry.example/acme/other:2".parse().unwrap();
    assert!(matches!(set_image(&text, &shop(), &other), Err(EditError::OtherRepository { .. })));
    let none: ImageRef = "registry.example/acme/shop".parse().unwrap();
    assert_eq!(set_image(&text, &shop(), &none), Err(EditError::NoVersion { line: 8 }));
}

#[test]
fn an_image_that_is_there_already_changes_nothing() {
    let text = deployment("      - image: \"registry.example/acme/shop:2.0\"  # x\r\n");
    let edit = set_image(&text, &shop(), &shop_at("2.0")).unwrap();
    assert_eq!((edit.text, edit.places.len()), (text, 1));
}

#[test]
fn every_image_of_a_file_is_listed() {
    let text = deployment("      - image: nginx\n      - image: registry.example/acme/shop:1\n      - image: ${X}\n");
    let references: Vec<_> = find_images(&text).unwrap().into_iter().map(|place| place.reference).collect();
    assert_eq!(references, ["nginx", "registry.example/acme/shop:1"]);
}

#[test]
fn hostile_texts_are_refused_and_not_expanded() {
    let circle = "a: &a {b: *a}\n";
    let bomb: String = (1..40).fold("a0: &a0 [x]\n".to_owned(), |text, i| {
        let last = i - 1;
        format!("{text}a{i}: &a{i} [*a{last},*a{last},*a{last}]\n")
    });
    for text in [
        circle,
        &bomb,
        &"[".repeat(100_000),
        &"- ".repeat(100_000),
        &format!("{}image: x{}", "{a: ".repeat(250), "}".repeat(250)),
        &format!("kind: A\nspec: {}{}", "[".repeat(250), "]".repeat(250)),
        &"a: 1\n".repeat(1000),
        "*x",
        "\0",
        "&",
        "? - : ,",
    ] {
        let _ = find_images(text);
        assert!(set_image(text, &shop(), &shop_at("2")).is_err());
    }
    assert!(matches!(find_images(&bomb), Err(EditError::TooDeep { .. })));
}

#[test]
fn a_file_of_many_documents_is_set_at_once() {
    let pod = deployment("      - image: registry.example/acme/shop:1.0\n");
    let text: String = format!("---\n{pod}").repeat(1000);
    let edit = set_image(&text, &shop(), &shop_at("2.0")).unwrap();
    assert_eq!(edit.places.len(), 1000);
    assert_eq!(edit.text, text.replace("shop:1.0", "shop:2.0"));
}
