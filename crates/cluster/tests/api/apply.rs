use cluster::{ClusterError, Outcome, Target};
use serde_json::json;

use super::common::{Place, config_map, deployment, secret};

#[tokio::test]
async fn an_apply_says_whether_it_created_changed_or_left_alone() {
    let place = Place::new("outcome").await;
    let target = place.target();
    let outcome = async |object| place.apply(&target, &[object]).await[0].outcome;
    assert_eq!(outcome(deployment("shop:1")).await, Outcome::Created);
    assert_eq!(outcome(deployment("shop:2")).await, Outcome::Changed);
    let before = place.live(&deployment("shop:2")).await["metadata"]["generation"].clone();
    // Controllers write its status meanwhile; our apply must find nothing to do all the same.
    place.apply(&target, &[deployment("shop:2")]).await;
    assert_eq!(place.live(&deployment("shop:2")).await["metadata"]["generation"], before);
    assert_eq!(outcome(config_map("a", "1")).await, Outcome::Created);
    assert_eq!(outcome(config_map("a", "1")).await, Outcome::Unchanged);
}

#[tokio::test]
async fn forced_apply_keeps_what_people_added_unless_it_is_taken_back() {
    let place = Place::new("takeback").await;
    let (target, desired) = (place.target(), deployment("shop:1"));
    place.apply(&target, std::slice::from_ref(&desired)).await;
    let edit = json!({"spec": {"paused": true, "template": {"metadata": {"annotations": {
        "kubectl.kubernetes.io/restartedAt": "now", "added": "yes"}}}}});
    place.edit(&desired, "kubectl-edit", edit).await;

    place.apply(&target, std::slice::from_ref(&desired)).await;
    assert_eq!(place.live(&desired).await["spec"]["paused"], true, "a forced apply alone keeps it");

    let key = place.key(&desired).await;
    let (taken, _) = place.client.take_back(&key, &place.live(&desired).await).await.unwrap();
    assert_eq!(taken.taken[0].manager, "kubectl-edit");
    place.apply(&target, std::slice::from_ref(&desired)).await;
    let live = place.live(&desired).await;
    assert!(live["spec"].get("paused").is_none(), "{live}");
    let annotations = &live["spec"]["template"]["metadata"]["annotations"];
    assert_eq!(annotations, &json!({"kubectl.kubernetes.io/restartedAt": "now"}));
    let (again, written) = place.client.take_back(&key, &live).await.unwrap();
    assert!(again.taken.is_empty() && written.is_none(), "nothing is left to take back, so nothing is written");
}

#[tokio::test]
async fn what_kubectl_apply_made_becomes_wholly_ours_when_it_is_adopted() {
    let place = Place::new("adopt").await;
    let mut theirs = config_map("settings", "old");
    theirs["data"]["extra"] = json!("x");
    let params = kube::api::PatchParams { field_manager: Some("kubectl".into()), ..Default::default() };
    let patch = kube::api::Patch::Apply(&theirs);
    place.api(&theirs).await.patch("settings", &params, &patch).await.unwrap();
    let target = Target { adopt: true, ..place.target() };
    let desired = config_map("settings", "new");
    let key = place.key(&desired).await;
    place.client.take_back(&key, &place.live(&desired).await).await.unwrap();
    place.apply(&target, std::slice::from_ref(&desired)).await;
    assert_eq!(place.live(&desired).await["data"], json!({"key": "new"}));
}

#[tokio::test]
async fn replicas_that_an_autoscaler_set_survive_an_apply() {
    let place = Place::new("hpa").await;
    let hpa = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
        "spec": {"maxReplicas": 5, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}});
    let objects = [deployment("shop:1"), hpa];
    place.apply(&place.target(), &objects).await;
    let params = kube::api::PatchParams { field_manager: Some("kube-controller-manager".into()), ..Default::default() };
    let scale = kube::api::Patch::Merge(json!({"spec": {"replicas": 4}}));
    place.api(&objects[0]).await.patch_scale("web", &params, &scale).await.unwrap();

    let target = Target { autoscaled: place.client.autoscaled(&place.namespace).await.unwrap(), ..place.target() };
    let applied = place.apply(&target, &[deployment("shop:2")]).await;
    assert_eq!(applied[0].left_out.as_ref().unwrap().owner, "kube-controller-manager");
    assert_eq!(place.live(&objects[0]).await["spec"]["replicas"], 4);
    let drift = place.client.drift(&target, &deployment("shop:2"), Some(&place.live(&objects[0]).await)).await.unwrap();
    assert_eq!(drift, None);
}

#[tokio::test]
async fn a_missing_namespace_is_said_with_what_to_do() {
    let place = Place::new("nons").await;
    let target = Target::new("shop/prod".parse().unwrap(), "no-such-namespace");
    let error = place.client.apply_one(&target, &config_map("a", "1"), None).await.unwrap_err();
    assert_eq!(error.to_string(), "namespace no-such-namespace does not exist: create it or set createNamespace");
}

#[tokio::test]
async fn no_error_shows_a_secrets_value() {
    let place = Place::new("hush").await;
    let mut wrong = Vec::new();
    let mut not_base64 = secret("x");
    not_base64["data"] = json!({"password": "hunter2!!"});
    wrong.push(not_base64);
    let mut not_text = secret("x");
    not_text["data"] = json!({"password": {"x": "hunter2", "y": [4_711_815]}, "more": "hunter2}", "number": 4_711_815});
    wrong.push(not_text);
    let mut number = secret("x");
    number["stringData"]["password"] = json!(4_711_815);
    wrong.push(number);
    let mut unknown_field = secret("x");
    unknown_field["dada"] = json!({"a": "hunter2"});
    wrong.push(unknown_field);
    for object in wrong {
        let error = place.client.apply_one(&place.target(), &object, None).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(matches!(error, ClusterError::Invalid { .. }), "{shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("4711815"), "{shown}");
    }
}
