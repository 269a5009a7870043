use proptest::prelude::*;
use serde_json::json;

use super::*;

const WEB: &str = r#"# The web part.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2  # for the sale
  paused: false
  selector: {matchLabels: {app: web}}
  template:
    spec:
      containers:
        - name: side
          image: "side:1"
        - name: web
          image: "web:1"
          env:
            - {name: ONE, value: "1"}

          # the end
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  GREETING: hello
  page: |
    <h1>
      hello
    </h1>
  port: "80"
"#;

fn set(document: usize, path: &str, value: Value) -> Result<String, EditError> {
    set_value(WEB, document, path, &value)
}

/// The lines that differ, old ones with `-`, new ones with `+`.
fn changed(after: &str) -> String {
    let diff = similar::TextDiff::from_lines(WEB, after);
    let lines = diff.iter_all_changes().filter(|change| change.tag() != similar::ChangeTag::Equal);
    let lines: Vec<String> = lines.map(|change| format!("{}{}", change.tag(), change.value().trim_start())).collect();
    lines.concat()
}

#[test]
fn a_scalar_takes_a_value_of_its_own_type_and_nothing_else_changes() {
    let cases = [
        (0, "spec.replicas", json!(3), "-replicas: 2  # for the sale\n+replicas: 3  # for the sale\n"),
        (0, "spec.paused", json!(true), "-paused: false\n+paused: true\n"),
        (1, "data.GREETING", json!("good day"), "-GREETING: hello\n+GREETING: \"good day\"\n"),
        (1, "data.GREETING", json!(""), "-GREETING: hello\n+GREETING: \"\"\n"),
        (1, "data.GREETING", json!("a\nb\n"), "-GREETING: hello\n+GREETING: \"a\\nb\\n\"\n"),
        (1, "data.port", json!("81"), "-port: \"80\"\n+port: \"81\"\n"),
        (0, "spec.template.spec.containers[name=web].image", json!("web:2"), "-image: \"web:1\"\n+image: \"web:2\"\n"),
    ];
    for (document, path, value, differs) in cases {
        assert_eq!(changed(&set(document, path, value).unwrap()), differs, "{path}");
    }
}

#[test]
fn a_text_of_several_lines_keeps_its_indent_and_its_end() {
    let after = set(1, "data.page", json!("<h1>\n  bye\n\n</h1>\n")).unwrap();
    assert!(after.contains("  page: |\n    <h1>\n      bye\n\n    </h1>\n  port: \"80\"\n"), "{after}");
    assert!(set(1, "data.page", json!("no line end")).is_ok_and(|after| after.contains("    no line end\n  port")));
    for refused in [json!("a\nb"), json!(" begins\nb\n"), json!(3)] {
        assert!(matches!(set(1, "data.page", refused), Err(EditError::Unwritable { .. })));
    }
}

#[test]
fn what_is_not_there_is_added_to_the_mapping_or_list_that_is() {
    let cases = [
        (1, "data.MORE", json!("1"), "+MORE: \"1\"\n"),
        (0, "spec.minReadySeconds", json!(5), "+minReadySeconds: 5\n"),
        (0, "metadata.labels[\"a.b/c\"]", json!("x"), "+labels: {a.b/c: x}\n"),
        (0, "spec.strategy.type", json!("Recreate"), "+strategy: {type: Recreate}\n"),
        (
            0,
            "spec.selector.matchLabels.tier",
            json!("front"),
            "-selector: {matchLabels: {app: web}}\n+selector: {matchLabels: {app: web, tier: front}}\n",
        ),
        (
            0,
            "spec.template.spec.containers[name=web].env[name=DEBUG].value",
            json!("1"),
            "+- {name: DEBUG, value: \"1\"}\n",
        ),
        (
            0,
            "spec.template.spec.containers[name=side].env[name=DEBUG].value",
            json!("yes"),
            "+env: [{name: DEBUG, value: \"yes\"}]\n",
        ),
    ];
    for (document, path, value, differs) in cases {
        assert_eq!(changed(&set(document, path, value).unwrap()), differs, "{path}");
    }
}

#[test]
fn what_has_no_place_is_refused() {
    let text = "a: &x {b: 1}\nc: *x\nd: [1, 2]\ne: {f: {}}\n";
    let set = |path: &str, value: Value| set_value(text, 0, path, &value);
    assert!(matches!(set("a.b", json!(2)), Err(EditError::SharedAnchor { .. })));
    assert!(matches!(set("a.z", json!(2)), Err(EditError::SharedAnchor { .. })));
    assert!(matches!(set("c.b", json!(2)), Err(EditError::IsAlias { .. })));
    assert!(matches!(set("d", json!([1])), Err(EditError::NotAScalar { .. })));
    assert!(matches!(set("d[5]", json!(1)), Err(EditError::Unwritable { .. })));
    assert!(matches!(set("a.b.c", json!(1)), Err(EditError::SharedAnchor { .. })));
    assert_eq!(set("e.f.g", json!(1)).unwrap(), text.replace("f: {}", "f: {g: 1}"));
}

#[test]
fn json_stays_json() {
    let text = "{\n  \"data\": {\n    \"a\": \"1\"\n  }\n}\n";
    let after = set_value(text, 0, "data.b", &json!("yes")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&after).unwrap(), json!({"data": {"a": "1", "b": "yes"}}));
}

#[test]
fn an_object_is_found_by_its_name_and_its_text_is_its_own() {
    let object = |kind, name| ObjectName { group: "", kind, namespace: Some("shop"), name };
    assert_eq!(find_object(WEB, &object("ConfigMap", "settings")).unwrap(), Some(1));
    assert_eq!(find_object(WEB, &object("ConfigMap", "other")).unwrap(), None);
    assert_eq!(find_object(WEB, &object("Deployment", "web")).unwrap(), None, "it is of a group");
    let text = document_text(WEB, 1).unwrap().unwrap();
    assert!(text.starts_with("apiVersion: v1\n") && text.ends_with("port: \"80\"\n"), "{text}");
    assert!(document_text(WEB, 0).unwrap().unwrap().starts_with("# The web part."));
    assert_eq!(document_text(WEB, 2).unwrap(), None);
}

#[test]
fn a_value_is_found_where_a_path_leads() {
    let object = json!({"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81}]}});
    assert_eq!(value_at(&object, "spec.ports[port=81].port"), Some(&json!(81)));
    assert_eq!(value_at(&object, "spec.ports[0].name"), Some(&json!("a")));
    assert_eq!(value_at(&object, "spec.ports[name=b]"), None);
}

proptest! {
    #[test]
    fn whatever_is_written_reads_back_as_it_was(value in "\\PC{0,40}", key in "[a-zA-Z0-9._-]{1,12}") {
        let path = format!("data[\"{key}\"]");
        if let Ok(after) = set(1, &path, json!(value)) {
            let documents: Vec<Value> = serde_saphyr::from_multiple(&after).unwrap();
            prop_assert_eq!(&documents[1]["data"][&key], &json!(value));
            prop_assert_eq!(&documents[0], &serde_saphyr::from_multiple::<Value>(WEB).unwrap()[0]);
        }
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}", path in "[a-z.\\[\\]=0-9]{1,20}") {
        let _answer = set_value(&text, 0, &path, &json!("x"));
        let _answer = document_text(&text, 0);
    }
}

fn remove(document: usize, path: &str) -> Result<String, EditError> {
    remove_value(WEB, document, path)
}

#[test]
fn what_is_taken_out_takes_its_own_lines_along_and_no_others() {
    let cases = [
        (0, "spec.replicas", "-replicas: 2  # for the sale\n"),
        (0, "metadata.name", "-metadata:\n-name: web\n"),
        (0, "spec.selector.matchLabels.app", "-selector: {matchLabels: {app: web}}\n"),
        (0, "spec.template.spec.containers[name=web].image", "-image: \"web:1\"\n"),
        (0, "spec.template.spec.containers[name=side]", "-- name: side\n-image: \"side:1\"\n"),
        (0, "spec.template.spec.containers[name=web].env[name=ONE]", "-env:\n-- {name: ONE, value: \"1\"}\n"),
        (
            0,
            "spec.template.spec.containers[name=web].env[name=ONE].value",
            "-- {name: ONE, value: \"1\"}\n+- {name: ONE}\n",
        ),
        (1, "data.page", "-page: |\n-<h1>\n-hello\n-</h1>\n"),
        (1, "data.port", "-port: \"80\"\n"),
    ];
    for (document, path, expected) in cases {
        assert_eq!(changed(&remove(document, path).unwrap()), expected, "{path}");
    }
}

#[test]
fn what_can_not_be_taken_out_alone_is_refused() {
    let refused = |document, path: &str| remove(document, path).unwrap_err().to_string();
    assert!(refused(0, "spec.strategy").contains("nothing stands at"));
    assert!(refused(7, "spec.replicas").contains("nothing stands at"));
    assert!(refused(0, "spec..a").contains("is not a path"));
    // The first key of an item stands beside the item's mark.
    assert!(refused(0, "spec.template.spec.containers[name=web].name").contains("can't be told"));
    let shared = "a: &x {b: 1, c: 2}\nd: *x\n";
    assert!(remove_value(shared, 0, "a.b").is_err());
    let lists = "a:\n- x: 1\n  y: 2\n- x: 3\nb: 1\n";
    assert_eq!(remove_value(lists, 0, "a").unwrap(), "b: 1\n");
    assert_eq!(remove_value(lists, 0, "a[x=3]").unwrap(), "a:\n- x: 1\n  y: 2\nb: 1\n");
    assert_eq!(remove_value("a: 1\r\nb: 2\r\n", 0, "b").unwrap(), "a: 1\r\n");
    assert_eq!(remove_value("a: 1\nb: 2", 0, "b").unwrap(), "a: 1\n");
}

proptest! {
    #[test]
    fn what_was_added_can_be_taken_out_again(key in "[a-zA-Z./ -]{1,12}", number in 0_u16..100) {
        let path = format!("metadata.annotations[{key:?}]");
        let base = "kind: A\nmetadata:\n  name: a\n  annotations:\n    kept: \"1\"  # why\nspec: {}\n";
        prop_assume!(key != "kept" && key.trim() == key);
        let added = set_value(base, 0, &path, &json!(number.to_string())).unwrap();
        prop_assert_eq!(remove_value(&added, 0, &path).unwrap(), base);
    }
}
