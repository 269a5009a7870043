//! Objects that somebody else deployed are taken over without a restart: shown first, then exactly those.

use control::ProblemCode;
use serde_json::{Value, json};
use testkit::World;
use testkit::world::{Plan, person};

/// A world whose Deployment and ConfigMap are there before it begins, as `tool` applied them.
async fn deployed_by(tool: &str, change: impl Fn(&mut Value)) -> World {
    let world = World::started(Plan { namespace: false, ..Plan::default() }).await;
    let mut web = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
                {"name": "web", "image": world.image_in_git(), "envFrom": [{"configMapRef": {"name": "settings"}}]}]}}}});
    change(&mut web);
    let settings = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"},
        "data": {"GREETING": "hello"}});
    world.objects.create_namespace_with(tool, &[web, settings]).await;
    world
}

async fn refused(world: &World) -> String {
    world
        .until("it is refused", async |world| {
            let state = world.control.instance_view(&world.instance).await.ok()?.state;
            state.install_failure.filter(|why| why.contains("pinnace adopt shop/prod"))
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_helm_deployed_is_taken_over_without_a_restart() {
    let world = deployed_by("helm", |web| {
        web["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "Helm"});
        web["metadata"]["annotations"] = json!({"meta.helm.sh/release-name": "shop"});
    })
    .await;
    let before = world.objects.deployment("web").await;
    refused(&world).await;
    let found = world.control.adoptable(&world.instance).await.unwrap();
    let told: Vec<&str> = found.iter().map(|one| one.object.as_str()).collect();
    assert_eq!(told, ["ConfigMap/settings", "Deployment/web"]);
    assert_eq!(found[0].changes, []);
    assert!(found.iter().all(|one| one.managers == ["helm"]), "{found:?}");
    let mut fields: Vec<&str> = found[1].changes.iter().map(|line| line.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(fields.len(), 2, "{fields:?}");
    assert!(fields[0].contains("meta.helm.sh/release-name") && fields[1].contains("managed-by"), "{fields:?}");

    let shown = control::shown_adoption(&found);
    let cy = world.control.adopt(&world.instance, &person("cy"), Some(&shown)).await.unwrap_err();
    assert_eq!(cy.code, ProblemCode::NotAllowed);
    let stale = world.control.adopt(&world.instance, &person("ann"), Some("0000")).await.unwrap_err();
    assert_eq!(stale.code, ProblemCode::TooLate);
    world.control.adopt(&world.instance, &person("ann"), Some(&shown)).await.unwrap();
    world.proven().await;
    let after = world.objects.deployment("web").await;
    assert_eq!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(after["spec"], before["spec"]);
    // Taking an annotation away counts as a generation; a rollout would be another revision.
    assert_eq!(after["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "1");
    assert!(after["metadata"]["labels"]["app.kubernetes.io/managed-by"].is_null(), "{after:#}");
    assert!(after["metadata"]["annotations"]["meta.helm.sh/release-name"].is_null(), "{after:#}");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_taking_over_would_change_is_said_and_done_when_agreed() {
    let world = deployed_by("kubectl-client-side-apply", |web| web["spec"]["minReadySeconds"] = json!(7)).await;
    refused(&world).await;
    let found = world.control.adoptable(&world.instance).await.unwrap();
    let line = &found[1].changes[0];
    assert_eq!(
        (line.field.as_str(), line.live.as_str(), line.desired.as_str()),
        ("spec.minReadySeconds", "7", "not set")
    );
    assert_eq!(world.objects.deployment("web").await["spec"]["minReadySeconds"], 7, "looking writes nothing");
    world.control.adopt(&world.instance, &person("ann"), None).await.unwrap();
    world.proven().await;
    assert!(world.objects.deployment("web").await["spec"]["minReadySeconds"].is_null());
    world.agree().await;
    assert_eq!(
        world.control.adopt(&world.instance, &person("ann"), None).await.unwrap_err().code,
        ProblemCode::TooLate
    );
}
