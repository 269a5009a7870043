use axum::body::Body;
use http::{Method, Request, StatusCode, header};

use super::support::{World, form_of};
use crate::permission::Permission;
use crate::router::routes;

fn request(method: &Method, path: &str) -> Request<Body> {
    // Every parameter gets a value that could exist.
    let path = path.replace("{project}", "shop").replace("{environment}", "prod").replace("{number}", "1");
    let path = path.split('/').map(|part| if part.starts_with('{') { "approve" } else { part }).collect::<Vec<_>>();
    Request::builder()
        .method(method)
        .uri(path.join("/"))
        .header("sec-fetch-site", "same-origin")
        .header(header::AUTHORIZATION, "Bearer x")
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn no_address_but_the_public_ones_answers_a_stranger() {
    let world = World::new().await;
    for route in routes() {
        let answer = world.send(request(&route.method, route.path)).await;
        let refused = matches!(
            answer.status,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::SEE_OTHER | StatusCode::NOT_FOUND
        );
        let says = answer.headers.get(header::LOCATION).is_none_or(|to| to.to_str().unwrap().starts_with("/sign-in"));
        match route.permission {
            Permission::Public => assert!(answer.status.as_u16() < 500, "{}: {}", route.path, answer.status),
            _ => assert!(refused && says, "{} {} answered {}", route.method, route.path, answer.status),
        }
    }
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let world = World::new().await;
    let cookie = world.sign_in("ann").await;
    let mut answers = vec![world.get("/nothing/here").await, world.get_as(&cookie, "/").await];
    for route in routes() {
        answers.push(world.send(request(&route.method, route.path)).await);
    }
    for answer in answers {
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe"));
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert!(answer.headers.contains_key(header::REFERRER_POLICY));
        assert!(answer.headers.contains_key(header::CACHE_CONTROL));
    }
}

#[tokio::test]
async fn another_sites_page_can_make_nobody_act() {
    let world = World::new().await;
    let pin = world.asked(|_| ()).await;
    let cookie = world.sign_in("ann").await;
    for site in ["cross-site", "same-site", "none"] {
        let answer = world.send(form_of(&cookie, "/pins/1/approve", "", site)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{site}");
    }
    let silent = Request::post("/pins/1/approve").header(header::COOKIE, &cookie).body(Body::empty()).unwrap();
    assert_eq!(world.send(silent).await.status, StatusCode::FORBIDDEN);
    assert!(world.pin(pin.number).await.approvals.is_empty());
}

#[tokio::test]
async fn where_reading_is_public_acting_is_not() {
    let settings = crate::ServerSettings { public_read: true, ..crate::ServerSettings::default() };
    let world = World::with("apiVersion: pinnace.dev/v1\nkind: Config\n", settings).await;
    assert_eq!(world.get("/").await.status, StatusCode::OK);
    let answer = world.submit("", "/pins/1/approve", "").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}
