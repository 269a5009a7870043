//! What a new App begins with: orders to show, and a first user.

use serde_json::{Value, json};

use super::place::Place;

const ADMIN: &str = "admin";

/// What is said of it in the App.
pub(crate) fn said() -> Value {
    json!({"seed": {"command": ["/orders", "seed"]},
        "superuser": {"username": ADMIN, "email": "admin@example.org", "command": ["/orders", "superuser"]}})
}

/// The Jobs of it, each with how often it succeeded and failed, and its uid.
pub(crate) async fn jobs(place: &Place) -> Vec<(String, u64, u64, String)> {
    let jobs = place.list("batch/v1", "Job").await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let told = |job: &Value| {
        let ended = |how: &str| job["status"][how].as_u64().unwrap_or_default();
        let part = text(&job["metadata"]["labels"]["app.kubernetes.io/component"]);
        (part, ended("succeeded"), ended("failed"), text(&job["metadata"]["uid"]))
    };
    let mut all: Vec<_> = jobs.iter().map(told).filter(|(part, ..)| part.starts_with("once-")).collect();
    all.sort();
    all
}

/// How many orders and users there are of what it began with.
pub(crate) async fn there(place: &Place) -> (i64, i64) {
    let counted = "SELECT (SELECT count(*) FROM orders WHERE item LIKE 'demo %'), (SELECT count(*) FROM users)";
    sqlx::query_as(counted).fetch_one(&mut place.login().await).await.unwrap()
}

/// Each ran once, and the first user logs in with the password that was made.
pub(crate) async fn a_new_app_has_its_data_and_its_first_user(place: &Place) {
    let ran = jobs(place).await;
    let ran: Vec<_> = ran.iter().map(|(part, succeeded, failed, _)| (part.as_str(), *succeeded, *failed)).collect();
    assert_eq!(ran, [("once-seed", 1, 0), ("once-superuser", 1, 0)]);
    assert_eq!(there(place).await, (5, 1));
    let password = place.secret("shop-superuser").await("password");
    place.site.until("/", |text| text.contains("orders")).await;
    let welcome = (200, "hello admin <admin@example.org>\n".to_owned());
    assert_eq!(place.site.ask_as(ADMIN, &password, "/admin").await.unwrap(), welcome);
    assert_eq!(place.site.ask_as(ADMIN, "another", "/admin").await.unwrap().0, 401);
}

/// People have done with it: it is theirs.
pub(crate) async fn people_throw_it_away(place: &Place) {
    let thrown = sqlx::raw_sql("DELETE FROM orders WHERE item LIKE 'demo %'; DELETE FROM users");
    thrown.execute(&mut place.login().await).await.unwrap();
}

/// The App is made again over the data of the one before.
pub(crate) async fn an_app_over_data_that_are_there_begins_with_them(place: &Place, spec: Value) {
    let before: i64 = count(place).await;
    place.delete_app().await;
    place.write_app(spec).await;
    place.phase("Ready").await;
    assert_eq!(jobs(place).await, []);
    assert_eq!(there(place).await, (0, 0));
    assert_eq!(count(place).await, before);
}

async fn count(place: &Place) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM orders").fetch_one(&mut place.login().await).await.unwrap()
}
