//! What would happen to an instance if its HEAD were tried now, without doing it: the git diff, the rendered diff, what each
//! object's apply would do, what would be pruned, and what differs in the cluster. Nothing is written anywhere.

mod saved;

use cluster::{Change, DryRun, ObjectKey};
use config_repo::Instance;
use futures::StreamExt as _;
use model::{CommitId, InstanceId, InstanceState};
use render::{HookEvent, Rendered};

use crate::Control;
use crate::converge::{Place, key, keys, objects_of};
use crate::inner::Inner;
use crate::problem::{Problem, ProblemCode};
use crate::trouble::Trouble;
use crate::views::{Difference, DriftLine, Plan, PlannedObject};

/// How many objects are compared at once.
const AT_ONCE: usize = 8;
/// A diff is cut here.
const LONGEST_DIFF: usize = 200_000;

impl Control {
    /// The objects of an instance as YAML, as a commit renders them; HEAD where none is named. Secret values are masks.
    pub async fn render_instance(&self, id: &InstanceId, at: Option<&CommitId>) -> Result<String, Problem> {
        let instance = self.known(id)?;
        let rendered = async {
            let head = self.inner.mirror.fetch().await?.head;
            self.inner.rendered_at(&instance, at.unwrap_or(&head)).await
        };
        let rendered = rendered.await.map_err(|trouble| not_now(id, "be rendered", &trouble))?;
        let shown = rendered.everything().map(|object| self.inner.shown(&object.value));
        render::to_yaml(shown).map_err(|error| not_now(id, "be rendered", &Trouble::Impossible(error.to_string())))
    }

    /// What differs between the verified commit, HEAD, and the cluster.
    pub async fn difference(&self, id: &InstanceId) -> Result<Difference, Problem> {
        let instance = self.known(id)?;
        self.inner.difference(&instance).await.map_err(|trouble| not_now(id, "be compared", &trouble))
    }

    /// What trying HEAD now would do, by a dry run at the API server.
    pub async fn plan(&self, id: &InstanceId) -> Result<Plan, Problem> {
        let instance = self.known(id)?;
        self.inner.plan(&instance).await.map_err(|trouble| not_now(id, "be planned", &trouble))
    }
}

fn not_now(id: &InstanceId, what: &str, trouble: &Trouble) -> Problem {
    let (code, next) = match trouble {
        Trouble::Impossible(_) => (ProblemCode::Invalid, "correct it in the config repo"),
        _ => (ProblemCode::Unavailable, "try again"),
    };
    Problem::new(code, format!("{id} can't {what}: {trouble}"), next)
}

impl Inner {
    async fn difference(&self, instance: &Instance) -> Result<Difference, Trouble> {
        let head = self.mirror.fetch().await?.head;
        let state = self.store.instance(&instance.id).await?;
        let verified = state.verified.as_ref().map(|verified| verified.commit.clone());
        let after = self.rendered_at(instance, &head).await?;
        let before = match &verified {
            Some(commit) => Some(self.rendered_at(instance, commit).await?),
            None => None,
        };
        let mut git = String::new();
        if let Some(commit) = verified.as_ref().filter(|commit| **commit != head) {
            for path in &instance.paths {
                git.push_str(&self.mirror.diff(commit, &head, path).await?);
            }
        }
        let rendered =
            render::rendered_diff(before.as_ref(), &after, &self.mask_key).redacted(&self.redactor).to_text();
        let shown = |text: &str| secrets::clip(&self.redactor.redact(text), LONGEST_DIFF);
        let live = self.drift(&instance.id).await?;
        Ok(Difference { verified, head, git: shown(&git), rendered: shown(&rendered), live })
    }

    async fn plan(&self, instance: &Instance) -> Result<Plan, Trouble> {
        let head = self.mirror.fetch().await?.head;
        let state = self.store.instance(&instance.id).await?;
        let rendered = self.rendered_at(instance, &head).await?;
        let place = self.place(&instance.id, &rendered).await?;
        let seen = self.dry_run_candidate(&place, &rendered).await?;
        let mut objects = planned(&seen);
        self.add_changes(&place, &rendered, &mut objects).await?;
        say_order(&mut objects, &rendered);
        if let Some(stored) = place.cluster.read_inventory(&instance.id).await? {
            let keep = keys(&rendered).into_iter().collect();
            let prune = place.cluster.plan_prune(&place.target, &stored.inventory, &keep, false).await?;
            objects.extend(prune.delete.iter().map(|(key, _)| object(key, "prune", "")));
            objects.extend(prune.held.iter().map(|held| object(&held.key, "hold", &held.why)));
        }
        objects.extend(self.planned_hooks(&place, &state, &rendered).await?);
        objects.sort_by(|a, b| (&a.object, a.action).cmp(&(&b.object, b.action)));
        for object in &mut objects {
            object.why = self.redacted(&object.why);
        }
        let hash = rendered.hash.to_string();
        let waits = self.unmet_need(instance).await?.into_iter().collect();
        Ok(Plan { verified: verified(&state), is_proven: is_proven(&state, &rendered), head, hash, objects, waits })
    }

    /// The hooks that would run.
    async fn planned_hooks(
        &self,
        place: &Place,
        state: &InstanceState,
        rendered: &Rendered,
    ) -> Result<Vec<PlannedObject>, Trouble> {
        if is_proven(state, rendered) {
            return Ok(Vec::new());
        }
        match self.check_hooks(place, rendered).await {
            Err(Trouble::Impossible(why)) => {
                return Ok(vec![PlannedObject {
                    object: "hooks".to_owned(),
                    action: "refuse",
                    why,
                    changes: Vec::new(),
                    digest: String::new(),
                }]);
            }
            checked => checked?,
        };
        let events = if state.verified.is_none() {
            [(HookEvent::PreInstall, "before everything"), (HookEvent::PostInstall, "when everything is Current")]
        } else {
            [(HookEvent::PreUpgrade, "before everything"), (HookEvent::PostUpgrade, "when everything is Current")]
        };
        let of = |(event, why): (HookEvent, &'static str)| {
            let hooks = rendered.hooks_at(event).into_iter();
            hooks.map(move |hook| object(&key(&hook.object), "run", why)).collect::<Vec<_>>()
        };
        Ok(events.into_iter().flat_map(of).collect())
    }
}

impl Inner {
    /// Says of each object that would change which fields, and from what.
    async fn add_changes(
        &self,
        place: &Place,
        rendered: &Rendered,
        objects: &mut [PlannedObject],
    ) -> Result<(), Trouble> {
        let changing = |at: &usize| objects.get(*at).is_some_and(|object| object.action == "change");
        let changing: Vec<usize> = (0..objects.len()).filter(changing).collect();
        let named = |at: usize| objects.get(at).map(|object| object.object.clone()).unwrap_or_default();
        let desired = |at: usize| rendered.objects.iter().find(|one| key(one).to_string() == named(at));
        let pairs: Vec<(usize, &render::Object)> =
            changing.into_iter().filter_map(|at| Some((at, desired(at)?))).collect();
        let looks: Vec<_> = pairs.into_iter().map(|(at, one)| self.changes_of(place, at, one)).collect();
        let mut looks = futures::stream::iter(looks).buffer_unordered(AT_ONCE);
        let mut found = Vec::new();
        while let Some(look) = looks.next().await {
            found.push(look?);
        }
        for (at, changes, digest) in found {
            if let Some(object) = objects.get_mut(at) {
                (object.changes, object.digest) = (changes, digest);
            }
        }
        Ok(())
    }

    /// The fields that an apply would change, and a digest of their whole values: of a Secret's by what is live in it.
    async fn changes_of(
        &self,
        place: &Place,
        at: usize,
        desired: &render::Object,
    ) -> Result<(usize, Vec<DriftLine>, String), Trouble> {
        let key = key(desired);
        let live = place.cluster.get(&key).await?;
        let drift = place.cluster.drift(&place.target, &desired.value, live.as_ref()).await?;
        let fields = drift.map(|drift| drift.fields).unwrap_or_default();
        let mut whole = String::new();
        for field in &fields {
            whole.push_str(&format!("{}\n{:?}\n{:?}\n", field.path, field.live, field.desired));
        }
        if let Some(live) = live.as_ref().filter(|_| key.kind.is_secret()) {
            let masked = secrets::mask_object(live, &self.mask_key);
            whole.push_str(&masked.get("data").map(ToString::to_string).unwrap_or_default());
        }
        let digest = self.mask_key.digest(whole.as_bytes());
        let digest = digest.iter().take(16).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        let name = key.label();
        Ok((at, fields.iter().map(|field| self.line(&name, field)).collect(), digest))
    }
}

fn planned(seen: &DryRun) -> Vec<PlannedObject> {
    let checked = seen.checked.iter().map(|one| match one.change {
        Change::Create => object(&one.key, "create", ""),
        Change::Change => object(&one.key, "change", ""),
        Change::Nothing => object(&one.key, "keep", ""),
        Change::Replace => object(&one.key, "replace", "it can't change in place, so it is deleted and made anew"),
    });
    let refused = seen.refused.iter().map(|one| object(&one.key, "refuse", &one.message));
    let unchecked = seen.unchecked.iter().map(|one| object(&one.key, "create", &one.why));
    checked.chain(refused).chain(unchecked).collect()
}

/// What is awaited before an object is written.
fn say_order(objects: &mut [PlannedObject], rendered: &Rendered) {
    let label = |object: &render::Object| object.key.label();
    for (step, number) in rendered.steps.iter().zip(1..) {
        let own = step.after.iter().filter_map(|index| rendered.objects.get(*index)).map(label);
        let others = step.outside.iter().map(|outside| format!("{} of others", outside.label()));
        let after: Vec<String> = own.chain(others).collect();
        if after.is_empty() {
            continue;
        }
        let order = format!("step {number}, after {}", after.join(", "));
        let keys: Vec<String> = objects_of(rendered, step).into_iter().map(|object| key(object).to_string()).collect();
        for planned in objects.iter_mut().filter(|planned| planned.why.is_empty() && keys.contains(&planned.object)) {
            planned.why.clone_from(&order);
        }
    }
}

fn object(key: &ObjectKey, action: &'static str, why: &str) -> PlannedObject {
    let (changes, digest) = (Vec::new(), String::new());
    PlannedObject { object: key.to_string(), action, why: why.to_owned(), changes, digest }
}

fn verified(state: &InstanceState) -> Option<CommitId> {
    state.verified.as_ref().map(|verified| verified.commit.clone())
}

/// Whether HEAD renders to what was verified, so that nothing is to be tried.
fn is_proven(state: &InstanceState, rendered: &Rendered) -> bool {
    state.verified.as_ref().is_some_and(|verified| verified.render_hash == rendered.hash.to_string())
}
