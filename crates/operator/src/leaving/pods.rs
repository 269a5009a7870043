//! The pods of an App that goes: its data is there for as long as they are.

use cluster::{KindKey, MADE_BY, MADE_LABEL, ObjectKey};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{deleted_at, goes};
use crate::crd::{OfKind as _, is_ours};
use crate::driver::{OperatorError, Work};
use crate::kinds::app::AppSpec;
use crate::objects::{is_deleted, name_of, uid_of};

const APP_LABEL: &str = "app.kubernetes.io/name";
/// A pod that was to have ended so long ago is on a machine that is not there any more.
const OVERDUE_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// A pod that nobody told to end within this time is none that goes with its App.
const TOLD_WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// A pod of an App that goes, as the API server says: a watch may be late. Whoever runs in it would see its data vanish. A pod that does not end
/// holds nothing up for ever.
pub(crate) async fn pod_in_the_way(work: &mut Work) -> Result<Option<String>, OperatorError> {
    let pods = work.client().list(&KindKey::new("v1", "Pod"), work.namespace()).await?;
    let waiting = Waiting {
        all_go: goes(work, work.namespace()).await?,
        owner: owner(&work.object),
        since: deleted_at(&work.object),
        now: work.now(),
    };
    // The watch of Apps may be late too, and what the owner's pods write is what matters.
    let owner = match waiting.owner {
        Some((name, _)) => work.client().get(&work.ours_beside(AppSpec::KIND.kind, name)).await?,
        None => None,
    };
    let app = |name: &str| {
        let is_owner = waiting.owner.is_some_and(|(owner, _)| owner == name);
        if is_owner { owner.clone() } else { work.shared.watcher.seen(&work.ours_beside(AppSpec::KIND.kind, name)) }
    };
    let Some(pod) = pods.iter().find(|pod| waiting.is_for(pod, app)) else { return Ok(None) };
    // Its end wakes this lane.
    work.other(&ObjectKey::of(pod));
    Ok(Some(name_of(pod).to_owned()))
}

struct Waiting<'a> {
    /// The namespace goes with all in it.
    all_go: bool,
    /// Name and uid of the App that the object was made for.
    owner: Option<(&'a str, &'a str)>,
    /// When the object was deleted.
    since: Option<Timestamp>,
    now: Timestamp,
}

impl Waiting<'_> {
    fn is_for(&self, pod: &Value, app: impl Fn(&str) -> Option<Value>) -> bool {
        let labels = &pod["metadata"]["labels"];
        let Some(name) = labels[APP_LABEL].as_str().filter(|_| labels[MADE_LABEL] == MADE_BY) else { return false };
        let has_ended = ["Succeeded", "Failed"].iter().any(|phase| pod["status"]["phase"] == *phase);
        if has_ended || is_of_server(pod, name) {
            return false;
        }
        let owner = self.owner.filter(|(owner, _)| *owner == name);
        let stays = |app: &Value| !is_deleted(app) && owner.is_none_or(|(_, uid)| uid_of(app) == uid);
        if !self.all_go && app(name).as_ref().is_some_and(stays) {
            return false;
        }
        match (deleted_at(pod), self.since) {
            (Some(at), _) => self.now < at.saturating_add(OVERDUE_AFTER).unwrap_or(at),
            (None, Some(since)) if self.all_go || owner.is_some() => {
                self.now < since.saturating_add(TOLD_WITHIN).unwrap_or(since)
            }
            _ => false,
        }
    }
}

/// The pods of servers in the cluster bear the name of what makes them; those of an App bear another.
fn is_of_server(pod: &Value, name: &str) -> bool {
    let owners = pod.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().any(|owner| owner["name"] == name)
}

fn owner(object: &Value) -> Option<(&str, &str)> {
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let app = owners.into_iter().flatten().find(|owner| is_ours(owner) && owner["kind"] == AppSpec::KIND.kind)?;
    Some((app["name"].as_str()?, app["uid"].as_str()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: &str = "2026-11-26T12:00:00Z";

    fn pod(app: &str, made_by: &str, deleted: Option<&str>) -> Value {
        json!({"metadata": {"labels": {APP_LABEL: app, MADE_LABEL: MADE_BY}, "deletionTimestamp": deleted,
            "ownerReferences": [{"name": made_by}]}, "status": {"phase": "Running"}})
    }

    fn waits(pod: &Value, owner: Option<(&str, &str)>, all_go: bool, app: Option<&Value>) -> bool {
        let mut pod = pod.clone();
        if pod["metadata"]["deletionTimestamp"].is_null() {
            pod["metadata"].as_object_mut().unwrap().remove("deletionTimestamp");
        }
        let since = Some("2026-11-26T11:55:00Z".parse().unwrap());
        let waiting = Waiting { all_go, owner, since, now: NOW.parse().unwrap() };
        waiting.is_for(&pod, |_| app.cloned())
    }

    #[test]
    fn pods_of_an_app_that_goes_are_waited_for_and_those_of_one_that_stays_are_not() {
        let running = pod("shop", "shop-web-1", None);
        let of_shop = Some(("shop", "1"));
        let app = |uid: &str| json!({"metadata": {"uid": uid}});
        assert!(waits(&running, of_shop, false, None), "it is told to end in a moment");
        assert!(waits(&running, of_shop, false, Some(&app("2"))), "that is another App");
        assert!(!waits(&running, of_shop, false, Some(&app("1"))), "somebody deleted the database alone");
        assert!(waits(&running, of_shop, true, Some(&app("1"))), "it goes with its namespace");
        let going = json!({"metadata": {"uid": "1", "deletionTimestamp": NOW}});
        assert!(waits(&running, of_shop, false, Some(&going)));
        assert!(!waits(&running, None, false, None), "whose App is gone by itself, and which is nobody's");
        let ending = pod("shop", "shop-web-1", Some("2026-11-26T11:59:30Z"));
        assert!(waits(&ending, None, false, None) && !waits(&ending, None, false, Some(&app("1"))));
    }

    #[test]
    fn a_pod_that_does_not_end_or_never_was_the_apps_holds_nothing_up_for_ever() {
        let of_shop = Some(("shop", "1"));
        let lost = pod("shop", "shop-web-1", Some("2026-11-26T11:58:59Z"));
        assert!(!waits(&lost, of_shop, false, None), "its machine is gone");
        assert!(!waits(&pod("shop-postgres", "shop-postgres", None), None, true, None), "the server itself");
        let mut ended = pod("shop", "shop-migrate", None);
        ended["status"]["phase"] = json!("Succeeded");
        assert!(!waits(&ended, of_shop, false, None));
        let mut of_others = pod("shop", "shop-web-1", None);
        of_others["metadata"]["labels"] = json!({APP_LABEL: "shop"});
        assert!(!waits(&of_others, of_shop, true, None));
        let waiting = Waiting {
            all_go: false,
            owner: of_shop,
            since: Some("2026-11-26T11:49:59Z".parse().unwrap()),
            now: NOW.parse().unwrap(),
        };
        let orphan = json!({"metadata": {"labels": {APP_LABEL: "shop", MADE_LABEL: MADE_BY}}});
        assert!(!waiting.is_for(&orphan, |_| None), "nobody tells it to end");
    }
}
