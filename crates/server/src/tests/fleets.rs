//! Fleet pins on the page and over the API.

use http::{Method, StatusCode, header};
use model::{Fact, FailureReport, FleetFact, FleetStop, InstanceFact, Surface};
use serde_json::{Value, json};

use super::api::{call, token};
use super::support::{World, approved_and_applied, commit};

/// Three hundred instances: the first wave of five failed, and the fleet pin stopped by it.
async fn stopped(world: &World) {
    let number = world.fleet_asked(300).await;
    let pins = world.control.store().fleet(number).await.unwrap().unwrap().fleet.pins;
    for (at, pin) in pins.iter().enumerate() {
        let mut facts = approved_and_applied();
        facts.insert(1, Fact::Released);
        if at < 5 {
            let report = FailureReport {
                sentence: "web <b>starts and stops again</b>".to_owned(),
                technical: "CrashLoopBackOff".to_owned(),
                object: "Deployment/web".to_owned(),
                log: vec!["KeyError: 'STRIPE_KEY'".to_owned()],
            };
            facts.push(Fact::Failed(Box::new(report)));
            facts.push(Fact::ConvergedBack { to: Some(commit()), healthy: true, seen: String::new() });
        } else {
            facts.truncate(1);
            facts.push(Fact::Refused { why: "fleet pin F1 stopped: pin #1 failed".to_owned() });
        }
        world.append(*pin, &facts).await;
    }
    let store = world.control.store();
    let covers = Vec::new();
    let approved = FleetFact::Approved { by: "ann".parse().unwrap(), surface: Surface::Page, covers };
    for (after, fact) in [approved, FleetFact::Failed { pin: pins[0] }].into_iter().enumerate() {
        store.append_fleet(number, after as u64 + 1, fact, world.control.now()).await.unwrap();
    }
}

#[tokio::test]
async fn a_program_looks_at_a_fleet_pin_and_approves_what_it_was_shown() {
    let world = World::new().await;
    world.fleet_asked(3).await;
    let (ann, bo) = (token(&world, "ann").await, token(&world, "bo").await);
    let (_, list) = call(&world, Method::GET, "/api/v1/fleets", &ann, Value::Null).await;
    assert_eq!((list["items"].as_array().unwrap().len(), &list["next"]), (1, &Value::Null));
    let (_, seen) = call(&world, Method::GET, "/api/v1/fleets/F1", &ann, Value::Null).await;
    assert_eq!(
        (&seen["state"], &seen["instances"]["asked"], &seen["waves"]),
        (&json!("open"), &json!(3), &json!({"begun": 0, "all": 1}))
    );
    assert_eq!(
        (&seen["pins"][2]["instance"], &seen["pins"][2]["place"]),
        (&json!("shop/prod/customer-003"), &json!("asked"))
    );
    assert_eq!(seen["from"], json!([{"version": "1.41.3", "instances": 3}]));
    let table = [
        (&bo, "/api/v1/fleets/1/approve", json!({}), 403, "NOT_ALLOWED"),
        (&ann, "/api/v1/fleets/7/approve", json!({}), 404, "NOT_FOUND"),
        (&ann, "/api/v1/fleets/one/approve", json!({}), 404, "NOT_FOUND"),
        (&ann, "/api/v1/fleets/1/retry", json!({}), 404, "NOT_FOUND"),
        (&ann, "/api/v1/fleets/1/approve", json!({"shown": "0011223344556677"}), 409, "TOO_LATE"),
    ];
    for (token, path, body, status, code) in table {
        let (answered, problem) = call(&world, Method::POST, path, token, body).await;
        assert_eq!((answered.as_u16(), &problem["code"]), (status, &json!(code)), "{path}: {problem}");
    }
    let body = json!({"shown": seen["shown"]});
    let (status, approved) = call(&world, Method::POST, "/api/v1/fleets/1/approve", &ann, body).await;
    assert_eq!((status, &approved["approvals"]), (StatusCode::OK, &json!(["ann"])));
    let fleet = world.control.store().fleet(model::FleetNumber(1)).await.unwrap().unwrap().fleet;
    assert_eq!(fleet.approvals[0].surface, Surface::CommandLine);
    let (status, cancelled) = call(&world, Method::POST, "/api/v1/fleets/F1/cancel", &ann, Value::Null).await;
    assert_eq!((status, &cancelled["state"]), (StatusCode::OK, &json!("cancelled")));
}

#[tokio::test]
async fn three_hundred_asks_are_one_entry_of_the_overview() {
    let world = World::new().await;
    world.fleet_asked(300).await;
    let ann = world.sign_in("ann").await;
    let page = world.get_as(&ann, "/").await.body;
    assert!(page.contains("Waiting for you <span class=\"count\">1</span>"), "one ask");
    assert_eq!((page.matches("class=\"card fleet\"").count(), page.matches("class=\"card ask\"").count()), (1, 0));
    assert!(page.contains("href=\"/fleets/1\"") && page.contains("F1 · 300 instances"));
    let bo = world.get_as(&world.sign_in("bo").await, "/").await.body;
    assert!(bo.contains("Waiting for approval <span"), "bo may not decide");
    let token = token(&world, "ann").await;
    let (_, overview) = call(&world, Method::GET, "/api/v1/overview", &token, Value::Null).await;
    let count = |field: &str| overview[field].as_array().unwrap().len();
    assert_eq!((count("waiting"), count("fleets")), (0, 1));
}

#[tokio::test]
async fn an_approver_answers_for_all_by_one_form_and_others_see_whom_to_ask() {
    let world = World::new().await;
    let number = world.fleet_asked(12).await;
    let (ann, bo) = (world.sign_in("ann").await, world.sign_in("bo").await);
    let barred = world.get_as(&bo, "/fleets/1").await;
    assert!(barred.body.contains("disabled") && barred.body.contains("ask one of: ann"), "{}", barred.body);
    assert_eq!(world.submit(&bo, "/fleets/1/approve", "").await.status, StatusCode::FORBIDDEN);
    let page = world.get_as(&ann, "/fleets/F1").await;
    for words in ["pin 1.42.0?", "12 instances", "5 at a time, 1 m 0 s between", "Pin 1.42.0 in 12 instances of prod?"]
    {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let stale = world.submit(&ann, "/fleets/1/approve", "shown=0011223344556677").await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.body.contains("asked about something else by now"), "{}", stale.body);
    let shown = page.body.split("name=\"shown\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let answer = world.submit(&ann, "/fleets/1/reject", &format!("shown={shown}&reason=not+on+a+Friday")).await;
    assert_eq!(answer.headers[header::LOCATION], "/fleets/1");
    let fleet = world.control.store().fleet(number).await.unwrap().unwrap().fleet;
    let no = FleetStop::Rejected("ann".parse().unwrap(), Some("not on a Friday".to_owned()));
    assert_eq!(fleet.stopped, Some(no));
    assert!(world.get_as(&ann, "/fleets/1").await.body.contains("rejected on the page: not on a Friday"));
}

#[tokio::test]
async fn a_page_of_three_hundred_instances_is_small_and_shows_first_what_failed() {
    let world = World::new().await;
    stopped(&world).await;
    let page = world.get_as(&world.sign_in("ann").await, "/fleets/1").await.body;
    assert!(page.len() < 60_000, "{}", page.len());
    for words in [
        "Failed, stopped",
        "KeyError",
        "Showing 50 of 295",
        "customer-001",
        "First failed: <a href=\"/pins/1\">",
        "wave 1 of 60",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("<b>starts"), "texts of others are shown and never obeyed");
    let failed = page.find("id=\"failed\"").unwrap();
    assert!(failed < page.find("id=\"left-out\"").unwrap());
    let pin = world.get_as(&world.sign_in("ann").await, "/pins/7").await.body;
    assert!(pin.contains("<a href=\"/fleets/1\">fleet pin F1</a>"), "{pin}");
    let activity = world.get_as(&world.sign_in("ann").await, "/activity").await.body;
    assert!(activity.contains("1.42.0 arrived for 300 instances") && activity.contains("stopped: pin #1 failed"));
    assert!(!activity.contains("fleet pin F1 stopped"), "what was said once for all is not said for each");
    let list = world.get_as(&world.sign_in("ann").await, "/fleets").await.body;
    assert!(list.contains("F1 · 300 instances") && list.contains("None runs 1.42.0, 5 failed, 295 left as they were."));
}

#[tokio::test]
async fn what_waits_for_its_wave_says_so_and_an_instance_that_git_has_no_longer_offers_its_deletion() {
    let world = World::new().await;
    let number = world.fleet_asked(2).await;
    let pin = world.control.store().fleet(number).await.unwrap().unwrap().fleet.pins[0];
    world.append(pin, &approved_and_applied()[..1]).await;
    let cookie = world.sign_in("ann").await;
    let page = world.get_as(&cookie, "/pins/1").await.body;
    assert!(page.contains("It waits for its wave of fleet pin F1."), "{page}");
    // Its folder is gone: nothing is known of it but what it holds.
    let gone = "shop/prod/gone".parse().unwrap();
    let held = vec!["Deployment/web".to_owned(), "PersistentVolumeClaim/data".to_owned()];
    world
        .control
        .store()
        .append_instance(&gone, InstanceFact::Left { objects: held }, world.control.now())
        .await
        .unwrap();
    let page = world.get_as(&cookie, "/i/shop/prod/gone").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("Delete what is held") && page.body.contains("PersistentVolumeClaim/data"));
    assert!(!page.body.contains("<dt>Namespace</dt>"), "what nobody knows is not shown");
    assert_eq!(world.get_as(&cookie, "/i/shop/prod/never").await.status, StatusCode::NOT_FOUND);
}
