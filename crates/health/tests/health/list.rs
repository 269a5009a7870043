use health::{Children, CustomRules, judge_object, kinds_with_a_rule, needs_children};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn the_list_is_in_order_and_says_who_needs_pods() {
    let kinds: Vec<&str> = kinds_with_a_rule().map(|(_, kind)| kind).collect();
    let mut sorted = kinds.clone();
    sorted.sort_unstable();
    assert_eq!(kinds, sorted);
    assert!(needs_children("apps", "Deployment") && needs_children("batch", "Job"));
    assert!(!needs_children("", "ConfigMap") && !needs_children("other.example", "Deployment"));
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-zA-Z%]{0,8}".prop_map(Value::from),
        Just(json!("True")),
        Just(json!("CrashLoopBackOff")),
    ];
    let field = prop_oneof![
        Just("status"),
        Just("spec"),
        Just("metadata"),
        Just("conditions"),
        Just("replicas"),
        Just("type"),
        Just("state"),
        Just("terminated"),
        Just("waiting"),
        Just("reason"),
        Just("containerStatuses"),
        Just("observedGeneration"),
        Just("generation"),
        Just("uid"),
        Just("ownerReferences"),
        Just("template"),
        Just("name"),
        Just("message"),
        Just("restartCount"),
        Just("exitCode"),
        Just("strategy"),
        Just("rollingUpdate"),
        Just("maxUnavailable"),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((field.clone(), inner), 0..6)
                .prop_map(|fields| fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_object_among_any_children_gets_a_verdict(
        which in any::<prop::sample::Index>(), object in any_value(), children in prop::collection::vec(any_value(), 0..4),
    ) {
        let operators = [("argoproj.io", "Rollout"), ("postgresql.cnpg.io", "Cluster"), ("serving.knative.dev", "Service")];
        let rules: Vec<_> = kinds_with_a_rule().chain(operators).collect();
        let (group, kind) = *which.get(&rules);
        let mut object = if object.is_object() { object } else { json!({}) };
        object["apiVersion"] = if group.is_empty() { json!("v1") } else { json!(format!("{group}/v1")) };
        object["kind"] = json!(kind);
        let mut metadata = object["metadata"].as_object().cloned().unwrap_or_default();
        metadata.insert("name".to_owned(), json!("a"));
        metadata.insert("uid".to_owned(), json!("u"));
        metadata.remove("deletionTimestamp");
        object["metadata"] = metadata.into();
        let children: Vec<Value> = children.into_iter().map(|mut child| {
            if child.is_object() {
                child["metadata"] = json!({"name": "c", "uid": "u", "ownerReferences": [{"uid": "u"}]});
            }
            child
        }).collect();
        judge_object(&object, &Children::new(&children), &CustomRules::default());
    }
}
