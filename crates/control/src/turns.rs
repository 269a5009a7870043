//! How many instances of a cluster are tried at once. A thousand first installs wait for their turn instead of all holding what
//! they rendered; each environment of the cluster gets its turn after the other, so that one with many keeps none waiting.
//!
//! A turn lasts until the objects are applied. What is watched afterwards takes no turn, so that what never becomes well delays
//! nobody.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use config_repo::Instance;
use tokio::sync::oneshot;

/// How many are tried at once.
const AT_ONCE: usize = 32;

/// Turns, by kube context.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<String, Arc<Mutex<Queue>>>>);

struct Queue {
    free: usize,
    /// By environment, those that wait.
    waiting: BTreeMap<String, VecDeque<oneshot::Sender<Turn>>>,
    /// Whose turn it was last.
    last: String,
}

/// A turn, given back when it is dropped.
pub(crate) struct Turn(Option<Arc<Mutex<Queue>>>);

impl Turns {
    /// A turn in the cluster of this instance, if nobody has to be waited for.
    pub(crate) fn free(&self, instance: &Instance) -> Option<Turn> {
        Queue::free(&self.queue(instance))
    }

    /// Waits for a turn in the cluster of this instance.
    pub(crate) async fn take(&self, instance: &Instance) -> Turn {
        let turn = Queue::enter(&self.queue(instance), &instance.id.environment.to_string());
        match turn {
            Ok(turn) => turn,
            // Its sender is answered before it is dropped.
            Err(wait) => wait.await.unwrap_or(Turn(None)),
        }
    }
}

impl Turns {
    fn queue(&self, instance: &Instance) -> Arc<Mutex<Queue>> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(queues.entry(instance.context.clone()).or_default())
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self { free: AT_ONCE, waiting: BTreeMap::new(), last: String::new() }
    }
}

impl Queue {
    fn free(queue: &Arc<Mutex<Self>>) -> Option<Turn> {
        let taken = queue.lock().unwrap_or_else(PoisonError::into_inner).take_free();
        taken.then(|| Turn(Some(Arc::clone(queue))))
    }

    fn take_free(&mut self) -> bool {
        let Some(left) = self.free.checked_sub(1) else { return false };
        self.free = left;
        true
    }

    fn enter(queue: &Arc<Mutex<Self>>, environment: &str) -> Result<Turn, oneshot::Receiver<Turn>> {
        // Under one lock: a turn that is given back in between would find nobody waiting.
        let mut this = queue.lock().unwrap_or_else(PoisonError::into_inner);
        if this.take_free() {
            return Ok(Turn(Some(Arc::clone(queue))));
        }
        let (sender, wait) = oneshot::channel();
        this.waiting.entry(environment.to_owned()).or_default().push_back(sender);
        Err(wait)
    }

    /// The next one: of the environment after the one that was last.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let after = self.waiting.range(self.last.clone()..).map(|(name, _)| name).find(|name| **name != self.last);
        let name = after.or_else(|| self.waiting.keys().next())?.clone();
        let queue = self.waiting.get_mut(&name)?;
        let next = queue.pop_front();
        if queue.is_empty() {
            self.waiting.remove(&name);
        }
        self.last = name;
        next
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(queue) = self.0.take() else { return };
        loop {
            let next = {
                let mut this = queue.lock().unwrap_or_else(PoisonError::into_inner);
                let next = this.next();
                this.free += usize::from(next.is_none());
                next
            };
            let Some(next) = next else { return };
            match next.send(Self(Some(Arc::clone(&queue)))) {
                Ok(()) => return,
                // Who went away gives it to the one after.
                Err(mut unwanted) => unwanted.0 = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Enters and says which of those that wait got a turn, in their order.
    fn order(entering: &[&str]) -> Vec<String> {
        let queue = Arc::new(Mutex::new(Queue { free: 1, ..Queue::default() }));
        let mut turn = Queue::enter(&queue, "first").ok();
        let mut waiting: Vec<(String, oneshot::Receiver<Turn>)> = entering
            .iter()
            .map(|name| ((*name).to_owned(), Queue::enter(&queue, name).err().expect("there is none free")))
            .collect();
        let mut served = Vec::new();
        while turn.take().is_some() {
            let at = waiting.iter_mut().position(|(_, wait)| wait.try_recv().map(|next| turn = Some(next)).is_ok());
            served.extend(at.map(|at| waiting.remove(at).0));
        }
        assert_eq!(queue.lock().unwrap().free, 1);
        served
    }

    #[test]
    fn an_environment_with_many_keeps_no_other_waiting() {
        assert_eq!(order(&["dev", "dev", "dev", "prod"]), ["dev", "prod", "dev", "dev"]);
        assert_eq!(order(&["prod", "dev", "staging", "dev"]), ["dev", "prod", "staging", "dev"]);
    }

    #[test]
    fn who_went_away_holds_up_nobody() {
        let queue = Arc::new(Mutex::new(Queue { free: 1, ..Queue::default() }));
        let turn = Queue::enter(&queue, "a").ok().unwrap();
        drop(Queue::enter(&queue, "a").err().unwrap());
        let mut wait = Queue::enter(&queue, "a").err().unwrap();
        drop(turn);
        drop(wait.try_recv().unwrap());
        assert_eq!(queue.lock().unwrap().free, 1);
    }
}
