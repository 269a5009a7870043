use axum::body::{Body, Bytes};
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::support::{Answer, IMAGE, TOKEN, World};

fn post(project: &str, token: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(format!("/hooks/build/{project}"))
        .header("authorization", format!("Bearer {token}"))
        .header("webhook-id", "run-1")
        .body(body.into())
        .unwrap()
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

fn body() -> String {
    json!({"image": IMAGE, "tag": "1.42.0"}).to_string()
}

#[tokio::test]
async fn a_build_is_on_disk_before_its_sender_is_answered_and_a_repeated_delivery_is_the_same() {
    let world = World::new().await;
    let answer = world.send(post("shop", TOKEN, body())).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    assert_eq!(json(&answer), json!({"build": 1, "duplicate": false}));
    assert_eq!(world.control.store().builds(None, None, 10).await.unwrap().len(), 1);
    let again = world.send(post("shop", TOKEN, body())).await;
    assert_eq!((again.status, json(&again)), (StatusCode::ACCEPTED, json!({"build": 1, "duplicate": true})));
    assert_eq!(world.control.store().builds(None, None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn who_is_not_proven_learns_nothing_not_even_whether_the_project_exists() {
    let world = World::new().await;
    let wrong = world.send(post("shop", "wrong", body())).await;
    let unknown = world.send(post("nothing", TOKEN, body())).await;
    let odd = world.send(post("Not%20a%20name", TOKEN, "not json")).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    for other in [unknown, odd] {
        assert_eq!((other.status, &other.body), (wrong.status, &wrong.body));
    }
    assert!(world.control.store().builds(None, None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_huge_body_is_refused_unread_whether_it_says_its_length_or_not() {
    let world = World::new().await;
    let announced = Request::post("/hooks/build/shop").header("content-length", "52428800").body(Body::empty());
    assert_eq!(world.send(announced.unwrap()).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let endless = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 65536])));
    let answer = world.send(post("shop", TOKEN, Body::from_stream(endless))).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let body = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
    let limit = std::time::Duration::from_millis(20);
    let read = crate::body::bounded_read(&http::HeaderMap::new(), body, 10, limit).await;
    assert_eq!(read, Err(crate::body::BodyFault::TooSlow(limit)));
}

#[tokio::test]
async fn a_proven_sender_is_told_what_is_wrong() {
    let world = World::new().await;
    let table = [
        ("[]".to_owned(), StatusCode::BAD_REQUEST, "JSON"),
        (json!({"image": IMAGE}).to_string(), StatusCode::BAD_REQUEST, "neither `tag` nor `digest`"),
        (json!({"image": "evil.example/app", "tag": "1"}).to_string(), StatusCode::FORBIDDEN, "deploys"),
    ];
    for (body, status, words) in table {
        let answer = world.send(post("shop", TOKEN, body)).await;
        assert_eq!(answer.status, status);
        assert!(json(&answer)["message"].as_str().unwrap().contains(words), "{}", answer.body);
    }
}

#[tokio::test]
async fn looking_at_the_address_does_nothing() {
    let world = World::new().await;
    let answer = world.get("/hooks/build/shop").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_push_is_taken_as_a_hint_from_the_repos_host_alone() {
    let world = World::new().await;
    let push =
        |token: &str, body: Body| Request::post("/hooks/push").header("x-gitlab-token", token).body(body).unwrap();
    let told = world.send(push(TOKEN, Body::from("{}"))).await;
    assert_eq!(told.status, StatusCode::ACCEPTED, "{}", told.body);
    for odd in ["", "wrong"] {
        let refused = world.send(push(odd, Body::from("{}"))).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{odd:?}: {}", refused.body);
    }
    let huge = Bytes::from(vec![b'x'; 5 * 1024 * 1024]);
    assert_eq!(world.send(push(TOKEN, huge.into())).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}
