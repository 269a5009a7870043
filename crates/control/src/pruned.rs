//! Pruned objects come back: what goes is kept as it was, for people to read, and one that is wanted again is written to git as the
//! newest commit that had it has it. What git says again, ordinary convergence makes again; that brings Secrets back too, whose values
//! are kept nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use cluster::{ClusterClient, ObjectKey};
use config_repo::Instance;
use config_repo::yaml_edit::{self, ObjectName};
use model::{CommitId, InstanceFact, InstanceId, PersonName};
use render::{Object, Rendered};
use store::{NewPruned, Pruned, StoreError};

use crate::drift_edit::not_ours;
use crate::effects::INSTANCE_TRAILER;
use crate::inner::Inner;
use crate::sources::Files;
use crate::trouble::Trouble;
use crate::written::Change;

/// The trailer that names an object that a commit brings back.
const RESTORES_TRAILER: &str = "Pinnace-Restores";
/// So many verified commits are looked through for the newest one that had an object.
const MOST_COMMITS: usize = 50;

/// Why objects go.
pub(crate) struct Going<'a> {
    pub instance: &'a InstanceId,
    /// The commit that no longer has them.
    pub commit: &'a CommitId,
    /// Who let them go, where the guard held them.
    pub confirmed_by: Option<PersonName>,
}

impl Inner {
    /// Keeps the manifest of an object that is about to be deleted.
    pub(crate) async fn keep_pruned(
        &self,
        cluster: &ClusterClient,
        key: &ObjectKey,
        uid: &str,
        going: &Going<'_>,
    ) -> Result<(), Trouble> {
        let Some(mut live) = cluster.get(key).await? else { return Ok(()) };
        // What the cluster added is not the manifest's.
        cluster::strip_server_fields(&mut live);
        let manifest = render::to_yaml([secrets::mask_object(&live, &self.mask_key)]);
        let manifest = manifest.map_err(|error| Trouble::Wait(format!("{key} can't be written down: {error}")))?;
        let new = NewPruned {
            object: key.label(),
            uid: uid.to_owned(),
            commit: going.commit.clone(),
            confirmed_by: going.confirmed_by.clone(),
            manifest: self.redactor.redact(manifest.trim_start_matches("---\n")).into_owned(),
        };
        Ok(self.store.keep_pruned(going.instance, new, self.clock.now()).await?)
    }

    /// Who let go what the guard held last.
    pub(crate) async fn confirmed_by(&self, id: &InstanceId) -> Result<Option<PersonName>, Trouble> {
        let facts = self.store.instance_facts(id).await?;
        Ok(facts.into_iter().rev().find_map(|recorded| match recorded.fact {
            InstanceFact::PruneConfirmed { by, .. } => Some(by),
            _ => None,
        }))
    }

    /// What has to change at HEAD so that git has a pruned object again. None where it has it.
    pub(crate) async fn restore_as_change(
        &self,
        instance: &Instance,
        head: &CommitId,
        pruned: &Pruned,
    ) -> Result<Option<Change>, Trouble> {
        let files = self.files(instance, head).await?;
        let before = self.render(instance, &files, head).await?;
        if before.objects.iter().any(|object| object.key.label() == pruned.object) {
            return Ok(None);
        }
        let (commit, object) = self.newest_with(instance, pruned).await?;
        let had = self.files(instance, &commit).await?;
        let file = object.place.file.clone();
        if not_ours(instance, &had, &file).is_some() {
            return Err(not_plain(instance, pruned, &commit));
        }
        let changed = with(&files, &had, &file, &object).map_err(|why| by_hand(pruned, &commit, &file, &why))?;
        let mut all = files.clone();
        all.insert(file.clone(), changed.clone());
        let after = self.render(instance, &all, head).await.map_err(|why| by_hand(pruned, &commit, &file, &why))?;
        if !only_adds(&before, &after, &object) {
            return Err(by_hand(pruned, &commit, &file, &"more than this object would change"));
        }
        let (id, named) = (&instance.id, &pruned.object);
        let message = format!(
            "{id}: bring {named} back\n\nIt was pruned with commit {}, and is again as in commit {}.\n\n\
             {RESTORES_TRAILER}: {named}\n{INSTANCE_TRAILER}: {id}\n",
            pruned.commit.short(),
            commit.short()
        );
        let what = format!("{named}, which was pruned,");
        Ok(Some(Change { files: BTreeMap::from([(file, changed)]), removed: BTreeSet::new(), what, message }))
    }

    /// What was proven in an instance, as far as is known: the newest first, each commit once.
    pub(crate) async fn proven_commits(&self, id: &InstanceId) -> Result<Vec<CommitId>, StoreError> {
        let mut commits: Vec<CommitId> = Vec::new();
        for recorded in self.store.instance_facts(id).await?.into_iter().rev() {
            if let InstanceFact::Verified { commit, .. } = recorded.fact
                && !commits.contains(&commit)
            {
                commits.push(commit);
            }
        }
        Ok(commits)
    }

    /// The newest verified commit from before an object was pruned that has it, and how it has it.
    async fn newest_with(&self, instance: &Instance, pruned: &Pruned) -> Result<(CommitId, Object), Trouble> {
        let commits = self.proven_commits(&instance.id).await?;
        // Those after it was pruned don't have it, and cost a look each.
        let from = commits.iter().position(|commit| *commit == pruned.commit).unwrap_or(0);
        for commit in commits.into_iter().skip(from).take(MOST_COMMITS) {
            let rendered = match self.rendered_at(instance, &commit).await {
                Ok(rendered) => rendered,
                // Another time's files may not render any more.
                Err(Trouble::Impossible(_)) => continue,
                Err(trouble) => return Err(trouble),
            };
            if let Some(object) = rendered.objects.into_iter().find(|object| object.key.label() == pruned.object) {
                return Ok((commit, object));
            }
        }
        let why = format!(
            "no proven commit is known that had {}: `pinnace pruned {} --show {}` has its manifest, write it to git by hand",
            pruned.object, instance.id, pruned.number
        );
        Err(Trouble::Impossible(why))
    }
}

/// The file with the object in it again: as it was where it is gone, else with the object's own lines at its end.
fn with(files: &Files, had: &Files, file: &str, object: &Object) -> Result<Vec<u8>, String> {
    let text = |files: &Files| files.get(file).map(|bytes| String::from_utf8(bytes.clone()));
    let old = text(had).ok_or("its file is gone")?.map_err(|error| error.to_string())?;
    let named = ObjectName {
        group: &object.key.group,
        kind: &object.key.kind,
        namespace: object.key.namespace.as_deref(),
        name: &object.key.name,
    };
    let document = yaml_edit::find_object(&old, &named).map_err(|error| error.to_string())?;
    let document = document.ok_or("it stood in a list of objects")?;
    let own = yaml_edit::document_text(&old, document).map_err(|error| error.to_string())?;
    let own = own.ok_or("its lines can't be told from others")?;
    let Some(now) = text(files) else {
        let alone = yaml_edit::document_text(&old, 1).map_err(|error| error.to_string())?.is_none();
        return Ok(if alone { old } else { own.to_owned() }.into_bytes());
    };
    let now = now.map_err(|error| error.to_string())?;
    let end = if now.is_empty() || now.ends_with('\n') { "" } else { "\n" };
    Ok(format!("{now}{end}---\n{own}").into_bytes())
}

/// Whether nothing but this object comes, as it was.
fn only_adds(before: &Rendered, after: &Rendered, object: &Object) -> bool {
    let mut rest = after.objects.iter().filter(|one| one.key != object.key);
    let same =
        before.objects.iter().all(|was| rest.next().is_some_and(|is| is.key == was.key && is.value == was.value));
    let back = after.objects.iter().find(|one| one.key == object.key);
    same && rest.next().is_none() && back.is_some_and(|back| back.value == object.value)
}

fn not_plain(instance: &Instance, pruned: &Pruned, commit: &CommitId) -> Trouble {
    let paths = instance.paths.join(" ");
    Trouble::Impossible(format!(
        "{} is made by a chart or a kustomization: `git diff {} HEAD -- {paths}` shows what no longer makes it; bring that back by hand",
        pruned.object,
        commit.short()
    ))
}

fn by_hand(pruned: &Pruned, commit: &CommitId, file: &str, why: &dyn std::fmt::Display) -> Trouble {
    Trouble::Impossible(format!(
        "{}: {why}; `git show {}:{file}` has it, bring it back by hand",
        pruned.object,
        commit.short()
    ))
}
