//! The rights that we need, exactly: what `pinnace rbac` prints, and what the server under test runs with.
//!
//! Roles in namespaces; of the whole cluster only the storage and priority classes that are named, to read, and the kinds that a project
//! was allowed to have there. No wildcard, no list or watch of Secrets but where a
//! project wants them watched, no exec.

mod missing;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::discovery::Kind;
use crate::key::KindKey;

/// The name of our service account and of every role and binding.
pub const ACCOUNT: &str = "pinnace";

const RBAC: &str = "rbac.authorization.k8s.io";
/// What is only looked at comes by list and watch, never one by one.
const WATCHED: &[&str] = &["list", "watch"];
const OWN: &[&str] = &["get", "list", "watch", "create", "patch", "delete"];
/// Read one by one, by name, and never listed.
const OWN_SECRET: &[&str] = &["get", "create", "patch", "delete"];
/// Outside of namespaces a role can't tell by name who may list and create; all else is for the objects that are named.
const OF_THE_WHOLE: &[&str] = &["list", "watch", "create"];
const NAMED_OF_THE_WHOLE: &[&str] = &["get", "patch", "delete"];
const PODS_UNDER: &[&str] =
    &["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Pod"];
/// Those whose failures have lines.
const LINES_OF: &[&str] = &["App"];
const SCALABLE: &[&str] = &["Deployment", "StatefulSet", "ReplicaSet"];

/// What instances use of one namespace.
#[derive(Debug, Clone)]
pub struct Use {
    /// The namespace.
    pub namespace: String,
    /// The kinds of the objects that are applied there. Kinds of the whole cluster are left out of the roles.
    pub kinds: Vec<Kind>,
    /// Whether Secrets are watched there.
    pub watch_secrets: bool,
    /// The objects outside of namespaces that are applied.
    pub whole: Vec<(Kind, String)>,
    /// Objects that those need and do not bring, each read by its name before the first write.
    pub reads: Vec<(Kind, String)>,
    /// Objects of others that those wait for, each watched by its name.
    pub awaits: Vec<(Kind, String)>,
    /// Kinds of objects that are made for those, and that people are shown.
    pub shows: Vec<Kind>,
}

/// The service account, roles and bindings for these uses. The namespaces themselves are not among them.
pub fn rbac_objects(own_namespace: &str, uses: &[Use]) -> Vec<Value> {
    let mut objects = vec![
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": own_namespace}}),
        role(own_namespace, vec![rule("", "configmaps", &["get", "list", "create", "update"])]),
        binding(own_namespace, own_namespace),
    ];
    let mut by_namespace: BTreeMap<&str, InNamespace<'_>> = BTreeMap::new();
    let (mut of_the_whole, mut written) = (Reads::new(), Reads::new());
    for one in uses {
        let InNamespace { kinds, watch_secrets, reads, awaits, shows } =
            by_namespace.entry(&one.namespace).or_default();
        kinds.extend(&one.kinds);
        shows.extend(&one.shows);
        *watch_secrets |= one.watch_secrets && one.kinds.iter().any(|kind| kind.key.is_secret());
        for (kind, name) in &one.awaits {
            awaits.entry((&kind.key.group, &kind.plural)).or_default().insert(name);
        }
        for (kind, name) in &one.reads {
            let reads = if kind.namespaced { &mut *reads } else { &mut of_the_whole };
            reads.entry((&kind.key.group, &kind.plural)).or_default().insert(name);
        }
    }
    for (kind, name) in uses.iter().flat_map(|one| &one.whole) {
        written.entry((&kind.key.group, &kind.plural)).or_default().insert(name);
    }
    for (namespace, InNamespace { kinds, watch_secrets, reads, awaits, shows }) in by_namespace {
        let watched = watch_secrets.then(|| rule("", "secrets", WATCHED));
        let named = [named_rules(&reads, &["get"]), named_rules(&awaits, &["get", "list", "watch"])].concat();
        objects.push(role(namespace, [rules(&kinds, &shows), watched.into_iter().collect(), named].concat()));
        objects.push(binding(namespace, own_namespace));
    }
    let of_the_whole = [named_rules(&of_the_whole, &["get"]), write_rules(&written)].concat();
    if !of_the_whole.is_empty() {
        objects.extend(cluster_role(own_namespace, &of_the_whole));
    }
    objects
}

/// What all uses of one namespace come to.
#[derive(Default)]
struct InNamespace<'a> {
    kinds: Vec<&'a Kind>,
    watch_secrets: bool,
    reads: Reads<'a>,
    awaits: Reads<'a>,
    shows: Vec<&'a Kind>,
}

/// Names of objects by group and resource.
type Reads<'a> = BTreeMap<(&'a str, &'a str), BTreeSet<&'a str>>;

/// What is read one by one, each by its name and no others.
fn named_rules(reads: &Reads<'_>, verbs: &[&str]) -> Vec<Value> {
    reads
        .iter()
        .map(|((group, resource), names)| {
            json!({"apiGroups": [group], "resources": [resource], "resourceNames": names, "verbs": verbs})
        })
        .collect()
}

/// What is applied outside of namespaces: each object by its name, and no others of its kind are changed.
fn write_rules(written: &Reads<'_>) -> Vec<Value> {
    let of = |((group, resource), names): (&(&str, &str), &BTreeSet<&str>)| {
        let by_name =
            json!({"apiGroups": [group], "resources": [resource], "resourceNames": names, "verbs": NAMED_OF_THE_WHOLE});
        [rule(group, resource, OF_THE_WHOLE), by_name]
    };
    written.iter().flat_map(of).collect()
}

/// Storage and priority classes belong to no namespace. Those that are named may be read; what a project may have outside of
/// namespaces is written.
fn cluster_role(own_namespace: &str, rules: &[Value]) -> [Value; 2] {
    let name = format!("{own_namespace}-outside-namespaces");
    [
        json!({"apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}),
        json!({"apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": own_namespace}]}),
    ]
}

/// The rules for one namespace.
fn rules(kinds: &[&Kind], shows: &[&Kind]) -> Vec<Value> {
    let mut rights = Rights::default();
    for kind in shows {
        rights.grant(&kind.key.group, &kind.plural, WATCHED);
    }
    for kind in kinds.iter().filter(|kind| kind.namespaced) {
        rights.grant(&kind.key.group, &kind.plural, if kind.key.is_secret() { OWN_SECRET } else { OWN });
    }
    let uses = |names: &[&str]| kinds.iter().any(|kind| names.contains(&kind.key.kind.as_str()));
    // What every watch looks at: pods, what lies between them and their workloads, and warnings.
    rights.grant("", "pods", WATCHED);
    rights.grant("apps", "replicasets", WATCHED);
    rights.grant("apps", "controllerrevisions", WATCHED);
    rights.grant("", "events", WATCHED);
    if uses(PODS_UNDER) {
        // Whether there is room for all of them is asked before the first write.
        rights.grant("", "resourcequotas", &["list"]);
        rights.grant("", "limitranges", &["list"]);
    }
    if uses(PODS_UNDER) || uses(LINES_OF) {
        rights.grant("", "pods/log", &["get"]);
    }
    if uses(&["StatefulSet"]) {
        rights.grant("", "pods", &["delete"]);
    }
    if uses(&["CronJob"]) {
        rights.grant("batch", "jobs", WATCHED);
    }
    if uses(SCALABLE) {
        rights.grant("autoscaling", "horizontalpodautoscalers", WATCHED);
    }
    rights.into_rules()
}

/// Verbs by group and resource.
#[derive(Default)]
struct Rights(BTreeMap<(String, String), BTreeSet<&'static str>>);

impl Rights {
    fn grant(&mut self, group: &str, resource: &str, verbs: &[&'static str]) {
        self.0.entry((group.to_owned(), resource.to_owned())).or_default().extend(verbs);
    }

    /// Resources of one group with the same verbs share a rule, so that people can read the whole.
    fn into_rules(self) -> Vec<Value> {
        let mut shared: BTreeMap<(String, Vec<&str>), Vec<String>> = BTreeMap::new();
        for ((group, resource), verbs) in self.0 {
            shared.entry((group, in_order(&verbs))).or_default().push(resource);
        }
        shared
            .into_iter()
            .map(|((group, verbs), resources)| json!({"apiGroups": [group], "resources": resources, "verbs": verbs}))
            .collect()
    }
}

fn in_order(verbs: &BTreeSet<&'static str>) -> Vec<&'static str> {
    OWN.iter().copied().filter(|verb| verbs.contains(verb)).collect()
}

fn rule(group: &str, resource: &str, verbs: &[&str]) -> Value {
    json!({"apiGroups": [group], "resources": [resource], "verbs": verbs})
}

fn role(namespace: &str, rules: Vec<Value>) -> Value {
    json!({"apiVersion": format!("{RBAC}/v1"), "kind": "Role", "metadata": {"name": ACCOUNT, "namespace": namespace},
        "rules": rules})
}

fn binding(namespace: &str, own_namespace: &str) -> Value {
    json!({"apiVersion": format!("{RBAC}/v1"), "kind": "RoleBinding", "metadata": {"name": ACCOUNT, "namespace": namespace},
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": ACCOUNT},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": own_namespace}]})
}

/// Kinds whose name in paths is not simply the plural of their own, and kinds of the whole cluster.
const KNOWN: &[(&str, &str, &str, bool)] = &[
    ("", "Namespace", "namespaces", false),
    ("", "PersistentVolume", "persistentvolumes", false),
    ("", "Endpoints", "endpoints", true),
    ("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", false),
    (RBAC, "ClusterRole", "clusterroles", false),
    (RBAC, "ClusterRoleBinding", "clusterrolebindings", false),
    ("storage.k8s.io", "StorageClass", "storageclasses", false),
    ("scheduling.k8s.io", "PriorityClass", "priorityclasses", false),
    ("networking.k8s.io", "IngressClass", "ingressclasses", false),
];

impl Kind {
    /// How clusters serve this kind, told without asking one: right for the kinds of Kubernetes, a good guess for others.
    pub fn presumed(key: &KindKey) -> Self {
        let known = KNOWN.iter().find(|(group, kind, ..)| key.is(group, kind));
        let (plural, namespaced) = match known {
            Some((_, _, plural, namespaced)) => ((*plural).to_owned(), *namespaced),
            None => (plural(&key.kind.to_ascii_lowercase()), true),
        };
        Self { key: key.clone(), plural, namespaced, has_status: None }
    }
}

fn plural(word: &str) -> String {
    let vowel_before_y =
        word.len() > 1 && word.get(..word.len() - 1).is_some_and(|w| w.ends_with(['a', 'e', 'i', 'o', 'u']));
    match word.strip_suffix('y') {
        Some(stem) if !vowel_before_y => format!("{stem}ies"),
        _ if word.ends_with(['s', 'x']) || word.ends_with("ch") || word.ends_with("sh") => format!("{word}es"),
        _ => format!("{word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn use_of(namespace: &str, kinds: &[(&str, &str)]) -> Use {
        let kinds = kinds.iter().map(|(version, kind)| Kind::presumed(&KindKey::new(version, kind))).collect();
        let (namespace, watch_secrets) = (namespace.to_owned(), false);
        Use {
            namespace,
            kinds,
            watch_secrets,
            whole: Vec::new(),
            reads: Vec::new(),
            awaits: Vec::new(),
            shows: Vec::new(),
        }
    }

    /// Every right as `namespace group/resource verb`.
    fn rights(objects: &[Value]) -> Vec<String> {
        let mut all = Vec::new();
        let list = |value: &Value| -> Vec<String> {
            value.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
        };
        for role in objects.iter().filter(|o| o["kind"] == "Role") {
            for rule in role["rules"].as_array().unwrap() {
                for (group, resource) in list(&rule["apiGroups"])
                    .iter()
                    .flat_map(|g| list(&rule["resources"]).into_iter().map(move |r| (g.clone(), r)))
                {
                    let namespace = role["metadata"]["namespace"].as_str().unwrap();
                    all.extend(
                        list(&rule["verbs"]).iter().map(|verb| format!("{namespace} {group}/{resource} {verb}")),
                    );
                }
            }
        }
        all
    }

    #[test]
    fn secrets_are_listed_and_watched_only_where_a_project_wants_that() {
        let watched = Use { watch_secrets: true, ..use_of("shop", &[("v1", "Secret")]) };
        let wanted = rights(&rbac_objects("pinnace-system", &[watched]));
        assert!(
            wanted.contains(&"shop /secrets list".to_owned()) && wanted.contains(&"shop /secrets watch".to_owned())
        );
        let none = Use { watch_secrets: true, ..use_of("shop", &[("v1", "ConfigMap")]) };
        assert!(rights(&rbac_objects("pinnace-system", &[none])).iter().all(|right| !right.contains("/secrets")));
        let rights = rights(&rbac_objects("pinnace-system", &[use_of("shop", &[("v1", "Secret")])]));
        let secrets: Vec<&String> = rights.iter().filter(|r| r.contains("/secrets")).collect();
        assert_eq!(
            secrets,
            ["shop /secrets get", "shop /secrets create", "shop /secrets patch", "shop /secrets delete"]
        );
    }

    #[test]
    fn nothing_is_a_wildcard_and_nothing_reaches_the_whole_cluster() {
        let uses = [use_of("shop", &[("apps/v1", "Deployment"), ("v1", "Namespace"), ("apps/v1", "StatefulSet")])];
        let objects = rbac_objects("pinnace-system", &uses);
        assert!(objects.iter().all(|o| !o["kind"].as_str().unwrap().starts_with("Cluster")));
        let rights = rights(&objects);
        for bad in ["*", "namespaces", "exec", "escalate", "impersonate", "nodes"] {
            assert!(rights.iter().all(|r| !r.contains(bad)), "{bad}: {rights:?}");
        }
    }

    #[test]
    fn what_is_only_needed_is_read_by_its_name_and_classes_by_the_one_role_of_the_whole_cluster() {
        let read =
            |version: &str, kind: &str, name: &str| (Kind::presumed(&KindKey::new(version, kind)), name.to_owned());
        let reads = vec![
            read("v1", "Secret", "db"),
            read("v1", "ConfigMap", "a"),
            read("v1", "ConfigMap", "b"),
            read("storage.k8s.io/v1", "StorageClass", "fast"),
        ];
        let objects = rbac_objects("pinnace-system", &[Use { reads, ..use_of("shop", &[("apps/v1", "Deployment")]) }]);
        let by_name = |kind: &str| -> Vec<String> {
            let roles = objects
                .iter()
                .filter(|object| object["kind"] == kind)
                .flat_map(|role| role["rules"].as_array().unwrap());
            let named = roles.filter(|rule| rule.get("resourceNames").is_some());
            named.map(|rule| format!("{} {} {}", rule["resources"][0], rule["resourceNames"], rule["verbs"])).collect()
        };
        assert_eq!(by_name("Role"), [r#""configmaps" ["a","b"] ["get"]"#, r#""secrets" ["db"] ["get"]"#]);
        assert_eq!(by_name("ClusterRole"), [r#""storageclasses" ["fast"] ["get"]"#]);
        assert_eq!(objects.iter().filter(|object| object["kind"] == "ClusterRoleBinding").count(), 1);
    }

    #[test]
    fn outside_of_namespaces_only_the_named_objects_are_changed() {
        let role = Kind::presumed(&KindKey::new("rbac.authorization.k8s.io/v1", "ClusterRole"));
        let whole = vec![(role.clone(), "shop-reader".to_owned()), (role, "shop-writer".to_owned())];
        let objects = rbac_objects("pinnace-system", &[Use { whole, ..use_of("shop", &[("v1", "ConfigMap")]) }]);
        let role = objects.iter().find(|object| object["kind"] == "ClusterRole").unwrap();
        let rules: Vec<String> = role["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| format!("{} {}", rule["resourceNames"], rule["verbs"]))
            .collect();
        assert_eq!(
            rules,
            [r#"null ["list","watch","create"]"#, r#"["shop-reader","shop-writer"] ["get","patch","delete"]"#]
        );
    }

    #[test]
    fn what_others_bring_is_watched_by_its_name() {
        let awaits = vec![(Kind::presumed(&KindKey::new("batch/v1", "Job")), "migrate".to_owned())];
        let objects = rbac_objects("pinnace-system", &[Use { awaits, ..use_of("shop", &[("v1", "ConfigMap")]) }]);
        let rules = objects.iter().filter_map(|object| object["rules"].as_array()).flatten();
        let named: Vec<String> =
            rules.filter(|rule| rule.get("resourceNames").is_some()).map(ToString::to_string).collect();
        assert_eq!(named.len(), 1, "{named:?}");
        assert!(named[0].contains(r#""resourceNames":["migrate"]"#) && named[0].contains(r#""watch""#), "{named:?}");
    }

    #[test]
    fn what_is_made_for_an_app_is_only_looked_at_and_lines_of_its_pods_are_read() {
        let shows = vec![Kind::presumed(&KindKey::new("pinnace.dev/v1alpha1", "PostgresDatabase"))];
        let app = Use { shows, ..use_of("shop", &[("pinnace.dev/v1alpha1", "App")]) };
        let rights = rights(&rbac_objects("pinnace-system", &[app]));
        let of =
            |part: &str| rights.iter().filter(|right| right.contains(part)).map(String::as_str).collect::<Vec<_>>();
        let databases = ["shop pinnace.dev/postgresdatabases list", "shop pinnace.dev/postgresdatabases watch"];
        assert_eq!(of("postgresdatabases"), databases);
        assert_eq!(of("pods/log"), ["shop /pods/log get"]);
        assert!(of("redises").is_empty() && of("secrets").is_empty(), "{rights:?}");
    }

    #[test]
    fn pods_may_be_deleted_only_where_statefulsets_are() {
        let delete = "shop /pods delete".to_owned();
        let with = |kind: &str| rights(&rbac_objects("pinnace-system", &[use_of("shop", &[("apps/v1", kind)])]));
        assert!(with("StatefulSet").contains(&delete));
        assert!(!with("Deployment").contains(&delete));
    }

    #[test]
    fn two_instances_in_one_namespace_share_a_role() {
        let uses = [use_of("shop", &[("apps/v1", "Deployment")]), use_of("shop", &[("v1", "ConfigMap")])];
        let objects = rbac_objects("pinnace-system", &uses);
        let roles: Vec<&Value> =
            objects.iter().filter(|o| o["kind"] == "Role" && o["metadata"]["namespace"] == "shop").collect();
        assert_eq!(roles.len(), 1);
    }

    #[test]
    fn kinds_are_named_as_clusters_name_them() {
        for (kind, plural) in [
            ("Ingress", "ingresses"),
            ("NetworkPolicy", "networkpolicies"),
            ("ConfigMap", "configmaps"),
            ("Gateway", "gateways"),
        ] {
            assert_eq!(Kind::presumed(&KindKey::new("x/v1", kind)).plural, plural);
        }
    }
}
