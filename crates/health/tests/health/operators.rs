//! Statuses as widespread operators write them.

use health::{Cause, Verdict};
use serde_json::{Value, json};

use crate::fixtures::{failure, progress, verdict, with};

fn object(api_version: &str, kind: &str, rest: Value) -> Value {
    let bare = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": "shop", "generation": 3}});
    with(bare, rest)
}

fn conditions(conditions: &[(&str, &str, &str, &str)]) -> Value {
    let conditions: Vec<Value> = conditions
        .iter()
        .map(|(kind, status, reason, message)| json!({"type": kind, "status": status, "reason": reason, "message": message}))
        .collect();
    json!({"status": {"conditions": conditions}})
}

fn is_current(api_version: &str, kind: &str, rest: Value) {
    assert_eq!(verdict(&object(api_version, kind, rest.clone()), &[]), Verdict::Current, "{kind} {rest}");
}

fn waits(api_version: &str, kind: &str, rest: Value, sentence: &str) {
    assert_eq!(progress(&object(api_version, kind, rest.clone()), &[]).sentence, sentence, "{kind} {rest}");
}

fn fails(api_version: &str, kind: &str, rest: Value, sentence: &str) {
    let failure = failure(&object(api_version, kind, rest.clone()), &[]);
    assert_eq!((failure.cause, failure.sentence.as_str()), (Cause::Stalled, sentence), "{kind} {rest}");
}

const UNSEEN: &str = "the cluster has not taken up a yet";

#[test]
fn a_kind_with_ready_waits_for_it_even_when_its_status_holds_something_else() {
    for (api_version, kind) in [
        ("cert-manager.io/v1", "Certificate"),
        ("cert-manager.io/v1", "ClusterIssuer"),
        ("external-secrets.io/v1", "ExternalSecret"),
        ("external-secrets.io/v1", "SecretStore"),
        ("kafka.strimzi.io/v1", "Kafka"),
        ("kafka.strimzi.io/v1", "KafkaTopic"),
        ("keda.sh/v1alpha1", "ScaledObject"),
        ("serving.knative.dev/v1", "Service"),
        ("eventing.knative.dev/v1", "Broker"),
        ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
        ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
        ("source.toolkit.fluxcd.io/v1", "GitRepository"),
        ("rabbitmq.com/v1beta1", "Queue"),
        ("s3.aws.upbound.io/v1beta1", "Bucket"),
        ("database.crossplane.io/v1", "Instance"),
    ] {
        waits(api_version, kind, json!({}), UNSEEN);
        waits(api_version, kind, json!({"status": {"revision": 1}}), "a is not ready yet");
        waits(api_version, kind, conditions(&[("Ready", "Unknown", "Pending", "at it")]), "a is not ready yet: at it");
        waits(api_version, kind, conditions(&[("Ready", "False", "Waiting", "")]), "a is not ready yet: Waiting");
        is_current(api_version, kind, conditions(&[("Ready", "True", "Ready", "")]));
        let older = with(conditions(&[("Ready", "True", "", "")]), json!({"status": {"observedGeneration": 2}}));
        waits(api_version, kind, older, UNSEEN);
        let about_older =
            json!({"status": {"conditions": [{"type": "Ready", "status": "True", "observedGeneration": 2}]}});
        waits(api_version, kind, about_older, "a is not ready yet");
    }
}

#[test]
fn what_is_only_read_by_an_operator_is_current_at_once() {
    for (api_version, kind) in [
        ("monitoring.coreos.com/v1", "ServiceMonitor"),
        ("monitoring.coreos.com/v1", "PrometheusRule"),
        ("keda.sh/v1alpha1", "TriggerAuthentication"),
        ("networking.istio.io/v1", "VirtualService"),
        ("security.istio.io/v1", "AuthorizationPolicy"),
        ("traefik.io/v1alpha1", "IngressRoute"),
        ("argoproj.io/v1alpha1", "AppProject"),
        ("source.toolkit.fluxcd.io/v1", "HelmRepository"),
        ("aws.upbound.io/v1beta1", "ProviderConfig"),
        ("gateway.networking.k8s.io/v1beta1", "ReferenceGrant"),
        ("autoscaling.k8s.io/v1", "VerticalPodAutoscaler"),
        ("cilium.io/v2", "CiliumNetworkPolicy"),
    ] {
        is_current(api_version, kind, json!({}));
    }
}

#[test]
fn cert_manager_fails_only_what_was_refused() {
    let issuing = conditions(&[("Ready", "False", "DoesNotExist", "Issuing certificate as Secret does not exist")]);
    waits(
        "cert-manager.io/v1",
        "Certificate",
        issuing,
        "a is not ready yet: Issuing certificate as Secret does not exist",
    );
    let denied = conditions(&[("Denied", "True", "Policy", "no such issuer allowed")]);
    fails("cert-manager.io/v1", "CertificateRequest", denied, "a can't go on: no such issuer allowed");
    waits(
        "acme.cert-manager.io/v1",
        "Challenge",
        json!({"status": {"state": "pending", "reason": "wrong status code '404'"}}),
        "a is not ready yet: wrong status code '404'",
    );
    fails("acme.cert-manager.io/v1", "Order", json!({"status": {"state": "invalid"}}), "a can't go on: invalid");
}

#[test]
fn a_rollout_is_judged_by_its_phase_once_the_newest_spec_was_seen() {
    let kind = ("argoproj.io/v1alpha1", "Rollout");
    let status = |seen: &str, phase: &str, message: &str| json!({"status": {"observedGeneration": seen, "phase": phase, "message": message}});
    is_current(kind.0, kind.1, status("3", "Healthy", ""));
    waits(kind.0, kind.1, status("2", "Healthy", ""), UNSEEN);
    waits(
        kind.0,
        kind.1,
        status("3", "Progressing", "more replicas need to be updated"),
        "a is not ready yet: more replicas need to be updated",
    );
    waits(kind.0, kind.1, status("3", "Paused", "CanaryPauseStep"), "a is not ready yet: CanaryPauseStep");
    fails(
        kind.0,
        kind.1,
        status("3", "Degraded", "ProgressDeadlineExceeded: no progress"),
        "a can't go on: ProgressDeadlineExceeded: no progress",
    );
}

#[test]
fn a_database_cluster_is_current_when_it_is_well_and_all_its_members_are() {
    let kind = ("postgresql.cnpg.io/v1", "Cluster");
    let status = |phase: &str, ready: u64| json!({"spec": {"instances": 3}, "status": {"phase": phase, "instances": 3, "readyInstances": ready}});
    is_current(kind.0, kind.1, status("Cluster in healthy state", 3));
    waits(kind.0, kind.1, status("Cluster in healthy state", 2), "a is not ready yet: 2 of 3 are ready");
    waits(kind.0, kind.1, status("Setting up primary", 0), "a is not ready yet: Setting up primary");
    let lost = status("Cluster is unrecoverable and needs manual intervention", 0);
    fails(kind.0, kind.1, lost, "a can't go on: Cluster is unrecoverable and needs manual intervention");
    is_current("acid.zalan.do/v1", "postgresql", json!({"status": {"PostgresClusterStatus": "Running"}}));
    waits(
        "acid.zalan.do/v1",
        "postgresql",
        json!({"status": {"PostgresClusterStatus": "Creating"}}),
        "a is not ready yet: Creating",
    );
    fails(
        "acid.zalan.do/v1",
        "postgresql",
        json!({"status": {"PostgresClusterStatus": "Invalid"}}),
        "a can't go on: Invalid",
    );
}

#[test]
fn a_message_broker_is_current_when_all_its_members_are() {
    let kind = ("rabbitmq.com/v1beta1", "RabbitmqCluster");
    let all = |replicas: &str, available: &str| {
        conditions(&[
            ("AllReplicasReady", replicas, "NotAllPodsReady", "0/1 Pods ready"),
            ("ClusterAvailable", available, "NoEndpointsAvailable", ""),
            ("NoWarnings", "False", "MemoryRequestAndLimitDifferent", ""),
            ("ReconcileSuccess", "True", "Success", "Finish reconciling"),
        ])
    };
    is_current(kind.0, kind.1, all("True", "True"));
    waits(kind.0, kind.1, all("False", "False"), "a is not ready yet: 0/1 Pods ready");
    waits(kind.0, kind.1, all("True", "False"), "a is not ready yet: NoEndpointsAvailable");
    let reconcile = conditions(&[("ReconcileSuccess", "False", "Error", "quota exceeded")]);
    waits(kind.0, kind.1, reconcile, "a is not ready yet: quota exceeded");
}

#[test]
fn a_prometheus_is_current_when_it_is_reconciled_and_available() {
    let kind = ("monitoring.coreos.com/v1", "Prometheus");
    let both = |reconciled: &str, available: &str| {
        conditions(&[
            ("Available", available, "SomePodsNotReady", "shard 0: pod 0: not ready"),
            ("Reconciled", reconciled, "", ""),
        ])
    };
    is_current(kind.0, kind.1, both("True", "True"));
    waits(kind.0, kind.1, both("True", "Degraded"), "a is not ready yet: shard 0: pod 0: not ready");
    waits(kind.0, kind.1, both("False", "True"), "a is not ready yet");
}

#[test]
fn knative_fails_where_its_revision_did_and_waits_where_that_may_pass() {
    let kind = ("serving.knative.dev/v1", "Service");
    let ready = |status: &str, reason: &str| conditions(&[("Ready", status, reason, "Revision \"a-1\" failed")]);
    fails(kind.0, kind.1, ready("False", "RevisionFailed"), "a can't go on: Revision \"a-1\" failed");
    waits(kind.0, kind.1, ready("False", "RevisionMissing"), "a is not ready yet: Revision \"a-1\" failed");
}

#[test]
fn what_is_ready_but_out_of_step_waits() {
    let bucket =
        conditions(&[("Ready", "True", "Available", ""), ("Synced", "False", "ReconcileError", "access denied")]);
    waits("s3.aws.upbound.io/v1beta1", "Bucket", bucket.clone(), "a is not ready yet: access denied");
    waits("platform.example/v1", "Database", bucket, "a is not ready yet: access denied");
    is_current("bitnami.com/v1alpha1", "SealedSecret", conditions(&[("Synced", "True", "", "")]));
    let package = conditions(&[("Installed", "True", "", ""), ("Healthy", "False", "Unhealthy", "cannot pull")]);
    waits("pkg.crossplane.io/v1", "Provider", package, "a is not ready yet: cannot pull");
}

#[test]
fn flux_says_when_it_gave_up() {
    let stalled = conditions(&[
        ("Ready", "False", "InstallFailed", "timed out"),
        ("Stalled", "True", "RetriesExceeded", "Failed to install after 3 attempts"),
    ]);
    fails("helm.toolkit.fluxcd.io/v2", "HelmRelease", stalled, "a can't go on: Failed to install after 3 attempts");
    let retries = conditions(&[
        ("Ready", "False", "BuildFailed", "no such file"),
        ("Reconciling", "True", "ProgressingWithRetry", "no such file"),
    ]);
    waits("kustomize.toolkit.fluxcd.io/v1", "Kustomization", retries, "a is being worked on: no such file");
}

#[test]
fn tasks_end_well_or_badly() {
    is_current("argoproj.io/v1alpha1", "Workflow", json!({"status": {"phase": "Succeeded"}}));
    waits("argoproj.io/v1alpha1", "Workflow", json!({"status": {"phase": "Running"}}), "a is not ready yet: Running");
    fails(
        "argoproj.io/v1alpha1",
        "Workflow",
        json!({"status": {"phase": "Failed", "message": "step 2: exit code 1"}}),
        "a can't go on: step 2: exit code 1",
    );
    is_current("tekton.dev/v1", "PipelineRun", conditions(&[("Succeeded", "True", "Completed", "")]));
    fails(
        "tekton.dev/v1",
        "TaskRun",
        conditions(&[("Succeeded", "False", "Failed", "step build exited")]),
        "a can't go on: step build exited",
    );
    fails(
        "velero.io/v1",
        "Backup",
        json!({"status": {"phase": "Failed", "failureReason": "no bucket"}}),
        "a can't go on: no bucket",
    );
    is_current("snapshot.storage.k8s.io/v1", "VolumeSnapshot", json!({"status": {"readyToUse": true}}));
    waits(
        "snapshot.storage.k8s.io/v1",
        "VolumeSnapshot",
        json!({"status": {"readyToUse": false}}),
        "a is not ready yet",
    );
}

#[test]
fn an_application_of_argo_is_current_when_it_is_in_step_and_well() {
    let kind = ("argoproj.io/v1alpha1", "Application");
    let status = |sync: &str, health: &str| json!({"status": {"sync": {"status": sync}, "health": {"status": health}}});
    is_current(kind.0, kind.1, status("Synced", "Healthy"));
    waits(kind.0, kind.1, status("OutOfSync", "Healthy"), "a is not ready yet: OutOfSync");
    waits(kind.0, kind.1, status("Synced", "Progressing"), "a is not ready yet: Progressing");
}
