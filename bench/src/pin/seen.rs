//! What this process saw of the instance's objects, and when, by watches of its own.

use std::time::Duration;

use serde_json::Value;
use testkit::Shop;

use crate::watched::Watched;

/// Every state of a Deployment or pod that was seen.
pub(super) struct Seen(Watched);

impl Seen {
    /// Watches until the runtime ends.
    pub(super) fn watch(shop: &Shop) -> Self {
        Self(Watched::by(&shop.admin, &shop.place.namespace, &[("apps", "Deployment"), ("", "Pod")]))
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
        self.0.found(Duration::ZERO, is_it)
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
