use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cluster::{Applied, ClusterClient, KindKey, ObjectKey, Snapshot, Watcher};
use http::{Request, Response};
use kube::client::Body;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::common::{Place, config_map, deployment};

pub(crate) async fn until(watcher: &Watcher, keys: &[ObjectKey], is_so: impl Fn(&Snapshot) -> bool) -> Snapshot {
    let mut changes = watcher.changes_of(keys);
    let waiting = async {
        loop {
            changes.mark_unchanged();
            let snapshot = watcher.snapshot(keys);
            if is_so(&snapshot) {
                return snapshot;
            }
            changes.changed().await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(40), waiting).await;
    seen.unwrap_or_else(|_| panic!("never so: {:?}", watcher.snapshot(keys)))
}

fn keys(applied: &[Applied]) -> Vec<ObjectKey> {
    applied.iter().map(|a| a.key.clone()).collect()
}

fn pods(snapshot: &Snapshot) -> usize {
    snapshot.children.iter().filter(|c| c["kind"] == "Pod").count()
}

#[tokio::test]
async fn a_snapshot_shows_what_was_applied_and_everything_it_owns() {
    let place = Place::new("watch").await;
    let watcher = place.client.watch(&place.namespace, &[KindKey::new("apps/v1", "Deployment")]);
    let applied = place.apply(&place.target(), &[deployment("shop:1")]).await;
    let seen = until(&watcher, &keys(&applied), |s| s.covers(&applied) && pods(s) == 1).await;
    assert_eq!(seen.objects.len(), 1);
    assert!(seen.children.iter().any(|c| c["kind"] == "ReplicaSet"));
    assert!(seen.children.iter().all(|c| c["metadata"].get("managedFields").is_none()));
    place.delete(&deployment("")).await;
    until(&watcher, &keys(&applied), |s| s.objects.is_empty() && s.children.is_empty()).await;
}

#[tokio::test]
async fn a_healthy_rollout_is_judged_current_and_a_crashing_one_failed() {
    let place = Place::new("judge").await;
    let watcher = place.client.watch(&place.namespace, &[KindKey::new("apps/v1", "Deployment")]);
    let applied = place.apply(&place.target(), &[deployment("shop:1")]).await;
    let is = |s: &Snapshot, applied: &[Applied], wanted: fn(&health::Verdict) -> bool| {
        s.covers(applied)
            && wanted(&s.judge(applied, &health::Baseline::default(), &health::CustomRules::default()).verdict)
    };
    let current = |v: &health::Verdict| matches!(v, health::Verdict::Current);
    let failed = |v: &health::Verdict| matches!(v, health::Verdict::Failed(_));
    until(&watcher, &keys(&applied), |s| is(s, &applied, current)).await;
    let applied = place.apply(&place.target(), &[deployment("shop:crash-loop")]).await;
    until(&watcher, &keys(&applied), |s| is(s, &applied, failed)).await;
}

#[tokio::test]
async fn watchers_of_one_namespace_share_their_watches() {
    let place = Place::new("share").await;
    let (opened, inner) = (Arc::new(AtomicUsize::new(0)), place.person.clone());
    let counter = opened.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let inner = inner.clone();
        if request.uri().to_string().contains("watch=true") {
            counter.fetch_add(1, Ordering::SeqCst);
        }
        async move { inner.send(request).await }
    });
    let client = ClusterClient::over(kube::Client::new(service, "default"), "counted", place.settings());
    let kinds = [KindKey::new("v1", "ConfigMap")];
    let (first, second) = (client.watch(&place.namespace, &kinds), client.watch(&place.namespace, &kinds));
    let keys = [place.key(&config_map("a", "")).await];
    let limit = Duration::from_secs(20);
    assert!(first.sighted(&keys, limit).await.healthy_stream && second.sighted(&keys, limit).await.healthy_stream);
    drop(first);
    let applied = place.apply(&place.target(), &[config_map("a", "1")]).await;
    until(&second, &keys, |s| s.covers(&applied)).await;
    assert!(opened.load(Ordering::SeqCst) <= 5, "pods, replica sets, revisions, events, config maps");
}

/// What an API server sends down a watch that asks for what it no longer keeps.
const TOO_OLD: &str = r#"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
"message":"too old resource version: 1 (900)","reason":"Expired","code":410}}"#;

#[tokio::test]
async fn a_watch_that_fell_too_far_behind_lists_again() {
    let place = Place::new("gone410").await;
    let (watches, lists) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (inner, counters) = (place.person.clone(), (watches.clone(), lists.clone()));
    let service = tower::service_fn(move |request: Request<Body>| {
        let uri = request.uri().to_string();
        let (inner, ours, watch) = (inner.clone(), uri.contains("configmaps"), uri.contains("watch=true"));
        let nth =
            ours.then_some(if watch { &counters.0 } else { &counters.1 }).map(|c| c.fetch_add(1, Ordering::SeqCst));
        async move {
            if watch && nth == Some(0) {
                let body = Body::from(format!("{}\n", TOO_OLD.replace('\n', "")).into_bytes());
                return Ok(Response::new(body));
            }
            inner.send(request).await
        }
    });
    let client = ClusterClient::over(kube::Client::new(service, "default"), "spoilt", place.settings());
    let watcher = client.watch(&place.namespace, &[KindKey::new("v1", "ConfigMap")]);
    let applied = place.apply(&place.target(), &[config_map("a", "1")]).await;
    until(&watcher, &keys(&applied), |s| s.covers(&applied) && watches.load(Ordering::SeqCst) > 1).await;
    assert_eq!(lists.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_busy_server_is_asked_again_when_it_says_so() {
    let place = Place::new("busy").await;
    let (calls, inner) = (Arc::new(AtomicUsize::new(0)), place.person.clone());
    let counter = calls.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let inner = inner.clone();
        let busy = counter.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if busy {
                Ok(Response::builder().status(429).header("Retry-After", "0").body(Body::empty()).unwrap())
            } else {
                inner.send(request).await
            }
        }
    });
    let client = ClusterClient::over(kube::Client::new(service, "default"), "busy", place.settings());
    client.check().await.unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_cut_connection_blinds_and_its_return_shows_what_was_missed() {
    let place = Place::new("cut").await;
    let proxy = Proxy::start(&place).await;
    let watcher = proxy.client(&place).await.watch(&place.namespace, &[KindKey::new("v1", "ConfigMap")]);
    let applied = place.apply(&place.target(), &[config_map("a", "1"), config_map("b", "1")]).await;
    until(&watcher, &keys(&applied), |s| s.covers(&applied)).await;

    proxy.open.send_replace(false);
    let blind = until(&watcher, &keys(&applied), |s| !s.healthy_stream).await;
    assert_eq!(blind.objects.len(), 2, "what was known stays known");
    assert!(!blind.covers(&applied));
    place.delete(&config_map("b", "")).await;

    proxy.open.send_replace(true);
    let seen = until(&watcher, &keys(&applied), |s| s.healthy_stream).await;
    assert_eq!(seen.objects.len(), 1);
}

/// A connection to the API server that can be cut.
struct Proxy {
    open: watch::Sender<bool>,
    port: u16,
}

impl Proxy {
    async fn start(place: &Place) -> Self {
        let upstream = server(place).trim_start_matches("https://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (open, state) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((mut down, _)) = listener.accept().await {
                let (upstream, mut state) = (upstream.clone(), state.clone());
                if !*state.borrow() {
                    continue;
                }
                tokio::spawn(async move {
                    let mut up = TcpStream::connect(upstream).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut down, &mut up) => {}
                        _ = state.wait_for(|open| !open) => {}
                    }
                });
            }
        });
        Self { open, port }
    }

    async fn client(&self, place: &Place) -> ClusterClient {
        let text = std::fs::read_to_string(&place.kubeconfig).unwrap();
        let text = text.replace(&server(place), &format!("https://127.0.0.1:{}", self.port));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kubeconfig");
        std::fs::write(&path, text).unwrap();
        ClusterClient::connect_with(Some(&path), "devcluster", place.settings()).await.unwrap()
    }
}

#[tokio::test]
async fn a_cluster_that_is_not_there_is_unreachable_and_worth_waiting_for() {
    let place = Place::new("nobody").await;
    let proxy = Proxy { open: watch::channel(true).0, port: 1 };
    let error = proxy.client(&place).await.check().await.unwrap_err();
    assert!(matches!(error, cluster::ClusterError::Unreachable { .. }), "{error}");
    assert!(error.is_transient());
}

fn server(place: &Place) -> String {
    let file = kube::config::Kubeconfig::read_from(&place.kubeconfig).unwrap();
    file.clusters[0].cluster.as_ref().unwrap().server.clone().unwrap()
}
