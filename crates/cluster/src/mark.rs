//! Whose an object is: the mark that we put on every object we apply, and the refusal to touch what carries none.
//!
//! The mark stands on the object itself only, never in a pod template: there it would start a second rollout. What stands there, a
//! hash of the settings that pods read, is meant to start one when they change.

use std::collections::{BTreeMap, BTreeSet};

use model::InstanceId;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::key::ObjectKey;
use crate::replicas::Autoscaled;

/// The field manager under which we own fields.
pub const FIELD_MANAGER: &str = "pinnace";
/// The label that says which instance an object belongs to.
pub const INSTANCE_LABEL: &str = "pinnace.dev/instance";
/// In a pod template, it says by a hash what the pods read of Secrets and ConfigMaps, from the first change of that on.
pub const USED_ANNOTATION: &str = "pinnace.dev/used";
/// Set to `"true"` in a manifest, it lets us take over an object that exists without our mark.
pub const ADOPT_ANNOTATION: &str = "pinnace.dev/adopt";

/// What an apply is for: whose objects these are and where they may go.
#[derive(Debug, Clone)]
pub struct Target {
    /// The instance that the objects belong to.
    pub instance: InstanceId,
    /// The namespaces that they may be in; objects that name none go to the first.
    pub namespaces: Vec<String>,
    /// Whether objects of the whole cluster (CRDs, namespaces, cluster roles) may be written.
    pub cluster_scoped: bool,
    /// Whether objects that exist without our mark are taken over.
    pub adopt: bool,
    /// The uids that the inventory holds: ours even when somebody took the mark off.
    pub known_uids: BTreeSet<String>,
    /// What autoscalers target: [`crate::ClusterClient::autoscaled`].
    pub autoscaled: Autoscaled,
    /// What stands in the pod template of workloads whose settings changed: a hash of what their pods read.
    pub used: BTreeMap<ObjectKey, String>,
}

impl Target {
    /// An instance in one namespace, with nothing allowed beyond it.
    pub fn new(instance: InstanceId, namespace: &str) -> Self {
        Self {
            instance,
            namespaces: vec![namespace.to_owned()],
            cluster_scoped: false,
            adopt: false,
            known_uids: BTreeSet::new(),
            autoscaled: Autoscaled::default(),
            used: BTreeMap::new(),
        }
    }

    /// Where objects go that name no namespace.
    pub fn default_namespace(&self) -> &str {
        self.namespaces.first().map(String::as_str).unwrap_or_default()
    }
}

/// The value of [`INSTANCE_LABEL`] for an instance.
///
/// Parts are joined by a dot, which none can contain, so that two instances never share a mark; what is too long for a
/// label ends in a hash of the whole.
pub fn mark_of(instance: &InstanceId) -> String {
    const LONGEST: usize = 63;
    let whole = instance.to_string().replace('/', ".");
    if whole.len() <= LONGEST {
        return whole;
    }
    let mut hash = [0_u8; 8];
    hash.iter_mut().zip(Sha256::digest(whole.as_bytes())).for_each(|(to, from)| *to = from);
    format!("{}_{:016x}", whole.get(..LONGEST - 17).unwrap_or_default(), u64::from_be_bytes(hash))
}

/// Whose a live object is, seen from one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ownership {
    Ours,
    Nobodys,
    Another(String),
}

pub(crate) fn ownership(live: &Value, instance: &InstanceId) -> Ownership {
    let mark = live.get("metadata").and_then(|m| m.get("labels")).and_then(|l| l.get(INSTANCE_LABEL));
    match mark.and_then(Value::as_str) {
        None => Ownership::Nobodys,
        Some(mark) if mark == mark_of(instance) => Ownership::Ours,
        Some(mark) => Ownership::Another(mark.to_owned()),
    }
}

/// Whether a live object bears the mark of any instance.
pub fn has_mark(live: &Value) -> bool {
    live.get("metadata").and_then(|m| m.get("labels")).and_then(|l| l.get(INSTANCE_LABEL)).is_some()
}

/// Why a live object may not be written for this target; nothing when it may.
pub(crate) fn refusal(live: &Value, desired: &Value, target: &Target) -> Option<String> {
    match ownership(live, &target.instance) {
        Ownership::Ours => None,
        Ownership::Nobodys if target.adopt || wants_adoption(desired) || is_known(live, target) => None,
        Ownership::Nobodys => Some(format!(
            "it exists and was not made by Pinnace: `pinnace adopt {}` shows what taking it over would change, and does it; or add the annotation `{ADOPT_ANNOTATION}: \"true\"` to its manifest",
            target.instance
        )),
        Ownership::Another(mark) => Some(format!("it belongs to the instance marked `{mark}`")),
    }
}

/// Why an object may not go where its manifest says; nothing when it may.
pub(crate) fn misplaced(key: &ObjectKey, target: &Target, own_namespace: &str) -> Option<String> {
    match &key.namespace {
        None if target.cluster_scoped => None,
        None => Some("objects of the whole cluster are not allowed for this project".to_owned()),
        Some(namespace) if namespace == own_namespace => Some("it aims at Pinnace's own namespace".to_owned()),
        Some(namespace) if target.namespaces.contains(namespace) => None,
        Some(_) => Some(format!("it aims at a namespace other than {}", target.namespaces.join(", "))),
    }
}

/// The object as we apply it: with our mark, in its namespace, without what only a server writes.
pub(crate) fn marked(desired: &Value, key: &ObjectKey, target: &Target) -> Value {
    let mut object = desired.clone();
    strip_server_fields(&mut object);
    if let Some(used) = target.used.get(key) {
        say_used(&mut object, used);
    }
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return object };
    match &key.namespace {
        Some(namespace) => metadata.insert("namespace".to_owned(), json!(namespace)),
        None => metadata.shift_remove("namespace"),
    };
    let labels = metadata.entry("labels").or_insert_with(|| json!({}));
    if !labels.is_object() {
        *labels = json!({});
    }
    if let Some(labels) = labels.as_object_mut() {
        labels.insert(INSTANCE_LABEL.to_owned(), json!(mark_of(&target.instance)));
    }
    object
}

/// A hash of content, so that the same content gives the same template, and the way back the one that was there.
fn say_used(object: &mut Value, used: &str) {
    let Some(template) = object.pointer_mut("/spec/template").and_then(Value::as_object_mut) else { return };
    let mut at = template;
    for field in ["metadata", "annotations"] {
        let inner = at.entry(field).or_insert_with(|| json!({}));
        if inner.is_null() {
            *inner = json!({});
        }
        let Some(inner) = inner.as_object_mut() else { return };
        at = inner;
    }
    at.insert(USED_ANNOTATION.to_owned(), json!(used));
}

/// Takes away what only a server writes, in an object as it is live or as somebody copied it from there.
pub fn strip_server_fields(object: &mut Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.shift_remove("status");
    }
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    for written_by_servers in ["managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink"]
    {
        metadata.shift_remove(written_by_servers);
    }
}

fn is_known(live: &Value, target: &Target) -> bool {
    let uid = live.get("metadata").and_then(|m| m.get("uid")).and_then(Value::as_str);
    uid.is_some_and(|uid| target.known_uids.contains(uid))
}

fn wants_adoption(desired: &Value) -> bool {
    let annotation = desired.get("metadata").and_then(|m| m.get("annotations")).and_then(|a| a.get(ADOPT_ANNOTATION));
    annotation.and_then(Value::as_str) == Some("true")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(text: &str) -> InstanceId {
        text.parse().unwrap()
    }

    fn target(adopt: bool) -> Target {
        Target { adopt, ..Target::new(instance("shop/prod"), "shop") }
    }

    #[test]
    fn two_instances_never_share_a_mark() {
        assert_ne!(mark_of(&instance("a-b/c")), mark_of(&instance("a/b-c")));
        let long = |end: &str| instance(&format!("{}/{}/{}{end}", "p".repeat(40), "e".repeat(40), "i".repeat(30)));
        assert_ne!(mark_of(&long("x")), mark_of(&long("y")));
        assert!(mark_of(&long("x")).len() <= 63);
    }

    #[test]
    fn an_object_without_our_mark_is_refused_unless_adopted() {
        let live = json!({"metadata": {"name": "web"}});
        assert!(refusal(&live, &json!({}), &target(false)).unwrap().contains("pinnace.dev/adopt"));
        assert_eq!(refusal(&live, &json!({}), &target(true)), None);
        let adopting = json!({"metadata": {"annotations": {"pinnace.dev/adopt": "true"}}});
        assert_eq!(refusal(&live, &adopting, &target(false)), None);
    }

    #[test]
    fn an_object_of_another_instance_is_refused_even_when_adopting() {
        let live = json!({"metadata": {"labels": {"pinnace.dev/instance": "shop.staging"}}});
        assert!(refusal(&live, &json!({}), &target(true)).unwrap().contains("shop.staging"));
    }

    #[test]
    fn an_object_may_not_leave_its_namespaces() {
        let key = |namespace: Option<&str>| ObjectKey {
            kind: crate::KindKey::new("v1", "ConfigMap"),
            namespace: namespace.map(ToOwned::to_owned),
            name: "x".into(),
        };
        let open = Target { namespaces: vec!["shop".into(), "pinnace-system".into()], ..target(false) };
        assert_eq!(misplaced(&key(Some("shop")), &open, "pinnace-system"), None);
        assert!(misplaced(&key(Some("kube-system")), &open, "pinnace-system").is_some());
        assert!(misplaced(&key(Some("pinnace-system")), &open, "pinnace-system").is_some());
        assert!(misplaced(&key(None), &open, "pinnace-system").is_some());
    }

    #[test]
    fn the_mark_stands_on_the_object_and_never_in_its_pod_template() {
        let desired = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {"template": {"metadata": {"labels": {"app": "web"}}}}, "status": {"replicas": 1}});
        let key = ObjectKey { namespace: Some("shop".into()), ..ObjectKey::of(&desired) };
        let applied = marked(&desired, &key, &target(false));
        assert_eq!(applied["metadata"]["labels"][INSTANCE_LABEL], "shop.prod");
        assert_eq!(applied["metadata"]["namespace"], "shop");
        assert_eq!(applied["spec"], desired["spec"]);
        assert!(applied.get("status").is_none());
    }

    #[test]
    fn what_pods_read_stands_in_the_template_where_it_changed() {
        let desired = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}});
        let key = ObjectKey { namespace: Some("shop".into()), ..ObjectKey::of(&desired) };
        let target = Target { used: [(key.clone(), "17".to_owned())].into(), ..target(false) };
        let applied = marked(&desired, &key, &target);
        assert_eq!(
            applied["spec"]["template"],
            json!({"metadata": {"annotations": {"a": "b", USED_ANNOTATION: "17"}}})
        );
        let bare = json!({"spec": {"template": {}}});
        assert_eq!(marked(&bare, &key, &target)["spec"]["template"]["metadata"]["annotations"][USED_ANNOTATION], "17");
    }
}
