//! Following the config repo: fetched on a signal and now and then; the last good `pinnace.yaml` goes on.

use std::time::Duration;

use config_repo::Instance;
use model::CommitId;

use crate::Control;
use crate::inner::Inner;

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
        let well = trouble.is_none();
        let news = inner.git_trouble.replace(trouble);
        if news {
            inner.wakes.changed();
        }
        inner.read_config().await;
        let head = inner.mirror.head();
        if head != seen {
            inner.wake_touched(&seen, &head).await;
        }
        if (news && well) || head != seen {
            inner.look_at_repo_again().await;
        }
        seen = head;
        let now = inner.clock.now();
        let week_ago = model::Timestamp(now.0.saturating_sub(i64::try_from(REMEMBER.as_millis()).unwrap_or(0)));
        if let Err(error) = inner.store.forget_deliveries(week_ago).await {
            tracing::warn!(%error, "old deliveries could not be forgotten");
        }
        tokio::select! {
            () = inner.wakes.repo.notified() => {}
            () = tokio::time::sleep(inner.settings.fetch_every) => {}
        }
    }
}

impl Inner {
    /// Reads `pinnace.yaml` if HEAD moved.
    pub(crate) async fn read_config(&self) {
        let before = self.configuration.trouble();
        let read = self.configuration.refresh(&self.mirror).await;
        if read {
            tracing::info!(commit = self.mirror.head().short(), "pinnace.yaml read");
            self.wakes.lanes.notify_one();
            self.wake_left().await;
        }
        if read || before != self.configuration.trouble() {
            self.wakes.changed();
        }
    }

    /// Wakes the instances that git has no longer: they have no file that could differ.
    async fn wake_left(&self) {
        let config = self.config();
        let known = self.store.known_instances().await.unwrap_or_default();
        known.iter().filter(|id| config.instance(id).is_none()).for_each(|id| self.wakes.wake(id));
    }

    /// Wakes the instances whose files differ between two commits: a commit costs nothing to those that it does not touch.
    /// Where that can't be said all are woken, and so they are when `pinnace.yaml` changed.
    async fn wake_touched(&self, from: &CommitId, to: &CommitId) {
        let changed = self.comparisons.between(&self.mirror, from, to).await.ok();
        let touched = |instance: &Instance| {
            let changed = changed.as_ref();
            changed.and_then(|changed| {
                Some(changed.holds(&self.settings.config_file)? || changed.touches(&self.reads(instance))?)
            })
        };
        for instance in self.config().instances().iter().filter(|instance| touched(instance) != Some(false)) {
            self.wakes.wake(&instance.id);
        }
    }

    /// The config repo moved, or answers again: what waits for that need not wait for its next turn.
    pub(crate) async fn look_at_repo_again(&self) {
        for id in self.uninstalled.all() {
            self.wakes.wake(&id);
        }
        let open = self.store.open_pins().await.unwrap_or_default();
        for record in open {
            let Some(delay) = record.pin.delay.clone().filter(|_| record.pin.wants_repo()) else { continue };
            let now = self.clock.now();
            let effect = record.pin.wanted();
            let again = model::Fact::Delayed { effect, reason: delay.reason, again_at: now };
            if let Err(error) = self.append(&record, &[again], &[]).await {
                tracing::debug!(%error, pin = %record.pin.number, "it moved on by itself");
            }
        }
    }
}
