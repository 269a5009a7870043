//! What can't change in place: said when people would be asked, and made anew only where its annotation allows it.

use model::{Outcome, Stage};
use testkit::World;
use testkit::world::Plan;

/// A Job of the project's image, and a ConfigMap that waits for it.
const JOB: &str = "apiVersion: batch/v1
kind: Job
metadata: {name: migrateANNOTATIONS}
spec:
  backoffLimit: 0
  template:
    spec: {restartPolicy: Never, containers: [{name: migrate, image: \"IMAGE\"}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: late, annotations: {pinnace.dev/needs: Job/migrate}}
";

fn plan(annotations: &str) -> Plan {
    let more = vec![("job.yaml".to_owned(), JOB.replace("ANNOTATIONS", annotations))];
    Plan { more, deadline: "10m", ..Plan::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_would_have_to_change_is_refused_before_anybody_is_asked() {
    let mut world = World::planned(plan("")).await;
    world.build("1.1").await;
    let pin = world.pin_that("it ended", "1.1", model::Pin::ended).await;
    let Stage::Ended(Outcome::Refused { why }) = &pin.stage else { panic!("{pin:?}") };
    assert!(pin.ask.is_none(), "{pin:?}");
    assert!(
        why.contains("apps/shop/prod/job.yaml:1: `spec.template` of Job") && why.contains("pinnace.dev/replace"),
        "{why}"
    );
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_its_annotation_allows_it_a_job_is_made_anew_with_each_pin() {
    let mut world = World::planned(plan(", annotations: {pinnace.dev/replace: \"true\"}")).await;
    let uid = world.objects.job("migrate").await.unwrap()["metadata"]["uid"].clone();
    world.build("1.1").await;
    let number = world.asked("1.1").await;
    let proposal = world.control.pin_view(number).await.unwrap().pin.proposal.unwrap();
    assert!(proposal.rendered_diff.contains("/migrate is deleted and made anew"), "{}", proposal.rendered_diff);
    world.approve(number, "ann").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert_ne!(world.objects.job("migrate").await.unwrap()["metadata"]["uid"], uid);
    let notes = world.control.pin_view(number).await.unwrap().pin.notes;
    assert!(notes.iter().any(|note| note.contains("Job/migrate could not change in place")), "{notes:?}");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_made_anew_and_fails_drops_the_pin_and_is_put_back() {
    let mut world = World::planned(plan(", annotations: {pinnace.dev/replace: \"true\"}")).await;
    let number = world.pin("1.1-job-fails").await;
    let Outcome::Dropped { healthy, .. } = world.ended(number).await else { panic!("it was to be dropped") };
    assert!(healthy);
    let live = world.objects.job("migrate").await.unwrap();
    assert!(live["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().contains(":1.0@"));
    world.agree().await;
}
