use axum::body::Body;
use chat::slack::Token;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Request, StatusCode};
use sha2::Sha256;

use super::support::World;
use crate::ServerSettings;

async fn world() -> World {
    let secret = Token::new("8f742231b10e8888abcd99yyyzzz85a5".to_owned());
    World::with(
        super::support::CONFIG,
        ServerSettings { slack_signing_secret: Some(secret), ..ServerSettings::default() },
    )
    .await
}

fn request(world: &World, key: &str, body: &str) -> Request<Body> {
    let time = world.control.now().seconds();
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(format!("v0:{time}:{body}").as_bytes());
    let signature = mac.finalize().into_bytes().iter().fold("v0=".to_owned(), |all, byte| format!("{all}{byte:02x}"));
    Request::post("/chat/slack")
        .header("x-slack-request-timestamp", time.to_string())
        .header("x-slack-signature", signature)
        .body(Body::from(body.to_owned()))
        .unwrap()
}

#[tokio::test]
async fn only_what_slack_signed_is_heard() {
    let world = world().await;
    let body = r#"{"type":"url_verification","challenge":"abc"}"#;
    let answer = world.send(request(&world, "8f742231b10e8888abcd99yyyzzz85a5", body)).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "abc"));
    assert_eq!(world.send(request(&world, "another secret", body)).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn without_a_signing_secret_the_address_does_not_exist() {
    let world = World::new().await;
    assert_eq!(world.send(request(&world, "any", "{}")).await.status, StatusCode::NOT_FOUND);
}
