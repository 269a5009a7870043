//! How often a Job of one name was made, as a watch of the test's own tells it.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use k8s_openapi::api::batch::v1::Job;
use kube::Api;
use kube::runtime::watcher::Event;
use kube::runtime::{WatchStreamExt as _, watcher};
use tokio::sync::watch;

use super::{Objects, PATIENCE};

/// The Jobs of one name that were made since it began, and the one that was there.
pub struct JobsMade {
    name: String,
    uids: watch::Receiver<BTreeSet<String>>,
    watching: tokio::task::JoinHandle<()>,
}

impl JobsMade {
    pub(super) async fn watch(api: Api<Job>, name: &str) -> Self {
        let (seen, uids) = watch::channel(BTreeSet::new());
        let config = watcher::Config::default().fields(&format!("metadata.name={name}"));
        let (ready, begun) = tokio::sync::oneshot::channel();
        let mut ready = Some(ready);
        let watching = tokio::spawn(async move {
            let mut events = Box::pin(watcher(api, config).default_backoff());
            while let Some(event) = events.next().await {
                match event {
                    Ok(Event::Apply(job) | Event::InitApply(job)) => {
                        seen.send_modify(|uids| uids.extend(job.metadata.uid));
                    }
                    Ok(Event::InitDone) => drop(ready.take().map(|ready| ready.send(()))),
                    // After an error the watch begins anew by itself.
                    Ok(_) | Err(_) => {}
                }
            }
        });
        tokio::time::timeout(PATIENCE, begun).await.expect("a list in time").expect("the watch begins");
        Self { name: name.to_owned(), uids, watching }
    }

    /// How many there were, once the one that is there now was seen.
    pub async fn so_far(&self, objects: &Objects) -> usize {
        let now = objects.job(&self.name).await;
        let now = now.and_then(|job| Some(job["metadata"]["uid"].as_str()?.to_owned()));
        let mut uids = self.uids.clone();
        let all = uids.wait_for(|uids| now.as_ref().is_none_or(|now| uids.contains(now)));
        let all = tokio::time::timeout(PATIENCE, all).await.expect("the watch tells in time");
        all.expect("the watch goes on").len()
    }
}

impl Drop for JobsMade {
    fn drop(&mut self) {
        self.watching.abort();
    }
}
