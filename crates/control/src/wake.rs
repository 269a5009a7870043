//! Signals that end a loop's wait. They carry nothing: whoever wakes re-reads the world.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use model::InstanceId;
use tokio::sync::{Notify, watch};

/// A count of changes for each instance, and one for everybody who shows what happens. A watcher that was busy sees that
/// the count moved, so no signal is missed.
#[derive(Debug)]
pub(crate) struct Wakes {
    instances: Mutex<HashMap<InstanceId, watch::Sender<u64>>>,
    /// New announcements, and builds to look for again. One loop waits.
    pub(crate) builds: Notify,
    /// Messages that may have to be posted or edited. One loop waits.
    pub(crate) chat: Notify,
    /// Something of a fleet pin may be due. One loop waits.
    pub(crate) fleets: Notify,
    /// The config repo may have moved. One loop waits.
    pub(crate) repo: Notify,
    /// The set of instances may have changed. One loop waits.
    pub(crate) lanes: Notify,
    changed: watch::Sender<u64>,
}

impl Default for Wakes {
    fn default() -> Self {
        Self {
            instances: Mutex::default(),
            builds: Notify::new(),
            chat: Notify::new(),
            fleets: Notify::new(),
            repo: Notify::new(),
            lanes: Notify::new(),
            changed: watch::Sender::new(0),
        }
    }
}

impl Wakes {
    /// Counts changes of one instance.
    pub(crate) fn instance(&self, id: &InstanceId) -> watch::Receiver<u64> {
        self.with(id, watch::Sender::subscribe)
    }

    /// Something about this instance changed.
    pub(crate) fn wake(&self, id: &InstanceId) {
        self.with(id, count_up);
        self.chat.notify_one();
        self.fleets.notify_one();
        self.changed();
    }

    /// Something that people are shown changed.
    pub(crate) fn changed(&self) {
        count_up(&self.changed);
    }

    /// Counts changes, for live pages.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn with<T>(&self, id: &InstanceId, use_it: impl FnOnce(&watch::Sender<u64>) -> T) -> T {
        let mut instances = self.instances.lock().unwrap_or_else(PoisonError::into_inner);
        use_it(instances.entry(id.clone()).or_insert_with(|| watch::Sender::new(0)))
    }
}

fn count_up(sender: &watch::Sender<u64>) {
    sender.send_modify(|count| *count = count.wrapping_add(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_signal_given_while_a_lane_is_busy_is_not_missed() {
        let wakes = Wakes::default();
        let id = "shop/prod".parse().unwrap();
        let mut lanes = [wakes.instance(&id), wakes.instance(&id)];
        wakes.wake(&id);
        for lane in &mut lanes {
            lane.changed().await.unwrap();
            assert!(!lane.has_changed().unwrap());
        }
    }
}
