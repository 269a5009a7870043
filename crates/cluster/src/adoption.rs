//! What taking over an object would change that somebody else deployed.
//!
//! Its former owner's fields become ours and go where git does not have them. Many of those are no more than what the API
//! server fills in, and it fills them in again: a dry run that makes the object under another name shows which.

use serde_json::{Value, json};

use crate::client::ClusterClient;
use crate::drift::FieldDrift;
use crate::error::ClusterError;
use crate::key::ObjectKey;
use crate::mark::{INSTANCE_LABEL, Target, marked};

/// A name that no object has, for the dry run.
const SUFFIX: &str = "-pinnace-dry-run";
/// Names of some kinds may not be longer.
const LONGEST_NAME: usize = 63;

impl ClusterClient {
    /// What taking this live object over would change, our mark apart. Writes nothing.
    pub async fn adoption(
        &self,
        target: &Target,
        desired: &Value,
        live: &Value,
    ) -> Result<Vec<FieldDrift>, ClusterError> {
        let key = self.key_of(desired, target.default_namespace()).await?;
        let Some(found) = self.compared(target, desired, live, &key).await? else { return Ok(Vec::new()) };
        let filled_in = self.filled_in(target, desired, &key).await;
        let changes = found.into_iter().filter(|(path, field)| {
            let is_mark = field.path.contains(INSTANCE_LABEL) || is_only_mark(field);
            let comes_back = field.desired.is_none() && path.of(live).is_some() && path.of(live) == path.of(&filled_in);
            !is_mark && !comes_back
        });
        Ok(changes.map(|(_, field)| field).collect())
    }

    /// The desired object with what the API server fills in; nothing where it can't be said: then every field is told.
    async fn filled_in(&self, target: &Target, desired: &Value, key: &ObjectKey) -> Value {
        let short: String = key.name.chars().take(LONGEST_NAME - SUFFIX.len()).collect();
        let key = ObjectKey { name: format!("{}{SUFFIX}", short.trim_end_matches(['-', '.'])), ..key.clone() };
        let mut object = marked(desired, &key, target);
        object["metadata"]["name"] = json!(key.name);
        match self.server_side_apply(&key, &object, true).await {
            Ok((_, body)) => body,
            Err(error) => {
                tracing::debug!(%error, object = %key, "what the API server fills in can't be seen");
                Value::Null
            }
        }
    }
}

/// Whether the labels differ by our mark and no more, where the object had none.
fn is_only_mark(field: &FieldDrift) -> bool {
    let labels = field.desired.as_ref().and_then(Value::as_object).filter(|_| field.path == "metadata.labels");
    labels.is_some_and(|labels| labels.keys().all(|label| label == INSTANCE_LABEL))
}
