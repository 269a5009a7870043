//! Helm's hooks, run as steps of an apply: before everything but namespaces and definitions, or after everything is Current.
//!
//! A hook runs once for each candidate with a new render, as Helm runs it at each upgrade. What ran stands in the inventory, and
//! the intent is written there first; what is made bears the run as an annotation, so that after a crash it is found again and
//! waited for. Repairs, the way back and what is proven already run none.

use std::collections::BTreeSet;
use std::time::Duration;

use cluster::inventory::{HookEnd, HookRun};
use cluster::{Applied, ObjectKey};
use model::FailureReport;
use render::{Hook, HookDelete, HookEvent, Rendered};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::converge::{Place, Report, key};
use crate::effects::watch::{Attend, Goal, Watched};
use crate::emptied::emptied_from;
use crate::inner::Inner;
use crate::steps::homes;
use crate::trouble::Trouble;

/// On what a hook makes: for which run.
const RUN: &str = "pinnace.dev/hook-run";
/// How long what an earlier run left may take to go.
const GONE_WITHIN: Duration = Duration::from_mins(1);

/// The hooks of one candidate.
pub(crate) struct Run {
    id: String,
    first: bool,
}

/// When hooks run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Time {
    Before,
    After,
}

impl Run {
    /// The hooks of that time.
    pub(crate) fn hooks<'r>(&self, rendered: &'r Rendered, time: Time) -> Vec<&'r Hook> {
        rendered.hooks_at(self.event(time))
    }

    fn event(&self, time: Time) -> HookEvent {
        match (time, self.first) {
            (Time::Before, true) => HookEvent::PreInstall,
            (Time::Before, false) => HookEvent::PreUpgrade,
            (Time::After, true) => HookEvent::PostInstall,
            (Time::After, false) => HookEvent::PostUpgrade,
        }
    }

    fn word(&self, time: Time) -> &'static str {
        match self.event(time) {
            HookEvent::PreInstall => "pre-install",
            HookEvent::PreUpgrade => "pre-upgrade",
            HookEvent::PostInstall => "post-install",
            HookEvent::PostUpgrade => "post-upgrade",
        }
    }
}

/// How a hook ended.
enum Ended {
    Well,
    Badly(Box<FailureReport>),
    /// Something else came first.
    Stopped,
}

impl Inner {
    /// The hooks of the candidate that the inventory names; none where its render has none, or is proven already.
    pub(crate) async fn hook_run(&self, place: &Place, rendered: &Rendered) -> Result<Option<Run>, Trouble> {
        if rendered.hooks.is_empty() {
            return Ok(None);
        }
        let (id, hash) = (&place.instance.id, rendered.hash.to_string());
        let inventory = place.cluster.known_inventory(id).await?.map(|stored| stored.inventory);
        let verified = inventory.as_ref().and_then(|inventory| inventory.verified.as_ref());
        if verified.is_some_and(|verified| verified.render_hash == hash) {
            return Ok(None);
        }
        let first = verified.is_none() && self.store.instance(id).await?.verified.is_none();
        let candidate = inventory.and_then(|inventory| inventory.candidate).filter(|one| one.render_hash == hash);
        let Some(candidate) = candidate else {
            return Err(Trouble::Wait("the inventory does not name the candidate whose hooks would run".to_owned()));
        };
        let whose = candidate.pin.map_or_else(|| "install".to_owned(), |pin| pin.to_string());
        let digest = Sha256::digest(format!("{whose} {hash}"));
        let mut short = [0_u8; 8];
        short.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
        Ok(Some(Run { id: format!("{:016x}", u64::from_be_bytes(short)), first }))
    }

    /// Dry-runs what the coming hooks would make, as far as nothing of that name is there.
    pub(crate) async fn check_hooks(&self, place: &Place, rendered: &Rendered) -> Result<Vec<String>, Trouble> {
        let (mut new, mut unchecked) = (Vec::new(), Vec::new());
        for hook in &rendered.hooks {
            let key = key(&hook.object);
            match place.cluster.get(&key).await {
                Ok(None) => new.push(&hook.object),
                Ok(Some(live)) if !cluster::has_mark(&live) => {
                    let why = "it exists and was not made by Pinnace: delete it, and the hook makes it anew";
                    return Err(Trouble::Impossible(format!("{}: {key}: {why}", hook.object.place)));
                }
                Ok(Some(live)) => {
                    if let Some(refusal) = emptied_from(&hook.object, &live) {
                        let why = format!("{}: {key}: {}", hook.object.place, refusal.message);
                        return Err(Trouble::Impossible(why));
                    }
                    unchecked.push(format!("{key}: it is a hook, and is made anew when it runs"));
                }
                Err(cluster::ClusterError::UnknownKind { .. }) => {
                    unchecked.push(format!("{key}: its kind is not there yet"));
                }
                Err(error) => return Err(error.into()),
            }
        }
        // The same object may be a hook twice, for install and for upgrade.
        let mut seen = BTreeSet::new();
        new.retain(|object| seen.insert(key(object)));
        if new.is_empty() {
            return Ok(unchecked);
        }
        let set: Vec<&render::Object> = homes(rendered).into_iter().chain(new).collect();
        let checked = self.check_some(place, &set).await?;
        unchecked.extend(checked.unchecked.iter().map(|one| format!("{}: {}", one.key, one.why)));
        Ok(unchecked)
    }

    /// Runs the hooks of one time, one after the other. False: something else came first.
    pub(crate) async fn run_hooks(
        &self,
        place: &Place,
        hooks: &[&Hook],
        (run, time): (&Run, Time),
        report: &mut Report,
        waiting: usize,
        attend: &mut impl Attend,
    ) -> Result<bool, Trouble> {
        for (index, hook) in hooks.iter().enumerate() {
            let name = hook.object.key.label();
            let waiting = waiting + hooks.len() - index - 1;
            match self.run_hook(place, hook, run, waiting, attend).await? {
                Ended::Well => report.notes.push(format!("the {} hook {name} ran", run.word(time))),
                Ended::Stopped => return Ok(false),
                Ended::Badly(mut failure) => {
                    let (sentence, word) = (&failure.sentence, run.word(time));
                    failure.sentence = format!("the {word} hook {name} failed: {sentence}");
                    self.delete_hooks(place, &[hook], HookDelete::Failed).await?;
                    self.delete_hooks(place, hooks.get(..index).unwrap_or_default(), HookDelete::Succeeded).await?;
                    return Err(Trouble::Failed(failure));
                }
            }
        }
        self.delete_hooks(place, hooks, HookDelete::Succeeded).await?;
        Ok(true)
    }

    async fn run_hook(
        &self,
        place: &Place,
        hook: &Hook,
        run: &Run,
        waiting: usize,
        attend: &mut impl Attend,
    ) -> Result<Ended, Trouble> {
        let key = key(&hook.object);
        let inventory = place.cluster.known_inventory(&place.instance.id).await?.map(|stored| stored.inventory);
        let known = inventory.as_ref().and_then(|inventory| inventory.hook_run(&key, &run.id));
        match known.and_then(|known| known.ended.as_ref()) {
            Some(HookEnd::Succeeded) => return Ok(Ended::Well),
            Some(HookEnd::Failed(why)) => return Ok(Ended::Badly(Box::new(said(hook, why)))),
            None => {}
        }
        let live = place.cluster.get(&key).await?;
        let is_ours = known.is_some() && live.as_ref().is_some_and(|live| run_of(live) == Some(&run.id));
        if !is_ours {
            self.note_hook(place, hook, run, None).await?;
            if let Some(live) = &live {
                if let Some(why) = stays(hook) {
                    self.note_hook(place, hook, run, Some(HookEnd::Failed(why.clone()))).await?;
                    return Ok(Ended::Badly(Box::new(said(hook, &why))));
                }
                self.delete_hook(place, &key, live).await?;
            }
        }
        let applied = self.make(place, hook, run, live.as_ref().filter(|_| is_ours)).await?;
        if !hook.ends() {
            self.note_hook(place, hook, run, Some(HookEnd::Succeeded)).await?;
            return Ok(Ended::Well);
        }
        let needed = Some(BTreeSet::from([key.clone()]));
        let goal = Goal { keys: vec![key], applied: vec![applied], needed, waiting, stable_for: Duration::ZERO };
        match self.watch_for(place, &goal, attend).await? {
            Watched::Stopped => Ok(Ended::Stopped),
            Watched::Passed => {
                self.note_hook(place, hook, run, Some(HookEnd::Succeeded)).await?;
                Ok(Ended::Well)
            }
            Watched::Failed(failure) => {
                // Its last lines go with it.
                let report = self.report(&place.cluster, &failure).await;
                self.note_hook(place, hook, run, Some(HookEnd::Failed(report.sentence.clone()))).await?;
                Ok(Ended::Badly(Box::new(report)))
            }
        }
    }

    async fn make(&self, place: &Place, hook: &Hook, run: &Run, live: Option<&Value>) -> Result<Applied, Trouble> {
        let mut object = hook.object.value.clone();
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
            if let Some(annotations) = annotations.as_object_mut() {
                annotations.insert(RUN.to_owned(), json!(run.id));
            }
        }
        let make = || async { Ok::<_, Trouble>(place.cluster.apply_one(&place.target, &object, live).await?) };
        self.barrier.around(&format!("run hook {}", hook.object.key.label()), make).await
    }

    async fn note_hook(&self, place: &Place, hook: &Hook, run: &Run, ended: Option<HookEnd>) -> Result<(), Trouble> {
        let effect = match &ended {
            None => format!("note hook {}", hook.object.key.label()),
            Some(_) => format!("note end of hook {}", hook.object.key.label()),
        };
        let content = hook.content(&self.mask_key);
        let run = HookRun { key: key(&hook.object), content, run: run.id.clone(), ended };
        self.update_inventory(place, &effect, |inventory| inventory.note_hook(run.clone())).await.map(drop)
    }

    async fn delete_hooks(&self, place: &Place, hooks: &[&Hook], when: HookDelete) -> Result<(), Trouble> {
        for hook in hooks.iter().rev().filter(|hook| hook.delete.contains(&when) && !is_definition(hook)) {
            let key = key(&hook.object);
            // What bears no run of ours was made by others meanwhile.
            if let Some(live) = place.cluster.get(&key).await?.filter(|live| run_of(live).is_some()) {
                self.delete_hook(place, &key, &live).await?;
            }
        }
        Ok(())
    }

    async fn delete_hook(&self, place: &Place, key: &ObjectKey, live: &Value) -> Result<(), Trouble> {
        let uid = live["metadata"]["uid"].as_str().unwrap_or_default();
        let delete = || async {
            place.cluster.delete(key, uid).await?;
            Ok::<_, Trouble>(place.cluster.wait_until_gone(key, uid, GONE_WITHIN).await?)
        };
        self.barrier.around(&format!("delete hook {}", key.label()), delete).await
    }

    /// Deletes what hooks made that the proven render has no longer.
    pub(crate) async fn clear_hooks(&self, place: &Place, rendered: &Rendered) -> Result<(), Trouble> {
        let Some(stored) = place.cluster.known_inventory(&place.instance.id).await? else { return Ok(()) };
        let keep: BTreeSet<ObjectKey> = rendered.everything().map(key).collect();
        if stored.inventory.hooks.iter().all(|hook| keep.contains(&hook.key)) {
            return Ok(());
        }
        let plan = place.cluster.plan_hooks(&place.target, &stored.inventory, &keep).await?;
        self.delete(&place.cluster, &plan, "delete hook").await?;
        let forget = |inventory: &mut cluster::inventory::Inventory| {
            inventory.hooks.retain(|hook| keep.contains(&hook.key));
        };
        self.update_inventory(place, "forget hooks", forget).await.map(drop)
    }
}

fn run_of(live: &Value) -> Option<&str> {
    live["metadata"]["annotations"][RUN].as_str()
}

fn is_definition(hook: &Hook) -> bool {
    hook.object.key.kind == "CustomResourceDefinition"
}

/// Why what an earlier run left may not be deleted.
fn stays(hook: &Hook) -> Option<String> {
    let policy = "its `helm.sh/hook-delete-policy` does not say `before-hook-creation`";
    let why =
        format!("{} of an earlier run is still there, and {policy}: delete it, or add that", hook.object.key.label());
    (!hook.delete.contains(&HookDelete::BeforeCreation)).then_some(why)
}

fn said(hook: &Hook, why: &str) -> FailureReport {
    let (technical, log) = (String::new(), Vec::new());
    FailureReport { sentence: why.to_owned(), technical, object: hook.object.key.label(), log }
}
