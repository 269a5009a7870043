//! What the loops noticed and others want to know, kept in memory only: after a restart it is noticed again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::{FleetNumber, InstanceId, Timestamp};

/// What is wrong with the config repo's remote, as it was last asked.
#[derive(Default)]
pub(crate) struct GitTrouble(Mutex<Option<String>>);

impl GitTrouble {
    /// Notes what is wrong now. True when that is news.
    pub(crate) fn replace(&self, trouble: Option<String>) -> bool {
        let mut before = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let news = *before != trouble;
        *before = trouble;
        news
    }

    pub(crate) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What broke by a defect of ours and is not well again, with how often it did.
#[derive(Default)]
pub(crate) struct BrokenWork(Mutex<BTreeMap<String, u32>>);

impl BrokenWork {
    pub(crate) fn note(&self, what: &str) {
        *self.lock().entry(what.to_owned()).or_default() += 1;
    }

    pub(crate) fn is_well(&self, what: &str) {
        self.lock().remove(what);
    }

    /// What people are told of it.
    pub(crate) fn trouble(&self) -> Option<String> {
        let broken = self.lock();
        let (what, times) = broken.iter().max_by_key(|(_, times)| **times)?;
        let more = if broken.len() > 1 { format!(", and {} more", broken.len() - 1) } else { String::new() };
        let times = if *times == 1 { "once".to_owned() } else { format!("{times} times") };
        Some(format!(
            "{what} broke {times} and was begun again{more}; this is a defect of Pinnace: report what the log says of it"
        ))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A set of instances.
#[derive(Default)]
pub(crate) struct Instances(Mutex<BTreeSet<InstanceId>>);

impl Instances {
    /// Whether it is one of them from now on.
    pub(crate) fn note(&self, id: &InstanceId, is_one: bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_one {
            all.insert(id.clone());
        } else {
            all.remove(id);
        }
    }

    /// Looks at one of them. It is one no longer when the look says that it is over, unless it was noted anew meanwhile: the look
    /// may have come before what is to be seen.
    pub(crate) async fn look<E>(
        &self,
        id: &InstanceId,
        is_over: impl Future<Output = Result<bool, E>>,
    ) -> Result<(), E> {
        self.note(id, false);
        let is_over = is_over.await;
        if !matches!(is_over, Ok(true)) {
            self.note(id, true);
        }
        is_over.map(drop)
    }

    /// Whether it was one of them; it no longer is.
    pub(crate) fn take(&self, id: &InstanceId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id)
    }

    pub(crate) fn all(&self) -> BTreeSet<InstanceId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What a pushed commit on trial waits for, by instance, in words.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<BTreeMap<InstanceId, String>>);

impl Waiting {
    /// Notes what is waited for now; nothing: it is over. True when that is news.
    pub(crate) fn note(&self, id: &InstanceId, sentence: Option<&str>) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match sentence {
            Some(sentence) => all.insert(id.clone(), sentence.to_owned()).as_deref() != Some(sentence),
            None => all.remove(id).is_some(),
        }
    }

    pub(crate) fn of(&self, id: &InstanceId) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
}

/// What chat was told of each fleet pin.
#[derive(Default)]
pub(crate) struct FleetsTold(Mutex<BTreeMap<FleetNumber, Told>>);

/// What was said last, and when.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub header: String,
    pub at: Timestamp,
    /// Whether nothing more will be said.
    pub over: bool,
}

impl FleetsTold {
    pub(crate) fn note(&self, fleet: FleetNumber, told: Told) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(fleet, told);
    }

    pub(crate) fn of(&self, fleet: FleetNumber) -> Option<Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&fleet).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_noted_while_it_is_looked_at_is_looked_at_again() {
        let (noted, id) = (Instances::default(), "shop/prod".parse::<InstanceId>().unwrap());
        let look = async |result: Result<bool, ()>, anew: bool| {
            let is_over = async {
                noted.note(&id, anew);
                result
            };
            let _ = noted.look(&id, is_over).await;
            !noted.all().is_empty()
        };
        assert!(!look(Ok(true), false).await, "it is over");
        assert!(look(Ok(true), true).await, "it was over, and there is news");
        assert!(look(Ok(false), false).await, "it goes on");
        assert!(look(Err(()), false).await, "it was not seen");
    }
}
