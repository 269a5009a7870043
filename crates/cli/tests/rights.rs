//! The server runs with exactly the rights that `pinnace rbac` prints: with fewer it could not do its work, and no right is
//! there that nobody can explain. Read from the API server's audit log after a pin, a dropped pin and an unpin.
#![cfg(test)]

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use testkit::devcluster::Options;
use testkit::shop::{INSTANCE, Plan};
use testkit::{DevCluster, Shop};

/// How long the API server may take to log watches whose client is gone.
const WATCHES_END_WITHIN: Duration = Duration::from_secs(20);

/// Rights on what is applied that the scene below does not show, and what they are for.
const UNSEEN: &[(&str, &str)] = &[
    ("create", "the API server asks for it when an apply makes a new object, and logs a patch"),
    ("delete", "pruning what the verified commit no longer has"),
];
/// What is read only where there is a quota: whether containers get what they do not say themselves.
const BESIDE_A_QUOTA: &str = "/limitranges list";
/// What is applied.
const APPLIED: &[&str] = &["/configmaps", "/services", "apps/deployments"];

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_refused_nothing_and_no_right_is_needless() {
    let cluster = DevCluster::start(Options { audit: true, ..Options::default() }).await.unwrap();
    let plan = Plan { cluster: Some(cluster), ..Plan::of(env!("CARGO_BIN_EXE_pinnace")) };
    let mut shop = Shop::start(plan).await.unwrap();
    play(&shop).await;
    shop.server.kill().await.unwrap();

    let granted = granted(&shop.place.rights);
    let (used, refused) = requests(&shop, &granted).await;
    assert!(refused.is_empty(), "the server was refused: {refused:#?}");
    let beyond: Vec<_> = used.difference(&granted).collect();
    assert!(beyond.is_empty(), "used without being printed: {beyond:#?}");
    let unseen: Vec<_> = granted.difference(&used).collect();
    println!("{} rights granted, {} used; unseen: {unseen:#?}", granted.len(), used.len());
    let namespace = &shop.place.namespace;
    let of_each = |what| UNSEEN.iter().map(move |(verb, _)| format!("{namespace} {what} {verb}"));
    let mut explained: Vec<String> = APPLIED.iter().flat_map(of_each).collect();
    explained.push(format!("{namespace} {BESIDE_A_QUOTA}"));
    let needless: Vec<_> = unseen.into_iter().filter(|right| !explained.contains(right)).collect();
    assert!(needless.is_empty(), "nobody needs: {needless:#?}");
}

/// After the first install: a pin, a pin that is dropped, and an unpin.
async fn play(shop: &Shop) {
    for (tag, outcome) in [("1.1", "done"), ("1.2-crash-loop", "dropped")] {
        let pin = shop.asked_about(tag).await.unwrap();
        shop.approve(pin).await.unwrap();
        assert_eq!(shop.ended(pin).await.unwrap(), outcome, "{tag}");
    }
    shop.ann.press_instance(INSTANCE, "unpin").await.unwrap();
    shop.until("the unpin", |pin| pin["version"] == "1.0" && pin["stage"] == "done").await.unwrap();
    assert_eq!(shop.disagreements().await.unwrap(), "none");
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
async fn requests(shop: &Shop, granted: &BTreeSet<String>) -> (BTreeSet<String>, Vec<String>) {
    let watches: BTreeSet<_> = granted.iter().filter(|right| right.ends_with(" watch")).cloned().collect();
    let logged = async {
        loop {
            let (used, refused) = logged(shop);
            if watches.is_subset(&used) {
                return (used, refused);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(WATCHES_END_WITHIN, logged).await.unwrap_or_else(|_| self::logged(shop))
}

fn logged(shop: &Shop) -> (BTreeSet<String>, Vec<String>) {
    let audit = std::fs::read_to_string(shop.cluster.audit_log().unwrap()).unwrap();
    let account = format!("system:serviceaccount:{}:pinnace", shop.place.own_namespace);
    let (mut used, mut refused) = (BTreeSet::new(), Vec::new());
    for line in audit.lines() {
        // The last line may still be on its way.
        let Ok(seen) = serde_json::from_str::<Value>(line) else { continue };
        if text(&seen["user"]["username"]) != account {
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
