//! Kubeconfigs whose user logs in by a program, as those of GKE and EKS do.

use std::path::Path;
use std::time::Duration;

use cluster::{ClusterClient, ClusterError};
use kube::config::Kubeconfig;
use serde_json::{Value, json};

use super::common::Place;

/// A kubeconfig of this cluster whose user's program prints what this file holds, and counts its runs in a file beside it.
fn with_program(place: &Place, answer: &Path) -> String {
    let mut file = serde_json::to_value(Kubeconfig::read_from(&place.kubeconfig).unwrap()).unwrap();
    let script = format!("echo run >> {0}.runs; cat {0}", answer.display());
    let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script],
        "interactiveMode": "IfAvailable", "provideClusterInfo": false});
    file["users"][0]["user"] = json!({"exec": exec});
    file.to_string()
}

/// What the admin of this cluster proves who they are with, as such a program says it.
fn admin(place: &Place) -> Value {
    let file = std::fs::read_to_string(&place.kubeconfig).unwrap();
    let token = file.lines().find_map(|line| line.trim().strip_prefix("token: ")).unwrap();
    json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
        "status": {"token": token, "expirationTimestamp": "2100-01-01T00:00:00Z"}})
}

#[tokio::test]
async fn a_program_that_logs_in_is_run_again_when_what_it_gave_is_refused() {
    let place = Place::new("logins").await;
    let folder = tempfile::tempdir().unwrap();
    let (answer, kubeconfig) = (folder.path().join("answer"), folder.path().join("kubeconfig"));
    std::fs::write(&kubeconfig, with_program(&place, &answer)).unwrap();
    std::fs::write(&answer, json!({"status": {"token": "nobodys"}}).to_string()).unwrap();
    let client = ClusterClient::connect_with(Some(&kubeconfig), "devcluster", place.settings()).await.unwrap();
    std::fs::write(&answer, admin(&place).to_string()).unwrap();
    // At most once a second it is run again: until then the refusal stands.
    let renewed = async {
        while let Err(error) = client.check().await {
            assert!(matches!(error, ClusterError::Unauthorized { .. }), "{error}");
        }
    };
    tokio::time::timeout(Duration::from_secs(40), renewed).await.expect("the program is run again");
    let runs = std::fs::read_to_string(folder.path().join("answer.runs")).unwrap();
    assert_eq!(runs.lines().count(), 2, "once to connect, and once when it was refused");
    client.check().await.unwrap();
    assert_eq!(std::fs::read_to_string(folder.path().join("answer.runs")).unwrap(), runs);
}

#[tokio::test]
async fn a_program_that_does_not_work_is_named_with_its_context() {
    let place = Place::new("logins").await;
    let folder = tempfile::tempdir().unwrap();
    let (answer, kubeconfig) = (folder.path().join("not-there"), folder.path().join("kubeconfig"));
    std::fs::write(&kubeconfig, with_program(&place, &answer)).unwrap();
    let error = ClusterClient::connect(Some(&kubeconfig), "devcluster").await.unwrap_err().to_string();
    assert!(error.contains("devcluster") && error.contains("`sh` failed") && error.contains("No such file"), "{error}");
}
