//! Quarantine: where an instance follows HEAD, an object of a pushed commit that can't be applied is left out and said, and what needs
//! it as well, while the rest proceeds. In the cluster they stay as they are. They are tried again with each new HEAD; a pin's
//! candidate is never cut.

use cluster::DryRun;
use config_repo::Instance;
use model::{CommitId, InstanceFact, QuarantinedObject};
use render::{ObjectKey, Rendered};

use crate::converge::{Place, key};
use crate::inner::Inner;
use crate::prune::Pruned;
use crate::pruned::Going;
use crate::sources::Files;
use crate::trouble::Trouble;

/// A set of which some objects may be left out.
pub(crate) struct Checked {
    /// What goes on; none: all of it.
    pub rest: Option<Rendered>,
    pub seen: DryRun,
    pub left_out: Vec<QuarantinedObject>,
}

impl Inner {
    /// The dry run of a set, without what the cluster would refuse.
    pub(crate) async fn check_what_can_be(&self, place: &Place, rendered: &Rendered) -> Result<Checked, Trouble> {
        let mut seen = self.dry_run_candidate(place, rendered).await?;
        let refused = rendered
            .refused
            .iter()
            .map(|refused| self.quarantined(refused.key.as_ref(), &refused.place.to_string(), &refused.why));
        let mut left_out: Vec<QuarantinedObject> = refused.collect();
        if seen.refused.is_empty() {
            return Ok(Checked { rest: None, seen, left_out });
        }
        let mut keys = Vec::new();
        for refusal in seen.refused.drain(..) {
            let Some(object) = rendered.objects.iter().find(|object| key(object) == refusal.key) else { continue };
            keys.push(object.key.clone());
            left_out.push(self.quarantined(Some(&object.key), &object.place.to_string(), &refusal.message));
        }
        let (rest, followed) = rendered.without(&keys, &self.mask_key);
        for gone in rendered.objects.iter().filter(|object| followed.contains(&object.key)) {
            let why = "it needs what is left out";
            left_out.push(self.quarantined(Some(&gone.key), &gone.place.to_string(), why));
        }
        if rest.objects.is_empty() {
            let why: Vec<String> =
                left_out.iter().map(|one| format!("{}: {}: {}", one.place, one.label(), one.why)).collect();
            return Err(Trouble::Impossible(format!("the cluster would refuse all of it: {}", why.join("; "))));
        }
        Ok(Checked { rest: Some(rest), seen, left_out })
    }

    fn quarantined(&self, key: Option<&ObjectKey>, place: &str, why: &str) -> QuarantinedObject {
        let text = |of: fn(&ObjectKey) -> &String| key.map(|key| of(key).clone()).unwrap_or_default();
        QuarantinedObject {
            group: text(|key| &key.group),
            kind: text(|key| &key.kind),
            name: text(|key| &key.name),
            place: place.to_owned(),
            why: self.redacted(why),
        }
    }

    /// Says what of a commit is left out, when that is news.
    pub(crate) async fn note_quarantine(
        &self,
        instance: &Instance,
        head: &CommitId,
        objects: Vec<QuarantinedObject>,
    ) -> Result<(), Trouble> {
        let state = self.store.instance(&instance.id).await?;
        let known = state.quarantine(head).map(|known| known.objects.as_slice()).unwrap_or_default();
        if known == objects {
            return Ok(());
        }
        let by = self.pushed_by(instance, head).await?;
        let fact = InstanceFact::Quarantined { commit: head.clone(), by, objects };
        Ok(self.append_instance(&instance.id, fact).await?)
    }

    /// An instance as one commit says, without what of it is known to be left out.
    pub(crate) async fn rendered_at(&self, instance: &Instance, commit: &CommitId) -> Result<Rendered, Trouble> {
        let files = self.files(instance, commit).await?;
        let state = self.store.instance(&instance.id).await?;
        let Some(known) = state.quarantine(commit) else { return self.render(instance, &files, commit).await };
        let rendered = self.render_what_can_be(instance, &files, commit).await?;
        let is_left_out = |key: &ObjectKey| {
            known.objects.iter().any(|one| (&one.group, &one.kind, &one.name) == (&key.group, &key.kind, &key.name))
        };
        let keys: Vec<ObjectKey> =
            rendered.objects.iter().map(|object| object.key.clone()).filter(|key| is_left_out(key)).collect();
        Ok(if keys.is_empty() { rendered } else { rendered.without(&keys, &self.mask_key).0 })
    }

    /// Renders the files of an instance. What can't be one of its objects is left out and said.
    pub(crate) async fn render_what_can_be(
        &self,
        instance: &Instance,
        files: &Files,
        commit: &CommitId,
    ) -> Result<Rendered, Trouble> {
        self.render_as(instance, files, commit, true).await
    }

    /// Prunes what a proven set has no longer. What it knows of and leaves out stays; where it can't be told what that is,
    /// everything does.
    pub(crate) async fn prune_beside(
        &self,
        place: &Place,
        rendered: &Rendered,
        going: &Going<'_>,
        confirmed: Option<&[String]>,
    ) -> Result<Pruned, Trouble> {
        match kept(rendered) {
            Some(keep) => self.prune(place, &keep, going, confirmed).await,
            None => Ok(Pruned { gone: 0, held: Vec::new() }),
        }
    }
}

/// What stays in the cluster: the objects, and what is left out. None: that can't be told.
pub(crate) fn kept(rendered: &Rendered) -> Option<Vec<cluster::ObjectKey>> {
    let left_alone = rendered.left_alone()?.into_iter().map(|key| {
        let kind = cluster::KindKey { group: key.group, version: String::new(), kind: key.kind };
        cluster::ObjectKey { kind, namespace: key.namespace, name: key.name }
    });
    Some(crate::converge::keys(rendered).into_iter().chain(left_alone).collect())
}
