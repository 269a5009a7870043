//! The check of what a set needs besides itself, before its first write: settings, accounts, storage, pods behind a selector, room in the
//! quota, images. Others find these by a pod that never starts.

mod images;

use std::collections::{BTreeMap, BTreeSet};

use cluster::{Found, KindKey, ObjectKey};
use futures::StreamExt as _;
use futures::future::BoxFuture;
use render::{Need, Rendered, Wanted};

use crate::converge::{Place, keys};
use crate::inner::Inner;
use crate::trouble::Trouble;

pub(crate) use images::SeenImages;

/// How many things are looked up at once.
const CONCURRENCY: usize = 8;
/// So many faults are told; who mends those sees the others.
const MOST_TOLD: usize = 10;

impl Inner {
    /// Refuses a set that needs what is not there. Gives what could not be checked.
    pub(crate) async fn check_references(&self, place: &Place, rendered: &Rendered) -> Result<Vec<String>, Trouble> {
        let references = render::references_of(rendered);
        let mut wrong: Vec<String> = references.wrong.iter().map(ToString::to_string).collect();
        wrong.extend(bad_rules(rendered));
        let (open, secrets): (Vec<Need>, Vec<Need>) =
            references.open.into_iter().partition(|need| place.instance.check_secrets || !is_secret(need));
        let mut unchecked: Vec<String> = unread(&secrets).into_iter().collect();
        let leaving = if open.is_empty() { BTreeSet::new() } else { leaving(place, rendered).await? };
        let found = look_up(place, &open).await?;
        for need in &open {
            match judge(place, need, &found, &leaving) {
                Answer::Fine => {}
                Answer::Wrong(why) => wrong.push(why),
                Answer::NotChecked(why) => unchecked.push(why),
            }
        }
        wrong.extend(over_quota(place, rendered, &mut unchecked).await?);
        if wrong.is_empty() { Ok(unchecked) } else { Err(Trouble::Impossible(told(&wrong))) }
    }
}

fn told(wrong: &[String]) -> String {
    let shown = wrong.iter().take(MOST_TOLD).map(String::as_str).collect::<Vec<_>>().join("; ");
    let more = wrong.len().saturating_sub(MOST_TOLD);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    format!("it could not run: {shown}{more}")
}

/// Rules for health in annotations that can't be read.
fn bad_rules(rendered: &Rendered) -> Vec<String> {
    let bad = |object: &render::Object| {
        let why = health::check_annotations(&object.value).err()?;
        Some(format!("{}: {}: {why}", object.place, object.key))
    };
    rendered.everything().filter_map(bad).collect()
}

/// Secrets are read only where a project says so.
fn is_secret(need: &Need) -> bool {
    matches!(need.wanted, Wanted::Object { kind: "Secret", .. })
}

/// One line about all Secrets that are not read.
fn unread(needs: &[Need]) -> Option<String> {
    let names: BTreeSet<&str> = needs.iter().filter_map(|need| Some(name(&need.wanted)?.2)).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let these =
        format!("whether the secrets `{}` are there (`checkSecrets: true` lets them be read)", names.join("`, `"));
    (!names.is_empty()).then_some(these)
}

fn name(wanted: &Wanted) -> Option<(&'static str, &'static str, &str)> {
    match wanted {
        Wanted::Object { api_version, kind, name, .. } => Some((api_version, kind, name)),
        Wanted::Pods { .. } => None,
    }
}

/// The key of what is needed, as the cluster has it.
fn key_of(place: &Place, wanted: &Wanted) -> Option<ObjectKey> {
    let (api_version, kind, name) = name(wanted)?;
    let whole = matches!(kind, "StorageClass" | "PriorityClass");
    let namespace = (!whole).then(|| place.instance.namespace.clone());
    Some(ObjectKey { kind: KindKey::new(api_version, kind), namespace, name: name.to_owned() })
}

/// What is there now and goes with this set: who needs it would be left without.
async fn leaving(place: &Place, rendered: &Rendered) -> Result<BTreeSet<ObjectKey>, Trouble> {
    let Some(stored) = place.cluster.read_inventory(&place.instance.id).await? else { return Ok(BTreeSet::new()) };
    let staying = keys(rendered);
    let held = stored.inventory.objects.into_iter().map(|entry| entry.key);
    Ok(held.filter(|key| !staying.contains(key)).collect())
}

/// Everything that is needed, each asked for once.
async fn look_up(place: &Place, needs: &[Need]) -> Result<BTreeMap<String, Found>, Trouble> {
    let mut asked: BTreeMap<String, &Need> = BTreeMap::new();
    for need in needs {
        asked.entry(slot(place, &need.wanted)).or_insert(need);
    }
    // Boxed and collected: the futures borrow from this frame, which the compiler can't see through a stream of closures.
    let ask = |(slot, need): (String, &'_ Need)| -> BoxFuture<'_, _> {
        let wanted = need.wanted.clone();
        Box::pin(async move { Ok::<_, Trouble>((slot, ask(place, &wanted).await?)) })
    };
    let asks: Vec<_> = asked.into_iter().map(ask).collect();
    let mut answers = futures::stream::iter(asks).buffer_unordered(CONCURRENCY);
    let mut found = BTreeMap::new();
    while let Some(answer) = answers.next().await {
        let (slot, answer) = answer?;
        found.insert(slot, answer);
    }
    Ok(found)
}

async fn ask(place: &Place, wanted: &Wanted) -> Result<Found, Trouble> {
    Ok(match (key_of(place, wanted), wanted) {
        (Some(key), _) => place.cluster.look_up(&key).await?,
        (None, Wanted::Pods { labels }) => place.cluster.look_for_pods(&place.instance.namespace, labels).await?,
        (None, Wanted::Object { .. }) => Found::NotChecked("it has no name".to_owned()),
    })
}

/// What one question is known by.
fn slot(place: &Place, wanted: &Wanted) -> String {
    match (key_of(place, wanted), wanted) {
        (Some(key), _) => key.to_string(),
        (None, Wanted::Pods { labels }) => format!("pods {labels:?}"),
        (None, Wanted::Object { .. }) => String::new(),
    }
}

enum Answer {
    Fine,
    Wrong(String),
    NotChecked(String),
}

fn judge(place: &Place, need: &Need, found: &BTreeMap<String, Found>, leaving: &BTreeSet<ObjectKey>) -> Answer {
    let live = match found.get(&slot(place, &need.wanted)) {
        Some(Found::There(live)) => Some(live.as_ref()),
        Some(Found::NotChecked(why)) => return Answer::NotChecked(need.unchecked(why)),
        Some(Found::Missing) | None => None,
    };
    let goes = key_of(place, &need.wanted).is_some_and(|key| leaving.contains(&key));
    match need.judge(live.filter(|_| !goes)) {
        None => Answer::Fine,
        Some(wrong) if goes => Answer::Wrong(format!("{wrong} (it goes with this very change)")),
        Some(_) if need.maker.is_some() && live.is_none() => {
            let maker = need.maker.as_deref().unwrap_or_default();
            Answer::NotChecked(need.unchecked(&format!("it is not there yet; {maker} may bring it")))
        }
        Some(wrong) => Answer::Wrong(wrong.to_string()),
    }
}

/// Whether all pods of the set fit into the quotas. The cluster looks at each pod alone, and at none before it is made.
async fn over_quota(place: &Place, rendered: &Rendered, unchecked: &mut Vec<String>) -> Result<Vec<String>, Trouble> {
    if !render::asks_for_pods(&rendered.objects) {
        return Ok(Vec::new());
    }
    let Some(limits) = place.cluster.pod_limits(&place.instance.namespace).await? else {
        unchecked.push("whether the quotas have room (`pinnace rbac` prints the right to read them)".to_owned());
        return Ok(Vec::new());
    };
    let over = render::over_quota(&rendered.objects, &limits.quotas, limits.defaults);
    Ok(over.iter().map(ToString::to_string).collect())
}
