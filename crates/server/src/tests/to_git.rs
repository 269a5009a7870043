//! What an instance's page and the API offer to write to git.

use http::{Method, StatusCode};
use model::{CommitId, DriftDone, DriftFound, InstanceFact, Written};
use serde_json::{Value, json};
use store::NewPruned;

use super::api::{call, token};
use super::support::{World, commit, instance};

async fn append(world: &World, fact: InstanceFact) {
    world.control.store().append_instance(&instance(), fact, world.control.now()).await.unwrap();
}

fn drifted(done: DriftDone) -> InstanceFact {
    let what = vec!["data.GREETING by kubectl-edit at 14:02".to_owned()];
    InstanceFact::Drifted(Box::new(DriftFound {
        object: "ConfigMap/settings".to_owned(),
        what,
        done,
        fields: Vec::new(),
    }))
}

fn pruned(commit: CommitId) -> NewPruned {
    let manifest = "kind: ConfigMap\n".to_owned();
    let confirmed_by = Some("ann".parse().unwrap());
    NewPruned { object: "ConfigMap/cache".to_owned(), uid: "u".to_owned(), commit, confirmed_by, manifest }
}

#[tokio::test]
async fn a_difference_that_is_left_has_a_button_for_who_may_and_says_what_was_written() {
    let world = World::new().await;
    append(&world, drifted(DriftDone::Reported)).await;
    let ann = world.get_as(&world.sign_in("ann").await, "/i/shop/prod").await;
    for words in
        ["Write to git", "As a branch", "name=\"object\" value=\"ConfigMap/settings\"", "as the rule `report` says"]
    {
        assert!(ann.body.contains(words), "{words}");
    }
    let bo = world.get_as(&world.sign_in("bo").await, "/i/shop/prod").await;
    assert!(!bo.body.contains("name=\"object\"") && bo.body.contains("ask one of: ann"));
    let by_bo = world.submit(&world.sign_in("bo").await, "/instances/write-drift", "instance=shop/prod").await;
    assert_eq!(by_bo.status, StatusCode::FORBIDDEN);
    let (by, what) = ("ann".parse().unwrap(), "drift of ConfigMap/settings".to_owned());
    append(
        &world,
        InstanceFact::Written(Written { by, what, commit: commit(), branch: Some("pinnace/x-1".to_owned()) }),
    )
    .await;
    let ann = world.get_as(&world.sign_in("ann").await, "/i/shop/prod").await;
    assert!(ann.body.contains("on branch pinnace/x-1 for review"), "{}", ann.body);
}

#[tokio::test]
async fn what_was_pruned_is_listed_with_a_way_back() {
    let world = World::new().await;
    let store = world.control.store();
    store.keep_pruned(&instance(), pruned(commit()), world.control.now()).await.unwrap();
    let page = world.get_as(&world.sign_in("ann").await, "/i/shop/prod").await;
    for words in ["Bring back", "ConfigMap/cache", "name=\"at\" value=\"1\""] {
        assert!(page.body.contains(words), "{words}");
    }
    let ann = token(&world, "ann").await;
    let (_, list) = call(&world, Method::GET, "/api/v1/pruned?instance=shop/prod", &ann, Value::Null).await;
    let one = &list["items"][0];
    assert_eq!((&one["object"], &one["by"], &one["number"]), (&json!("ConfigMap/cache"), &json!("ann"), &json!(1)));
    let body = json!({"instance": "shop/prod", "object": "ConfigMap/none"});
    let (status, problem) = call(&world, Method::POST, "/api/v1/instances/restore", &ann, body).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("NOT_FOUND")), "{problem}");
    let body = json!({"instance": "shop/prod", "plan": 7});
    let (status, problem) = call(&world, Method::POST, "/api/v1/instances/sync", &ann, body).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("NOT_FOUND")), "{problem}");
}
