//! A StatefulSet that went to a bad version (design 9.5).

use model::{DropReason, Outcome};
use testkit::World;
use testkit::world::Plan;

const DATABASE: &str = r#"apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
        - name: db
          image: "IMAGE"
"#;

fn plan() -> Plan {
    Plan { deadline: "10m", more: vec![("db.yaml".to_owned(), DATABASE.to_owned())], ..Plan::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statefulset_comes_back_by_itself_from_a_version_that_never_gets_ready() {
    let mut world = World::planned(plan()).await;
    let number = world.pin("1.1-crash-loop").await;
    let ended = world.ended(number).await;
    assert!(matches!(ended, Outcome::Dropped { reason: DropReason::Failed, healthy: true, .. }), "{ended:?}");
    let images = world.objects.pod_images().await;
    assert!(images.iter().all(|image| image.contains(":1.0@")), "{images:?}");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statefulset_that_works_is_proven_pod_by_pod() {
    let mut world = World::planned(plan()).await;
    let number = world.pin("1.1").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    let images = world.objects.pod_images().await;
    assert!(images.iter().all(|image| image.contains(":1.1@")), "{images:?}");
    world.agree().await;
}
