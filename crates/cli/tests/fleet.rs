//! What many instances cost the API server, counted by its own audit log: what changes is paid for, and what does not is not.
#![cfg(test)]

use std::time::Duration;

use testkit::Person;
use testkit::fleet::{Fleet, Plan, Request, name};

const APPS: usize = 20;
/// Each app has a Deployment, a Service, a service account and an Ingress.
const OBJECTS: usize = 4;

fn count(requests: &[Request], is_so: impl Fn(&Request) -> bool) -> usize {
    requests.iter().filter(|request| is_so(request)).count()
}

fn dry_runs(requests: &[Request]) -> usize {
    count(requests, |request| request.dry_run)
}

fn writes(requests: &[Request]) -> Vec<String> {
    let mut writes: Vec<String> = requests.iter().filter(|request| request.writes()).map(Request::sort).collect();
    writes.sort();
    writes
}

async fn fleet() -> Fleet {
    let program = env!("CARGO_BIN_EXE_pinnace").into();
    let plan = Plan { program, apps: APPS, namespaces: 2, patience: Duration::from_mins(3) };
    Fleet::start(plan).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cost_follows_the_change_and_not_the_fleet() {
    let mut fleet = fleet().await;
    fleet.requests_at_rest().await.unwrap();
    let (pushed, verified) = tokio::join!(fleet.push_all(), fleet.until_all_verified());
    pushed.and(verified).unwrap();
    let installed = fleet.requests_at_rest().await.unwrap();
    assert_eq!(dry_runs(&installed), APPS * OBJECTS, "each object is dry-run once");
    assert_eq!(writes(&installed).len(), APPS * (OBJECTS + 2), "each object once, and the inventory twice");

    fleet.remote.commit_as(Person::BOB, "README.md", "All our apps.\n").unwrap();
    fleet.server.pushed().await.unwrap();
    let nothing = fleet.requests_at_rest().await.unwrap();
    assert_eq!(nothing, [], "a commit that touches no app costs nothing");

    let (commit, renders) = (fleet.commit_image(7, "2.0.0").unwrap(), fleet.renders().await.unwrap());
    let (pushed, verified) = tokio::join!(fleet.server.pushed(), fleet.until_verified_at(7, &commit));
    pushed.unwrap();
    verified.unwrap();
    let changed = fleet.requests_at_rest().await.unwrap();
    let own = [name(7), format!("inventory-{}.prod", name(7))];
    assert_eq!(count(&changed, |request| !own.contains(&request.name)), 0, "{changed:?}");
    assert_eq!(dry_runs(&changed), OBJECTS);
    assert_eq!(fleet.renders().await.unwrap(), renders + 1, "it is rendered once");
    assert_eq!(writes(&changed), ["patch deployments", "update configmaps", "update configmaps"]);

    fleet.server.kill_and_start_again().await.unwrap();
    let again = fleet.requests_at_rest().await.unwrap();
    assert_eq!(writes(&again), [""; 0]);
    assert_eq!(fleet.renders().await.unwrap(), 0, "nothing is rendered that is as it was");
    assert_eq!(count(&again, |request| !request.name.is_empty()), 0, "no object is asked for: {again:?}");
}
