//! Rules that people give for kinds of their own.

use health::{
    BadKind, Cause, Children, CustomRule, CustomRules, Expression, Verdict, check_annotations, check_kind, judge_object,
};
use serde_json::{Value, json};

use crate::fixtures::with;

fn widget(rest: Value) -> Value {
    with(json!({"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"name": "a", "generation": 2}}), rest)
}

fn rules(kind: &str, current: &str, failed: &str, message: &str) -> CustomRules {
    let read = |source: &str| Expression::parse(source).expect("it can be read");
    let given = |source: &str| (!source.is_empty()).then(|| read(source));
    let mut rules = CustomRules::default();
    rules
        .insert(kind, CustomRule { current: read(current), failed: given(failed), message: given(message) })
        .expect("a kind without a rule");
    rules
}

fn judged(object: &Value, rules: &CustomRules) -> Verdict {
    judge_object(object, &Children::default(), rules)
}

fn phases() -> CustomRules {
    rules(
        "Widget.example.org",
        "status.phase == 'Done'",
        "status.phase == 'Broken'",
        "status.phase + ': ' + status.why",
    )
}

#[test]
fn a_rule_says_when_its_kind_is_current_when_it_failed_and_why() {
    let phase = |phase: &str| widget(json!({"status": {"phase": phase, "why": "no paint"}}));
    assert_eq!(judged(&phase("Done"), &phases()), Verdict::Current);
    assert_eq!(judged(&phase("Painting"), &phases()).sentence(), "a is not ready yet: Painting: no paint");
    let Verdict::Failed(failure) = judged(&phase("Broken"), &phases()) else { panic!() };
    assert_eq!((failure.cause, failure.sentence.as_str()), (Cause::Stalled, "a can't go on: Broken: no paint"));
    assert_eq!(failure.technical, "Widget a: rule `failed` holds");
}

#[test]
fn without_a_status_a_rule_waits() {
    assert_eq!(judged(&widget(json!({})), &phases()).sentence(), "a is not ready yet");
    let negated = rules("Widget.example.org", "status.phase != 'Broken'", "", "");
    assert!(matches!(judged(&widget(json!({})), &negated), Verdict::InProgress(_)));
}

#[test]
fn an_older_generation_and_a_deletion_come_before_the_rule() {
    let older = widget(json!({"status": {"phase": "Done", "observedGeneration": 1}}));
    assert_eq!(judged(&older, &phases()).sentence(), "the cluster has not taken up a yet");
    let going = widget(json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": {"phase": "Done"}}));
    assert_eq!(judged(&going, &phases()), Verdict::Terminating);
}

#[test]
fn a_rule_outranks_conditions_and_what_we_know_of_an_operator() {
    let conditions = json!({"status": {"phase": "Done", "conditions": [
        {"type": "Ready", "status": "False"}, {"type": "Reconciling", "status": "True"}]}});
    assert_eq!(judged(&widget(conditions), &phases()), Verdict::Current);
    let certificate = json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "a"}});
    let rules = rules("Certificate.cert-manager.io", "true", "", "");
    assert_eq!(judged(&certificate, &rules), Verdict::Current);
    assert!(!judged(&certificate, &CustomRules::default()).is_current());
}

#[test]
fn without_a_message_of_its_own_a_rule_tells_that_of_ready() {
    let rules = rules("Widget.example.org", "status.phase == 'Done'", "", "");
    let object = widget(
        json!({"status": {"phase": "At it", "conditions": [{"type": "Ready", "status": "False", "message": "no paint"}]}}),
    );
    assert_eq!(judged(&object, &rules).sentence(), "a is not ready yet: no paint");
}

#[test]
fn other_kinds_and_groups_are_not_touched_by_a_rule() {
    let ready = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    for (api_version, kind) in [("example.org/v1", "Gadget"), ("other.example.org/v1", "Widget")] {
        let object = with(widget(ready.clone()), json!({"apiVersion": api_version, "kind": kind}));
        assert_eq!(judged(&object, &phases()), Verdict::Current, "{kind}");
    }
}

#[test]
fn an_object_may_bring_a_rule_of_its_own() {
    let annotated =
        |annotations: Value, status: Value| widget(json!({"metadata": {"annotations": annotations}, "status": status}));
    let own = json!({"pinnace.dev/health-current": "status.up", "pinnace.dev/health-failed": "status.dead",
        "pinnace.dev/health-message": "status.why"});
    assert_eq!(judged(&annotated(own.clone(), json!({"up": true})), &phases()), Verdict::Current);
    let dead = judged(&annotated(own.clone(), json!({"dead": true, "why": "no paint"})), &phases());
    assert_eq!(dead.sentence(), "a can't go on: no paint");
    check_annotations(&annotated(own, json!({}))).unwrap();
    check_annotations(&widget(json!({}))).unwrap();
    for (bad, told) in [
        (
            json!({"pinnace.dev/health-current": "status.up =="}),
            "its annotation `pinnace.dev/health-current`: the expression can't",
        ),
        (json!({"pinnace.dev/health-failed": "status.dead"}), "it has no annotation `pinnace.dev/health-current`"),
    ] {
        let object = annotated(bad, json!({}));
        assert!(check_annotations(&object).unwrap_err().starts_with(told));
        let Verdict::Unknown(why) = judged(&object, &CustomRules::default()) else { panic!() };
        assert!(why.contains(told), "{why}");
    }
}

#[test]
fn an_object_too_large_for_a_rule_can_not_be_judged() {
    let items: Vec<u64> = (0..3_000).collect();
    let rules = rules("Widget.example.org", "status.items.all(a, status.items.all(b, a + b >= 0))", "", "");
    let Verdict::Unknown(why) = judged(&widget(json!({"status": {"items": items}})), &rules) else { panic!() };
    assert!(why.contains("too large"), "{why}");
}

#[test]
fn rules_are_for_kinds_that_have_none() {
    assert_eq!(check_kind("Widget.example.org"), Ok(()));
    for kind in ["Widget", "widgets.example.org", "Widget.", "Widget.Example.org", "Widget..org", ""] {
        assert_eq!(check_kind(kind), Err(BadKind::NotAKind), "{kind}");
    }
    assert_eq!(check_kind("Deployment.apps"), Err(BadKind::BuiltIn));
}
