//! Migrations that can't be reversed: who goes back over one is asked first, and does it by saying so again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cluster::ObjectKey;
use config_repo::Instance;
use model::{InstanceId, PersonName, Timestamp};
use serde_json::Value;

use crate::inner::Inner;
use crate::trouble::Trouble;

/// For so long the question stands.
const STANDS_FOR: Duration = Duration::from_mins(10);

/// Who was asked, and when. In memory only: after a restart the question is put once more.
#[derive(Default)]
pub(crate) struct Asked(Mutex<HashMap<(InstanceId, PersonName), Timestamp>>);

impl Asked {
    /// Whether this person was asked about this instance a moment ago, and so has answered now. Else they count as asked.
    pub(crate) fn answered(&self, instance: &InstanceId, person: &PersonName, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, at| now.since(*at) < STANDS_FOR);
        let key = (instance.clone(), person.clone());
        all.remove(&key).is_some() || all.insert(key, now).is_some()
    }
}

impl Inner {
    /// The App of an instance whose migration was done and can't be reversed, as `shop 2.0`.
    pub(crate) async fn migrated_for_good(&self, instance: &Instance) -> Result<Option<String>, Trouble> {
        let cluster = self.cluster(instance).await?;
        let Some(stored) = cluster.known_inventory(&instance.id).await? else { return Ok(None) };
        let is_app = |key: &ObjectKey| key.kind.is("pinnace.dev", "App");
        for key in stored.inventory.objects.iter().map(|entry| &entry.key).filter(|key| is_app(key)) {
            if let Some(found) = cluster.get(key).await?.as_ref().and_then(for_good) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

fn for_good(app: &Value) -> Option<String> {
    let migrations = app.pointer("/spec/migrations")?;
    let image = app.pointer("/spec/image")?.as_str()?;
    let (named, digest) = image.rsplit_once('@')?;
    let done = app.pointer("/status/migrations").and_then(Value::as_array)?.iter().any(|one| one == digest);
    let version = named.rsplit_once(':').map_or(digest, |(_, tag)| tag);
    (migrations["reversible"] == false && done)
        .then(|| format!("{} {version}", app["metadata"]["name"].as_str().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_migration_that_was_done_and_can_not_be_reversed_counts() {
        let app = |reversible: bool, done: &str| {
            json!({"metadata": {"name": "shop"}, "spec": {"image": "r/shop:2.0@sha256:b", "migrations": {"reversible": reversible}},
                "status": {"migrations": ["sha256:a", done]}})
        };
        assert_eq!(for_good(&app(false, "sha256:b")).as_deref(), Some("shop 2.0"));
        assert_eq!(for_good(&app(true, "sha256:b")), None);
        assert_eq!(for_good(&app(false, "sha256:c")), None);
        assert_eq!(for_good(&json!({"spec": {"image": "r/shop:2.0@sha256:b"}})), None);
    }

    #[test]
    fn the_question_stands_for_one_person_and_ten_minutes() {
        let (asked, id) = (Asked::default(), "shop/prod".parse().unwrap());
        let (ann, bo) = ("ann".parse().unwrap(), "bo".parse().unwrap());
        let at = |seconds: i64| Timestamp(seconds * 1000);
        assert!(!asked.answered(&id, &ann, at(0)));
        assert!(!asked.answered(&id, &bo, at(10)), "another person was not asked");
        assert!(asked.answered(&id, &ann, at(20)));
        assert!(!asked.answered(&id, &ann, at(30)), "each time anew");
        assert!(!asked.answered(&id, &bo, at(700)), "that was long ago");
    }
}
