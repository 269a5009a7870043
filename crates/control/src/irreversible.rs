//! Migrations that can't be reversed: who goes back over one is asked first, and does it by saying so again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cluster::ObjectKey;
use config_repo::Instance;
use model::{Digest, ImageRef, InstanceId, PersonName, Timestamp};
use serde_json::Value;

use crate::Control;
use crate::inner::Inner;
use crate::problem::{Problem, ProblemCode};
use crate::trouble::Trouble;

/// For so long the question stands.
const STANDS_FOR: Duration = Duration::from_mins(10);

/// So long a person waits for what the cluster knows.
const LOOKS_FOR: Duration = Duration::from_secs(5);

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

impl Control {
    /// Going back over a migration that can't be reversed asks first; the same person's second press (`press`) is the yes. Where the cluster can't
    /// say whether it is one, nobody is held up: what runs then is proven like any pin.
    pub(crate) async fn asked_first(
        &self,
        place: &Instance,
        person: &PersonName,
        (image, is_back): (&ImageRef, bool),
        press: &str,
    ) -> Result<(), Problem> {
        let looking = tokio::time::timeout(LOOKS_FOR, self.inner.crossed(place, image, is_back));
        let Ok(Ok(Some(app))) = looking.await else { return Ok(()) };
        if self.inner.asked_back.answered(&place.id, person, self.inner.clock.now()) {
            return Ok(());
        }
        let what = format!(
            "the migration of {app} can't be reversed: {} may not work with the database as it is, and the schema stays as it is",
            image.version()
        );
        Err(Problem::new(
            ProblemCode::Differs,
            what,
            format!("{press} once more within ten minutes to go back all the same"),
        ))
    }
}

impl Inner {
    /// The migration that lies between what runs in an instance and an image of before, and can't be reversed: as `shop 2.0`. Of images that
    /// an App never migrated to nothing is known but that they come before all that it did, where it is gone back to (`is_back`).
    pub(crate) async fn crossed(
        &self,
        instance: &Instance,
        image: &ImageRef,
        is_back: bool,
    ) -> Result<Option<String>, Trouble> {
        let cluster = self.cluster(instance).await?;
        let Some(stored) = cluster.known_inventory(&instance.id).await? else { return Ok(None) };
        let is_app = |key: &ObjectKey| key.kind.is("pinnace.dev", "App");
        for key in stored.inventory.objects.iter().map(|entry| &entry.key).filter(|key| is_app(key)) {
            let app = cluster.get(key).await?;
            if let Some(found) = app.as_ref().and_then(|app| crossed(app, image, is_back)) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

fn crossed(app: &Value, image: &ImageRef, is_back: bool) -> Option<String> {
    let runs: ImageRef = app.pointer("/spec/image")?.as_str()?.parse().ok()?;
    if runs.repository != image.repository || runs.same_content(image) {
        return None;
    }
    let digests = |at: &str| -> Vec<&str> {
        let list = app["status"][at].as_array();
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let (migrations, mut irreversible) = (digests("migrations"), digests("irreversible"));
    // An operator of before writes down none of them.
    let current = runs.digest.as_ref().map(ToString::to_string).unwrap_or_default();
    if app.pointer("/spec/migrations/reversible").is_some_and(|reversible| reversible == false) {
        irreversible.push(&current);
    }
    let wanted = image.digest.as_ref().map(ToString::to_string);
    let after = match migrations.iter().position(|one| Some(*one) == wanted.as_deref()) {
        Some(at) => at + 1,
        None if is_back => 0,
        None => return None,
    };
    let digest = migrations[after..].iter().rev().find(|one| irreversible.contains(one))?;
    let version =
        if current == **digest { runs.version().to_owned() } else { digest.parse::<Digest>().ok()?.short().to_owned() };
    Some(format!("{} {version}", app["metadata"]["name"].as_str().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn image(version: &str, digit: &str) -> ImageRef {
        format!("r.example/shop:{version}@sha256:{}", digit.repeat(64)).parse().unwrap()
    }

    /// It was migrated to a, b, c and d, and runs the last.
    fn app(irreversible: &[&str]) -> Value {
        let digests = |all: &[&str]| all.iter().map(|digit| format!("sha256:{}", digit.repeat(64))).collect::<Vec<_>>();
        json!({"metadata": {"name": "shop"}, "spec": {"image": image("4.0", "d").to_string()},
            "status": {"migrations": digests(&["a", "b", "c", "d"]), "irreversible": digests(irreversible)}})
    }

    #[test]
    fn what_lies_between_and_can_not_be_reversed_is_crossed() {
        assert_eq!(crossed(&app(&["d"]), &image("3.0", "c"), true).as_deref(), Some("shop 4.0"));
        assert_eq!(crossed(&app(&["c"]), &image("3.0", "c"), true), None);
        let further = crossed(&app(&["c"]), &image("2.0", "b"), false);
        assert_eq!(further.as_deref(), Some("shop cccccccccccc"), "an older build that is pinned goes back as well");
        assert_eq!(crossed(&app(&[]), &image("1.0", "a"), true), None);
        assert_eq!(crossed(&app(&["d"]), &image("4.0", "d"), false), None, "it runs");
        let mut of_before = app(&[]);
        of_before["spec"]["migrations"] = json!({"reversible": false});
        assert_eq!(crossed(&of_before, &image("3.0", "c"), true).as_deref(), Some("shop 4.0"));
    }

    #[test]
    fn a_new_build_crosses_nothing_and_one_from_before_all_migrations_crosses_all() {
        assert_eq!(crossed(&app(&["b"]), &image("5.0", "e"), false), None);
        assert_eq!(crossed(&app(&["b"]), &image("0.9", "e"), true).as_deref(), Some("shop bbbbbbbbbbbb"));
        let of_other = "r.example/other:1.0@sha256:".to_owned() + &"e".repeat(64);
        assert_eq!(crossed(&app(&["b"]), &of_other.parse().unwrap(), true), None);
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
