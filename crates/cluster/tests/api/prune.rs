use std::collections::BTreeSet;

use cluster::inventory::Inventory;
use model::PinId;
use serde_json::{Value, json};

use super::common::{Place, config_map};

async fn with_inventory(place: &Place, objects: &[Value], pin: Option<&PinId>) -> Inventory {
    let mut inventory = Inventory::empty(place.target().instance);
    for applied in place.apply(&place.target(), objects).await {
        inventory.add_candidate_objects(std::slice::from_ref(&applied.key), pin);
        inventory.note_uid(&applied.key, &applied.uid);
    }
    inventory
}

#[tokio::test]
async fn only_what_is_in_the_inventory_and_bears_our_mark_goes() {
    let place = Place::new("prune").await;
    let objects = [config_map("keep", "1"), config_map("drop", "1"), config_map("unmarked", "1")];
    let inventory = with_inventory(&place, &objects, None).await;
    place.edit(&objects[2], "kubectl", json!({"metadata": {"labels": null}})).await;
    place.create(&config_map("stranger", "1")).await;

    let keep: BTreeSet<_> = [place.key(&objects[0]).await].into();
    let plan = place.client.plan_prune(&place.target(), &inventory, &keep, false).await.unwrap();
    let deleted = place.client.prune(&plan).await.unwrap();
    assert_eq!(deleted.iter().map(|d| d.key.name.as_str()).collect::<Vec<_>>(), ["drop"]);
    assert_eq!(plan.held[0].key.name, "unmarked");
    for (name, there) in [("keep", true), ("drop", false), ("unmarked", true), ("stranger", true)] {
        let key = place.key(&config_map(name, "")).await;
        assert_eq!(place.client.get(&key).await.unwrap().is_some(), there, "{name}");
    }
    assert!(!place.client.prune(&plan).await.unwrap()[0].existed, "once more does no harm");
}

#[tokio::test]
async fn an_object_that_was_replaced_since_the_plan_stays() {
    let place = Place::new("replaced").await;
    let object = config_map("a", "1");
    let inventory = with_inventory(&place, std::slice::from_ref(&object), None).await;
    let plan = place.client.plan_prune(&place.target(), &inventory, &BTreeSet::new(), false).await.unwrap();
    place.delete(&object).await;
    place.create(&object).await;
    assert!(place.client.prune(&plan).await.unwrap().is_empty());
    assert_eq!(place.live(&object).await["data"]["key"], "1");
}

#[tokio::test]
async fn the_guard_holds_an_emptied_source_until_a_person_agrees() {
    let place = Place::new("guard").await;
    let objects: Vec<Value> = (0..4).map(|n| config_map(&format!("c{n}"), "1")).collect();
    let inventory = with_inventory(&place, &objects, None).await;
    let plan = |confirmed| {
        let (place, inventory) = (&place, &inventory);
        async move { place.client.plan_prune(&place.target(), inventory, &BTreeSet::new(), confirmed).await.unwrap() }
    };
    assert_eq!((plan(false).await.delete.len(), plan(false).await.held.len()), (0, 4));
    assert_eq!(plan(true).await.delete.len(), 4);
}

#[tokio::test]
async fn what_a_dropped_candidate_brought_goes_at_once_but_not_its_data() {
    let place = Place::new("dropped").await;
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    let pin = PinId::from_random([5; 16]);
    let mut inventory = with_inventory(&place, &[config_map("old", "1")], None).await;
    let new = with_inventory(&place, &[config_map("new", "1"), claim.clone()], Some(&pin)).await;
    inventory.objects.extend(new.objects);

    let plan = place.client.plan_dropped(&place.target(), &inventory, &pin).await.unwrap();
    let deleted = place.client.prune(&plan).await.unwrap();
    assert_eq!(deleted.iter().map(|d| d.key.name.as_str()).collect::<Vec<_>>(), ["new"]);
    assert_eq!(plan.held[0].key.name, "data");
    place.live(&claim).await;
}
