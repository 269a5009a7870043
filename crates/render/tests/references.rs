//! What the objects of a set need besides themselves.

use std::collections::BTreeMap;

use render::{Object, RenderContext, Rendered, Wanted, named_elsewhere, over_quota, references, render};
use secrets::MaskKey;
use serde_json::{Value, json};

fn rendered(yaml: &str) -> Rendered {
    let key = MaskKey::from_bytes([7; 32]);
    let files = BTreeMap::from([("apps/shop/all.yaml".to_owned(), yaml.as_bytes().to_vec())]);
    render(&files, &RenderContext { namespace: "shop", cluster_kinds: &[], key: &key }).expect("it renders")
}

fn objects(yaml: &str) -> Vec<Object> {
    rendered(yaml).objects
}

/// What is wrong whatever the cluster holds.
fn wrong(yaml: &str) -> Vec<String> {
    references(&objects(yaml)).wrong.iter().map(ToString::to_string).collect()
}

/// What has to be asked of the cluster, and what is said when it is not there.
fn missing(yaml: &str) -> Vec<String> {
    references(&objects(yaml)).open.iter().map(|need| need.judge(None).expect("it is missing").message).collect()
}

fn web(pod: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {pod}\n---\n"
    )
}

const SETTINGS: &str = "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {A: b}}\n---\n";

#[test]
fn every_way_to_name_settings_and_secrets_is_found() {
    let pod = "{serviceAccountName: runner, priorityClassName: high, containers: [{name: web,
        envFrom: [{configMapRef: {name: a}}, {secretRef: {name: b}}],
        env: [{name: C, valueFrom: {configMapKeyRef: {name: c, key: C}}}, {name: D, valueFrom: {secretKeyRef: {name: d, key: D}}}]}],
        initContainers: [{name: migrate, envFrom: [{configMapRef: {name: e}}]}],
        volumes: [{name: f, configMap: {name: f}}, {name: g, secret: {secretName: g, items: [{key: G, path: g}]}},
          {name: h, projected: {sources: [{configMap: {name: h}}, {secret: {name: i}}]}}, {name: j, persistentVolumeClaim: {claimName: j}}]}";
    let named: Vec<String> =
        named_elsewhere(&objects(&web(pod))).into_iter().map(|(_, kind, name)| format!("{kind} {name}")).collect();
    let expected = [
        "PriorityClass high",
        "ConfigMap a",
        "ConfigMap c",
        "ConfigMap e",
        "ConfigMap f",
        "ConfigMap h",
        "PersistentVolumeClaim j",
        "Secret b",
        "Secret d",
        "Secret g",
        "Secret i",
        "ServiceAccount runner",
    ];
    assert_eq!(named, expected);
}

#[test]
fn what_is_missing_is_told_with_its_place_and_what_to_do() {
    let pod = "{containers: [{name: web, envFrom: [{configMapRef: {name: settings}}]}]}";
    let references = references(&objects(&web(pod)));
    let told = references.open[0].judge(None).unwrap().to_string();
    assert_eq!(
        told,
        "apps/shop/all.yaml:1: Deployment shop/web: container `web` needs the config map `settings`, which is not there: bring it, or \
         mark the reference `optional: true`"
    );
    assert_eq!(references.open[0].judge(Some(&json!({"data": {}}))), None);
}

#[test]
fn objects_of_the_same_set_count_as_there_and_their_keys_are_looked_at() {
    let of = |key: &str| {
        format!(
            "{{containers: [{{name: web, env: [{{name: A, valueFrom: {{configMapKeyRef: {{name: settings, key: {key}}}}}}}]}}]}}"
        )
    };
    assert_eq!(wrong(&format!("{SETTINGS}{}", web(&of("A")))), Vec::<String>::new());
    assert!(missing(&format!("{SETTINGS}{}", web(&of("A")))).is_empty());
    let told = wrong(&format!("{SETTINGS}{}", web(&of("B")))).join("");
    assert!(told.contains("needs the key `B` of the config map `settings`, which has no such key"), "{told}");
    let need = &references(&objects(&web(&of("B")))).open[0];
    assert!(need.judge(Some(&json!({"data": {"A": ""}}))).is_some());
    assert!(need.judge(Some(&json!({"binaryData": {"B": ""}}))).is_none());
}

#[test]
fn what_may_be_missing_or_always_is_there_is_not_asked_about() {
    let pod = "{serviceAccountName: default, containers: [{name: web,
        envFrom: [{configMapRef: {name: a, optional: true}}, {secretRef: {name: b, optional: true}}],
        env: [{name: C, valueFrom: {configMapKeyRef: {name: c, key: C, optional: true}}}, {name: D, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]}],
        volumes: [{name: f, configMap: {name: f, optional: true}}, {name: g, secret: {secretName: g, optional: true}},
          {name: ca, configMap: {name: kube-root-ca.crt}}, {name: tmp, emptyDir: {}}]}";
    assert!(missing(&web(pod)).is_empty());
}

#[test]
fn tasks_timetables_pods_and_custom_workloads_are_looked_into() {
    let spec = "{containers: [{name: a, envFrom: [{configMapRef: {name: settings}}]}]}";
    for yaml in [
        format!("{{apiVersion: batch/v1, kind: Job, metadata: {{name: a}}, spec: {{template: {{spec: {spec}}}}}}}"),
        format!(
            "{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: a}}, spec: {{jobTemplate: {{spec: {{template: {{spec: {spec}}}}}}}}}}}"
        ),
        format!("{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {spec}}}"),
        format!(
            "{{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {{name: a}}, spec: {{template: {{spec: {spec}}}}}}}"
        ),
    ] {
        assert_eq!(missing(&yaml).len(), 1, "{yaml}");
    }
}

#[test]
fn a_service_has_to_select_pods_and_ports_that_are_there() {
    let service = |selector: &str, port: &str| {
        format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {{selector: {selector}, ports: [{{port: 80, targetPort: {port}}}]}}}}\n---\n"
        )
    };
    let pod = web("{containers: [{name: web, ports: [{name: http, containerPort: 8080}]}]}");
    let with = |selector: &str, port: &str| format!("{}{pod}", service(selector, port));
    assert!(missing(&with("{app: web}", "http")).is_empty() && wrong(&with("{app: web}", "http")).is_empty());
    assert!(wrong(&with("{app: web}", "9090")).is_empty(), "a number needs no name");
    let told = wrong(&with("{app: web}", "https")).join("");
    assert!(told.contains("Service shop/web: sends to the port `https`, and no container"), "{told}");
    assert_eq!(
        missing(&with("{app: wbe}", "http")),
        ["selects pods with `app=wbe`, and there are none: correct the selector"]
    );
    assert!(missing(&service("{}", "http")).is_empty(), "without a selector others say where it goes");
}

#[test]
fn an_ingress_has_to_send_to_services_and_ports_that_are_there() {
    let ingress = |name: &str, port: &str| {
        format!("{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: web}}, spec: {{rules: [{{http: {{paths: [
            {{path: /, pathType: Prefix, backend: {{service: {{name: {name}, port: {port}}}}}}},
            {{path: /a, pathType: Prefix, backend: {{service: {{name: {name}, port: {port}}}}}}}]}}}}]}}}}\n---\n")
    };
    let service = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{name: http, port: 80}]}}\n";
    for port in ["{name: http}", "{number: 80}"] {
        assert!(wrong(&format!("{}{service}", ingress("web", port))).is_empty());
    }
    let told = wrong(&format!("{}{service}", ingress("web", "{number: 81}")));
    assert_eq!(told.len(), 1, "two paths to one service are told once: {told:?}");
    assert!(
        told[0].ends_with("sends to the port 81 of the service `web`, which has no such port: correct it"),
        "{told:?}"
    );
    assert_eq!(
        missing(&ingress("other", "{number: 80}")),
        ["needs the service `other`, which is not there: bring it, or correct the name"]
    );
}

#[test]
fn an_autoscaler_has_to_have_something_to_scale() {
    let scaler = "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}}\n---\n";
    assert!(missing(&format!("{scaler}{}", web("{containers: []}"))).is_empty());
    assert_eq!(missing(scaler), ["needs the Deployment `web`, which is not there: bring it, or correct the name"]);
}

#[test]
fn storage_classes_that_are_named_are_asked_about() {
    let claim =
        "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {storageClassName: CLASS}}";
    assert_eq!(
        missing(&claim.replace("CLASS", "fast")),
        ["needs the storage class `fast`, which this cluster does not have: name one that it has"]
    );
    assert!(missing(&claim.replace("CLASS", "\"\"")).is_empty());
    let set = "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {volumeClaimTemplates: [{spec: {storageClassName: fast}}]}}";
    assert_eq!(missing(set).len(), 1);
}

#[test]
fn versions_that_are_gone_are_told_with_what_took_their_place() {
    let told = wrong("{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: {name: web}}").join("");
    assert_eq!(
        told,
        "apps/shop/all.yaml:1: PodDisruptionBudget shop/web: `policy/v1beta1` of PodDisruptionBudget is gone since Kubernetes 1.25: \
         write it for policy/v1"
    );
}

#[test]
fn an_operator_in_the_set_may_bring_what_is_missing() {
    let pod = web("{containers: [{name: web, envFrom: [{secretRef: {name: db-app}}]}]}");
    let cluster = "{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: db}}\n";
    let makers = |yaml: &str| references(&objects(yaml)).open.into_iter().map(|need| need.maker).collect::<Vec<_>>();
    assert_eq!(makers(&pod), [None]);
    assert_eq!(makers(&format!("{pod}{cluster}")), [Some("Cluster shop/db".to_owned())]);
}

#[test]
fn who_knows_better_can_switch_it_off() {
    let off = web("{containers: [{name: web, envFrom: [{secretRef: {name: a}}]}]}")
        .replace("{name: web}\nspec", "{name: web, annotations: {pinnace.dev/check-references: \"false\"}}\nspec");
    assert!(missing(&off).is_empty());
}

fn quota(hard: Value) -> Value {
    json!({"metadata": {"name": "q"}, "spec": {"hard": hard}})
}

fn over(yaml: &str, hard: Value, defaults: bool) -> Vec<String> {
    over_quota(&objects(yaml), &[quota(hard)], defaults).into_iter().map(|wrong| wrong.message).collect()
}

#[test]
fn a_set_that_can_not_fit_into_a_quota_is_found() {
    let two =
        web("{containers: [{name: web, resources: {requests: {cpu: 500m, memory: 1Gi}, limits: {memory: 2Gi}}}]}")
            .replace("spec:\n  template", "spec:\n  replicas: 2\n  template");
    for fits in [
        json!({"pods": "2"}),
        json!({"requests.cpu": "1"}),
        json!({"limits.memory": "4Gi"}),
        json!({"memory": "2048Mi"}),
        json!({"services": "0"}),
    ] {
        assert!(over(&two, fits.clone(), false).is_empty(), "{fits}");
    }
    assert_eq!(
        over(&two, json!({"pods": "1"}), false),
        ["needs more pods than the quota `q` allows: 2 of 1; ask for less, or raise the quota"]
    );
    assert_eq!(
        over(&two, json!({"requests.memory": "1536Mi"}), false),
        ["needs more memory than the quota `q` allows: 2Gi of 1536Mi; ask for less, or raise the quota"]
    );
    assert_eq!(over(&two, json!({"requests.cpu": "900m"}), false).len(), 1);
    let says =
        ["says no limits.cpu, and the quota `q` lets in only pods that do: set it in `resources` of each container"];
    assert_eq!(over(&two, json!({"limits.cpu": "9"}), false), says);
    assert!(over(&two, json!({"limits.cpu": "9"}), true).is_empty(), "a LimitRange fills it in");
    let scoped = json!({"metadata": {"name": "q"}, "spec": {"hard": {"pods": "0"}, "scopes": ["BestEffort"]}});
    assert!(over_quota(&objects(&two), &[scoped], false).is_empty());
}

#[test]
fn odd_objects_are_passed_over() {
    for yaml in [
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {spec: {containers: [1, {env: 3, envFrom: [x]}], volumes: {a: b}}}}}",
        "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selector: [a], ports: x}}",
        "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}, spec: {rules: [{http: []}], defaultBackend: {service: 1}}}",
    ] {
        let found = references(&objects(yaml));
        assert!(
            found.wrong.is_empty() && found.open.iter().all(|need| matches!(need.wanted, Wanted::Pods { .. })),
            "{yaml}"
        );
    }
}
