//! What people push is a candidate too: proven it becomes the verified commit, failed it is held back or followed.

use control::{Mark, ProblemCode};
use model::{InstanceState, Outcome};
use testkit::world::{Plan, person};
use testkit::{Person, World};

async fn state(world: &World) -> Option<InstanceState> {
    Some(world.control.instance_view(&world.instance).await.ok()?.state)
}

fn crash(world: &World) -> String {
    let image = world.image_in_git();
    let broken = format!("{}:2.0-crash-loop", image.split(":1").next().unwrap_or(&image));
    world.commit(Person::BOB, "web.yaml", &image, &broken)
}

fn config_map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{VALUE: {value}}}\n---\n")
}

fn follow() -> Plan {
    Plan { rule: "auto", ..Plan::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_commit_is_proven_and_is_the_verified_one() {
    let world = World::installed().await;
    let commit = world.commit(Person::BOB, "settings.yaml", "GREETING: hello", "GREETING: good day");
    world.head_proven(&commit).await;
    assert_eq!(world.objects.config_map("settings").await.unwrap()["data"]["GREETING"], "good day");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_a_commit_takes_away_is_pruned_once_the_rest_is_proven() {
    let cache = ("cache.yaml".to_owned(), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cache}\n".to_owned());
    let world = World::planned(Plan { more: vec![cache], ..Plan::default() }).await;
    assert!(world.objects.config_map("cache").await.is_some());
    let commit = world.commit(
        Person::BOB,
        "cache.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cache}\n",
        "# gone\n",
    );
    world.head_proven(&commit).await;
    assert!(world.objects.config_map("cache").await.is_none());
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_commit_is_held_back_and_names_whose_it_is_and_why() {
    let world = World::installed().await;
    let extra = "# The shop's web part.";
    let works = world.commit(Person::BOB, "web.yaml", extra, &format!("{}{extra}", config_map("extra", "one")));
    world.head_proven(&works).await;
    let path = "apps/shop/prod/web.yaml";
    let image = world.image_in_git();
    let broken = image.replace(":1.0@", ":2.0-crash-loop@");
    let text = world.remote.file(path).unwrap().replace(&image, &broken).replace("VALUE: one", "VALUE: two");
    let bad = world.remote.commit_as(Person::BOB, path, &format!("{}{text}", config_map("new", "x"))).unwrap();
    let failed = world.head_failed(&bad).await;
    assert_eq!(failed.head.by.author, "Bob");
    assert!(failed.head.failure.object.contains("web"), "{failed:?}");
    assert_eq!(failed.head.held_on.as_ref().map(model::CommitId::as_str), Some(works.as_str()));
    assert!(failed.back.as_ref().unwrap().healthy, "{failed:?}");
    let view = world.control.instance_view(&world.instance).await.unwrap();
    assert_eq!(view.mark, Mark::Attention);
    assert!(view.now.contains("by Bob") && view.now.contains("held on"), "{}", view.now);
    // All that it changed is put back, and what it brought is gone.
    assert_eq!(world.objects.config_map("extra").await.unwrap()["data"]["VALUE"], "one");
    assert!(world.objects.config_map("new").await.is_none());
    assert!(world.objects.image("web").await.contains(":1.0"));
    assert_eq!(world.remote.head().unwrap(), bad, "git is left as people wrote it");
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_revert_that_is_offered_works_and_undoes_nothing_else() {
    let world = World::installed().await;
    let other = world.remote.commit_as(Person::ANN, "apps/other/file.yaml", "a: 1\n").unwrap();
    let bad = crash(&world);
    world.head_failed(&bad).await;
    let problem = world.control.revert_head(&world.instance, &person("cy"), false).await.unwrap_err();
    assert_eq!(problem.code, ProblemCode::NotAllowed);
    let revert = world.control.revert_head(&world.instance, &person("ann"), false).await.unwrap();
    world.head_proven(revert.commit.as_str()).await;
    assert_eq!(world.remote.head().unwrap(), revert.commit.as_str());
    assert!(world.image_in_git().contains(":1.0@"), "{}", world.image_in_git());
    assert_eq!(world.remote.file("apps/other/file.yaml").unwrap(), "a: 1\n");
    let log = world.remote.git(&["log", "-3", "--format=%H %an", "main"]).unwrap();
    assert!(log.contains(&other) && log.contains("ann"), "{log}");
    world.agree().await;
    let again = world.control.revert_head(&world.instance, &person("ann"), false).await.unwrap_err();
    assert_eq!(again.code, ProblemCode::TooLate);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revert_can_be_a_branch_for_review_and_then_nothing_else_is_touched() {
    let world = World::installed().await;
    let bad = crash(&world);
    world.head_failed(&bad).await;
    let revert = world.control.revert_head(&world.instance, &person("ann"), true).await.unwrap();
    let name = format!("pinnace/revert-{}", &bad[..8]);
    assert_eq!(revert.branch.as_ref(), Some(&name));
    assert_eq!(world.remote.head().unwrap(), bad, "what is deployed from stays as people wrote it");
    let there = world.remote.git(&["rev-parse", &format!("refs/heads/{name}")]).unwrap();
    assert_eq!(there, revert.commit.as_str());
    let web = world.remote.git(&["show", &format!("{there}:apps/shop/prod/web.yaml")]).unwrap();
    assert!(web.contains(":1.0@"), "{web}");
    let told = state(&world).await.unwrap();
    assert!(told.head_failure.is_some(), "it fails until somebody merges");
    assert_eq!(told.written.unwrap().0, revert);
    // Wanted again, it is found there.
    let again = world.control.revert_head(&world.instance, &person("ann"), true).await.unwrap();
    assert_eq!(again.branch.as_ref(), Some(&name));
    world.remote.set_head(&there).unwrap();
    world.head_proven(&there).await;
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_commit_after_a_bad_one_goes_on_at_once() {
    let world = World::installed().await;
    let bad = crash(&world);
    world.head_failed(&bad).await;
    let good = world.commit(Person::BOB, "web.yaml", ":2.0-crash-loop", ":2.1");
    world.head_proven(&good).await;
    assert!(world.objects.image("web").await.contains(":2.1"));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_tried_again_when_a_person_wants_it() {
    let world = World::installed().await;
    world.objects.let_no_pod_in().await;
    let commit = world.commit(Person::BOB, "web.yaml", "replicas: 2", "replicas: 3");
    let failed = world.head_failed(&commit).await;
    assert!(failed.head.held_on.is_some());
    world.objects.let_pods_in().await;
    world.control.retry_head(&world.instance, &person("ann")).await.unwrap();
    world.head_proven(&commit).await;
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_rule_is_follow_a_bad_commit_stays_and_is_told_and_a_good_one_ends_it() {
    let world = World::planned(follow()).await;
    let bad = crash(&world);
    let failed = world.head_failed(&bad).await;
    assert_eq!(failed.head.held_on, None);
    let view = world.control.instance_view(&world.instance).await.unwrap();
    assert_eq!(view.mark, Mark::Failed);
    assert!(view.now.contains("follow"), "{}", view.now);
    assert!(world.objects.image("web").await.contains("crash-loop"));
    let good = world.commit(Person::BOB, "web.yaml", ":2.0-crash-loop", ":2.1");
    world.head_proven(&good).await;
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_render_changes_nothing_under_either_rule() {
    for plan in [Plan::default(), follow()] {
        let world = World::planned(plan).await;
        let before = world.objects.deployment("web").await["metadata"]["resourceVersion"].clone();
        let bad = world.commit(Person::BOB, "settings.yaml", "data:", "data: [");
        let failed = world.head_failed(&bad).await;
        assert!(!failed.head.touched && failed.back.is_none(), "{failed:?}");
        assert!(failed.head.failure.sentence.contains("settings.yaml"), "{failed:?}");
        assert_eq!(world.objects.deployment("web").await["metadata"]["resourceVersion"], before);
        let good = world.commit(Person::BOB, "settings.yaml", "data: [", "data:");
        world.head_proven(&good).await;
        world.agree().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_that_was_cut_off_is_gone_to_its_end_by_the_next_process() {
    let mut world = World::installed().await;
    let bad = crash(&world);
    world.until("it failed", async |world| state(world).await?.head_failure).await;
    world.stop().await;
    world.restart(Plan::default()).await;
    let failed = world.head_failed(&bad).await;
    assert!(failed.back.unwrap().healthy);
    assert!(world.objects.image("web").await.contains(":1.0"));
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_people_approved_is_not_kept_waiting_by_a_commit_on_trial() {
    let mut world = World::installed().await;
    let commit = world.commit(Person::BOB, "web.yaml", "replicas: 2", "replicas: 3");
    let number = world.pin("1.1").await;
    assert!(matches!(world.ended(number).await, Outcome::Done { .. }));
    assert_eq!(world.objects.deployment("web").await["spec"]["replicas"], 3);
    assert_ne!(world.remote.head().unwrap(), commit);
    world.agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_touches_others_costs_nothing_here() {
    let world = World::installed().await;
    let verified = state(&world).await.unwrap().verified;
    world.remote.commit_as(Person::BOB, "apps/other/file.yaml", "a: 1\n").unwrap();
    let ours = world.commit(Person::BOB, "web.yaml", "# The shop's web part.", "# The web part of the shop.");
    world.until("HEAD is read", async |world| (world.control.head().as_str() == ours).then_some(())).await;
    assert_eq!(state(&world).await.unwrap().verified, verified, "what renders the same is not proven again");
    world.agree().await;
}
