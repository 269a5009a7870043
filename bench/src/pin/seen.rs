//! What this process saw of the instance's objects, and when, by watches of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use kube::api::{Api, DynamicObject};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::{WatchStreamExt as _, watcher};
use serde_json::Value;
use testkit::Shop;

use super::now;

/// Every state of a Deployment or pod that was seen.
pub(super) struct Seen(Arc<Mutex<Vec<(Duration, Value)>>>);

impl Seen {
    /// Watches until the runtime ends.
    pub(super) fn watch(shop: &Shop) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        for (group, kind) in [("apps", "Deployment"), ("", "Pod")] {
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind));
            let api: Api<DynamicObject> = Api::namespaced_with(shop.admin.clone(), &shop.place.namespace, &resource);
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                let mut states = watcher(api, watcher::Config::default()).default_backoff().touched_objects().boxed();
                while let Some(state) = states.next().await {
                    let Ok(state) = state else { continue };
                    let at = now();
                    if let Ok(object) = serde_json::to_value(&state) {
                        seen.lock().unwrap_or_else(PoisonError::into_inner).push((at, object));
                    }
                }
            });
        }
        Self(seen)
    }

    /// When the Deployment was first seen observed with this tag.
    pub(super) fn observed(&self, tag: &str) -> Option<Duration> {
        self.first(|object| {
            object.pointer("/spec/template/spec/containers/0/image").is_some_and(|image| has_tag(image, tag))
                && object.pointer("/status/observedGeneration") == object.pointer("/metadata/generation")
        })
    }

    /// When a pod of this tag was first seen in a state that completes the rule of its fault.
    pub(super) fn doomed(&self, tag: &str, fault: &str) -> Option<Duration> {
        self.first(|object| {
            object.pointer("/spec/containers/0/image").is_some_and(|image| has_tag(image, tag))
                && object.pointer("/status/containerStatuses/0").is_some_and(|status| is_doomed(status, fault))
        })
    }

    fn first(&self, is_it: impl Fn(&Value) -> bool) -> Option<Duration> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().find(|(_, object)| is_it(object)).map(|(at, _)| *at)
    }
}

fn has_tag(image: &Value, tag: &str) -> bool {
    image.as_str().is_some_and(|image| image.contains(&format!(":{tag}@")))
}

/// The rules of `docs`: two restarts, or two ends for want of memory; a pull refused as not found; a missing key.
fn is_doomed(status: &Value, fault: &str) -> bool {
    let waiting = status.pointer("/state/waiting/reason").and_then(Value::as_str).unwrap_or_default();
    let restarts = status["restartCount"].as_u64().unwrap_or_default();
    let ended = status.pointer("/state/terminated").is_some() || waiting == "CrashLoopBackOff";
    match fault {
        "image-missing" => matches!(waiting, "ErrImagePull" | "ImagePullBackOff"),
        "config-key-missing" => waiting == "CreateContainerConfigError",
        "out-of-memory" => restarts >= 2 || (restarts >= 1 && ended),
        _ => restarts >= 2,
    }
}
