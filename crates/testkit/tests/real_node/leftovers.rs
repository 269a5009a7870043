//! At the end of a cluster with a real node the machine is as it was, also when the supervisor had no time to tidy up.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use testkit::DevCluster;
use testkit::devcluster::Options;
use testkit::real_node::{RealNode, skipped};

use super::first;
use super::scene::Scene;

#[tokio::test]
async fn nothing_is_left_when_a_cluster_is_dropped() {
    if skipped().await.unwrap() {
        return;
    }
    let (cluster, folder, namespace) = running().await;
    cluster.stop();
    assert_eq!(left(&folder, &namespace), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_left_when_the_supervisor_is_killed() {
    if skipped().await.unwrap() {
        return;
    }
    let (cluster, folder, namespace) = running().await;
    let supervisor = Pid::from_raw(cluster.supervisor()).unwrap();
    kill_process(supervisor, Signal::KILL).unwrap();
    let patience = Instant::now() + Duration::from_secs(20);
    while !left(&folder, &namespace).is_empty() && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(left(&folder, &namespace), Vec::<String>::new());
}

/// A cluster with a pod that runs, its folder, and the node's network.
async fn running() -> (DevCluster, PathBuf, PathBuf) {
    let options = Options { nodes: 0, real_node: Some(RealNode::default()), ..Options::default() };
    let cluster = DevCluster::start(options).await.unwrap();
    let scene = Scene::new(&cluster).await;
    let image = scene.inside.orders_image(&first()).await.unwrap();
    scene.process("static", &image.reference(), json!([])).await;
    scene.until_ready("static").await;
    let folder = cluster.kubeconfig().parent().unwrap().to_path_buf();
    let namespace = fs::read_link(format!("/proc/{}/ns/net", scene.inside.pid)).unwrap();
    assert!(!left(&folder, &namespace).is_empty());
    (cluster, folder, namespace)
}

/// What there is of a cluster: its folder, mounts, cgroups, and processes by their arguments or by the network that they live in.
fn left(folder: &Path, namespace: &Path) -> Vec<String> {
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let mut found: Vec<String> =
        folder.exists().then(|| format!("the folder {}", folder.display())).into_iter().collect();
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    found.extend(mounts.lines().filter(|line| line.contains(&name)).map(|line| format!("the mount {line}")));
    find_groups(Path::new("/sys/fs/cgroup"), &format!("-{name}"), &mut found);
    for process in fs::read_dir("/proc").unwrap().filter_map(Result::ok).map(|entry| entry.path()) {
        let lives_there = fs::read_link(process.join("ns/net")).is_ok_and(|network| network == namespace);
        let arguments = fs::read(process.join("cmdline")).unwrap_or_default();
        let arguments = String::from_utf8_lossy(&arguments).replace('\0', " ");
        if lives_there || arguments.contains(&folder.display().to_string()) {
            found.push(format!("the process {arguments}"));
        }
    }
    found
}

/// Groups lie a few folders below a hierarchy's root.
fn find_groups(folder: &Path, ending: &str, found: &mut Vec<String>) {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        if entry.file_name().to_string_lossy().ends_with(ending) {
            found.push(format!("the cgroup {}", entry.path().display()));
        } else {
            find_groups(&entry.path(), ending, found);
        }
    }
}
