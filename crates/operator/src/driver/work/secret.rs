//! Secrets: read when they are another, made at random once, and told to the redactor.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cluster::{ClusterError, KindKey, MADE_BY, MADE_LABEL, ObjectKey, not_before};
use secrets::Redactor;
use serde_json::{Map, Value, json};

use super::{Work, version_of};
use crate::driver::OperatorError;

impl Work {
    /// A Secret of this namespace. It is read again only when it is another. Its changes wake this lane from now on.
    pub(crate) async fn secret(&mut self, name: &str) -> Result<Option<Value>, OperatorError> {
        self.secret_at(&self.beside("v1", "Secret", name)).await
    }

    /// A Secret in our own namespace.
    pub(crate) fn own_secret(&self, name: &str) -> ObjectKey {
        let namespace = Some(self.client().own_namespace().to_owned());
        ObjectKey { kind: KindKey::new("v1", "Secret"), namespace, name: name.to_owned() }
    }

    /// A Secret anywhere. Where its namespace is not watched it is read each time.
    pub(crate) async fn secret_at(&mut self, key: &ObjectKey) -> Result<Option<Value>, OperatorError> {
        let seen = self.other(key);
        let version = seen.as_ref().map(version_of).unwrap_or_default();
        // What we wrote ourselves counts, though the watch has not told it yet.
        let written = self.memo.kept.get(key).map(|kept| kept.applied.resource_version.as_str());
        let is_new = !version.is_empty() && written.is_none_or(|written| not_before(version, written));
        if let Some((known, secret)) = self.memo.secrets.get(key)
            && is_new
            && known == version
        {
            return Ok(secret.clone());
        }
        let live = self.client().get(key).await?;
        if let Some(live) = &live {
            learn(&self.shared.settings.redactor, live);
        }
        let version = live.as_ref().map(version_of).unwrap_or_default().to_owned();
        self.memo.secrets.insert(key.clone(), (version, live.clone()));
        Ok(live)
    }

    /// Values that are made at random where they are not there yet, in a Secret that nothing else writes. They outlive this object:
    /// what was encrypted with them can be read again.
    pub(crate) async fn made_at_random(&mut self, key: &ObjectKey, keys: &[String]) -> Result<(), OperatorError> {
        for _ in 0..3 {
            let live = self.secret_at(key).await?;
            let has = |key: &String| live.as_ref().is_some_and(|live| live["data"].get(key).is_some());
            let mut data = Map::new();
            for key in keys.iter().filter(|key| !has(key)) {
                data.insert(key.clone(), json!(STANDARD.encode(random()?)));
            }
            if data.is_empty() {
                return Ok(());
            }
            let written = match &live {
                None => {
                    let labels = json!({MADE_LABEL: MADE_BY});
                    let metadata = json!({"name": key.name, "namespace": key.namespace, "labels": labels});
                    let secret = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "data": data});
                    self.client().create(&secret).await.map(drop)
                }
                Some(live) => self.client().add_to_secret(key, live, &data).await.map(drop),
            };
            match written {
                // Another replica was faster: its values count.
                Ok(()) | Err(ClusterError::Conflict { .. }) => self.memo.secrets.remove(key),
                Err(error) => return Err(error.into()),
            };
        }
        Ok(())
    }
}

/// What stands in Secrets of connections and is none.
const NO_SECRETS: &[&str] = &["database", "host", "name", "port", "readHost", "sslmode", "username", "vhost"];

fn learn(redactor: &Redactor, secret: &Value) {
    let mut hidden = secret.clone();
    if let Some(data) = hidden.get_mut("data").and_then(Value::as_object_mut) {
        data.retain(|key, _| !NO_SECRETS.contains(&key.as_str()));
    }
    for value in secrets::secret_values(&hidden) {
        redactor.register(value.expose());
    }
}

/// 32 random bytes, in letters that need no escape anywhere.
pub(crate) fn random() -> Result<String, OperatorError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| OperatorError::Random(error.to_string()))?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}
