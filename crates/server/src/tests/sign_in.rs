use std::time::Duration;

use http::{StatusCode, header};

use super::support::World;
use crate::sign_in_link;

#[tokio::test]
async fn a_link_signs_in_once_and_looking_at_it_does_not_use_it() {
    let world = World::new().await;
    let link = sign_in_link(&world.control, &"ann".parse().unwrap()).await.unwrap();
    let path = link.strip_prefix(super::support::BASE).unwrap();
    for _ in 0..2 {
        assert_eq!(world.get(path).await.status, StatusCode::OK);
    }
    let form = format!("link={link}&next=/pins/1");
    let first = world.submit("", "/sign-in", &form).await;
    assert_eq!((first.status, &first.headers[header::LOCATION]), (StatusCode::SEE_OTHER, &"/pins/1".parse().unwrap()));
    let second = world.submit("", "/sign-in", &form).await;
    assert_eq!(second.status, StatusCode::FORBIDDEN);
    assert!(second.body.contains("does not work"));
}

#[tokio::test]
async fn a_link_works_for_an_hour_and_a_session_for_twelve() {
    let world = World::new().await;
    let link = sign_in_link(&world.control, &"ann".parse().unwrap()).await.unwrap();
    let cookie = world.sign_in("ann").await;
    world.clock.step(Duration::from_secs(3601));
    assert_eq!(world.submit("", "/sign-in", &format!("link={link}")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(world.get_as(&cookie, "/").await.status, StatusCode::OK);
    world.clock.step(Duration::from_hours(11));
    assert_eq!(world.get_as(&cookie, "/").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn signing_out_ends_the_session_itself() {
    let world = World::new().await;
    let cookie = world.sign_in("ann").await;
    let out = world.submit(&cookie, "/sign-out", "").await;
    assert!(out.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    let after = world.get_as(&cookie, "/pins/1").await;
    assert_eq!(after.headers[header::LOCATION], "/sign-in?next=/pins/1");
}

#[tokio::test]
async fn only_people_of_the_config_can_be_given_a_link() {
    let world = World::new().await;
    let problem = sign_in_link(&world.control, &"mallory".parse().unwrap()).await.unwrap_err();
    assert_eq!(problem.code, control::ProblemCode::NotFound);
}
