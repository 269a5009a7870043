use health::{Applied, Children, CustomRules, Judgement, ObjectKey, Observation, Observed, Verdict, judge};
use serde_json::{Value, json};

use crate::fixtures::{crashing, deployment, pod, replica_set, with};

fn judged(objects: &[(Value, Option<Applied>)], children: &[Value]) -> Judgement {
    let children = Children::new(children);
    let observed: Vec<Observed<'_>> = objects
        .iter()
        .map(|(live, applied)| Observed {
            key: ObjectKey::of(live),
            live: Some(live),
            applied: applied.clone(),
            has_status: None,
        })
        .collect();
    judge(&Observation { objects: &observed, children: &children, custom: &CustomRules::default() })
}

fn config_map(version: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop", "uid": "c", "resourceVersion": version}})
}

#[test]
fn the_whole_is_as_well_as_its_worst_part() {
    let children = [replica_set(2, 2, 0), pod("a", "rs2", crashing(2, 1, "Error"))];
    let waits = with(deployment(json!({})), json!({"metadata": {"name": "other", "uid": "o"}, "status": null}));
    let judgement = judged(&[(config_map("1"), None), (waits, None), (deployment(json!({})), None)], &children);
    assert!(judgement.verdict.is_failed());
    let each: Vec<u8> = judgement.objects.iter().map(|(_, verdict)| verdict.badness()).collect();
    assert_eq!(each, [0, 1, 4]);
    let text = serde_json::to_string(&judgement).unwrap();
    assert_eq!(serde_json::from_str::<Judgement>(&text).unwrap(), judgement);
}

#[test]
fn nothing_at_all_is_not_success() {
    assert!(matches!(judged(&[], &[]).verdict, Verdict::Unknown(_)));
}

#[test]
fn an_object_not_seen_is_waited_for() {
    let children = Children::default();
    let key = ObjectKey::of(&config_map("1"));
    let observed = [Observed { key, live: None, applied: None, has_status: None }];
    let judgement = judge(&Observation { objects: &observed, children: &children, custom: &CustomRules::default() });
    assert_eq!(judgement.verdict.sentence(), "settings is not to be seen in the cluster yet");
}

#[test]
fn what_was_seen_before_our_apply_is_no_evidence() {
    let answered = |answer: &Value| Some(Applied::of(answer));
    // Without a generation the resource version tells.
    for (seen, current) in [("99", false), ("100", true), ("101", true)] {
        let judgement = judged(&[(config_map(seen), answered(&config_map("100")))], &[]);
        assert_eq!(judgement.verdict.is_current(), current, "{seen}");
    }
    // At rest, but the apply gave generation 3.
    let answer = deployment(json!({"metadata": {"generation": 3}}));
    let judgement = judged(&[(deployment(json!({})), answered(&answer))], &[replica_set(2, 2, 2)]);
    assert_eq!(judgement.verdict.sentence(), "waiting to see the change of web");
    // Made anew by somebody: what is live is what counts.
    let other = with(answer, json!({"metadata": {"uid": "before"}}));
    assert!(judged(&[(deployment(json!({})), answered(&other))], &[replica_set(2, 2, 2)]).verdict.is_current());
}
