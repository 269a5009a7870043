//! A small App, what hinders it on its way, and what it begins with.

use serde_json::{Value, json};

use super::place::Place;
use super::spec::{HOST, process, version, with};
use super::{locks, mounts, once};

async fn spec(place: &Place, name: &str, migrations: usize) -> Value {
    let spec = json!({
        "image": place.image(&version(name, migrations)).await, "defaults": "dev",
        "processes": {"web": process("web", json!({"replicas": 2, "volumes": mounts::volumes()}))},
        "routes": {"host": HOST}, "migrations": locks::migrations(), "needs": {"database": {}},
    });
    with(spec, once::said())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hinders_an_app_is_told_and_what_it_begins_with_comes_once() {
    let Some(place) = Place::new("shop", HOST).await else { return };
    place.write_app(spec(&place, "1", 1).await).await;
    mounts::what_keeps_a_pod_from_its_files_is_told(&place).await;
    once::a_new_app_has_its_data_and_its_first_user(&place).await;

    once::people_throw_it_away(&place).await;
    let ran = once::jobs(&place).await;
    let second = spec(&place, "2", 2).await;
    locks::a_migration_that_waits_for_a_lock_fails_and_is_run_again(&place, second.clone()).await;
    assert_eq!(once::jobs(&place).await, ran);
    assert_eq!(once::there(&place).await, (0, 0));
    once::an_app_over_data_that_are_there_begins_with_them(&place, second).await;
}
