//! Needs between projects: an instance is applied only while those that it needs are proven and Current. Looked at before a pin
//! takes its slot and before HEAD is tried; who waits is woken by what happens to the others.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cluster::ObjectKey;
use config_repo::Instance;
use model::InstanceId;

use crate::inner::Inner;
use crate::trouble::Trouble;

/// A watch that has just begun is given this long to see.
const SIGHTED_WITHIN: Duration = Duration::from_secs(5);

/// Who waits for whom, kept in memory only: after a restart it is looked at anyhow.
#[derive(Default)]
pub(crate) struct Needy(Mutex<BTreeMap<InstanceId, InstanceId>>);

impl Needy {
    fn note(&self, who: &InstanceId, needed: Option<&InstanceId>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match needed {
            Some(needed) => all.insert(who.clone(), needed.clone()),
            None => all.remove(who),
        };
    }

    /// Those that wait for this one.
    fn of(&self, needed: &InstanceId) -> Vec<InstanceId> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|(_, other)| *other == needed).map(|(who, _)| who.clone()).collect()
    }
}

impl Inner {
    /// What an instance waits for before anything of it may be applied, in words.
    pub(crate) async fn unmet_need(&self, instance: &Instance) -> Result<Option<String>, Trouble> {
        for needed in &instance.needs {
            // What happens while it is looked at must not be missed.
            self.needy.note(&instance.id, Some(needed));
            if let Some(why) = self.unmet(needed).await? {
                return Ok(Some(format!("it waits for {needed}, which {why}")));
            }
        }
        self.needy.note(&instance.id, None);
        Ok(None)
    }

    /// Something happened to an instance: who waits for it looks again, at once.
    pub(crate) fn wake_needy(&self, id: &InstanceId) {
        for who in self.needy.of(id) {
            self.hurried.note(&who, true);
            self.anew.note(&who, true);
            self.wakes.wake(&who);
        }
    }

    async fn unmet(&self, id: &InstanceId) -> Result<Option<String>, Trouble> {
        if self.store.instance(id).await?.verified.is_none() {
            return Ok(Some("is not installed yet".to_owned()));
        }
        let instance = self.instance(id)?;
        let cluster = self.cluster(&instance).await?;
        let Some(stored) = cluster.known_inventory(id).await? else {
            return Ok(Some("has nothing in the cluster".to_owned()));
        };
        let keys = stored.inventory.objects.into_iter().map(|entry| entry.key);
        let keys: Vec<ObjectKey> = keys.filter(|key| !key.kind.is_secret()).collect();
        let snapshot = self.watcher(&instance, &cluster, &keys).await.sighted(&keys, SIGHTED_WITHIN).await;
        if !snapshot.healthy_stream {
            return Ok(Some("can't be seen now".to_owned()));
        }
        let mut with_status = Vec::new();
        for key in keys {
            let has_status = cluster.kind(&key.kind).await?.has_status;
            with_status.push((key, has_status));
        }
        let verdict = snapshot.judge_live(&with_status, &self.config().health).verdict;
        // An instance of Secrets alone has nothing that could be ill.
        let is_well = verdict.is_current() || with_status.is_empty();
        Ok((!is_well).then(|| format!("is not well: {}", verdict.sentence())))
    }
}
