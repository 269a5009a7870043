//! `pinnace demo` on a cluster of the visitor's own: it works, keeps to its two namespaces, can be taken away again, and says
//! what to do when something is missing.
#![cfg(test)]

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use testkit::devcluster::Options;
use testkit::{DevCluster, DevRegistry};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

const PATIENCE: Duration = Duration::from_mins(3);
const OURS: [&str; 2] = ["pinnace-demo", "pinnace-demo-system"];
const TAGS: &str = "1.0,1.1,1.2-crash-loop";

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_on_ones_own_cluster_works_and_leaves_again() {
    let folder = tempfile::tempdir().unwrap();
    let visitor = Visitor::with_a_cluster(folder.path()).await;
    visitor.is_told_what_to_do().await;
    visitor.keeps_a_namespace_that_the_demo_did_not_make().await;

    let before = visitor.namespaces().await;
    let played = visitor.demo(&["--once", "--tags", TAGS]).await;
    assert!(played.status.success(), "{}{}", text(&played.stdout), text(&played.stderr));
    let mut expected = before.clone();
    expected.extend(OURS.map(str::to_owned));
    expected.sort();
    assert_eq!(visitor.namespaces().await, expected);

    visitor.ends_a_second_one_with_sigterm().await;

    let cleaned = visitor.run(&["--clean", "--context", "devcluster"]).await;
    assert!(cleaned.status.success(), "{}", text(&cleaned.stderr));
    assert!(visitor.namespaces().await.iter().all(|name| before.contains(name)), "{}", text(&cleaned.stdout));
}

/// A kubeconfig, and a registry with three images.
struct Visitor {
    cluster: DevCluster,
    registry: DevRegistry,
    api: Api<Namespace>,
}

impl Visitor {
    async fn with_a_cluster(folder: &Path) -> Self {
        let cluster = DevCluster::start(Options::default()).await.unwrap();
        let registry = DevRegistry::start(&folder.join("registry")).await.unwrap();
        for tag in TAGS.split(',') {
            registry.push_image("acme/shop", tag, tag).await.unwrap();
        }
        let file = kube::config::Kubeconfig::read_from(cluster.kubeconfig()).unwrap();
        let config = kube::Config::from_custom_kubeconfig(file, &kube::config::KubeConfigOptions::default()).await;
        let api = Api::all(kube::Client::try_from(config.unwrap()).unwrap());
        Self { cluster, registry, api }
    }

    /// Each says what is wrong and what to do, and touches nothing.
    async fn is_told_what_to_do(&self) {
        let before = self.namespaces().await;
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port().to_string();
        let repository = self.repository();
        let cases: [(&[&str], &[&str]); 7] = [
            (&["--context", "nowhere", "--image-repo", &repository], &["`nowhere`", "kubectl config get-contexts"]),
            (&["--context", "devcluster"], &["--image-repo"]),
            (&["--clean"], &["--context"]),
            (&["--context", "devcluster", "--image-repo", &repository, "--tags", "1.0,1.1"], &["--tags needs three"]),
            (
                &["--context", "devcluster", "--image-repo", &repository, "--tags", "1.0,7.7,1.1"],
                &["shop:7.7", "--tags"],
            ),
            (&["--context", "devcluster", "--image-repo", "127.0.0.1:1/acme/shop"], &["127.0.0.1:1", "--image-repo"]),
            (&["--port", &port], &[&port, "--port"]),
        ];
        for (args, words) in cases {
            let told = self.run(&[&["--once"], args].concat()).await;
            let said = text(&told.stderr);
            assert!(!told.status.success(), "{args:?} went through");
            for word in words {
                assert!(said.contains(word), "{args:?} is told without `{word}`:\n{said}");
            }
        }
        assert_eq!(self.namespaces().await, before);
    }

    async fn keeps_a_namespace_that_the_demo_did_not_make(&self) {
        let theirs: Namespace = serde_json::from_value(serde_json::json!({"metadata": {"name": OURS[0]}})).unwrap();
        self.api.create(&PostParams::default(), &theirs).await.unwrap();
        for told in
            [self.demo(&["--once", "--tags", TAGS]).await, self.run(&["--clean", "--context", "devcluster"]).await]
        {
            assert!(!told.status.success() && text(&told.stderr).contains(OURS[0]), "{}", text(&told.stderr));
        }
        assert!(self.api.get(OURS[0]).await.unwrap().metadata.deletion_timestamp.is_none());
        self.api.delete(OURS[0], &DeleteParams::default()).await.unwrap();
        self.gone(OURS[0]).await;
    }

    /// It takes the place of the one before, and when it is told to end nothing of it goes on.
    async fn ends_a_second_one_with_sigterm(&self) {
        let mut command =
            self.command(&["--context", "devcluster", "--image-repo", &self.repository(), "--tags", TAGS]);
        let mut demo = command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
        let mut page = None;
        let ready = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                page = page.take().or_else(|| line.split_once("the server: http://").map(|(_, at)| at.to_owned()));
                if line.contains("Ctrl-C ends") {
                    return;
                }
            }
            panic!("the demo ended by itself");
        };
        tokio::time::timeout(PATIENCE, ready).await.unwrap();
        assert!(is_ours(page.as_ref().unwrap()).await);
        let pid = demo.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
        let ended = tokio::time::timeout(PATIENCE, demo.wait()).await.unwrap().unwrap();
        assert!(ended.success(), "{ended}");
        assert!(!is_ours(&page.unwrap()).await, "the server goes on");
    }

    /// The demo on the visitor's cluster.
    async fn demo(&self, more: &[&str]) -> Output {
        let repository = self.repository();
        let args = ["--context", "devcluster", "--image-repo", &repository];
        self.run(&[&args[..], more].concat()).await
    }

    async fn run(&self, args: &[&str]) -> Output {
        tokio::time::timeout(PATIENCE, self.command(args).kill_on_drop(true).output()).await.unwrap().unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinnace"));
        command.arg("demo").args(args).env("KUBECONFIG", self.cluster.kubeconfig());
        command
    }

    fn repository(&self) -> String {
        format!("{}/acme/shop", self.registry.address())
    }

    async fn gone(&self, name: &str) {
        let gone =
            kube::runtime::wait::await_condition(self.api.clone(), name, |seen: Option<&Namespace>| seen.is_none());
        tokio::time::timeout(PATIENCE, gone).await.unwrap().unwrap();
    }

    /// The namespaces that are not about to go.
    async fn namespaces(&self) -> Vec<String> {
        let all = self.api.list(&ListParams::default()).await.unwrap();
        let stay = all.items.into_iter().filter(|namespace| namespace.metadata.deletion_timestamp.is_none());
        let mut names: Vec<String> = stay.filter_map(|namespace| namespace.metadata.name).collect();
        names.sort();
        names
    }
}

/// Whether the page answers there. Another program may listen on a port that is free again.
async fn is_ours(address: &str) -> bool {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
    match client.get(format!("http://{address}/")).send().await {
        Ok(answer) => answer.text().await.is_ok_and(|page| page.contains("Pinnace")),
        Err(_) => false,
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
