//! One operator at a time looks after a cluster, or a namespace of it.

use std::time::Duration;

use cluster::{ClusterClient, Lease};
use tokio::time::Instant;

use super::Shared;

/// So often the Lease is asked for by who has it not, and renewed by who has.
const PARTS: u32 = 5;

impl Shared {
    pub(super) fn lease(&self) -> Lease {
        let name = match &self.settings.namespace {
            None => "pinnace-operator".to_owned(),
            Some(namespace) => format!("pinnace-operator-{namespace}"),
        };
        Lease::new(self.client.own_namespace(), &name, &self.settings.identity, self.settings.lease)
    }

    /// Waits until it is ours.
    pub(super) async fn leads(&self, lease: &mut Lease) {
        let mut told = false;
        loop {
            match lease.hold(&self.client, &self.time()).await {
                Ok(true) => return,
                Ok(false) if !told => {
                    told = true;
                    tracing::info!("another operator looks after the cluster; this one takes over when it is gone");
                }
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the Lease can't be asked for"),
            }
            tokio::time::sleep(lease.lasts() / PARTS).await;
        }
    }

    /// Renews it, and comes back when it is lost: when another has it, or it may have run out.
    pub(super) async fn keeps_leading(&self, lease: &mut Lease) {
        let pause = lease.lasts() / PARTS;
        let mut renewed = Instant::now();
        while renewed.elapsed() + pause < lease.lasts() {
            tokio::time::sleep(pause).await;
            let began = Instant::now();
            let left = lease.lasts().saturating_sub(renewed.elapsed());
            match held(&self.client, lease, &self.time(), left).await {
                Some(true) => renewed = began,
                Some(false) => break,
                None => {}
            }
        }
        tracing::warn!("the Lease is lost: what this operator does is left to another");
    }

    fn time(&self) -> String {
        jiff::fmt::strtime::format("%Y-%m-%dT%H:%M:%S.%6fZ", self.settings.clock.now()).unwrap_or_default()
    }
}

/// Nothing when there was no answer in time.
async fn held(client: &ClusterClient, lease: &mut Lease, at: &str, within: Duration) -> Option<bool> {
    match tokio::time::timeout(within, lease.hold(client, at)).await {
        Ok(Ok(held)) => Some(held),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the Lease can't be renewed");
            None
        }
        Err(_) => None,
    }
}
