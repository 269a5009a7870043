//! Who waits for which objects. A thousand instances share the watches of a namespace; each is woken by its own.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use tokio::sync::watch;

use crate::key::ObjectKey;

type Count = watch::Sender<u64>;

/// Changes of some objects and of all that they own, and of whether they are seen at all.
#[derive(Debug)]
pub struct Changes {
    // Whoever holds it is told; the last one to go is forgotten.
    _count: Arc<Count>,
    seen: watch::Receiver<u64>,
}

impl Changes {
    /// What changed up to now is known.
    pub fn mark_unchanged(&mut self) {
        self.seen.mark_unchanged();
    }

    /// Comes back when something changed.
    pub async fn changed(&mut self) {
        // It ends only with its sender, which we hold.
        drop(self.seen.changed().await);
    }
}

#[derive(Debug, Default)]
pub(super) struct Listeners {
    by_key: HashMap<ObjectKey, Vec<Weak<Count>>>,
    all: Vec<Weak<Count>>,
}

impl Listeners {
    pub(super) fn listen(&mut self, keys: &[ObjectKey]) -> Changes {
        let count = Arc::new(watch::Sender::new(0));
        for key in keys {
            add(self.by_key.entry(key.clone()).or_default(), &count);
        }
        add(&mut self.all, &count);
        Changes { seen: count.subscribe(), _count: count }
    }

    pub(super) fn tell(&mut self, key: &ObjectKey) {
        let Some(listening) = self.by_key.get_mut(key) else { return };
        tell(listening);
        if listening.is_empty() {
            self.by_key.remove(key);
        }
    }

    /// A stream began to see, or is blind: that matters to everybody.
    pub(super) fn tell_all(&mut self) {
        tell(&mut self.all);
        self.by_key.retain(|_, listening| {
            listening.retain(|count| count.strong_count() > 0);
            !listening.is_empty()
        });
    }
}

/// Adds one, in the place of those who went: they are looked for each time that the list would grow.
fn add(listening: &mut Vec<Weak<Count>>, count: &Arc<Count>) {
    if listening.len() == listening.capacity() {
        listening.retain(|count| count.strong_count() > 0);
    }
    listening.push(Arc::downgrade(count));
}

fn tell(listening: &mut Vec<Weak<Count>>) {
    listening.retain(|count| match count.upgrade() {
        Some(count) => {
            count.send_modify(|n| *n = n.wrapping_add(1));
            true
        }
        None => false,
    });
}
