//! The image of Patroni holds what a database with high availability needs: pods that reach the API server, copies, and a new leader
//! when the old one is gone.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, ServiceAccount};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{DeleteParams, ListParams, PropagationPolicy};
use serde_json::{Value, json};
use testkit::real_node::Recipe;

use super::scene::{Scene, node};

#[tokio::test]
async fn patroni_takes_another_leader_when_the_first_is_deleted() {
    let Some(cluster) = node().await else { return };
    let scene = Scene::new(cluster).await;
    let image = scene.inside.server_image(Recipe::Patroni).await.unwrap();
    let grants = json!([{"apiGroups": [""], "resources": ["configmaps", "endpoints", "pods", "services"],
                         "verbs": ["create", "get", "list", "patch", "update", "watch", "delete", "deletecollection"]}]);
    scene.create::<ServiceAccount>(json!({"metadata": {"name": "pg"}})).await;
    scene.create::<Role>(json!({"metadata": {"name": "pg"}, "rules": grants})).await;
    scene
        .create::<RoleBinding>(json!({
            "metadata": {"name": "pg"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "pg"},
            "subjects": [{"kind": "ServiceAccount", "name": "pg"}],
        }))
        .await;
    let settings = json!({"bootstrap": {
        "dcs": {"ttl": 20, "loop_wait": 2, "retry_timeout": 5},
        "initdb": [{"encoding": "UTF8"}],
        "pg_hba": ["host all all all scram-sha-256", "host replication standby all scram-sha-256"],
    }});
    scene.create::<ConfigMap>(json!({"metadata": {"name": "pg"}, "data": {"patroni.yml": settings.to_string()}})).await;
    scene.create::<StatefulSet>(cluster_of_two(&image.reference())).await;
    for name in ["pg-0", "pg-1"] {
        scene.until_ready(name).await;
    }

    let leader = leader(&scene).await;
    // Nobody makes it again: one that is back soon enough leads on.
    let alone = DeleteParams { propagation_policy: Some(PropagationPolicy::Orphan), ..DeleteParams::default() };
    scene.sets().delete("pg", &alone).await.unwrap();
    let other = if leader == "pg-0" { "pg-1" } else { "pg-0" };
    scene.pods().delete(&leader, &DeleteParams::default().grace_period(0)).await.unwrap();
    scene.until(other, |pod| role(pod) == "master").await;
    scene.end().await;
}

async fn leader(scene: &Scene) -> String {
    let pods = scene.pods().list(&ListParams::default().labels("role=master")).await.unwrap();
    pods.items.into_iter().next().unwrap().metadata.name.unwrap()
}

fn role(pod: &Pod) -> &str {
    pod.metadata.labels.as_ref().and_then(|labels| labels.get("role")).map_or("", String::as_str)
}

fn cluster_of_two(image: &str) -> Value {
    let own = |field: &str| json!({"fieldRef": {"fieldPath": field}});
    json!({
        "metadata": {"name": "pg"},
        "spec": {
            "serviceName": "pg",
            "replicas": 2,
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": {"app": "pg"}},
            "template": {
                "metadata": {"labels": {"app": "pg", "cluster-name": "pg"}},
                "spec": {
                    "serviceAccountName": "pg",
                    "securityContext": {"fsGroup": 999},
                    "containers": [{
                        "name": "pg",
                        "image": image,
                        "args": ["patroni", "/config/patroni.yml"],
                        "env": [
                            {"name": "PATRONI_KUBERNETES_POD_IP", "valueFrom": own("status.podIP")},
                            {"name": "PATRONI_KUBERNETES_NAMESPACE", "valueFrom": own("metadata.namespace")},
                            {"name": "PATRONI_NAME", "valueFrom": own("metadata.name")},
                            {"name": "PATRONI_SCOPE", "value": "pg"},
                            {"name": "PATRONI_KUBERNETES_LABELS", "value": "{app: pg}"},
                            {"name": "PATRONI_KUBERNETES_USE_ENDPOINTS", "value": "true"},
                            {"name": "PATRONI_SUPERUSER_USERNAME", "value": "postgres"},
                            {"name": "PATRONI_SUPERUSER_PASSWORD", "value": "secret"},
                            {"name": "PATRONI_REPLICATION_USERNAME", "value": "standby"},
                            {"name": "PATRONI_REPLICATION_PASSWORD", "value": "secret"},
                            {"name": "PATRONI_POSTGRESQL_DATA_DIR", "value": "/data/pgdata"},
                            {"name": "PATRONI_POSTGRESQL_LISTEN", "value": "0.0.0.0:5432"},
                            {"name": "PATRONI_POSTGRESQL_CONNECT_ADDRESS", "value": "$(PATRONI_KUBERNETES_POD_IP):5432"},
                            {"name": "PATRONI_RESTAPI_LISTEN", "value": "0.0.0.0:8008"},
                            {"name": "PATRONI_RESTAPI_CONNECT_ADDRESS", "value": "$(PATRONI_KUBERNETES_POD_IP):8008"},
                        ],
                        "readinessProbe": {"httpGet": {"path": "/readiness", "port": 8008}, "periodSeconds": 1},
                        "volumeMounts": [
                            {"name": "data", "mountPath": "/data"}, {"name": "config", "mountPath": "/config"},
                        ],
                    }],
                    "volumes": [{"name": "config", "configMap": {"name": "pg"}}],
                },
            },
            "volumeClaimTemplates": [{
                "metadata": {"name": "data"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
            }],
        },
    })
}
