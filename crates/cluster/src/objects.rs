//! Reading and deleting objects.

use http::Method;
use serde_json::{Value, json};

use crate::client::{Call, ClusterClient, JSON, Query};
use crate::discovery::Kind;
use crate::error::ClusterError;
use crate::key::{KindKey, ObjectKey};

const PAGE: &str = "500";

impl ClusterClient {
    /// The live object, or nothing when it does not exist.
    pub async fn get(&self, key: &ObjectKey) -> Result<Option<Value>, ClusterError> {
        let kind = self.kind(&key.kind).await?;
        let call = Call::on("get", &kind.resource(), key);
        match self.send(&call, Method::GET, &kind.path(key)?, &Query::new(), None).await {
            Ok(answer) => Ok(Some(answer.body)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes the object with this uid and, in the background, what it owns. False when it is gone already.
    ///
    /// An object of the same name with another uid was made by somebody else since: that is a conflict, and it stays.
    pub async fn delete(&self, key: &ObjectKey, uid: &str) -> Result<bool, ClusterError> {
        self.delete_if(key, &json!({"uid": uid}), "Background").await
    }

    /// As [`Self::delete`]; the object is there until all that it owns is gone.
    pub async fn delete_after_all_of_it(&self, key: &ObjectKey, uid: &str) -> Result<bool, ClusterError> {
        self.delete_if(key, &json!({"uid": uid}), "Foreground").await
    }

    /// As [`Self::delete`], with the version that was read as condition.
    pub(crate) async fn delete_unchanged(&self, key: &ObjectKey, version: &str) -> Result<bool, ClusterError> {
        self.delete_if(key, &json!({"resourceVersion": version}), "Background").await
    }

    async fn delete_if(&self, key: &ObjectKey, preconditions: &Value, policy: &str) -> Result<bool, ClusterError> {
        let kind = self.kind(&key.kind).await?;
        let call = Call::on("delete", &kind.resource(), key);
        let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy,
            "preconditions": preconditions});
        match self.send(&call, Method::DELETE, &kind.path(key)?, &Query::new(), Some((JSON, &options))).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl ClusterClient {
    /// All objects of a kind in a namespace.
    pub async fn list(&self, kind: &KindKey, namespace: &str) -> Result<Vec<Value>, ClusterError> {
        self.list_selected(kind, namespace, &Query::new()).await
    }

    pub(crate) async fn list_selected(
        &self,
        kind: &KindKey,
        namespace: &str,
        selection: &Query,
    ) -> Result<Vec<Value>, ClusterError> {
        let kind = self.kind(kind).await?;
        let (mut objects, mut page) = (Vec::new(), String::new());
        loop {
            let (items, _, next) = self.list_page(&kind, namespace, selection, &page).await?;
            objects.extend(items);
            if next.is_empty() {
                return Ok(objects);
            }
            page = next;
        }
    }

    /// One page of a list, from what is stored and not from a cache that may be older than our own writes: the objects, the
    /// resource version of the list, and where the next page begins (empty: this was the last).
    pub(crate) async fn list_page(
        &self,
        kind: &Kind,
        namespace: &str,
        selection: &Query,
        page: &str,
    ) -> Result<(Vec<Value>, String, String), ClusterError> {
        let call = Call::in_namespace("list", &kind.resource(), Some(namespace));
        let mut query = selection.clone().with("limit", PAGE);
        if !page.is_empty() {
            query = query.with("continue", page);
        }
        let mut answer = self.send(&call, Method::GET, &kind.collection(Some(namespace)), &query, None).await?.body;
        let items = answer.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
        let items = items.into_iter().map(|item| typed(item, kind)).collect();
        Ok((items, meta(&answer, "resourceVersion").to_owned(), meta(&answer, "continue").to_owned()))
    }
}

/// Items of a list carry no kind of their own, and what comes as metadata alone has another.
pub(crate) fn typed(mut item: Value, kind: &Kind) -> Value {
    if let Some(fields) = item.as_object_mut() {
        fields.insert("apiVersion".to_owned(), Value::from(kind.key.api_version()));
        fields.insert("kind".to_owned(), Value::from(kind.key.kind.clone()));
    }
    item
}

/// A text of `metadata`, empty when it is not there.
pub(crate) fn meta<'a>(object: &'a Value, name: &str) -> &'a str {
    object.get("metadata").and_then(|m| m.get(name)).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn resource_version(object: &Value) -> &str {
    meta(object, "resourceVersion")
}

pub(crate) fn uid(object: &Value) -> &str {
    meta(object, "uid")
}

pub(crate) fn generation(object: &Value) -> i64 {
    object.get("metadata").and_then(|m| m.get("generation")).and_then(Value::as_i64).unwrap_or_default()
}
