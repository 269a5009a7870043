//! The check of a whole set before its first write: who owns what is there, and whether the API server would take it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;
use serde_json::Value;

use crate::clash::{REPLACE_ANNOTATION, may_replace};
use crate::client::ClusterClient;
use crate::error::ClusterError;
use crate::key::{KindKey, ObjectKey};
use crate::mark::{Target, marked, misplaced, refusal};
use crate::order::kind_of;
use crate::replicas::leave_out;

/// What an apply of an object would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It does not exist yet.
    Create,
    /// It exists and would change.
    Change,
    /// It is as desired; applying it would write nothing.
    Nothing,
    /// It can't change so in place, and its annotation allows to delete it and make it anew.
    Replace,
}

/// An object that the API server would take.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Which object.
    pub key: ObjectKey,
    /// What applying it would do.
    pub change: Change,
}

/// An object that can't be dry-run yet: do it again once its namespace or CRD stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unchecked {
    /// Which object.
    pub key: ObjectKey,
    /// What it waits for.
    pub why: String,
}

/// An object that must not or can't be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which object.
    pub key: ObjectKey,
    /// Why, in words, without values.
    pub message: String,
}

/// What the dry run of a set said.
#[derive(Debug, Clone, Default)]
pub struct DryRun {
    /// What may be applied.
    pub checked: Vec<Checked>,
    /// What could not be asked about yet.
    pub unchecked: Vec<Unchecked>,
    /// What stops the whole set.
    pub refused: Vec<Refusal>,
    /// What is there now, for the apply: only objects that exist.
    pub live: BTreeMap<ObjectKey, Arc<Value>>,
}

enum Verdict {
    Checked(Checked, Option<Arc<Value>>),
    Unchecked(Unchecked),
    Refused(Refusal),
}

impl ClusterClient {
    /// Dry-runs all objects at once; writes nothing. `known` holds live objects that a watch has seen, to save asking for them.
    ///
    /// An error is a failure to ask (no connection, a missing right); what is wrong with objects is in the result.
    pub async fn dry_run(
        &self,
        target: &Target,
        objects: &[Value],
        known: &BTreeMap<ObjectKey, Arc<Value>>,
    ) -> Result<DryRun, ClusterError> {
        let coming = Coming::of(objects);
        // Boxed and collected: the futures borrow from this frame, which the compiler can't see through a stream of
        // closures ("implementation of `FnOnce` is not general enough").
        let check = |object| -> BoxFuture<'_, _> { Box::pin(self.check_one(target, object, known, &coming)) };
        let checks: Vec<_> = objects.iter().map(check).collect();
        let mut verdicts = futures::stream::iter(checks).buffered(self.shared.settings.concurrency);
        let mut result = DryRun::default();
        while let Some(verdict) = verdicts.next().await {
            match verdict? {
                Verdict::Checked(checked, live) => {
                    result.live.extend(live.map(|live| (checked.key.clone(), live)));
                    result.checked.push(checked);
                }
                Verdict::Unchecked(unchecked) => result.unchecked.push(unchecked),
                Verdict::Refused(refused) => result.refused.push(refused),
            }
        }
        refuse_twins(&mut result);
        Ok(result)
    }

    async fn check_one(
        &self,
        target: &Target,
        desired: &Value,
        known: &BTreeMap<ObjectKey, Arc<Value>>,
        coming: &Coming,
    ) -> Result<Verdict, ClusterError> {
        let key = match self.key_of(desired, target.default_namespace()).await {
            Ok(key) => key,
            Err(error @ ClusterError::UnknownKind { .. }) => return Ok(coming.unknown_kind(desired, target, error)),
            Err(error) => return Err(error),
        };
        if let Some(message) = misplaced(&key, target, self.own_namespace()) {
            return Ok(Verdict::Refused(Refusal { key, message }));
        }
        let live = known.get(&key).cloned();
        self.ask(target, desired, key, live, coming).await
    }

    /// Asks the API server about an object that may go where it aims.
    async fn ask(
        &self,
        target: &Target,
        desired: &Value,
        key: ObjectKey,
        mut live: Option<Arc<Value>>,
        coming: &Coming,
    ) -> Result<Verdict, ClusterError> {
        let mut object = marked(desired, &key, target);
        if live.is_none() && target.autoscaled.holds(&key) {
            live = self.get(&key).await?.map(Arc::new);
        }
        leave_out(&mut object, live.as_deref(), &key, &target.autoscaled);
        let answer = match self.server_side_apply(&key, &object, true).await {
            Ok((true, _)) => return Ok(Verdict::Checked(Checked { key, change: Change::Create }, None)),
            Err(ClusterError::NamespaceMissing { namespace }) if coming.namespaces.contains(&namespace) => {
                let why = format!("its namespace {namespace} is in the same set");
                return Ok(Verdict::Unchecked(Unchecked { key, why }));
            }
            Err(error) if about_the_object(&error).is_none() => return Err(error),
            answer => answer,
        };
        // It exists (or can't): whose it is comes before what is wrong with it. New objects save this request.
        if live.is_none() {
            live = match self.get(&key).await {
                Ok(live) => live.map(Arc::new),
                // Its name is what is wrong with it.
                Err(ClusterError::Invalid { .. }) => None,
                Err(error) => return Err(error),
            };
        }
        if let Some(message) = live.as_deref().and_then(|live| refusal(live, desired, target)) {
            return Ok(Verdict::Refused(Refusal { key, message }));
        }
        match answer {
            Ok((_, after)) => Ok(Verdict::Checked(Checked { change: change(live.as_deref(), &after), key }, live)),
            Err(error) => {
                let message = about_the_object(&error).unwrap_or_else(|| error.to_string());
                if live.is_none() || !is_fixed(&message) {
                    return Ok(Verdict::Refused(Refusal { key, message }));
                }
                if !may_replace(desired) || holds_data(&key.kind) {
                    return Ok(Verdict::Refused(Refusal { message: with_a_way_out(&message, &key.kind), key }));
                }
                self.made_anew(key, object, live).await
            }
        }
    }

    /// Whether an object would be taken if it were made anew, which can be asked only under another name.
    async fn made_anew(
        &self,
        key: ObjectKey,
        mut object: Value,
        live: Option<Arc<Value>>,
    ) -> Result<Verdict, ClusterError> {
        let name = format!("{}-anew", key.name.get(..LONGEST_STEM).unwrap_or(&key.name).trim_end_matches(['-', '.']));
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("name".to_owned(), Value::from(name.clone()));
        }
        match self.server_side_apply(&ObjectKey { name, ..key.clone() }, &object, true).await {
            Ok(_) => Ok(Verdict::Checked(Checked { key, change: Change::Replace }, live)),
            Err(error) => match about_the_object(&error) {
                Some(message) => Ok(Verdict::Refused(Refusal { key, message })),
                None => Err(error),
            },
        }
    }
}

/// Names of Jobs and Services may have 63 letters.
const LONGEST_STEM: usize = 50;

/// Whether the API server says that a field can't change.
fn is_fixed(message: &str) -> bool {
    const WORDS: &[&str] = &[
        "field is immutable",
        "is immutable after creation",
        "may not change once set",
        "updates to statefulset spec for fields other than",
        "cannot change roleRef",
    ];
    WORDS.iter().any(|words| message.contains(words))
}

fn with_a_way_out(message: &str, kind: &KindKey) -> String {
    let way_out = if holds_data(kind) {
        "give it another name".to_owned()
    } else {
        format!(
            "give it another name, or let it be deleted and made anew with the annotation `{REPLACE_ANNOTATION}: \"true\"`"
        )
    };
    format!("{message}; what can't change in place needs a new object: {way_out}")
}

/// What is deleted with these is more than can be made anew.
fn holds_data(kind: &KindKey) -> bool {
    let core = ["Namespace", "PersistentVolume", "PersistentVolumeClaim"].iter().any(|name| kind.is("", name));
    core || kind.is("apiextensions.k8s.io", "CustomResourceDefinition") || kind.is_ours()
}

/// What the set itself brings, so that objects in it can't be dry-run before it is applied.
struct Coming {
    namespaces: BTreeSet<String>,
    kinds: BTreeSet<KindKey>,
}

impl Coming {
    fn of(objects: &[Value]) -> Self {
        let of_kind =
            |group: &'static str, kind: &'static str| objects.iter().filter(move |o| kind_of(o).is(group, kind));
        let text = |object: &Value, pointer: &str| {
            object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        Self {
            namespaces: of_kind("", "Namespace").map(|o| text(o, "/metadata/name")).collect(),
            kinds: of_kind("apiextensions.k8s.io", "CustomResourceDefinition")
                .map(|o| KindKey {
                    group: text(o, "/spec/group"),
                    version: String::new(),
                    kind: text(o, "/spec/names/kind"),
                })
                .collect(),
        }
    }

    fn unknown_kind(&self, desired: &Value, target: &Target, error: ClusterError) -> Verdict {
        let key = ObjectKey::of(desired);
        if !self.kinds.contains(&key.kind) {
            return Verdict::Refused(Refusal { key, message: error.to_string() });
        }
        let namespace = key.namespace.or_else(|| Some(target.default_namespace().to_owned()));
        let why = "its CRD is in the same set".to_owned();
        Verdict::Unchecked(Unchecked { key: ObjectKey { namespace, ..key }, why })
    }
}

/// The words for an error that is the object's own fault; nothing when asking itself failed.
fn about_the_object(error: &ClusterError) -> Option<String> {
    match error {
        ClusterError::Invalid { message, .. } => Some(message.clone()),
        ClusterError::Denied { message, .. } => Some(format!("refused by admission: {message}")),
        ClusterError::Quota { message, .. } => Some(format!("quota exceeded: {message}")),
        ClusterError::Conflict { .. } | ClusterError::NamespaceMissing { .. } => Some(error.to_string()),
        _ => None,
    }
}

/// A no-op apply answers with the live object as it is; anything else differs somewhere.
fn change(live: Option<&Value>, after: &Value) -> Change {
    match live {
        None => Change::Create,
        Some(live) if same_but_for_times(live, after) => Change::Nothing,
        Some(_) => Change::Change,
    }
}

fn same_but_for_times(live: &Value, after: &Value) -> bool {
    let fields = |object: &Value| {
        let mut object = object.clone();
        for entry in object.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(entry) = entry.as_object_mut() {
                entry.shift_remove("time");
            }
        }
        object
    };
    fields(live) == fields(after)
}

/// The same object twice in one set: each would undo the other for ever.
fn refuse_twins(result: &mut DryRun) {
    let mut seen = BTreeSet::new();
    let twins: Vec<ObjectKey> =
        result.checked.iter().map(|c| &c.key).filter(|key| !seen.insert((*key).clone())).cloned().collect();
    let message = "it is there twice in what should run: remove one";
    result.refused.extend(twins.into_iter().map(|key| Refusal { key, message: message.to_owned() }));
}
