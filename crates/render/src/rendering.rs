//! Files in, objects out.

use std::collections::BTreeMap;

use secrets::MaskKey;
use serde_json::Value;

use crate::check;
use crate::error::{Place, Problem, RenderError};
use crate::hash::RenderHash;
use crate::hooks::{self, Hook, HookEvent};
use crate::object::{Object, ObjectKey};
use crate::order;
use crate::steps::{self, SourceNeeds, Step};
use crate::yaml;

/// What an instance allows, and the key for hashes.
#[derive(Clone)]
pub struct RenderContext<'a> {
    /// The instance's namespace: where everything goes that names none, and the only one that may be named.
    pub namespace: &'a str,
    /// Kinds outside of namespaces that this project may have, as `ClusterRole` or `Widget.example.org`.
    pub cluster_kinds: &'a [String],
    /// The key under which Secret values go into the hash.
    pub key: &'a MaskKey,
}

/// All that an instance is to be in the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// The objects, in the order in which they are applied.
    pub objects: Vec<Object>,
    /// In which order they are applied, and what is awaited between.
    pub steps: Vec<Step>,
    /// What an ask is bound to.
    pub hash: RenderHash,
    /// What is run before or after them, and is not there for good.
    pub hooks: Vec<Hook>,
    /// What can't be objects of this instance, and was left out; only where that is asked for.
    pub refused: Vec<RefusedObject>,
    /// What was taken out of the set: it is neither applied nor taken away.
    pub taken_out: Vec<ObjectKey>,
    /// What the sources hold and is not among the objects, in words: a chart's tests.
    pub left_out: Vec<String>,
}

/// Something that was to be an object, and can't be.
#[derive(Debug, Clone, PartialEq)]
pub struct RefusedObject {
    /// Which object, as far as that can be told.
    pub key: Option<ObjectKey>,
    /// Where it stands.
    pub place: Place,
    /// Why not, and what to do.
    pub why: String,
}

impl Rendered {
    /// The set without these objects, and without what needs them. What goes besides them comes second.
    pub fn without(&self, keys: &[ObjectKey], key: &MaskKey) -> (Self, Vec<ObjectKey>) {
        let cut = steps::without(&self.objects, &self.steps, keys);
        let hash = RenderHash::of(&cut.objects, &self.hooks, key);
        let taken_out = keys.iter().chain(&cut.followed).cloned().collect();
        let rest = Self { objects: cut.objects, steps: cut.steps, hash, taken_out, ..self.clone() };
        (rest, cut.followed)
    }

    /// What the set knows of and does not bring: it stays as it is. Nothing where that can't be told of each of them: then any
    /// object may be meant.
    pub fn left_alone(&self) -> Option<Vec<ObjectKey>> {
        let refused: Option<Vec<ObjectKey>> = self.refused.iter().map(|refused| refused.key.clone()).collect();
        Some([refused?, self.taken_out.clone()].concat())
    }

    /// The hooks of one time, in the order in which they run.
    pub fn hooks_at(&self, event: HookEvent) -> Vec<&Hook> {
        hooks::at(&self.hooks, event)
    }

    /// Everything that the cluster may be given: the objects, and what hooks make.
    pub fn everything(&self) -> impl Iterator<Item = &Object> {
        self.objects.iter().chain(self.hooks.iter().map(|hook| &hook.object))
    }
}

/// What is read of one source, all files together.
const LARGEST_SOURCE: usize = 32 * 1024 * 1024;
/// How many objects one instance may have.
const MOST_OBJECTS: usize = 5_000;

/// Renders plain files. Files that are no manifests are passed over; everything else has to be right. The same files give
/// the same bytes and the same hash, in whatever order they are read.
pub fn render(files: &BTreeMap<String, Vec<u8>>, context: &RenderContext<'_>) -> Result<Rendered, RenderError> {
    let all = files.iter().map(|(file, bytes)| Manifest { name: file, text: bytes, source: 0, by_helm: false });
    rendered(&manifests(all)?, files.len(), &[], context, Refused::Fails)
}

/// The files that hold objects.
pub(crate) fn manifests<'f>(files: impl IntoIterator<Item = Manifest<'f>>) -> Result<Vec<Manifest<'f>>, RenderError> {
    let mut found = Vec::new();
    for manifest in files {
        refuse_other_engines(manifest.name)?;
        if yaml::is_manifest(manifest.name) {
            found.push(manifest);
        }
    }
    Ok(found)
}

/// A text with objects.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manifest<'f> {
    /// What it is called.
    pub(crate) name: &'f str,
    pub(crate) text: &'f [u8],
    /// Which of the instance's sources it is of.
    pub(crate) source: usize,
    /// Whether Helm made it: what its annotations say of hooks counts.
    pub(crate) by_helm: bool,
}

/// What follows when one object can't be one of the instance's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Nothing is rendered.
    Fails,
    /// It is left out, and said.
    IsLeftOut,
}

/// The objects of all manifests together, checked and in order.
pub(crate) fn rendered(
    manifests: &[Manifest<'_>],
    files: usize,
    sources: &SourceNeeds,
    context: &RenderContext<'_>,
    refused: Refused,
) -> Result<Rendered, RenderError> {
    let size: usize = manifests.iter().map(|manifest| manifest.text.len()).sum();
    if size > LARGEST_SOURCE {
        return Err(RenderError::TooMuch {
            what: format!("the files have {size} bytes, the limit is {LARGEST_SOURCE}"),
        });
    }
    let mut found = Found::default();
    for manifest in manifests {
        for document in yaml::documents(manifest.name, manifest.text)? {
            let place = Place { file: manifest.name.to_owned(), line: document.line, column: 0 };
            for item in items(document.value, &place)? {
                let told = (refused == Refused::IsLeftOut).then(|| check::key_of_any(&item, context.namespace));
                match (found.take(item, &place, manifest, context), told) {
                    (Ok(()), _) => {}
                    (Err(problem), None) => return Err(RenderError::At { place, problem }),
                    (Err(problem), Some(key)) => {
                        found.refused.push(RefusedObject { key, place: place.clone(), why: problem.to_string() });
                    }
                }
            }
            if found.objects.len() + found.hooks.len() > MOST_OBJECTS {
                return Err(RenderError::TooMuch { what: format!("more than {MOST_OBJECTS} objects") });
            }
        }
    }
    let Found { objects, mut hooks, refused } = found;
    if objects.is_empty() {
        return Err(RenderError::NothingRendered { files });
    }
    let objects: Vec<Object> = objects.into_values().collect();
    hooks.sort_by(|a, b| (&a.object.key, &a.events).cmp(&(&b.object.key, &b.events)));
    let steps = steps::steps(&objects, sources)?;
    let hash = RenderHash::of(&objects, &hooks, context.key);
    Ok(Rendered { objects, steps, hash, hooks, refused, taken_out: Vec::new(), left_out: Vec::new() })
}

/// What was read so far.
#[derive(Default)]
struct Found {
    objects: BTreeMap<(usize, ObjectKey), Object>,
    hooks: Vec<Hook>,
    refused: Vec<RefusedObject>,
}

impl Found {
    fn take(
        &mut self,
        item: Value,
        place: &Place,
        manifest: &Manifest<'_>,
        context: &RenderContext<'_>,
    ) -> Result<(), Problem> {
        let mut object = check::object(item, place.clone(), context)?;
        object.source = manifest.source;
        if let Some(hook) = Hook::of(&object).filter(|_| manifest.by_helm) {
            if steps::has_needs(&object) {
                let why = "a hook has its time and its weight, and waits for nothing else: take it out".to_owned();
                return Err(Problem::Needs { object: Box::new(object.key), why });
            }
            self.hooks.push(hook);
            return Ok(());
        }
        let slot = (order::rank(&object.key.kind), object.key.clone());
        if let Some(first) = self.objects.get(&slot) {
            return Err(Problem::Twice { object: Box::new(object.key), first: first.place.clone() });
        }
        self.objects.insert(slot, object);
        Ok(())
    }
}

fn refuse_other_engines(file: &str) -> Result<(), RenderError> {
    let what = match file.rsplit('/').next().unwrap_or(file) {
        "kustomization.yaml" | "kustomization.yml" | "Kustomization" => "kustomization",
        "Chart.yaml" => "chart",
        _ => return Ok(()),
    };
    let place = Place { file: file.to_owned(), line: 0, column: 0 };
    Err(RenderError::At { place, problem: Problem::Inside { what } })
}

/// The objects of a document: a list's items, else itself. Our own configuration is not for the cluster.
pub(crate) fn items(document: Value, place: &Place) -> Result<Vec<Value>, RenderError> {
    let text = |field: &str| document.get(field).and_then(Value::as_str).unwrap_or_default();
    if text("apiVersion").starts_with("pinnace.dev/") && text("kind") == "Config" {
        return Ok(Vec::new());
    }
    let is_list = text("kind") == "List" && text("apiVersion") == "v1"
        || text("kind").ends_with("List") && document.get("items").is_some_and(Value::is_array);
    if !is_list {
        return Ok(vec![document]);
    }
    let Value::Object(mut list) = document else { return Ok(Vec::new()) };
    match list.remove("items") {
        None | Some(Value::Null) => Ok(Vec::new()),
        // A list in a list has no use, and is refused as an object without a name.
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(RenderError::At { place: place.clone(), problem: Problem::Missing { field: "items" } }),
    }
}
