//! A drift as an edit of git: exactly the fields that differ take the value that they have in the cluster, in the plain manifests
//! of the instance. What an engine makes, what others share, and what has no place in a file is for people to write.

use config_repo::yaml_edit::{self, ObjectName};
use config_repo::{DriftRule, Instance};
use model::{CommitId, DriftDone, DriftFound, DriftedField, InstanceFact, InstanceId, InstanceState};
use render::{Object, Rendered};
use serde_json::Value;

use crate::converge::{Place, key};
use crate::effects::INSTANCE_TRAILER;
use crate::inner::Inner;
use crate::sources::{self, Files};
use crate::trouble::Trouble;
use crate::written::Change;

/// The trailer that names an object whose drift a commit takes over.
const DRIFT_TRAILER: &str = "Pinnace-Drift";

/// One object, and what of it is to be written.
struct Found<'r> {
    object: &'r Object,
    fields: Vec<DriftedField>,
    /// The fields in words, with who changed them.
    lines: Vec<String>,
}

impl Inner {
    /// What has to change at HEAD so that git says what is in the cluster, or was before it was repaired: of one object
    /// (`Kind/name`), or of all that is known to differ.
    pub(crate) async fn drift_as_change(
        &self,
        instance: &Instance,
        head: &CommitId,
        object: Option<&str>,
    ) -> Result<Option<Change>, Trouble> {
        let state = self.store.instance(&instance.id).await?;
        let files = self.files(instance, head).await?;
        let rendered = self.render(instance, &files, head).await?;
        let hash = rendered.hash.to_string();
        let is_proven = state.verified.as_ref().is_some_and(|verified| verified.render_hash == hash);
        if state.head_failure.is_some() || !is_proven {
            return Err(impossible("HEAD is not proven yet: wait until it is, or revert it; then try again"));
        }
        let place = self.place(&instance.id, &rendered).await?;
        let found = self.drift_to_write(&place, &state, &rendered, object).await?;
        let mut edited = files.clone();
        for one in &found {
            edit(instance, &mut edited, one)?;
        }
        let after = self.render(instance, &edited, head).await?;
        is_as_meant(&rendered, &after, &found)?;
        edited.retain(|path, bytes| files.get(path) != Some(bytes));
        if edited.is_empty() {
            return Ok(None);
        }
        let names = found.iter().map(|one| one.object.key.label()).collect::<Vec<_>>().join(", ");
        let message = message(&instance.id, &found, &names);
        Ok(Some(Change {
            files: edited,
            removed: std::collections::BTreeSet::new(),
            what: format!("drift of {names}"),
            message,
        }))
    }

    /// What differs now; where nothing does, what was repaired last.
    async fn drift_to_write<'r>(
        &self,
        place: &Place,
        state: &InstanceState,
        rendered: &'r Rendered,
        wanted: Option<&str>,
    ) -> Result<Vec<Found<'r>>, Trouble> {
        let is_wanted = |object: &&Object| match wanted {
            Some(wanted) => object.key.label() == wanted,
            None if place.instance.drift == DriftRule::Off => !key(object).kind.is_secret(),
            None => state.drift.contains_key(&object.key.label()),
        };
        let objects: Vec<&Object> = rendered.objects.iter().filter(is_wanted).collect();
        if let (Some(wanted), true) = (wanted, objects.is_empty()) {
            return Err(impossible(format!("git has no {wanted} here: name an object as in ConfigMap/settings")));
        }
        let mut found = Vec::new();
        for object in objects {
            if key(object).kind.is_secret() {
                let why = "what stands in a Secret is not read from the cluster: edit it by hand";
                return Err(in_file(object, why));
            }
            let edits = self.edits_of(place, object).await?;
            if edits.is_gone {
                return Err(in_file(object, "it is gone from the cluster: take it out of git by hand"));
            }
            // What pods read is said by us, and stands in no file.
            let is_ours =
                |field: &DriftedField| field.path.as_ref().is_some_and(|path| path.contains(cluster::USED_ANNOTATION));
            let kept = edits.fields.into_iter().zip(edits.lines).filter(|(field, _)| !is_ours(field));
            let (fields, lines): (Vec<_>, Vec<_>) = kept.unzip();
            if !fields.is_empty() {
                found.push(Found { object, fields, lines });
            }
        }
        if found.is_empty() {
            found.push(self.repaired_before(place, rendered, wanted).await?);
        }
        Ok(found)
    }

    /// What was repaired last, as it was found then.
    async fn repaired_before<'r>(
        &self,
        place: &Place,
        rendered: &'r Rendered,
        wanted: Option<&str>,
    ) -> Result<Found<'r>, Trouble> {
        let facts = self.store.instance_facts(&place.instance.id).await?;
        let repaired = facts.into_iter().rev().find_map(|recorded| match recorded.fact {
            InstanceFact::Drifted(found) if found.done == DriftDone::Repaired => {
                wanted.is_none_or(|wanted| found.object == wanted).then_some(*found)
            }
            _ => None,
        });
        let of = wanted.map(|wanted| format!(" of {wanted}")).unwrap_or_default();
        let Some(DriftFound { object: named, what, fields, .. }) = repaired else {
            return Err(impossible(format!("nothing{of} differs, and nothing was repaired")));
        };
        let Some(object) = rendered.objects.iter().find(|object| object.key.label() == named) else {
            return Err(impossible(format!("git has no {named} any more")));
        };
        if fields.is_empty() {
            return Err(in_file(object, "what it was repaired from is not known: edit it by hand"));
        }
        let moved = fields.iter().find(|field| !is_still_desired(object, field));
        match moved.and_then(|field| field.path.as_deref()) {
            Some(path) => {
                Err(in_file(object, &format!("git has another `{path}` than when it was repaired: edit it by hand")))
            }
            None => Ok(Found { object, fields, lines: what }),
        }
    }
}

/// Whether git says what it said when a difference was found.
fn is_still_desired(object: &Object, field: &DriftedField) -> bool {
    let Some(path) = &field.path else { return true };
    let now = yaml_edit::value_at(&object.value, path).map(Value::to_string);
    !field.kept || now.is_none() || now == field.desired
}

/// Writes what differs of one object into the file that it stands in.
fn edit(instance: &Instance, files: &mut Files, found: &Found<'_>) -> Result<(), Trouble> {
    let (object, file) = (found.object, &found.object.place.file);
    if let Some(why) = not_ours(instance, files, file) {
        return Err(in_file(object, why));
    }
    let text = files.get(file).and_then(|bytes| std::str::from_utf8(bytes).ok()).map(str::to_owned);
    let Some(mut text) = text else { return Err(in_file(object, "its file can't be read: edit it by hand")) };
    let group = &object.key.group;
    let namespace = object.key.namespace.as_deref();
    let named = ObjectName { group, kind: &object.key.kind, namespace, name: &object.key.name };
    let by_hand = |why: &dyn std::fmt::Display| in_file(object, &format!("{why}; edit it by hand"));
    let document = yaml_edit::find_object(&text, &named).map_err(|error| by_hand(&error))?;
    let Some(document) = document else {
        return Err(in_file(object, "it stands in a list of objects there: edit it by hand"));
    };
    for (field, line) in found.fields.iter().zip(&found.lines) {
        let (path, value) = writable(field).map_err(|why| in_file(object, &format!("{line}: {why}")))?;
        let edited = match &value {
            Some(value) => yaml_edit::set_value(&text, document, path, value),
            None => yaml_edit::remove_value(&text, document, path),
        };
        text = edited.map_err(|error| in_file(object, &format!("{line}: {error}; edit it by hand")))?;
    }
    files.insert(file.clone(), text.into_bytes());
    Ok(())
}

/// The path of a field that can be written, and its value; none where it was taken away in the cluster.
fn writable(field: &DriftedField) -> Result<(&str, Option<Value>), &'static str> {
    let Some(path) = &field.path else { return Err("it has no place of its own in the file: edit it by hand") };
    if !field.kept {
        return Err("its value is long, or may be secret, and is not kept: edit it by hand");
    }
    let value = field.live.as_deref().map(serde_json::from_str).transpose();
    Ok((path, value.map_err(|_| "its value can't be read: edit it by hand")?))
}

/// Why a file is not one that is edited for this instance.
pub(crate) fn not_ours(instance: &Instance, files: &Files, file: &str) -> Option<&'static str> {
    let sources = sources::local(instance);
    let holds = |source: &render::engine::Source| sources::is_below(file, std::slice::from_ref(&source.path));
    if !files.contains_key(file) || sources.iter().any(|source| holds(source) && !source.is_plain(files)) {
        return Some("a chart or a kustomization makes it: edit by hand what it is made from");
    }
    let own = sources::is_below(file, &instance.paths);
    (!own).then_some("others take from that file too: edit it by hand")
}

/// Each object is what it was, but that the fields that were written have the values that were meant.
fn is_as_meant(before: &Rendered, after: &Rendered, found: &[Found<'_>]) -> Result<(), Trouble> {
    let others = before.objects.len() == after.objects.len();
    let mut pairs = before.objects.iter().zip(&after.objects);
    let as_meant = |(was, is): (&Object, &Object)| {
        let meant = found.iter().find(|one| one.object.key == was.key);
        let has = |field: &DriftedField| match writable(field) {
            Ok((path, value)) => yaml_edit::value_at(&is.value, path) == value.as_ref(),
            Err(_) => false,
        };
        was.key == is.key && meant.map_or(was.value == is.value, |one| one.fields.iter().all(has))
    };
    if others && pairs.all(as_meant) {
        return Ok(());
    }
    Err(impossible("the edit would render to something else than what is in the cluster: edit it by hand"))
}

fn message(id: &InstanceId, found: &[Found<'_>], names: &str) -> String {
    let lines =
        found.iter().flat_map(|one| one.lines.iter().map(|line| format!("{} {line}\n", one.object.key.label())));
    let lines: String = lines.collect();
    let trailers = found.iter().map(|one| format!("{DRIFT_TRAILER}: {}\n", one.object.key.label()));
    let trailers: String = trailers.collect();
    let subject = secrets::clip(&format!("{id}: take over what was changed in {names}"), 200);
    format!("{subject}\n\nIt was changed in the cluster:\n\n{lines}\n{trailers}{INSTANCE_TRAILER}: {id}\n")
}

fn in_file(object: &Object, why: &str) -> Trouble {
    impossible(format!("{} ({}): {why}", object.key.label(), object.place))
}

fn impossible(why: impl Into<String>) -> Trouble {
    Trouble::Impossible(why.into())
}

#[cfg(test)]
mod tests {
    use config_repo::Config;

    use super::*;

    const CONFIG: &str = "
apiVersion: pinnace.dev/v1
kind: Config
environments:
  prod: {context: prod}
projects:
  shop:
    image: r.example/acme/shop
    sources: [{path: apps/shop}, {path: \"charts/{environment}\"}, {path: base}]
    namespaces: {prod: shop}
    rules: {prod: auto}
  other:
    image: r.example/acme/other
    sources: [{path: base}]
    namespaces: {prod: other}
    rules: {prod: auto}
";

    #[test]
    fn what_an_engine_makes_and_what_is_not_there_is_not_edited() {
        let config = Config::parse(CONFIG, "pinnace.yaml").unwrap();
        let instance = config.instance(&"shop/prod".parse().unwrap()).unwrap();
        let files = |names: &[&str]| -> Files { names.iter().map(|name| ((*name).to_owned(), Vec::new())).collect() };
        let all = files(&["apps/shop/web.yaml", "charts/prod/Chart.yaml", "charts/prod/templates/web.yaml"]);
        assert_eq!(not_ours(&instance, &all, "apps/shop/web.yaml"), None);
        for file in ["charts/prod/templates/web.yaml", "apps/shop/none.yaml"] {
            assert!(not_ours(&instance, &all, file).is_some_and(|why| why.contains("by hand")), "{file}");
        }
        let kustomized = files(&["apps/shop/web.yaml", "apps/shop/kustomization.yaml"]);
        assert!(
            not_ours(&instance, &kustomized, "apps/shop/web.yaml").is_some_and(|why| why.contains("kustomization"))
        );
    }
}
