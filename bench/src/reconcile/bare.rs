//! What ours is compared to: a client that dry-runs and applies the same objects and waits until each Deployment is observed,
//! 32 apps at a time, and knows nothing else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::Api;
use kube::api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::runtime::{WatchStreamExt as _, watcher};
use serde_json::{Value, json};
use testkit::fleet::{FIRST, Fleet, files, name};
use testkit::shop::Fault;
use tokio::sync::watch;

/// How many apps are worked on at a time.
const WORKERS: usize = 32;

/// How long the loop took.
#[derive(Debug)]
pub(super) struct Bare {
    pub(super) took: Duration,
}

/// The generations that were observed, by namespace and name.
#[derive(Default)]
struct Observed(Mutex<HashMap<(String, String), i64>>);

/// Plays it, in namespaces of its own.
pub(super) async fn run(fleet: &Fleet, prefix: &str, namespaces: usize) -> Result<Bare, Fault> {
    let names: Vec<String> = (0..namespaces.max(1)).map(|at| format!("{prefix}-{at}")).collect();
    for name in &names {
        make_namespace(fleet, name).await?;
    }
    let apps = (0..fleet.scene.apps)
        .map(|at| Ok((names.get(at % names.len()).cloned().unwrap_or_default(), objects(at)?)))
        .collect::<Result<Vec<(String, Vec<Value>)>, Fault>>()?;
    let (observed, ticks) = (Arc::new(Observed::default()), watch::Sender::new(()));
    let looking = tokio::spawn(look(fleet.admin.clone(), observed.clone(), ticks.clone()));
    let began = Instant::now();
    let work = apps.into_iter().map(|(namespace, objects)| {
        let (admin, observed, ticks) = (fleet.admin.clone(), observed.clone(), ticks.subscribe());
        async move { one(&admin, &namespace, &objects, &observed, ticks).await }
    });
    let work: Vec<_> = work.collect();
    futures::stream::iter(work).buffer_unordered(WORKERS).try_collect::<Vec<()>>().await?;
    let took = began.elapsed();
    looking.abort();
    Ok(Bare { took })
}

/// What the server writes beside the objects, and nothing else: a ConfigMap an app, made and then written once more.
pub(super) async fn extra_writes(fleet: &Fleet, namespace: &str) -> Result<Duration, Fault> {
    make_namespace(fleet, namespace).await?;
    let api: Api<ConfigMap> = Api::namespaced(fleet.admin.clone(), namespace);
    let began = Instant::now();
    let work: Vec<_> = (0..fleet.scene.apps)
        .map(|at| {
            let api = api.clone();
            async move {
                let map: ConfigMap = serde_json::from_value(
                    json!({"metadata": {"name": name(at)}, "data": {"inventory": "x".repeat(900)}}),
                )?;
                let mut made = api.create(&PostParams::default(), &map).await?;
                made.data = map.data.map(|data| data.into_keys().map(|key| (key, "y".repeat(1100))).collect());
                api.replace(&name(at), &PostParams::default(), &made).await?;
                Ok::<_, Fault>(())
            }
        })
        .collect();
    futures::stream::iter(work).buffer_unordered(WORKERS).try_collect::<Vec<()>>().await?;
    Ok(began.elapsed())
}

async fn make_namespace(fleet: &Fleet, name: &str) -> Result<(), Fault> {
    let made: Namespace = serde_json::from_value(json!({"metadata": {"name": name}}))?;
    Api::<Namespace>::all(fleet.admin.clone()).create(&PostParams::default(), &made).await?;
    Ok(())
}

/// The objects of an app, a service account before what needs it.
fn objects(at: usize) -> Result<Vec<Value>, Fault> {
    let mut objects = Vec::new();
    for (_, text) in files(at, FIRST) {
        objects.push(testkit::fleet::parsed(&text)?);
    }
    objects.sort_by_key(|object| object["kind"] == "Deployment");
    Ok(objects)
}

async fn one(
    admin: &kube::Client,
    namespace: &str,
    objects: &[Value],
    observed: &Observed,
    mut ticks: watch::Receiver<()>,
) -> Result<(), Fault> {
    let params = PatchParams::apply("bare").force();
    let dry = PatchParams { dry_run: true, ..params.clone() };
    for object in objects {
        apply(admin, namespace, object, &dry).await?;
    }
    let mut last = None;
    for object in objects {
        last = Some(apply(admin, namespace, object, &params).await?);
    }
    let last = last.ok_or("an app without objects")?;
    let key = (namespace.to_owned(), last.metadata.name.clone().unwrap_or_default());
    let wanted = last.metadata.generation.unwrap_or_default();
    while observed.of(&key) < wanted {
        ticks.changed().await?;
    }
    Ok(())
}

async fn apply(
    admin: &kube::Client,
    namespace: &str,
    object: &Value,
    params: &PatchParams,
) -> Result<DynamicObject, Fault> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (group, version) = text("/apiVersion").split_once('/').unwrap_or(("", text("/apiVersion")));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, text("/kind")));
    let api: Api<DynamicObject> = Api::namespaced_with(admin.clone(), namespace, &resource);
    Ok(api.patch(text("/metadata/name"), params, &Patch::Apply(object)).await?)
}

impl Observed {
    fn of(&self, key: &(String, String)) -> i64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied().unwrap_or(-1)
    }
}

/// One watch over all Deployments.
async fn look(admin: kube::Client, observed: Arc<Observed>, ticks: watch::Sender<()>) {
    let mut seen = Box::pin(watcher(Api::<Deployment>::all(admin), watcher::Config::default()).applied_objects());
    while let Some(live) = seen.next().await {
        let Ok(live) = live else { continue };
        let generation = live.status.and_then(|status| status.observed_generation);
        let key = (live.metadata.namespace.unwrap_or_default(), live.metadata.name.unwrap_or_default());
        if let Some(generation) = generation {
            observed.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, generation);
            ticks.send_replace(());
        }
    }
}
