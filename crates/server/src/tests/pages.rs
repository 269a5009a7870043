use http::{StatusCode, header};
use model::{Fact, FailureReport, Stage};

use super::support::{World, approved_and_applied};

#[tokio::test]
async fn the_overview_shows_what_waits_and_every_instance() {
    let world = World::new().await;
    world.asked(|_| ()).await;
    let ann = world.get_as(&world.sign_in("ann").await, "/").await;
    assert_eq!(ann.status, StatusCode::OK);
    for words in ["Waiting for you", "shop → prod", "shop → staging", "1.41.3", "1.42.0", "Show the price with tax"]
    {
        assert!(ann.body.contains(words), "{words}");
    }
    let bo = world.get_as(&world.sign_in("bo").await, "/").await;
    assert!(bo.body.contains("Waiting for approval") && !bo.body.contains("Waiting for you"));
}

#[tokio::test]
async fn an_approver_approves_by_a_form_and_the_first_decision_wins() {
    let world = World::new().await;
    let pin = world.asked(|_| ()).await;
    let cookie = world.sign_in("ann").await;
    let page = world.get_as(&cookie, "/pins/1").await;
    let shown = page.body.split("name=\"shown\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let answer = world.submit(&cookie, "/pins/1/approve", &format!("shown={shown}")).await;
    assert_eq!(
        (answer.status, &answer.headers[header::LOCATION]),
        (StatusCode::SEE_OTHER, &"/pins/1".parse().unwrap())
    );
    assert_eq!(world.pin(pin.number).await.stage, Stage::Approved);
    let late = world.submit(&cookie, "/pins/1/reject", &format!("shown={shown}&reason=no")).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.body.contains("already approved by ann"), "{}", late.body);
}

#[tokio::test]
async fn an_ask_that_changed_since_it_was_shown_is_not_answered() {
    let world = World::new().await;
    let pin = world.asked(|_| ()).await;
    let cookie = world.sign_in("ann").await;
    let answer = world.submit(&cookie, "/pins/1/approve", "shown=0011223344556677").await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("asked about something else by now"));
    assert_eq!(world.pin(pin.number).await.stage, Stage::Asked);
}

#[tokio::test]
async fn who_may_not_decide_sees_the_button_and_whom_to_ask() {
    let world = World::new().await;
    world.asked(|_| ()).await;
    let cookie = world.sign_in("bo").await;
    let page = world.get_as(&cookie, "/pins/1").await;
    assert!(page.body.contains("disabled") && page.body.contains("ask one of: ann"));
    let answer = world.submit(&cookie, "/pins/1/approve", "").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.body.contains("bo may not approve"));
}

#[tokio::test]
async fn texts_of_others_are_shown_and_never_obeyed() {
    let world = World::new().await;
    let pin = world
        .asked(|announced| {
            announced.message = Some("<script>alert(1)</script>".to_owned());
            announced.author = Some("\"><img src=x onerror=alert(1)>".to_owned());
            announced.build_url = Some("javascript:alert(1)".to_owned());
        })
        .await;
    let cookie = world.sign_in("ann").await;
    for path in ["/", "/pins/1", "/i/shop/prod"] {
        let page = world.get_as(&cookie, path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
        assert!(!page.body.contains("<script>") && !page.body.contains("<img"), "{path}");
        assert!(!page.body.contains("javascript:"), "{path}");
    }
    assert!(world.get_as(&cookie, "/pins/1").await.body.contains("&#60;script&#62;"));
    let failed = FailureReport {
        sentence: "web <b>stops</b>".to_owned(),
        technical: "</pre><script>".to_owned(),
        object: "Deployment/web".to_owned(),
        log: vec!["<script>x</script> KeyError".to_owned()],
    };
    let mut facts = approved_and_applied();
    facts.push(Fact::Failed(Box::new(failed)));
    world.append(pin.number, &facts).await;
    let page = world.get_as(&cookie, "/pins/1").await;
    assert!(!page.body.contains("<script>") && !page.body.contains("<b>stops"));
    assert!(page.body.contains("KeyError") && page.body.contains("Deployment/web"));
}

#[tokio::test]
async fn the_page_says_the_sentences_of_the_chat() {
    let world = World::new().await;
    let pin = world.asked(|_| ()).await;
    let page = world.get_as(&world.sign_in("ann").await, "/pins/1").await;
    for words in [chat::wording::headline(&pin), chat::wording::sentence(&pin)] {
        assert!(page.body.contains(&words), "{words}");
    }
}

#[tokio::test]
async fn a_person_locks_and_unlocks_an_instance() {
    let world = World::new().await;
    let cookie = world.sign_in("ann").await;
    let locked = world.submit(&cookie, "/instances/lock", "instance=shop/prod&reason=sale").await;
    assert_eq!(locked.status, StatusCode::SEE_OTHER, "{}", locked.body);
    let page = world.get_as(&cookie, "/i/shop/prod").await;
    assert!(page.body.contains("by ann: sale"));
    world.submit(&cookie, "/instances/unlock", "instance=shop/prod").await;
    assert!(!world.get_as(&cookie, "/i/shop/prod").await.body.contains("by ann: sale"));
}

#[tokio::test]
async fn the_overview_is_never_older_than_the_last_change() {
    let world = World::new().await;
    let cookie = world.sign_in("ann").await;
    for round in 0..3 {
        let reason = format!("reason-{round}");
        world.submit(&cookie, "/instances/lock", &format!("instance=shop/prod&reason={reason}")).await;
        assert!(world.get_as(&cookie, "/").await.body.contains(&reason));
    }
}

#[tokio::test]
async fn what_does_not_exist_is_said_with_a_way_back() {
    let world = World::new().await;
    let cookie = world.sign_in("ann").await;
    for path in ["/pins/99", "/pins/nonsense", "/i/shop/nowhere", "/i/UP/x", "/nothing"] {
        let page = world.get_as(&cookie, path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.body.contains("there is no"), "{path}: {}", page.body);
    }
}

#[tokio::test]
async fn a_page_of_five_hundred_instances_stays_small() {
    let head = "apiVersion: pinnace.dev/v1\nkind: Config\npeople:\n  ann: {email: ann@example.org}\nenvironments:\n  prod: {context: prod, approvers: [ann]}\nprojects:\n";
    let project = |number: u32| {
        format!(
            "  project-with-a-name-{number}:\n    image: registry.example/acme/shop-{number}\n    sources: [{{path: apps/{number}}}]\n    namespaces: {{prod: n{number}}}\n"
        )
    };
    let config: String = std::iter::once(head.to_owned()).chain((0..500).map(project)).collect();
    let world = World::with(&config, crate::ServerSettings::default()).await;
    let cookie = world.sign_in("ann").await;
    let page = world.get_as(&cookie, "/").await;
    assert!(page.body.len() < 100_000, "{}", page.body.len());
    assert!(page.body.contains("Showing 1–50 of 500"));
    let found = world.get_as(&cookie, "/?q=name-499").await;
    assert!(found.body.contains("Showing 1–1 of 1 that match, of 500 in all"));
    // Each with an App that has much to say.
    for id in world.control.config().instances().into_iter().map(|instance| instance.id) {
        let message = "the migration failed and here is why ".repeat(50);
        let app = control::AppView { name: "shop".to_owned(), stalled: true, message, ..control::AppView::default() };
        let lines = vec!["a line that nobody sees in a list".repeat(20); 20];
        let apps = vec![control::AppView { lines, ..app }];
        world.control.tell_of_apps(&id, control::AppsView { apps, ..control::AppsView::default() });
    }
    let page = world.get_as(&cookie, "/").await;
    assert!(page.body.contains("the migration failed and here is why"));
    assert!(page.body.len() < 100_000, "{}", page.body.len());
}

#[tokio::test]
async fn builds_that_the_registry_does_not_have_are_listed_with_why() {
    let world = World::new().await;
    let announced = serde_json::json!({"image": super::support::IMAGE, "tag": "9.9.9", "message": "<b>bold</b>"});
    let request = http::Request::post("/hooks/build/shop")
        .header("authorization", format!("Bearer {}", super::support::TOKEN))
        .body(axum::body::Body::from(announced.to_string()))
        .unwrap();
    world.send(request).await;
    let now = world.control.now();
    world.control.store().build_unknown(store::BuildId(1), "not found in the registry", now).await.unwrap();
    let page = world.get_as(&world.sign_in("bo").await, "/builds").await;
    for words in ["Unknown", "not found in the registry", "9.9.9", "&#60;b&#62;bold"] {
        assert!(page.body.contains(words), "{words}");
    }
}

#[tokio::test]
async fn activity_says_who_did_what_and_can_be_asked_about_one_person() {
    let world = World::new().await;
    world.asked(|_| ()).await;
    let ann = world.sign_in("ann").await;
    world.submit(&ann, "/pins/1/reject", "reason=not%20on%20a%20Friday").await;
    let page = world.get_as(&ann, "/activity").await;
    assert!(page.body.contains("rejected on the page: not on a Friday"), "{}", page.body);
    let bo = world.get_as(&ann, "/activity?person=bo").await;
    assert!(!bo.body.contains("rejected"));
}

#[tokio::test]
async fn the_pages_files_are_kept_by_browsers_since_their_names_change_with_them() {
    let world = World::new().await;
    let page = world.get("/sign-in").await;
    let style = page.body.split("href=\"").find(|part| part.contains(".css")).unwrap().split('"').next().unwrap();
    let file = world.get(style).await;
    assert_eq!(
        (file.status, &file.headers[header::CONTENT_TYPE]),
        (StatusCode::OK, &"text/css; charset=utf-8".parse().unwrap())
    );
    assert!(file.headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
}
