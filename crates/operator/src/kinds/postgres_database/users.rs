//! The Apps that use a database.

use cluster::ObjectKey;
use serde_json::Value;

use crate::crd::OfKind as _;
use crate::driver::{Work, resource};
use crate::kinds::app::{self, App, AppSpec};
use crate::objects::condition;

/// An App whose pods may still log in as before: it does not stand as it should be, so they may have an older configuration.
pub(crate) fn who_may_use_the_login_before(work: &Work) -> Option<String> {
    let Some(apps) = work.shared.watcher.keys(&resource(AppSpec::KIND.kind)) else {
        return Some("one that can't be seen now".to_owned());
    };
    let of_namespace = apps.into_iter().filter(|key| key.namespace == work.key.namespace);
    let mut seen = of_namespace.filter_map(|key| Some((work.shared.watcher.seen(&key)?, key)));
    seen.find(|(app, _)| uses(app, &work.key) && !is_up_to_date(app)).map(|(_, key)| key.name)
}

/// One that can't be read may use everything.
fn uses(app: &Value, database: &ObjectKey) -> bool {
    App::read(app).map_or(true, |app| app::needs(&app).contains(&(database.kind.kind.clone(), database.name.clone())))
}

fn is_up_to_date(app: &Value) -> bool {
    let is_ready = condition(app, "Ready").is_some_and(|one| one["reason"] == "Ready");
    is_ready && app["status"]["observedGeneration"] == app["metadata"]["generation"]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_app_that_is_paused_changed_or_in_error_may_have_pods_of_before() {
        let app = |phase: &str, generation: i64, reason: &str| {
            let ready = json!({"type": "Ready", "status": "True", "reason": reason});
            json!({"metadata": {"generation": generation}, "status": {"phase": phase, "observedGeneration": 2, "conditions": [ready]}})
        };
        assert!(is_up_to_date(&app("Ready", 2, "Ready")));
        assert!(!is_up_to_date(&app("Ready", 3, "Ready")));
        assert!(!is_up_to_date(&app("Error", 2, "MigrationFailed")));
        assert!(!is_up_to_date(&app("Ready", 2, "Paused")), "its phase is what it was");
    }
}
