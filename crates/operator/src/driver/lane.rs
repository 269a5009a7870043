//! The work on one object, as long as it is there.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use cluster::ObjectKey;
use futures::FutureExt as _;

use super::backoff::Backoff;
use super::work::{Next, Work};
use super::{Controller, OperatorError, Shared};

/// Without any change everything is looked at again after so long: a safety net, which asks nothing while nothing is different.
const LOOKS_AGAIN_AFTER: Duration = Duration::from_mins(10);

/// Reconciles an object whenever something about it is different, until it is gone.
pub(super) async fn run(shared: Arc<Shared>, controller: &'static Controller, key: ObjectKey) {
    let mut work = Work::new(Arc::clone(&shared), key.clone());
    let mut backoff = Backoff::default();
    loop {
        let mut changes = shared.watcher.changes_of(&work.listens_to());
        changes.mark_unchanged();
        if !work.look() {
            return;
        }
        let wait = match AssertUnwindSafe(pass(controller, &mut work)).catch_unwind().await {
            Ok(Ok(next)) => {
                backoff.reset();
                work.failures = 0;
                match next {
                    Next::WhenChanged => work.again_in.unwrap_or(LOOKS_AGAIN_AFTER),
                    Next::After(wait) => wait,
                }
            }
            Ok(Err(error)) => {
                let wait = backoff.next();
                work.failures = work.failures.saturating_add(1);
                tracing::warn!(object = %key, %error, again_in = ?wait, "reconcile failed");
                wait
            }
            Err(_) => {
                // Where it was is on standard error already. What was remembered may be half done.
                work = Work::new(Arc::clone(&shared), key.clone());
                let wait = backoff.next();
                tracing::error!(object = %key, again_in = ?wait, "reconcile broke inside Pinnace and is begun again");
                tokio::time::sleep(wait).await;
                continue;
            }
        };
        // What it refers to is known only after it was read.
        if work.refers_to_more() {
            continue;
        }
        let _ = tokio::time::timeout(wait, changes.changed()).await;
    }
}

/// One look at the object.
async fn pass(controller: &Controller, work: &mut Work) -> Result<Next, OperatorError> {
    work.again_in = None;
    let result = (controller.reconcile)(work).await;
    if let Err(OperatorError::BadObject(why)) = &result {
        work.say_unreadable(why).await?;
    }
    result
}

#[cfg(test)]
mod tests {
    use cluster::ClusterClient;
    use serde_json::json;
    use testkit::DevCluster;
    use tokio::sync::Semaphore;

    use super::super::{Operator, Settings, resource};
    use super::*;

    /// One for each look that it is to survive.
    static LOOKS: Semaphore = Semaphore::const_new(0);
    static BROKEN: Controller = Controller {
        kind: "Redis",
        reconcile: |_| {
            Box::pin(async {
                LOOKS.add_permits(1);
                panic!("broken on purpose")
            })
        },
    };

    #[tokio::test(flavor = "multi_thread")]
    async fn an_object_whose_reconcile_panics_is_looked_at_again_until_it_is_gone() {
        let devcluster = DevCluster::shared().await.unwrap();
        let own = format!("lane-{}", std::process::id());
        let settings = cluster::Settings { own_namespace: own.clone(), ..cluster::Settings::default() };
        let client = ClusterClient::connect_with(Some(devcluster.kubeconfig()), "devcluster", settings).await.unwrap();
        client.make_namespace(&own).await.unwrap();
        let crds = crate::crds();
        client.set_up(&crds).await.unwrap();
        client.wait_until_established(&crds.iter().collect::<Vec<_>>(), Duration::from_mins(1)).await.unwrap();
        let operator =
            Operator::begin(client.clone(), Settings { namespace: Some(own.clone()), ..Settings::default() });
        let shared = operator.await.unwrap().shared;
        shared.sees_everything().await;
        let key = ObjectKey { kind: resource("Redis"), namespace: Some(own.clone()), name: "shop".to_owned() };
        let redis = json!({"apiVersion": key.kind.api_version(), "kind": "Redis", "metadata": {"name": "shop", "namespace": own}, "spec": {}});
        let mut changes = shared.watcher.changes();
        let live = client.create(&redis).await.unwrap().into_object();
        while shared.watcher.seen(&key).is_none() {
            changes.changed().await.unwrap();
        }
        let lane = tokio::spawn(run(Arc::clone(&shared), &BROKEN, key.clone()));
        LOOKS.acquire_many(2).await.unwrap().forget();
        assert!(!lane.is_finished());
        client.delete(&key, live["metadata"]["uid"].as_str().unwrap()).await.unwrap();
        lane.await.unwrap();
        client.delete_namespace(&own).await.unwrap();
    }
}
