//! Trying a HEAD that people pushed: the same path as a pin's candidate (rendered, dry-run, inventoried, applied, watched). A
//! first install is one as well, with nothing to go back to.

use std::time::Duration;

use cluster::inventory::{CandidateMark, HookEnd, VerifiedAt};
use cluster::{DryRun, Snapshot};
use config_repo::{Head, Instance};
use model::{CommitId, InstanceFact, InstanceId, PinId, Timestamp};
use render::Rendered;
use sha2::{Digest as _, Sha256};

use crate::converge::{Place, keys};
use crate::effects::dry_run::refuse_clashes;
use crate::effects::watch::{Attend, Watched};
use crate::inner::Inner;
use crate::pruned::Going;
use crate::sources;
use crate::steps::Stepped;
use crate::trouble::Trouble;
use crate::turns::Turn;

/// A HEAD and what it renders to.
pub(crate) struct Trial {
    pub head: CommitId,
    pub rendered: Rendered,
    /// The project's image in it.
    pub image: Option<model::ImageRef>,
    /// Whether nothing was ever verified here.
    pub first: bool,
}

/// The key of the candidate that a pushed commit is in an instance: the same each time it is tried.
pub(crate) fn key(instance: &InstanceId, head: &CommitId) -> PinId {
    hashed(&format!("{instance} {head}"))
}

fn hashed(text: &str) -> PinId {
    let digest = Sha256::digest(text);
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest.iter()).for_each(|(byte, hashed)| *byte = *hashed);
    PinId::from_random(bytes)
}

/// Whether what can't be applied is left out.
fn follows(instance: &Instance) -> bool {
    instance.head == Head::Follow
}

/// The key of what is said about objects that are left out of a pushed commit.
pub(crate) fn quarantine_key(instance: &InstanceId, head: &CommitId) -> PinId {
    hashed(&format!("{instance} {head} quarantine"))
}

/// The key of what is said about objects that the guard holds back since then.
pub(crate) fn held_key(instance: &InstanceId, since: Timestamp) -> PinId {
    hashed(&format!("{instance} {} held", since.0))
}

/// The key of what is said about differences that are left so since then.
pub(crate) fn drift_key(instance: &InstanceId, since: Timestamp) -> PinId {
    hashed(&format!("{instance} {} differs", since.0))
}

/// How a trial ended.
pub(crate) enum Tried {
    /// It works; the facts say so.
    Proven(Vec<InstanceFact>),
    /// It can't be applied; nothing was touched.
    Refused(String),
    /// It was applied and does not work.
    Failed(Trouble),
    /// Something else came first.
    Stopped,
}

impl Trial {
    /// Renders an instance as HEAD has it.
    pub(crate) async fn of(inner: &Inner, instance: &Instance, head: &CommitId, first: bool) -> Result<Self, Trouble> {
        let files = inner.files(instance, head).await?;
        let rendered = if follows(instance) {
            inner.render_what_can_be(instance, &files, head).await?
        } else {
            inner.render(instance, &files, head).await?
        };
        // What is its own comes first: a base that others share may name another version.
        let own = config_repo::image_in_files(&sources::own(instance, &files), &instance.image);
        let image = own.or_else(|| config_repo::image_in_files(&files, &instance.image));
        Ok(Self { head: head.clone(), rendered, image, first })
    }

    /// The same without some objects.
    fn cut(&self, rendered: Rendered) -> Self {
        Self { head: self.head.clone(), rendered, image: self.image.clone(), first: self.first }
    }

    /// The hash of what it renders to.
    pub(crate) fn hash(&self) -> String {
        self.rendered.hash.to_string()
    }

    /// The fact that it was seen Current.
    fn verified(&self) -> InstanceFact {
        InstanceFact::Verified {
            commit: self.head.clone(),
            render_hash: self.hash(),
            image: self.image.clone(),
            pin: None,
        }
    }

    fn key(&self, instance: &InstanceId) -> Option<PinId> {
        (!self.first).then(|| key(instance, &self.head))
    }

    /// What it is called on the barrier.
    fn name(&self) -> &'static str {
        if self.first { "first install" } else { "pushed commit" }
    }
}

/// Keeps a turn for as long as nothing is waited for.
struct WithTurn<'a, A> {
    turn: Option<Turn>,
    attend: &'a mut A,
}

impl<A: Attend> Attend for WithTurn<'_, A> {
    async fn waiting(&mut self, observed: Duration, sentence: &str, seen: &Snapshot) -> Result<bool, Trouble> {
        self.turn = None;
        self.attend.waiting(observed, sentence, seen).await
    }

    async fn woken(&mut self) -> Result<bool, Trouble> {
        self.attend.woken().await
    }
}

impl Inner {
    /// Tries it, until it is proven, fails or something else comes first.
    pub(crate) async fn try_head(
        &self,
        instance: &Instance,
        trial: &Trial,
        turn: Turn,
        attend: &mut impl Attend,
    ) -> Result<Tried, Trouble> {
        let place = self.place(&instance.id, &trial.rendered).await?;
        let (cut, seen) = match self.check_trial(instance, &place, trial).await {
            Err(Trouble::Impossible(why)) => return Ok(Tried::Refused(why)),
            checked => checked?,
        };
        // What is left out stays as it is, and so does what pods read of it.
        let place = if let Some(cut) = &cut { self.place(&instance.id, &cut.rendered).await? } else { place };
        let trial = cut.as_ref().unwrap_or(trial);
        self.inventory_trial(&place, trial).await?;
        self.note_baseline(&place, &trial.rendered).await;
        match self.prove(&place, trial, seen, turn, attend).await {
            Ok(Watched::Passed) => {}
            Ok(Watched::Stopped) => return Ok(Tried::Stopped),
            Ok(Watched::Failed(failure)) => {
                let report = self.report(&place.cluster, &failure).await;
                return Ok(Tried::Failed(Trouble::Failed(Box::new(report))));
            }
            Err(trouble @ (Trouble::Impossible(_) | Trouble::Failed(_))) => return Ok(Tried::Failed(trouble)),
            Err(trouble) => return Err(trouble),
        }
        Ok(Tried::Proven(self.settle_trial(&place, trial).await?))
    }

    /// Before the first write, and that is the inventory.
    async fn check_trial(
        &self,
        instance: &Instance,
        place: &Place,
        trial: &Trial,
    ) -> Result<(Option<Trial>, DryRun), Trouble> {
        let (cut, seen) = if follows(instance) {
            let checked = self.check_what_can_be(place, &trial.rendered).await?;
            self.note_quarantine(instance, &trial.head, checked.left_out).await?;
            (checked.rest.map(|rest| trial.cut(rest)), checked.seen)
        } else {
            (None, self.check_candidate(place, &trial.rendered).await?)
        };
        let trial = cut.as_ref().unwrap_or(trial);
        refuse_clashes(place, &trial.rendered).await?;
        // What could not be checked shows when it is watched.
        self.check_hooks(place, &trial.rendered).await?;
        self.check_references(place, &trial.rendered).await?;
        self.check_images(&place.instance, &trial.rendered).await?;
        Ok((cut, seen))
    }

    async fn inventory_trial(&self, place: &Place, trial: &Trial) -> Result<(), Trouble> {
        let (keys, key) = (keys(&trial.rendered), trial.key(&place.instance.id));
        // Restarts are counted anew with each try: what people mend in the cluster lets pods run that had restarted before.
        let (pin, base, restarts) = (key.clone(), trial.head.clone(), None);
        let mark = CandidateMark { pin, render_hash: trial.hash(), base, restarts };
        let effect = format!("write inventory of {}", trial.name());
        let write = self.update_inventory(place, &effect, |inventory| {
            inventory.add_candidate_objects(&keys, key.as_ref());
            inventory.candidate = Some(mark.clone());
            // Each try runs again what failed in the one before.
            inventory.hooks.iter_mut().filter(|hook| matches!(hook.ended, Some(HookEnd::Failed(_)))).for_each(|hook| {
                (hook.run, hook.ended) = (String::new(), None);
            });
        });
        write.await.map(drop)
    }

    /// Applies and watches. What somebody changed meanwhile is taken back, and watched anew.
    async fn prove(
        &self,
        place: &Place,
        trial: &Trial,
        seen: DryRun,
        turn: Turn,
        attend: &mut impl Attend,
    ) -> Result<Watched, Trouble> {
        let what = if trial.first { "install" } else { "apply pushed" };
        // Others have their turn while a step is waited for.
        let mut attend = WithTurn { turn: Some(turn), attend };
        match self.apply_in_steps(place, &trial.rendered, seen, what, &mut attend).await? {
            Stepped::Applied(_) => {}
            Stepped::Failed(failure) => return Ok(Watched::Failed(failure)),
            Stepped::Stopped => return Ok(Watched::Stopped),
        }
        let WithTurn { turn, attend } = attend;
        drop(turn);
        let watched = self.watch(place, &trial.rendered, attend).await?;
        if matches!(watched, Watched::Passed) && !self.edits(place, &trial.rendered).await?.is_empty() {
            let report = self.apply_all(place, &trial.rendered, "apply again").await?;
            if report.changed() > 0 {
                return Err(Trouble::LookAgain);
            }
        }
        Ok(watched)
    }

    /// Names the HEAD as verified in the inventory, and prunes what it no longer has. The facts that say so.
    pub(crate) async fn settle_trial(&self, place: &Place, trial: &Trial) -> Result<Vec<InstanceFact>, Trouble> {
        let verified = VerifiedAt { commit: trial.head.clone(), render_hash: trial.hash() };
        let effect = format!("settle inventory of {}", trial.name());
        let seen = self.last_applied.seen(&place.instance.id, &verified.render_hash);
        self.update_inventory(place, &effect, |inventory| inventory.verify(verified.clone(), &seen)).await?;
        self.last_applied.forget(&place.instance.id);
        let going = Going { instance: &place.instance.id, commit: &trial.head, confirmed_by: None };
        self.clear_hooks(place, &trial.rendered).await?;
        let pruned = self.prune_beside(place, &trial.rendered, &going, None).await?;
        let state = self.store.instance(&place.instance.id).await?;
        Ok(std::iter::once(trial.verified()).chain(pruned.fact(&state)).collect())
    }
}
