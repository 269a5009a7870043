use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use model::{Stage, Surface};
use serde_json::{Value, json};

use super::support::{World, instance};
use crate::sign_in_link;

pub(super) async fn call(world: &World, method: Method, path: &str, token: &str, body: Value) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(if body.is_null() { String::new() } else { body.to_string() }))
        .unwrap();
    let answer = world.send(request).await;
    (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null))
}

pub(super) async fn token(world: &World, person: &str) -> String {
    let link = sign_in_link(&world.control, &person.parse().unwrap()).await.unwrap();
    let (status, session) = call(world, Method::POST, "/api/v1/sessions", "", json!({"link": link})).await;
    assert_eq!((status, &session["person"]), (StatusCode::OK, &json!(person)));
    session["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_program_signs_in_by_a_link_and_approves_on_the_command_line() {
    let world = World::new().await;
    let pin = world.asked(|_| ()).await;
    let token = token(&world, "ann").await;
    let (_, seen) = call(&world, Method::GET, "/api/v1/pins/1", &token, Value::Null).await;
    assert_eq!((&seen["stage"], &seen["ask"]["approvers"]), (&json!("asked"), &json!(["ann"])));
    let body = json!({"shown": seen["shown"]});
    let (status, approved) = call(&world, Method::POST, "/api/v1/pins/1/approve", &token, body).await;
    assert_eq!((status, &approved["stage"]), (StatusCode::OK, &json!("approved")));
    let pin = world.pin(pin.number).await;
    assert_eq!((pin.stage, pin.approvals[0].surface), (Stage::Approved, Some(Surface::CommandLine)));
}

#[tokio::test]
async fn problems_are_json_with_a_code_a_message_and_a_hint() {
    let world = World::new().await;
    world.asked(|_| ()).await;
    let (ann, bo) = (token(&world, "ann").await, token(&world, "bo").await);
    let table = [
        (&bo, "/api/v1/pins/1/approve", json!({}), 403, "NOT_ALLOWED"),
        (&ann, "/api/v1/pins/7/approve", json!({}), 404, "NOT_FOUND"),
        (&ann, "/api/v1/pins/1/explode", json!({}), 404, "NOT_FOUND"),
        (&ann, "/api/v1/pins/1/approve", json!({"shown": "0011223344556677"}), 409, "TOO_LATE"),
        (&ann, "/api/v1/pins/1/approve", json!([1]), 400, "INVALID"),
        (&ann, "/api/v1/instances/lock", json!({"instance": "UPPER"}), 400, "INVALID"),
        (&ann, "/api/v1/instances/unpin", json!({"instance": "shop/prod"}), 409, "TOO_LATE"),
    ];
    for (token, path, body, status, code) in table {
        let (answered, problem) = call(&world, Method::POST, path, token, body).await;
        assert_eq!((answered.as_u16(), &problem["code"]), (status, &json!(code)), "{path}: {problem}");
        assert!(!problem["message"].as_str().unwrap().is_empty() && problem["hint"].is_string(), "{problem}");
    }
}

#[tokio::test]
async fn instances_are_locked_and_listed() {
    let world = World::new().await;
    let ann = token(&world, "ann").await;
    let body = json!({"instance": instance().to_string(), "reason": "sale"});
    let (status, acted) = call(&world, Method::POST, "/api/v1/instances/lock", &ann, body).await;
    assert_eq!((status, &acted["instance"]["lock"]["why"]), (StatusCode::OK, &json!("sale")));
    let (_, list) = call(&world, Method::GET, "/api/v1/instances", &ann, Value::Null).await;
    assert_eq!((list["items"].as_array().unwrap().len(), &list["next"]), (2, &Value::Null));
    let (_, one) = call(&world, Method::GET, "/api/v1/instances/shop/prod", &ann, Value::Null).await;
    assert_eq!(one["state"], json!("locked"));
}

#[tokio::test]
async fn a_browsers_cookie_alone_does_not_let_other_sites_use_the_api() {
    let world = World::new().await;
    let pin = world.asked(|_| ()).await;
    let cookie = world.sign_in("ann").await;
    let request = Request::post("/api/v1/pins/1/approve")
        .header(header::COOKIE, cookie)
        .header(header::ORIGIN, "https://evil.example")
        .body(Body::empty())
        .unwrap();
    assert_eq!(world.send(request).await.status, StatusCode::FORBIDDEN);
    assert_eq!(world.pin(pin.number).await.stage, Stage::Asked);
}

#[tokio::test]
async fn a_token_ends_when_it_is_signed_out() {
    let world = World::new().await;
    let token = token(&world, "ann").await;
    assert_eq!(call(&world, Method::GET, "/api/v1/session", &token, Value::Null).await.0, StatusCode::OK);
    assert_eq!(call(&world, Method::POST, "/api/v1/sign-out", &token, Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(call(&world, Method::GET, "/api/v1/session", &token, Value::Null).await.0, StatusCode::UNAUTHORIZED);
}
