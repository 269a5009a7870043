use health::{Baseline, Cause, Children, CustomRules, LogSource, Verdict, judge_object};
use serde_json::{Value, json};

use crate::fixtures::{
    crashing, deployment, event, failure, pod, progress, ready, replica_set, verdict, waiting, with,
};

/// Half-way: one new pod beside two old ones that serve.
fn rolling(new_pod: Value) -> (Value, Vec<Value>) {
    let object = deployment(
        json!({"status": {"replicas": 3, "updatedReplicas": 1, "readyReplicas": 2, "availableReplicas": 2}}),
    );
    let children = vec![
        replica_set(1, 2, 2),
        pod("old-a", "rs1", ready()),
        pod("old-b", "rs1", ready()),
        replica_set(2, 1, 0),
        pod("new-a", "rs2", new_pod),
    ];
    (object, children)
}

#[test]
fn all_of_the_new_version_ready_and_none_of_the_old_is_current() {
    let children = [replica_set(1, 0, 0), replica_set(2, 2, 2), pod("a", "rs2", ready()), pod("b", "rs2", ready())];
    assert_eq!(verdict(&deployment(json!({})), &children), Verdict::Current);
}

#[test]
fn old_pods_that_still_serve_prove_nothing() {
    // Right after the template changed: everything is available, and all of it is old (krane #325).
    let object = deployment(json!({"status": {"updatedReplicas": null}}));
    assert_eq!(progress(&object, &[replica_set(1, 2, 2)]).sentence, "the cluster has not taken up web yet");
    let children = [replica_set(1, 2, 2), replica_set(2, 0, 0)];
    let waits = progress(&object, &children);
    assert_eq!((waits.sentence.as_str(), waits.ready), ("web: 0 of 2 of the new version started", Some((0, 2))));
    // New ones are there and not ready, the available ones are old.
    let object = deployment(json!({"status": {"replicas": 4}}));
    assert_eq!(progress(&object, &[replica_set(1, 2, 2), replica_set(2, 2, 0)]).ready, Some((0, 2)));
}

#[test]
fn old_pods_still_to_stop_are_waited_for() {
    let object = deployment(json!({"status": {"replicas": 3}}));
    let children = [replica_set(1, 1, 1), replica_set(2, 2, 2)];
    assert_eq!(progress(&object, &children).sentence, "web: 1 still to stop");
}

#[test]
fn a_pod_that_has_to_run_for_a_while_first_is_waited_for_and_counts_when_it_is_available() {
    let (object, mut children) = rolling(ready());
    let object = with(object, json!({"spec": {"minReadySeconds": 10}, "status": {"readyReplicas": 3}}));
    children[3] = with(replica_set(2, 1, 0), json!({"status": {"readyReplicas": 1}}));
    let waits = progress(&object, &children);
    assert_eq!((waits.sentence.as_str(), waits.ready), ("web: 1 of 2 of the new version started", Some((0, 2))));
    let available = json!({"status": {"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2}});
    let children = [replica_set(1, 0, 0), replica_set(2, 2, 1), pod("a", "rs2", ready()), pod("b", "rs2", ready())];
    assert_eq!(progress(&with(object.clone(), available.clone()), &children).sentence, "web: 1 of 2 are ready");
}

#[test]
fn a_broken_old_pod_says_nothing_about_the_new_version() {
    let (object, mut children) = rolling(ready());
    children[1] = pod("old-a", "rs1", crashing(7, 1, "Error"));
    assert_eq!(verdict(&object, &children).badness(), 1);
}

#[test]
fn a_status_from_before_the_spec_is_no_evidence() {
    let object = deployment(json!({"metadata": {"generation": 3}}));
    // Not even a crash loop: it is the version before that crashes.
    let children = [replica_set(2, 2, 0), pod("a", "rs2", crashing(5, 1, "Error"))];
    assert_eq!(progress(&object, &children).sentence, "the cluster has not taken up web yet");
    let object = deployment(json!({"status": null}));
    assert_eq!(progress(&object, &[]).sentence, "the cluster has not taken up web yet");
}

#[test]
fn two_restarts_of_the_new_version_fail_it_while_the_old_one_serves() {
    for (restarts, fails) in [(0, false), (1, false), (2, true), (3, true)] {
        let (object, children) = rolling(crashing(restarts, 1, "Error"));
        assert_eq!(verdict(&object, &children).is_failed(), fails, "{restarts}");
    }
    let (object, children) = rolling(crashing(2, 1, "Error"));
    let failure = failure(&object, &children);
    assert_eq!(failure.cause, Cause::CrashLoop);
    assert_eq!(failure.sentence, "web starts and stops again (3 times): exit code 1");
    assert_eq!(failure.exit_code, Some(1));
    assert_eq!(failure.object.to_string(), "Deployment shop/web");
    assert!(failure.technical.contains("CrashLoopBackOff"), "{}", failure.technical);
    let logs = LogSource { namespace: "shop".into(), pod: "new-a".into(), container: "web".into(), previous: true };
    assert_eq!(failure.logs_of, Some(logs));
}

#[test]
fn the_second_restart_counts_while_the_container_runs_or_lies_ended() {
    let runs = json!({"restartCount": 2, "state": {"running": {"startedAt": "x"}}, "lastState": {"terminated": {"exitCode": 3, "reason": "Error"}}});
    let ended = json!({"restartCount": 2, "state": {"terminated": {"exitCode": 3, "reason": "Error"}}});
    for (container, previous) in [(runs, true), (ended, false)] {
        let (object, children) = rolling(container);
        let failure = failure(&object, &children);
        assert_eq!((failure.exit_code, failure.logs_of.unwrap().previous), (Some(3), previous));
    }
}

#[test]
fn restarts_from_before_the_candidate_do_not_count() {
    // Only a ConfigMap changed: the pods are the same, and one had its trouble last month.
    let healed =
        with(ready(), json!({"restartCount": 5, "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}));
    let children = [replica_set(2, 2, 2), pod("a", "rs2", healed.clone()), pod("b", "rs2", ready())];
    assert_eq!(verdict(&deployment(json!({})), &children), Verdict::Current);

    let baseline = Baseline::of(&children);
    let since = |restarts: u64| {
        let now = with(healed.clone(), json!({"restartCount": restarts}));
        let children = [replica_set(2, 2, 2), pod("a", "rs2", now), pod("b", "rs2", ready())];
        judge_object(&deployment(json!({})), &Children::new(&children).since(&baseline), &CustomRules::default())
    };
    assert_eq!(since(5), Verdict::Current);
    assert_eq!(since(6), Verdict::Current);
    // Ready between two crashes is no excuse once we watch.
    assert!(since(7).is_failed());
    let stored: Baseline = serde_json::from_str(&serde_json::to_string(&baseline).unwrap()).unwrap();
    assert_eq!(stored, baseline);
}

#[test]
fn each_way_to_fail_is_told_in_words_at_once() {
    let missing =
        "rpc error: code = NotFound desc = failed to pull and unpack image \"registry.example/shop:2\": not found";
    let table = [
        (
            waiting("ErrImagePull", missing),
            Cause::ImageMissing,
            "cannot download the image of web: not found (`registry.example/shop:2`)",
        ),
        (
            waiting("ImagePullBackOff", &format!("Back-off pulling image \"x\": ErrImagePull: {missing}")),
            Cause::ImageMissing,
            "cannot download the image of web: not found (`registry.example/shop:2`)",
        ),
        (
            waiting("ErrImagePull", "failed to authorize: 401 Unauthorized"),
            Cause::ImageRefused,
            "cannot download the image of web: the registry refuses access (`registry.example/shop:2`)",
        ),
        (
            waiting("InvalidImageName", "couldn't parse image name"),
            Cause::ImageNameInvalid,
            "cannot download the image of web: that is not a name of an image (`registry.example/shop:2`)",
        ),
        (
            waiting("ErrImageNeverPull", ""),
            Cause::ImageMissing,
            "cannot download the image of web: it is not on the machine, and downloading it is switched off (`registry.example/shop:2`)",
        ),
        (
            waiting("CreateContainerConfigError", "couldn't find key DB_URL in ConfigMap shop/settings"),
            Cause::ConfigMissing,
            "setting `DB_URL` of web is missing: the config map `settings` has no key `DB_URL`",
        ),
        (
            waiting("CreateContainerConfigError", "secret \"db\" not found"),
            Cause::ConfigMissing,
            "settings of web are missing: the secret `db` does not exist",
        ),
        (
            waiting("CreateContainerConfigError", "container has runAsNonRoot and image will run as root (pod: ...)"),
            Cause::ContainerCannotRun,
            "web cannot be started: it wants to run as root, which is forbidden here",
        ),
        (
            waiting("RunContainerError", "exec: \"shopd\": executable file not found in $PATH: unknown"),
            Cause::ContainerCannotRun,
            "web cannot be started: its program is not in the image",
        ),
        (
            json!({"state": {"terminated": {"exitCode": 128, "reason": "StartError", "message": "exec: \"/run.sh\": permission denied"}}}),
            Cause::ContainerCannotRun,
            "web cannot be started: its program may not be run",
        ),
        (crashing(1, 137, "OOMKilled"), Cause::OutOfMemory, "web used more memory than its limit (2 times)"),
        (crashing(2, 137, "OOMKilled"), Cause::OutOfMemory, "web used more memory than its limit (3 times)"),
        (
            crashing(4, 0, "Completed"),
            Cause::CrashLoop,
            "web starts and stops again (5 times): it ends by itself (exit code 0)",
        ),
    ];
    for (container, cause, sentence) in table {
        let (object, children) = rolling(container);
        let failure = failure(&object, &children);
        assert_eq!((failure.cause, failure.sentence.as_str()), (cause, sentence));
    }
}

#[test]
fn what_may_pass_is_waited_for_and_told() {
    let table = [
        (
            waiting("ErrImagePull", "unexpected status: 503 Service Unavailable"),
            "cannot download the image of web: the registry is in trouble; trying again (`registry.example/shop:2`)",
        ),
        (
            waiting("ImagePullBackOff", "Back-off pulling image \"registry.example/shop:2\""),
            "cannot download the image of web: the registry is in trouble; trying again (`registry.example/shop:2`)",
        ),
        (
            waiting(
                "CreateContainerConfigError",
                "failed to sync configmap cache: timed out waiting for the condition",
            ),
            "web waits for its settings",
        ),
        (waiting("CreateContainerError", "context deadline exceeded"), "web is starting"),
        (waiting("ContainerCreating", ""), "web is starting"),
        (json!({"state": {"terminated": {"exitCode": 1, "reason": "Error"}}}), "web started and stopped: exit code 1"),
        (crashing(1, 1, "Error"), "web starts and stops again (2 times): exit code 1"),
        (json!({"state": {"running": {}}}), "web runs but is not ready"),
    ];
    for (container, sentence) in table {
        let (object, children) = rolling(container);
        assert_eq!(progress(&object, &children).sentence, sentence);
    }
}

#[test]
fn the_variable_that_misses_its_value_is_named() {
    let (object, mut children) = rolling(waiting("CreateContainerConfigError", "secret \"db\" not found"));
    children[4]["spec"]["containers"][0]["env"] =
        json!([{"name": "A"}, {"name": "DB_URL", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}}]);
    assert_eq!(
        failure(&object, &children).sentence,
        "setting `DB_URL` of web is missing: the secret `db` does not exist"
    );
    children[4]["status"]["containerStatuses"][0]["state"]["waiting"]["message"] =
        json!("couldn't find key url in Secret shop/db");
    assert_eq!(
        failure(&object, &children).sentence,
        "setting `DB_URL` of web is missing: the secret `db` has no key `url`"
    );
}

#[test]
fn a_container_beside_the_main_one_is_called_by_its_name() {
    let (object, mut children) = rolling(ready());
    children[4]["spec"]["containers"] =
        json!([{"name": "web"}, {"name": "log", "resources": {"limits": {"memory": "512Mi"}}}]);
    children[4]["status"]["containerStatuses"] = json!([{"name": "web", "ready": true, "state": {"running": {}}},
        with(crashing(2, 137, "OOMKilled"), json!({"name": "log"}))]);
    assert_eq!(
        failure(&object, &children).sentence,
        "`log` in web used more memory than its limit of 512 MiB (3 times)"
    );
}

#[test]
fn a_crash_loop_of_a_preparing_container_is_found_too() {
    let (object, mut children) = rolling(waiting("PodInitializing", ""));
    children[4]["spec"]["initContainers"] = json!([{"name": "migrate"}]);
    children[4]["status"]["initContainerStatuses"] = json!([with(crashing(2, 1, "Error"), json!({"name": "migrate"}))]);
    let failure = failure(&object, &children);
    assert_eq!(failure.sentence, "`migrate`, which prepares web, starts and stops again (3 times): exit code 1");
    assert_eq!(failure.logs_of.unwrap().container, "migrate");
    // Done well after trouble: no fault.
    children[4]["status"]["initContainerStatuses"] =
        json!([{"name": "migrate", "restartCount": 2, "ready": true, "state": {"terminated": {"exitCode": 0}}}]);
    assert!(!verdict(&object, &children).is_failed());
}

#[test]
fn never_ready_is_told_with_what_the_probe_says() {
    let (object, mut children) = rolling(json!({"state": {"running": {}}}));
    children.push(event(
        "uid-new-a",
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
        "2026-01-01T00:00:00Z",
    ));
    let waits = progress(&object, &children);
    assert_eq!(
        waits.sentence,
        "web runs but is not ready: Readiness probe failed: HTTP probe failed with statuscode: 503"
    );
    assert!(!waits.logs_of.unwrap().previous);
}

#[test]
fn a_pod_that_no_machine_takes_for_another_reason_than_room_says_that_one() {
    let (object, mut children) = rolling(json!({}));
    children[4]["status"] = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
        "reason": "Unschedulable", "message": "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."}]});
    let told = "no machine takes web: 0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.";
    assert_eq!(progress(&object, &children).sentence, told);
}

#[test]
fn no_room_is_waited_for_and_an_added_machine_asks_for_patience() {
    let (object, mut children) = rolling(json!({}));
    children[4]["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "2", "memory": "1Gi"}});
    children[4]["status"] = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
        "reason": "Unschedulable", "message": "0/3 nodes are available: 3 Insufficient cpu."}]});
    let waits = progress(&object, &children);
    assert_eq!(waits.sentence, "no room on any machine for web: needs 2 CPU and 1 GiB of memory");
    assert!(!waits.patience && waits.technical.contains("Insufficient cpu"));
    children.push(event("uid-new-a", "TriggeredScaleUp", "pod triggered scale-up", "2026-01-01T00:00:00Z"));
    assert!(progress(&object, &children).patience);
}

#[test]
fn pods_on_their_way_out_or_moved_off_a_machine_say_nothing() {
    let (object, children) = rolling(crashing(3, 1, "Error"));
    let mut leaving = children.clone();
    leaving[4]["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert!(!verdict(&object, &leaving).is_failed());
    let mut evicted = children;
    evicted[4]["status"]["phase"] = json!("Failed");
    evicted[4]["status"]["reason"] = json!("Evicted");
    assert!(!verdict(&object, &evicted).is_failed());
}

#[test]
fn scaled_to_none_is_current_once_none_is_left() {
    let none = json!({"spec": {"replicas": 0}, "status": {"replicas": null, "updatedReplicas": null, "readyReplicas": null, "availableReplicas": null}});
    assert_eq!(verdict(&deployment(none.clone()), &[replica_set(2, 0, 0)]), Verdict::Current);
    assert_eq!(verdict(&deployment(none), &[]), Verdict::Current);
    let leaving = deployment(json!({"spec": {"replicas": 0}, "status": {"replicas": 2}}));
    assert_eq!(progress(&leaving, &[replica_set(2, 2, 2)]).ready, Some((0, 0)));
}

#[test]
fn scaled_down_waits_for_the_surplus_to_stop() {
    let object = deployment(json!({"spec": {"replicas": 1}}));
    assert_eq!(progress(&object, &[replica_set(2, 2, 2)]).sentence, "web: 1 still to stop");
}

#[test]
fn what_an_autoscaler_asks_for_is_what_counts() {
    let object = deployment(
        json!({"spec": {"replicas": 5}, "status": {"replicas": 5, "updatedReplicas": 5, "availableReplicas": 4}}),
    );
    assert_eq!(progress(&object, &[replica_set(2, 5, 4)]).sentence, "web: 4 of 5 are ready");
}

#[test]
fn paused_is_current_only_when_the_new_version_is_out() {
    let paused = json!({"spec": {"paused": true}});
    assert_eq!(verdict(&deployment(paused.clone()), &[replica_set(2, 2, 2)]), Verdict::Current);
    let held = with(deployment(paused), json!({"status": {"updatedReplicas": 0}}));
    for children in [&[replica_set(1, 2, 2)][..], &[replica_set(1, 2, 2), replica_set(2, 0, 0)]] {
        assert_eq!(
            progress(&held, children).sentence,
            "web is paused: the new version is not started until somebody resumes it"
        );
    }
}

#[test]
fn the_newest_set_is_found_by_template_also_after_a_way_back() {
    // Back on version 1: its set is older, and its revision number is not yet raised.
    let object = deployment(json!({"metadata": {"annotations": {"deployment.kubernetes.io/revision": "3"}},
        "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "shop:1"}]}}}}));
    let children = [replica_set(1, 2, 2), replica_set(2, 0, 0), pod("a", "rs2", crashing(9, 1, "Error"))];
    assert_eq!(verdict(&object, &children), Verdict::Current);
}

#[test]
fn a_set_whose_template_was_filled_in_is_found_by_its_revision() {
    let mut newest = replica_set(2, 2, 2);
    newest["spec"]["template"]["spec"]["dnsPolicy"] = json!("ClusterFirst");
    assert_eq!(verdict(&deployment(json!({})), &[newest]), Verdict::Current);
}

#[test]
fn a_set_without_its_kind_is_known_by_its_shape() {
    let mut set = replica_set(2, 2, 0);
    let mut crash = pod("a", "rs2", crashing(2, 1, "Error"));
    for item in [&mut set, &mut crash] {
        item.as_object_mut().unwrap().retain(|field, _| field != "kind" && field != "apiVersion");
    }
    assert!(verdict(&deployment(json!({})), &[set, crash]).is_failed());
}

#[test]
fn kubernetes_own_deadline_fails_with_what_was_waited_for() {
    let slow = json!({"status": {"availableReplicas": 0, "conditions": [{"type": "Progressing", "status": "False",
        "reason": "ProgressDeadlineExceeded", "message": "ReplicaSet \"web-hash2\" has timed out progressing."}]}});
    let failure =
        failure(&deployment(slow), &[replica_set(2, 2, 0), pod("a", "rs2", json!({"state": {"running": {}}}))]);
    assert_eq!(failure.cause, Cause::DeadlineExceeded);
    assert_eq!(failure.sentence, "web was not ready in the time its own settings allow: web runs but is not ready");
}

fn refused(message: &str) -> Value {
    with(
        replica_set(2, 1, 0),
        json!({"status": {"replicas": 0, "conditions": [{"type": "ReplicaFailure", "status": "True",
        "reason": "FailedCreate", "message": message}]}}),
    )
}

const FULL: &str =
    "pods \"web-x\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=10, limited: pods=10";

#[test]
fn pods_that_the_cluster_forbids_fail_at_once() {
    let object = deployment(json!({"status": {"replicas": null, "updatedReplicas": null, "availableReplicas": null}}));
    let table = [
        (FULL, "the namespace is full: 10 of 10 pods"),
        (
            "pods \"web-x\" is forbidden: violates PodSecurity \"restricted:latest\": privileged",
            "the cluster refuses to start web: pods \"web-x\" is forbidden: violates PodSecurity \"restricted:latest\": privileged",
        ),
        (
            "admission webhook \"policy.example\" denied the request: no latest",
            "the cluster refuses to start web: admission webhook \"policy.example\" denied the request: no latest",
        ),
    ];
    for (message, sentence) in table {
        let failure = failure(&object, &[refused(message)]);
        assert_eq!((failure.cause, failure.sentence.as_str()), (Cause::QuotaOrAdmission, sentence));
    }
    let passing = "Internal error occurred: failed calling webhook \"policy.example\": Post \"https://x\": context deadline exceeded";
    assert!(!verdict(&object, &[refused(passing)]).is_failed());
}

#[test]
fn a_full_namespace_is_waited_for_while_old_pods_make_room() {
    // Ten wanted, a quarter may be away: the rollout goes on once two old ones have gone.
    let spec =
        json!({"spec": {"replicas": 10}, "status": {"replicas": 10, "updatedReplicas": 0, "availableReplicas": 10}});
    let roomy = deployment(spec.clone());
    assert!(!verdict(&roomy, &[replica_set(1, 10, 10), refused(FULL)]).is_failed());
    // They are on their way out.
    let leaving = with(deployment(spec.clone()), json!({"status": {"availableReplicas": 8}}));
    let old = with(replica_set(1, 10, 8), json!({"spec": {"replicas": 8}}));
    assert!(!verdict(&leaving, &[old, refused(FULL)]).is_failed());
    // None may be away: it will never go on.
    let strict = with(
        deployment(spec),
        json!({"spec": {"strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}}}}),
    );
    assert!(verdict(&strict, &[replica_set(1, 10, 10), refused(FULL)]).is_failed());
}

#[test]
fn being_deleted_outranks_everything() {
    let object = deployment(json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}));
    assert_eq!(verdict(&object, &[]), Verdict::Terminating);
}
