//! What is played, and what came of it.

use std::time::{Duration, Instant};

use futures::TryStreamExt as _;
use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use kube::runtime::{WatchStreamExt as _, watcher};
use testkit::Person;
use testkit::fleet::{Fleet, Request, name};
use testkit::shop::Fault;

use super::count::Counted;
use super::timed;
use crate::figures::Times;

/// How long it took, and what the server asked for.
pub(super) struct Done {
    pub(super) took: Duration,
    pub(super) counted: Counted,
    /// Processor time of the server, and of its children.
    pub(super) worked: (Duration, Duration),
}

/// Changes of one app each.
pub(super) struct Changed {
    pub(super) written: Times,
    pub(super) verified: Times,
    pub(super) counted: Counted,
    /// Requests about objects of other apps, or about all.
    pub(super) of_others: usize,
    /// How often something was rendered.
    pub(super) renders: u64,
}

/// A pause that ends any chain of requests that a start leaves behind.
const AT_REST: Duration = Duration::from_secs(3);

/// All apps are pushed at once.
pub(super) async fn install(fleet: &mut Fleet) -> Result<Done, Fault> {
    fleet.requests_at_rest().await?;
    let fleet_ref = &*fleet;
    let before = fleet.server.processor_time()?;
    let took = timed(async {
        let (pushed, verified) = tokio::join!(fleet_ref.push_all(), fleet_ref.until_all_verified());
        pushed.and(verified)
    })
    .await?;
    let worked = since(before, fleet.server.processor_time()?);
    Ok(Done { took, counted: Counted::of(&fleet.requests_at_rest().await?), worked })
}

fn since(before: (Duration, Duration), now: (Duration, Duration)) -> (Duration, Duration) {
    (now.0.saturating_sub(before.0), now.1.saturating_sub(before.1))
}

/// A commit that touches no app, the word that nothing was pushed, and the time in which every lane looks again.
pub(super) async fn nothing(fleet: &mut Fleet, quiet: Duration) -> Result<Done, Fault> {
    let before = fleet.server.processor_time()?;
    fleet.remote.commit_as(Person::BOB, "README.md", "All our apps.\n")?;
    fleet.server.pushed().await?;
    tokio::time::sleep(quiet / 2).await;
    fleet.server.pushed().await?;
    tokio::time::sleep(quiet / 2).await;
    let worked = since(before, fleet.server.processor_time()?);
    Ok(Done { took: quiet, counted: Counted::of(&fleet.requests_at_rest().await?), worked })
}

/// One app after another gets another image in git.
pub(super) async fn changes(fleet: &mut Fleet, times: usize) -> Result<Changed, Fault> {
    let (mut written, mut verified, mut requests, mut of_others) = (Vec::new(), Vec::new(), Vec::new(), 0);
    let before = fleet.renders().await?;
    for round in 0..times {
        let at = round * 7 % fleet.scene.apps;
        let tag = format!("2.0.{round}");
        let commit = fleet.commit_image(at, &tag)?;
        let (began, its) = (Instant::now(), &*fleet);
        let seen = async {
            until_image(its, at, &tag).await?;
            Ok::<_, Fault>(began.elapsed())
        };
        let judged = async {
            its.until_verified_at(at, &commit).await?;
            Ok::<_, Fault>(began.elapsed())
        };
        let (said, seen, judged) = tokio::join!(its.server.pushed(), seen, judged);
        said?;
        written.push(seen?);
        verified.push(judged?);
        let asked = fleet.requests_at_rest().await?;
        of_others += asked.iter().filter(|request| !is_about(request, &name(at))).count();
        requests.extend(asked);
    }
    Ok(Changed {
        written: written.into_iter().collect(),
        verified: verified.into_iter().collect(),
        counted: Counted::of(&requests),
        of_others,
        renders: fleet.renders().await?.saturating_sub(before),
    })
}

/// About an object of this app, or its inventory.
fn is_about(request: &Request, app: &str) -> bool {
    request.name == app || request.name == format!("inventory-{app}.prod") || request.verb == "create"
}

async fn until_image(fleet: &Fleet, at: usize, tag: &str) -> Result<(), Fault> {
    let api: Api<Deployment> = Api::namespaced(fleet.admin.clone(), fleet.scene.namespace(at));
    let only = watcher::Config::default().fields(&format!("metadata.name={}", name(at)));
    let mut seen = Box::pin(watcher(api, only).applied_objects());
    let end = format!(":{tag}");
    while let Some(live) = seen.try_next().await? {
        let pod = live.spec.and_then(|spec| spec.template.spec);
        let mut images = pod.into_iter().flat_map(|pod| pod.containers).filter_map(|container| container.image);
        if images.any(|image| image.ends_with(&end)) {
            return Ok(());
        }
    }
    Err("the watch ended".into())
}

/// The server is killed and started on the same data.
pub(super) async fn again(fleet: &mut Fleet) -> Result<Done, Fault> {
    fleet.requests_at_rest().await?;
    let began = Instant::now();
    fleet.server.kill_and_start_again().await?;
    let (mut requests, mut last) = (Vec::new(), began);
    loop {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let new = fleet.requests()?;
        if !new.is_empty() {
            last = Instant::now();
        } else if last.elapsed() > AT_REST {
            break;
        }
        requests.extend(new);
    }
    let worked = fleet.server.processor_time()?;
    Ok(Done { took: last - began, counted: Counted::of(&requests), worked })
}
