use axum::body::Body;
use futures::StreamExt as _;
use http::{Request, StatusCode, header};
use tower::ServiceExt as _;

use super::support::World;

async fn open(world: &World, cookie: &str) -> axum::body::BodyDataStream {
    let request = Request::get("/live").header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    let response = world.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    response.into_body().into_data_stream()
}

async fn next(stream: &mut axum::body::BodyDataStream) -> Option<String> {
    let bytes = tokio::time::timeout(std::time::Duration::from_secs(10), stream.next()).await.unwrap()?;
    Some(String::from_utf8(bytes.unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn a_page_hears_of_a_change_and_many_changes_are_one() {
    let world = World::new().await;
    let cookie = world.sign_in("ann").await;
    let mut stream = open(&world, &cookie).await;
    let first = next(&mut stream).await.unwrap();
    assert!(first.contains("event: change") && first.contains("retry: 3000") && first.contains("id: "), "{first}");
    for reason in ["one", "two", "three"] {
        world.submit(&cookie, "/instances/lock", &format!("instance=shop/prod&reason={reason}")).await;
    }
    let changed = next(&mut stream).await.unwrap();
    assert_eq!(changed.matches("event: change").count(), 1);
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let world = World::new().await;
    let (ann, other) = (world.sign_in("ann").await, world.sign_in("ann").await);
    let mut stream = open(&world, &ann).await;
    next(&mut stream).await.unwrap();
    world.submit(&ann, "/sign-out", "").await;
    world.submit(&other, "/instances/lock", "instance=shop/prod").await;
    assert_eq!(next(&mut stream).await, None);
}
