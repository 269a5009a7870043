//! Which kinds the cluster serves, and under which path. Learnt on the first need of each API group; an unknown kind is asked
//! for again each time, since its CRD may have been created meanwhile.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::Mutex;

use crate::client::{Call, ClusterClient, Query};
use crate::error::ClusterError;
use crate::key::{KindKey, ObjectKey};

/// What could not be asked is not asked again before this: who waits for it takes the error.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Held by whoever asks; by API version, why it could not be asked last.
pub(crate) type Asking = Mutex<HashMap<String, (Instant, ClusterError)>>;

/// A kind as the cluster serves it.
#[derive(Debug, Clone)]
pub struct Kind {
    /// Group, version and kind.
    pub key: KindKey,
    /// Its name in paths and in roles (`deployments`).
    pub plural: String,
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    /// Whether a `status` is served for it; none where no cluster was asked.
    pub has_status: Option<bool>,
}

impl Kind {
    /// The name that roles and messages use: `deployments.apps`.
    pub fn resource(&self) -> String {
        if self.key.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.key.group) }
    }

    /// Where its objects are listed: those of a namespace, or all where none or an empty one is given.
    pub(crate) fn collection(&self, namespace: Option<&str>) -> String {
        let root = if self.key.group.is_empty() { "/api" } else { "/apis" };
        let api_version = self.key.api_version();
        match namespace.filter(|namespace| self.namespaced && !namespace.is_empty()) {
            Some(namespace) => format!("{root}/{api_version}/namespaces/{namespace}/{}", self.plural),
            None => format!("{root}/{api_version}/{}", self.plural),
        }
    }

    pub(crate) fn path(&self, object: &ObjectKey) -> Result<String, ClusterError> {
        check_segment(object, &object.name)?;
        check_segment(object, object.namespace.as_deref().unwrap_or("-"))?;
        Ok(format!("{}/{}", self.collection(object.namespace.as_deref()), object.name))
    }
}

impl ClusterClient {
    /// How the cluster serves this kind.
    pub async fn kind(&self, key: &KindKey) -> Result<Kind, ClusterError> {
        if let Some(kind) = self.cached_kind(key) {
            return Ok(kind);
        }
        // Many may want it at once: one of them asks.
        let mut failed = self.shared.discovery.lock().await;
        if let Some(kind) = self.cached_kind(key) {
            return Ok(kind);
        }
        let api_version = key.api_version();
        if let Some((at, error)) = failed.get(&api_version)
            && at.elapsed() < AGAIN_AFTER
        {
            return Err(error.clone());
        }
        match self.discover(key).await {
            Ok(()) => failed.remove(&api_version),
            Err(error) => {
                failed.insert(api_version, (Instant::now(), error.clone()));
                return Err(error);
            }
        };
        self.cached_kind(key)
            .ok_or_else(|| ClusterError::UnknownKind { api_version: key.api_version(), kind: key.kind.clone() })
    }

    /// The version of a kind that its group prefers; none while the cluster does not serve it.
    pub async fn served(&self, group: &str, kind: &str) -> Result<Option<KindKey>, ClusterError> {
        let well_formed = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
        if group.is_empty() || !group.chars().all(well_formed) {
            return Ok(None);
        }
        let path = format!("/apis/{group}");
        let answer = match self.send(&Call::other("get", &path), http::Method::GET, &path, &Query::new(), None).await {
            Ok(answer) => answer.body,
            Err(ClusterError::Unexpected { code: 404, .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let versions = answer.get("versions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let preferred = answer.get("preferredVersion").into_iter().chain(versions);
        for version in preferred.filter_map(|version| version.get("groupVersion")?.as_str()) {
            match self.kind(&KindKey::new(version, kind)).await {
                Ok(kind) => return Ok(Some(kind.key)),
                Err(ClusterError::UnknownKind { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The key of an object as the cluster sees it: in the default namespace when it names none and its kind wants one.
    pub async fn key_of(&self, object: &Value, default_namespace: &str) -> Result<ObjectKey, ClusterError> {
        let written = ObjectKey::of(object);
        let kind = self.kind(&written.kind).await?;
        let namespace = kind.namespaced.then(|| written.namespace.unwrap_or_else(|| default_namespace.to_owned()));
        Ok(ObjectKey { namespace, ..written })
    }

    fn cached_kind(&self, key: &KindKey) -> Option<Kind> {
        let kinds = self.shared.kinds.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        kinds.get(&served_name(key)).cloned()
    }

    async fn discover(&self, key: &KindKey) -> Result<(), ClusterError> {
        let api_version = key.api_version();
        let root = if key.group.is_empty() { "/api" } else { "/apis" };
        let well_formed = |c: char| c.is_ascii_alphanumeric() || "-./".contains(c);
        if key.kind.is_empty() || key.version.is_empty() || !api_version.chars().all(well_formed) {
            return Err(ClusterError::UnknownKind { api_version, kind: key.kind.clone() });
        }
        let call = Call::other("get", &format!("{root}/{api_version}"));
        let path = format!("{root}/{api_version}");
        let answer = match self.send(&call, http::Method::GET, &path, &Query::new(), None).await {
            Ok(answer) => answer.body,
            Err(ClusterError::Unexpected { code: 404, .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        let served = answer.get("resources").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut kinds = self.shared.kinds.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        for kind in served.iter().filter_map(|resource| served_kind(resource, served, key)) {
            kinds.insert(served_name(&kind.key), kind);
        }
        Ok(())
    }
}

/// Two versions of a kind are equal as keys, but each has its own path.
fn served_name(key: &KindKey) -> (String, String) {
    (key.api_version(), key.kind.clone())
}

fn served_kind(resource: &Value, served: &[Value], group: &KindKey) -> Option<Kind> {
    let plural = resource.get("name")?.as_str().filter(|name| !name.contains('/'))?;
    let kind = resource.get("kind")?.as_str()?;
    Some(Kind {
        key: KindKey { kind: kind.to_owned(), ..group.clone() },
        plural: plural.to_owned(),
        namespaced: resource.get("namespaced")?.as_bool()?,
        has_status: Some(served.iter().any(|other| other["name"] == format!("{plural}/status"))),
    })
}

/// A name from a manifest becomes part of a path, so it may hold nothing that means something there.
fn check_segment(object: &ObjectKey, segment: &str) -> Result<(), ClusterError> {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    if !segment.is_empty() && segment != "." && segment != ".." && segment.chars().all(harmless) {
        return Ok(());
    }
    Err(ClusterError::Invalid {
        object: Box::new(object.clone()),
        message: "metadata.name and metadata.namespace take letters, digits, dots and dashes, and may not be empty"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_not_leave_its_path() {
        let kind = Kind {
            key: KindKey::new("v1", "ConfigMap"),
            plural: "configmaps".into(),
            namespaced: true,
            has_status: None,
        };
        let object =
            |name: &str| ObjectKey { kind: kind.key.clone(), namespace: Some("shop".into()), name: name.into() };
        assert_eq!(kind.path(&object("a.b-c")).unwrap(), "/api/v1/namespaces/shop/configmaps/a.b-c");
        for bad in ["", "..", "a/b", "a?b", "a%2fb", "a\nb"] {
            assert!(kind.path(&object(bad)).is_err(), "{bad:?}");
        }
    }
}
