use cluster::ManagerKind;
use serde_json::json;

use super::common::{Place, config_map, deployment, secret};

#[tokio::test]
async fn drift_says_which_tool_changed_which_field_and_when() {
    let place = Place::new("drift").await;
    let (target, desired) = (place.target(), deployment("shop:1"));
    place.apply(&target, std::slice::from_ref(&desired)).await;
    let clean = place.client.drift(&target, &desired, Some(&place.live(&desired).await)).await.unwrap();
    assert_eq!(clean, None, "what the server fills in or writes in its own way is no drift");

    place.edit(&desired, "kubectl-edit", json!({"spec": {"replicas": 3, "paused": true}})).await;
    let drift = place.client.drift(&target, &desired, Some(&place.live(&desired).await)).await.unwrap().unwrap();
    let mut shown: Vec<String> = drift
        .fields
        .iter()
        .map(|f| format!("{} {:?} -> {:?} by {}", f.path, f.live, f.desired, f.manager.clone().unwrap_or_default()))
        .collect();
    shown.sort();
    assert_eq!(
        shown,
        [
            "spec.paused Some(Bool(true)) -> None by kubectl-edit",
            "spec.replicas Some(Number(3)) -> Some(Number(1)) by kubectl-edit",
        ]
    );
    assert!(drift.fields.iter().all(|f| f.by == ManagerKind::Person && f.at.is_some()));
}

#[tokio::test]
async fn a_removed_field_and_a_removed_object_are_drift() {
    let place = Place::new("gone").await;
    let (target, desired) = (place.target(), config_map("a", "1"));
    place.apply(&target, std::slice::from_ref(&desired)).await;
    place.edit(&desired, "k9s", json!({"data": null})).await;
    let drift = place.client.drift(&target, &desired, Some(&place.live(&desired).await)).await.unwrap().unwrap();
    assert!(drift.fields[0].path.starts_with("data"), "{drift:?}");
    assert!(place.client.drift(&target, &desired, None).await.unwrap().unwrap().missing);
}

#[tokio::test]
async fn a_secrets_drift_shows_paths_and_no_values() {
    let place = Place::new("hidden").await;
    let (target, desired) = (place.target(), secret("hunter2"));
    place.apply(&target, std::slice::from_ref(&desired)).await;
    place.edit(&desired, "kubectl-patch", json!({"stringData": {"password": "letmein", "more": "letmein"}})).await;
    let drift = place.client.drift(&target, &desired, Some(&place.live(&desired).await)).await.unwrap().unwrap();
    assert!(drift.fields.iter().any(|f| f.path.contains("password")), "{drift:?}");
    for hidden in ["hunter2", "letmein", "aHVudGVyMg", "bGV0bWVpbg"] {
        assert!(!format!("{drift:?}").contains(hidden), "{drift:?}");
    }
}
