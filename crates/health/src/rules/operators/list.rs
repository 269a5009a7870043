//! The list. To add an operator: its kinds here, a status as it really writes it in `tests/health/operators.rs`.
//!
//! `failed` holds only what its controller does not mend by trying again.

use super::Known;
use super::Sign::{self, Allows, Is, IsNot, Observed, Same, Says, Yes};

const READY: &[Sign] = &[Is("Ready")];

/// Current when all of these hold; it never fails by itself.
const fn known(group: &'static str, kind: &'static str, current: &'static [Sign]) -> Known {
    Known { group, kind, failed: &[], current, message: "" }
}

/// Only stored: nobody writes back whether it was taken up.
const fn stored(group: &'static str, kind: &'static str) -> Known {
    known(group, kind, &[])
}

/// Those of one kind stand before those of the whole group.
pub(super) const KNOWN: &[Known] = &[
    // cert-manager
    Known {
        group: "cert-manager.io",
        kind: "CertificateRequest",
        failed: &[Is("Denied"), Is("InvalidRequest")],
        current: READY,
        message: "",
    },
    known("cert-manager.io", "*", READY),
    Known {
        group: "acme.cert-manager.io",
        kind: "*",
        failed: &[Says("/status/state", &["invalid", "errored", "expired"])],
        current: &[Says("/status/state", &["valid"])],
        message: "/status/reason",
    },
    // Argo
    Known {
        group: "argoproj.io",
        kind: "Rollout",
        failed: &[Says("/status/phase", &["Degraded"])],
        current: &[Observed("/status/observedGeneration"), Says("/status/phase", &["Healthy"])],
        message: "/status/message",
    },
    Known {
        group: "argoproj.io",
        kind: "Workflow",
        failed: &[Says("/status/phase", &["Failed", "Error"])],
        current: &[Says("/status/phase", &["Succeeded"])],
        message: "/status/message",
    },
    Known {
        group: "argoproj.io",
        kind: "Application",
        failed: &[],
        current: &[Says("/status/sync/status", &["Synced"]), Says("/status/health/status", &["Healthy"])],
        message: "/status/operationState/message",
    },
    stored("argoproj.io", "AppProject"),
    stored("argoproj.io", "AnalysisTemplate"),
    stored("argoproj.io", "WorkflowTemplate"),
    stored("argoproj.io", "CronWorkflow"),
    // CloudNativePG
    Known {
        group: "postgresql.cnpg.io",
        kind: "Cluster",
        failed: &[Says(
            "/status/phase",
            &[
                "Cluster is unrecoverable and needs manual intervention",
                "Cluster is in an unrecoverable state, needs manual intervention",
                "Cluster has incomplete or invalid image catalog",
                "Cluster cannot execute instance online upgrade due to missing architecture binary",
            ],
        )],
        current: &[
            Says("/status/phase", &["Cluster in healthy state"]),
            Same("/status/readyInstances", "/spec/instances"),
            Allows("Ready"),
        ],
        message: "/status/phaseReason",
    },
    known("postgresql.cnpg.io", "Pooler", &[Same("/status/instances", "/spec/instances")]),
    Known {
        group: "postgresql.cnpg.io",
        kind: "Backup",
        failed: &[Says("/status/phase", &["failed"])],
        current: &[Says("/status/phase", &["completed"])],
        message: "/status/error",
    },
    known("postgresql.cnpg.io", "Database", &[Yes("/status/applied")]),
    stored("postgresql.cnpg.io", "ScheduledBackup"),
    stored("postgresql.cnpg.io", "ImageCatalog"),
    // Zalando's postgres-operator
    Known {
        group: "acid.zalan.do",
        kind: "postgresql",
        failed: &[Says("/status/PostgresClusterStatus", &["Invalid"])],
        current: &[Says("/status/PostgresClusterStatus", &["Running"])],
        message: "",
    },
    // Strimzi
    known("kafka.strimzi.io", "KafkaNodePool", &[Sign::Status]),
    stored("kafka.strimzi.io", "StrimziPodSet"),
    Known {
        group: "kafka.strimzi.io",
        kind: "KafkaRebalance",
        failed: &[Is("NotReady")],
        current: &[Is("Ready")],
        message: "",
    },
    known("kafka.strimzi.io", "*", READY),
    // RabbitMQ
    known(
        "rabbitmq.com",
        "RabbitmqCluster",
        &[Allows("ReconcileSuccess"), Is("AllReplicasReady"), Is("ClusterAvailable")],
    ),
    known("rabbitmq.com", "*", READY),
    // External Secrets
    known("external-secrets.io", "*", READY),
    stored("generators.external-secrets.io", "*"),
    // Sealed Secrets
    known("bitnami.com", "SealedSecret", &[Is("Synced")]),
    // Prometheus operator: its servers say how they are, what they read says nothing.
    known("monitoring.coreos.com", "Prometheus", &[Is("Reconciled"), Is("Available")]),
    known("monitoring.coreos.com", "PrometheusAgent", &[Is("Reconciled"), Is("Available")]),
    known("monitoring.coreos.com", "Alertmanager", &[Is("Reconciled"), Is("Available")]),
    known("monitoring.coreos.com", "ThanosRuler", &[Is("Reconciled"), Is("Available")]),
    stored("monitoring.coreos.com", "*"),
    // KEDA
    known("keda.sh", "ScaledObject", READY),
    known("keda.sh", "ScaledJob", READY),
    stored("keda.sh", "*"),
    // Istio writes a status only where it is told to.
    known("networking.istio.io", "*", &[Allows("Reconciled")]),
    known("security.istio.io", "*", &[Allows("Reconciled")]),
    stored("telemetry.istio.io", "*"),
    stored("extensions.istio.io", "*"),
    // Knative: what is on its way is `Unknown` there, but some of what is False passes.
    Known {
        group: "serving.knative.dev",
        kind: "*",
        failed: &[IsNot("Ready", &["RevisionFailed", "ContainerMissing", "ProgressDeadlineExceeded"])],
        current: READY,
        message: "",
    },
    known("eventing.knative.dev", "*", READY),
    // Crossplane
    known("pkg.crossplane.io", "*", &[Allows("Installed"), Is("Healthy")]),
    stored("apiextensions.crossplane.io", "Composition"),
    known("apiextensions.crossplane.io", "CompositeResourceDefinition", &[Is("Established")]),
    stored("*.crossplane.io", "ProviderConfig"),
    stored("*.upbound.io", "ProviderConfig"),
    known("*.crossplane.io", "*", &[Allows("Synced"), Is("Ready")]),
    known("*.upbound.io", "*", &[Allows("Synced"), Is("Ready")]),
    // Flux
    known("kustomize.toolkit.fluxcd.io", "Kustomization", READY),
    known("helm.toolkit.fluxcd.io", "HelmRelease", READY),
    known("source.toolkit.fluxcd.io", "HelmRepository", &[Allows("Ready")]),
    known("source.toolkit.fluxcd.io", "*", READY),
    known("image.toolkit.fluxcd.io", "*", READY),
    stored("notification.toolkit.fluxcd.io", "Provider"),
    stored("notification.toolkit.fluxcd.io", "Alert"),
    // Elastic
    known(
        "elasticsearch.k8s.elastic.co",
        "Elasticsearch",
        &[
            Observed("/status/observedGeneration"),
            Says("/status/phase", &["Ready"]),
            Says("/status/health", &["green", "yellow"]),
        ],
    ),
    known("kibana.k8s.elastic.co", "Kibana", &[Says("/status/health", &["green"])]),
    // MongoDB
    known("mongodbcommunity.mongodb.com", "MongoDBCommunity", &[Says("/status/phase", &["Running"])]),
    // Percona
    known("pxc.percona.com", "PerconaXtraDBCluster", &[Says("/status/state", &["ready"])]),
    known("psmdb.percona.com", "PerconaServerMongoDB", &[Says("/status/state", &["ready"])]),
    // Velero
    Known {
        group: "velero.io",
        kind: "Backup",
        failed: &[Says("/status/phase", &["Failed", "PartiallyFailed", "FailedValidation"])],
        current: &[Says("/status/phase", &["Completed"])],
        message: "/status/failureReason",
    },
    Known {
        group: "velero.io",
        kind: "Schedule",
        failed: &[Says("/status/phase", &["FailedValidation"])],
        current: &[Says("/status/phase", &["Enabled"])],
        message: "",
    },
    known("velero.io", "BackupStorageLocation", &[Says("/status/phase", &["Available"])]),
    // Tekton
    Known {
        group: "tekton.dev",
        kind: "PipelineRun",
        failed: &[IsNot("Succeeded", &[])],
        current: &[Is("Succeeded")],
        message: "",
    },
    Known {
        group: "tekton.dev",
        kind: "TaskRun",
        failed: &[IsNot("Succeeded", &[])],
        current: &[Is("Succeeded")],
        message: "",
    },
    stored("tekton.dev", "*"),
    // Ingress controllers and networks
    stored("traefik.io", "*"),
    Known {
        group: "projectcontour.io",
        kind: "HTTPProxy",
        failed: &[Says("/status/currentStatus", &["invalid"])],
        current: &[Says("/status/currentStatus", &["valid"])],
        message: "/status/description",
    },
    Known {
        group: "cilium.io",
        kind: "CiliumNetworkPolicy",
        failed: &[IsNot("Valid", &[])],
        current: &[Allows("Valid")],
        message: "",
    },
    stored("metallb.io", "*"),
    // What ships beside Kubernetes
    Known {
        group: "autoscaling.k8s.io",
        kind: "VerticalPodAutoscaler",
        failed: &[Is("ConfigUnsupported")],
        current: &[Allows("ConfigDeprecated")],
        message: "",
    },
    known("snapshot.storage.k8s.io", "VolumeSnapshot", &[Yes("/status/readyToUse")]),
    stored("snapshot.storage.k8s.io", "VolumeSnapshotClass"),
    stored("gateway.networking.k8s.io", "ReferenceGrant"),
    // OpenTelemetry
    stored("opentelemetry.io", "*"),
];
