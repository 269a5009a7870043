//! How Apps are shown on the page of their instance, in the overview and to programs.

use control::{AppView, AppsView, MigrationState, MigrationView, NeedState, NeedView};
use http::Method;
use serde_json::{Value, json};

use super::api::{call, token};
use super::support::{World, instance};

fn need(what: &str, name: &str, state: NeedState, why: &str) -> NeedView {
    NeedView {
        what: what.to_owned(),
        name: name.to_owned(),
        server: Some("cluster".to_owned()),
        state,
        why: why.to_owned(),
        backed_up: "2026-07-15T14:02:11Z".parse().ok(),
        backup: None,
        restored: None,
    }
}

fn failed() -> AppView {
    AppView {
        name: "shop".to_owned(),
        namespace: "shop".to_owned(),
        phase: Some("Error".to_owned()),
        since: "2026-11-18T10:00:00Z".parse().ok(),
        stalled: true,
        reason: "MigrationFailed".to_owned(),
        message: "the migration failed: exit code 1".to_owned(),
        version: Some("1.4.2".to_owned()),
        to: Some("1.5.0".to_owned()),
        url: Some("https://shop.example.org/".to_owned()),
        migration: Some(MigrationView {
            state: MigrationState::Failed,
            version: "1.5.0".to_owned(),
            digest: "sha256:01234567".to_owned(),
            done_last: Some("1.4.2".to_owned()),
        }),
        retry: Some("pinnace app retry --context prod -n shop shop".to_owned()),
        lines: vec!["<script>x</script> KeyError: 'PRICE'".to_owned()],
        lines_of: "pod shop-migrate-x, container migrate".to_owned(),
        needs: vec![
            need("database", "shop", NeedState::Ready, ""),
            need("redis", "cache", NeedState::Waits, "its pod starts"),
        ],
        ..AppView::default()
    }
}

fn tell(world: &World, app: AppView) {
    world.control.tell_of_apps(&instance(), AppsView { apps: vec![app], ..AppsView::default() });
}

#[tokio::test]
async fn an_app_that_failed_is_told_whole_on_the_page_of_its_instance() {
    let world = World::new().await;
    tell(&world, failed());
    let page = world.get_as(&world.sign_in("ann").await, "/i/shop/prod").await.body;
    for words in [
        "The App shop can&#39;t go on: the migration failed: exit code 1.",
        "MigrationFailed",
        "pinnace app retry --context prod -n shop shop",
        "1.4.2",
        "1.5.0",
        "href=\"https://shop.example.org/\"",
        "Failed for 1.5.0 (sha256:01234567); the last that was done is that of 1.4.2",
        "Last lines of pod shop-migrate-x, container migrate",
        "&#60;script&#62;",
        "backed up",
        "its pod starts",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("<script>x"));
}

#[tokio::test]
async fn the_overview_says_version_phase_and_reason_and_an_app_in_error_is_failed() {
    let world = World::new().await;
    tell(&world, failed());
    let cookie = world.sign_in("ann").await;
    let page = world.get_as(&cookie, "/?state=failed").await.body;
    let row = page.split("data-key=\"shop/prod\"").nth(1).unwrap();
    assert!(row.contains("the migration failed: exit code 1"), "{row}");
    assert!(row.contains("App Error, 1.4.2 → 1.5.0"), "{row}");
    tell(&world, AppView { paused: Some("spec.pause"), stalled: false, ..failed() });
    let page = world.get_as(&cookie, "/").await.body;
    assert!(page.contains("App Paused, 1.4.2 → 1.5.0: spec.pause says so"), "{page}");
    let waits = AppView {
        phase: Some("Deploying".to_owned()),
        message: "web: 1 of 2 pods are ready".to_owned(),
        stalled: false,
        ..failed()
    };
    tell(&world, waits);
    let page = world.get_as(&cookie, "/").await.body;
    assert!(page.contains("App Deploying, 1.4.2 → 1.5.0: web: 1 of 2 pods are ready"), "{page}");
}

#[tokio::test]
async fn programs_read_the_same_and_lists_carry_no_lines() {
    let world = World::new().await;
    tell(&world, failed());
    let token = token(&world, "ann").await;
    let (_, one) = call(&world, Method::GET, "/api/v1/instances/shop/prod", &token, Value::Null).await;
    let app = &one["apps"][0];
    assert_eq!(
        (&app["phase"], &app["reason"], &app["to"]),
        (&json!("Error"), &json!("MigrationFailed"), &json!("1.5.0"))
    );
    assert_eq!((&app["migration"]["state"], &app["needs"][1]["state"]), (&json!("failed"), &json!("not ready")));
    assert_eq!((&app["lines"].as_array().unwrap().len(), &one["state"]), (&1, &json!("failed")));
    let (_, all) = call(&world, Method::GET, "/api/v1/instances", &token, Value::Null).await;
    let listed = all["items"].as_array().unwrap().iter().find(|one| one["instance"] == "shop/prod").unwrap();
    assert_eq!((&listed["apps"][0]["phase"], &listed["apps"][0]["lines"]), (&json!("Error"), &json!([])));
}

#[tokio::test]
async fn news_of_an_app_wakes_who_looks_and_what_is_no_news_does_not() {
    let world = World::new().await;
    let mut changes = world.control.changes();
    tell(&world, failed());
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    tell(&world, failed());
    assert!(!changes.has_changed().unwrap());
}
