//! The server runs with exactly the rights that `pinnace rbac` prints: with fewer it could not do its work, and no right is
//! there that nobody can explain. Read from the API server's audit log after a pin, a dropped pin and an unpin.
#![cfg(test)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cluster::ClusterClient;
use serde_json::Value;
use testkit::devcluster::Options;
use testkit::served::{Served, Setup, Visitor, free_port, printed_rights, write_narrow_kubeconfig};
use testkit::{DevCluster, DevRegistry, GitRemote};
use webhooks::SigningKey;

const SIGNING_KEY: &str = "whsec_cGlubmFjZS1kZW1vLXNpZ25pbmcta2V5LTEyMzQ=";
const PATIENCE: Duration = Duration::from_mins(1);
/// How long the API server may take to log watches whose client is gone.
const WATCHES_END_WITHIN: Duration = Duration::from_secs(20);
const CONTEXT: &str = "devcluster";
const OWN: &str = "pinnace-system";

/// Rights on what is applied that the scene below does not show, and what they are for.
const UNSEEN: &[(&str, &str)] = &[
    ("create", "the API server asks for it when an apply makes a new object, and logs a patch"),
    ("delete", "pruning what the verified commit no longer has"),
];
/// What is applied.
const APPLIED: &[&str] = &["shop /configmaps", "shop /services", "shop apps/deployments"];

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_refused_nothing_and_no_right_is_needless() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = DevCluster::start(Options { audit: true, ..Options::default() }).await.unwrap();
    let registry = DevRegistry::start(&folder.path().join("registry")).await.unwrap();
    let digest = registry.push_image("acme/shop", "1.0", "1.0").await.unwrap();
    let remote = remote(registry.address(), &digest);
    let settings = cluster::Settings { own_namespace: OWN.to_owned(), ..cluster::Settings::default() };
    let admin = ClusterClient::connect_with(Some(cluster.kubeconfig()), CONTEXT, settings).await.unwrap();
    for name in ["shop", OWN] {
        admin.make_namespace(name).await.unwrap();
    }
    let program = PathBuf::from(env!("CARGO_BIN_EXE_pinnace"));
    let rights = printed_rights(&program, &remote.file_url(), "pinnace.yaml", CONTEXT, OWN).await.unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    write_narrow_kubeconfig(&kubeconfig, &admin, Some(cluster.kubeconfig()), CONTEXT, &rights).await.unwrap();

    play(folder.path(), program, kubeconfig, &remote, &registry).await;

    let granted = granted(&rights);
    let (used, refused) = requests(cluster.audit_log().unwrap(), &granted).await;
    assert!(refused.is_empty(), "the server was refused: {refused:#?}");
    let beyond: Vec<_> = used.difference(&granted).collect();
    assert!(beyond.is_empty(), "used without being printed: {beyond:#?}");
    let unseen: Vec<_> = granted.difference(&used).collect();
    println!("{} rights granted, {} used; unseen: {unseen:#?}", granted.len(), used.len());
    let explained: Vec<String> =
        APPLIED.iter().flat_map(|what| UNSEEN.iter().map(move |(verb, _)| format!("{what} {verb}"))).collect();
    let needless: Vec<_> = unseen.into_iter().filter(|right| !explained.contains(right)).collect();
    assert!(needless.is_empty(), "nobody needs: {needless:#?}");
}

/// A first install, a pin, a pin that is dropped, and an unpin.
async fn play(folder: &Path, program: PathBuf, kubeconfig: PathBuf, remote: &GitRemote, registry: &DevRegistry) {
    let senders = folder.join("senders.yaml");
    std::fs::write(&senders, format!("senders: {{shop: {{signing: [{SIGNING_KEY}]}}}}\n")).unwrap();
    let setup = Setup {
        program,
        data: folder.join("data"),
        repo: remote.file_url(),
        config_file: "pinnace.yaml".to_owned(),
        kubeconfig,
        own_namespace: OWN.to_owned(),
        senders,
        port: free_port().unwrap(),
        more: Vec::new(),
    };
    let server = Served::start(setup).await.unwrap();
    let link = server.sign_in_link("ann").await.unwrap();
    let mut ann = Visitor::sign_in(&server.url(), &link, SigningKey::parse(SIGNING_KEY).unwrap()).await.unwrap();
    until(&server, "the install", |pin| pin["verified"].is_string()).await;
    for (tag, outcome) in [("1.1", "done"), ("1.2-crash-loop", "dropped")] {
        registry.push_image("acme/shop", tag, tag).await.unwrap();
        ann.announce("shop", &format!("{}/acme/shop", registry.address()), tag, "Faster").await.unwrap();
        let asked = until(&server, "an ask", |pin| pin["version"] == tag && pin["stage"] == "asked").await;
        ann.press(asked["number"].as_u64().unwrap(), "approve").await.unwrap();
        let ended = until(&server, "the end", |pin| pin["version"] == tag && pin["ended"] == true).await;
        assert_eq!(ended["stage"], outcome, "{ended}");
    }
    ann.press_instance("shop/prod", "unpin").await.unwrap();
    until(&server, "the unpin", |pin| pin["version"] == "1.0" && pin["stage"] == "done").await;
    assert_eq!(server.disagreements("shop/prod").await.unwrap(), "none");
}

async fn until(server: &Served, what: &str, is_so: impl FnMut(&Value) -> bool) -> Value {
    server.until(what, "shop/prod", PATIENCE, is_so).await.unwrap()
}

/// Every right of the printed roles.
fn granted(objects: &[Value]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for object in objects {
        assert!(["ServiceAccount", "Role", "RoleBinding"].contains(&text(&object["kind"])), "{object}");
        let namespace = text(&object["metadata"]["namespace"]);
        for rule in object["rules"].as_array().unwrap_or(&Vec::new()) {
            for (group, resource, verb) in each(rule) {
                all.insert(format!("{namespace} {group}/{resource} {verb}"));
            }
        }
    }
    all
}

fn each(rule: &Value) -> Vec<(&str, &str, &str)> {
    let list = |field: &str| rule[field].as_array().unwrap().iter().map(text);
    let pairs = list("apiGroups").flat_map(|group| list("resources").map(move |resource| (group, resource)));
    pairs.flat_map(|(group, resource)| list("verbs").map(move |verb| (group, resource, verb))).collect()
}

/// What our account asked for, as rights, and what it was refused. A watch is logged when it ends, which is soon after the
/// server did.
async fn requests(audit: &Path, granted: &BTreeSet<String>) -> (BTreeSet<String>, Vec<String>) {
    let watches: BTreeSet<_> = granted.iter().filter(|right| right.ends_with(" watch")).cloned().collect();
    let logged = async {
        loop {
            let (used, refused) = logged(audit);
            if watches.is_subset(&used) {
                return (used, refused);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(WATCHES_END_WITHIN, logged).await.unwrap_or_else(|_| self::logged(audit))
}

fn logged(audit: &Path) -> (BTreeSet<String>, Vec<String>) {
    let (mut used, mut refused) = (BTreeSet::new(), Vec::new());
    for line in std::fs::read_to_string(audit).unwrap().lines() {
        // The last line may still be on its way.
        let Ok(seen) = serde_json::from_str::<Value>(line) else { continue };
        if text(&seen["user"]["username"]) != format!("system:serviceaccount:{OWN}:pinnace") {
            continue;
        }
        if matches!(seen["responseStatus"]["code"].as_u64(), Some(401 | 403)) {
            refused.push(format!("{} {}", text(&seen["verb"]), text(&seen["requestURI"])));
        }
        let what = &seen["objectRef"];
        // Everybody may ask what kinds there are.
        if let Some(resource) = what["resource"].as_str() {
            let below = what["subresource"].as_str().map(|below| format!("/{below}")).unwrap_or_default();
            let (namespace, group) = (text(&what["namespace"]), text(&what["apiGroup"]));
            used.insert(format!("{namespace} {group}/{resource}{below} {}", text(&seen["verb"])));
        }
    }
    (used, refused)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn remote(registry: &str, digest: &str) -> GitRemote {
    let config = format!(
        "apiVersion: pinnace.dev/v1
kind: Config
people:
  ann: {{email: ann@example.org, groups: [release]}}
environments:
  prod: {{context: {CONTEXT}, approvers: [group:release], rules: {{stableFor: 200ms, deadline: 60s}}}}
projects:
  shop:
    image: {registry}/acme/shop
    sources: [{{path: \"apps/shop/{{environment}}\"}}]
    namespaces: {{prod: shop}}
"
    );
    let web = include_str!("../../../examples/shop/web.yaml");
    let web = web.replace("IMAGE", &format!("{registry}/acme/shop:1.0@{digest}"));
    let files = [
        ("pinnace.yaml", config.as_str()),
        ("apps/shop/prod/web.yaml", &web),
        ("apps/shop/prod/settings.yaml", include_str!("../../../examples/shop/settings.yaml")),
    ];
    GitRemote::bare(&files).unwrap()
}
