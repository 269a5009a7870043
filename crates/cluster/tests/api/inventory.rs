use cluster::inventory::{Inventory, inventory_name};
use cluster::{ClusterClient, ClusterError};
use kube::api::PatchParams;
use model::PinId;
use serde_json::json;

use super::common::{Place, config_map};

#[tokio::test]
async fn the_inventory_stands_before_the_first_apply_and_knows_the_uids_after_it() {
    let place = Place::new("inv").await;
    let instance = place.target().instance;
    assert_eq!(place.client.read_inventory(&instance).await.unwrap(), None);

    let mut inventory = Inventory::empty(instance.clone());
    let object = config_map("a", "1");
    let key = place.key(&object).await;
    inventory.add_candidate_objects(std::slice::from_ref(&key), Some(&PinId::from_random([3; 16])));
    let stored = place.client.write_inventory(&inventory, None).await.unwrap();
    let applied = place.apply(&place.target(), &[object]).await;
    inventory.note_uid(&key, &applied[0].uid);
    place.client.write_inventory(&inventory, Some(&stored.resource_version)).await.unwrap();
    let read = place.client.read_inventory(&instance).await.unwrap().unwrap();
    assert_eq!(read.inventory, inventory);
    assert!(read.inventory.uids().eq([applied[0].uid.as_str()]));
}

#[tokio::test]
async fn of_two_writers_the_second_is_told() {
    let place = Place::new("race").await;
    let inventory = Inventory::empty(place.target().instance);
    let first = place.client.write_inventory(&inventory, None).await.unwrap();
    let created_again = place.client.write_inventory(&inventory, None).await.unwrap_err();
    assert!(matches!(created_again, ClusterError::Conflict { .. }), "{created_again}");
    let mut changed = inventory.clone();
    changed.add_candidate_objects(&[place.key(&config_map("a", "")).await], None);
    place.client.write_inventory(&changed, Some(&first.resource_version)).await.unwrap();
    let stale = place.client.write_inventory(&inventory, Some(&first.resource_version)).await.unwrap_err();
    assert!(matches!(stale, ClusterError::Conflict { .. }), "{stale}");
}

#[tokio::test]
async fn a_garbled_inventory_is_an_error_and_never_empty() {
    let place = Place::new("garbled").await;
    let instance = place.target().instance;
    let name = inventory_name(&instance);
    place.client.write_inventory(&Inventory::empty(instance.clone()), None).await.unwrap();
    let maps: kube::Api<k8s_openapi::api::core::v1::ConfigMap> =
        kube::Api::namespaced(place.person.clone(), &place.own);
    let garbled = kube::api::Patch::Merge(json!({"data": {"inventory": "{\"format\": 1, \"obj"}}));
    maps.patch(&name, &PatchParams::default(), &garbled).await.unwrap();
    let error = place.client.read_inventory(&instance).await.unwrap_err();
    assert!(matches!(&error, ClusterError::Inventory { name: n, .. } if *n == name), "{error}");
}

#[tokio::test]
async fn what_is_known_of_inventories_costs_one_list_and_no_write_rests_on_it_blindly() {
    let place = Place::new("book").await;
    let instance = place.target().instance;
    let written = place.client.write_inventory(&Inventory::empty(instance.clone()), None).await.unwrap();
    let client = ClusterClient::connect_with(Some(&place.kubeconfig), "devcluster", place.settings()).await.unwrap();
    assert_eq!(client.known_inventory(&instance).await.unwrap(), Some(written.clone()));
    assert_eq!(client.known_inventory(&"nobody/prod".parse().unwrap()).await.unwrap(), None);

    let mut theirs = written.inventory.clone();
    theirs.add_candidate_objects(&[place.key(&config_map("a", "")).await], None);
    let newer = place.client.write_inventory(&theirs, Some(&written.resource_version)).await.unwrap();
    let known = client.known_inventory(&instance).await.unwrap().unwrap();
    assert_eq!(known, written, "nobody told us");
    let error = client.write_inventory(&known.inventory, Some(&known.resource_version)).await.unwrap_err();
    assert!(matches!(error, ClusterError::Conflict { .. }), "{error}");
    assert_eq!(client.known_inventory(&instance).await.unwrap(), Some(newer), "after a conflict it is read");
}

#[tokio::test]
async fn an_inventory_that_somebody_deleted_is_a_conflict_for_who_writes_it() {
    let place = Place::new("gone").await;
    let instance = place.target().instance;
    let written = place.client.write_inventory(&Inventory::empty(instance.clone()), None).await.unwrap();
    let maps: kube::Api<k8s_openapi::api::core::v1::ConfigMap> =
        kube::Api::namespaced(place.person.clone(), &place.own);
    maps.delete(&inventory_name(&instance), &kube::api::DeleteParams::default()).await.unwrap();
    let error = place.client.write_inventory(&written.inventory, Some(&written.resource_version)).await.unwrap_err();
    assert!(matches!(error, ClusterError::Conflict { .. }), "{error}");
    assert_eq!(place.client.known_inventory(&instance).await.unwrap(), None);
}
