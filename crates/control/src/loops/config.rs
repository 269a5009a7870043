//! Following the config repo: fetched on a signal and now and then; the last good `pinnace.yaml` goes on.

use std::time::Duration;

use crate::Control;

/// Delivery ids are remembered this long.
const REMEMBER: Duration = Duration::from_hours(7 * 24);

pub(super) async fn run(control: Control) {
    let inner = &control.inner;
    let mut seen = inner.mirror.head();
    loop {
        let trouble = inner.mirror.fetch().await.err().map(|error| error.to_string());
        if let Some(error) = &trouble {
            tracing::warn!(error, "the config repo can't be fetched");
        }
        if inner.git_trouble.replace(trouble) {
            inner.wakes.changed();
        }
        if inner.configuration.refresh(&inner.mirror).await {
            tracing::info!(commit = inner.mirror.head().short(), "pinnace.yaml read");
            inner.wakes.lanes.notify_one();
            inner.wakes.changed();
        }
        if seen != inner.mirror.head() {
            seen = inner.mirror.head();
            // A first install that did not work is tried again on a new HEAD, and what waits for one is looked at.
            inner.config().instances().iter().for_each(|instance| inner.wakes.wake(&instance.id));
        }
        let now = inner.clock.now();
        let week_ago = model::Timestamp(now.0.saturating_sub(i64::try_from(REMEMBER.as_millis()).unwrap_or(0)));
        if let Err(error) = inner.store.forget_deliveries(week_ago).await {
            tracing::warn!(%error, "old deliveries could not be forgotten");
        }
        tokio::time::sleep(inner.settings.fetch_every).await;
    }
}
