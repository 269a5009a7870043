//! Objects outside of namespaces: refused unless the project may have their kind, and then like all others.

use model::DriftFound;
use serde_json::json;
use testkit::world::Plan;
use testkit::{Person, World};

const KIND: &str = "[ClusterRole.rbac.authorization.k8s.io]";

/// A role that no other world has: `NAME` is its name.
const ROLE: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: NAME}
rules: [{apiGroups: [''], resources: [configmaps], verbs: [get]}]
";

fn name(world: &World) -> String {
    format!("{}-reader", world.objects.namespace())
}

async fn with_role(cluster_kinds: &'static str) -> (World, String) {
    let world = World::planned(Plan { cluster_kinds, ..Plan::default() }).await;
    let role = ROLE.replace("NAME", &name(&world));
    let commit = world.remote.commit_as(Person::BOB, "apps/shop/prod/role.yaml", &role).unwrap();
    (world, commit)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_the_project_may_not_have_is_refused_before_anything_is_touched() {
    let (world, commit) = with_role("[]").await;
    let failed = world.head_failed(&commit).await;
    let said = &failed.head.failure.sentence;
    assert!(
        said.contains("apps/shop/prod/role.yaml:1") && said.contains("ClusterRole.rbac.authorization.k8s.io"),
        "{said}"
    );
    assert!(!failed.head.touched);
    assert!(world.objects.cluster_role(&name(&world)).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_it_may_have_is_made_repaired_and_pruned_like_all_others() {
    let (world, commit) = with_role(KIND).await;
    world.head_proven(&commit).await;
    assert_eq!(world.objects.cluster_role(&name(&world)).await.unwrap()["rules"][0]["verbs"], json!(["get"]));
    world.agree().await;

    let wider = json!({"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]});
    world.objects.edit_cluster_role(&name(&world), "kubectl-edit", &wider).await;
    let found: DriftFound = world
        .until("it is repaired", async |world| {
            let view = world.control.instance_view(&world.instance).await.ok()?;
            view.state.repaired.map(|(found, _)| found)
        })
        .await;
    assert_eq!(found.object, format!("ClusterRole/{}", name(&world)));
    assert_eq!(world.objects.cluster_role(&name(&world)).await.unwrap()["rules"][0]["verbs"], json!(["get"]));

    let gone = world.remote.commit_as(Person::BOB, "apps/shop/prod/role.yaml", "# no role\n").unwrap();
    world.head_proven(&gone).await;
    assert!(world.objects.cluster_role(&name(&world)).await.is_none());
    world.agree().await;
}
