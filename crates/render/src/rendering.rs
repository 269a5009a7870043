//! Files in, objects out.

use std::collections::BTreeMap;

use secrets::MaskKey;
use serde_json::Value;

use crate::check;
use crate::error::{Place, Problem, RenderError};
use crate::hash::RenderHash;
use crate::object::{Object, ObjectKey};
use crate::order;
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
    /// What an ask is bound to.
    pub hash: RenderHash,
    /// What the sources hold and is not among the objects, in words: a chart's tests.
    pub left_out: Vec<String>,
}

/// What is read of one source, all files together.
const LARGEST_SOURCE: usize = 32 * 1024 * 1024;
/// How many objects one instance may have.
const MOST_OBJECTS: usize = 5_000;

/// Renders plain files. Files that are no manifests are passed over; everything else has to be right. The same files give
/// the same bytes and the same hash, in whatever order they are read.
pub fn render(files: &BTreeMap<String, Vec<u8>>, context: &RenderContext<'_>) -> Result<Rendered, RenderError> {
    let all = files.iter().map(|(file, bytes)| (file.as_str(), bytes.as_slice()));
    rendered(&manifests(all)?, files.len(), context)
}

/// The files that hold objects.
pub(crate) fn manifests<'f>(files: impl IntoIterator<Item = Manifest<'f>>) -> Result<Vec<Manifest<'f>>, RenderError> {
    let mut found = Vec::new();
    for (file, bytes) in files {
        refuse_other_engines(file)?;
        if yaml::is_manifest(file) {
            found.push((file, bytes));
        }
    }
    Ok(found)
}

/// A text with objects, and what it is called.
pub(crate) type Manifest<'f> = (&'f str, &'f [u8]);

/// The objects of all manifests together, checked and in order.
pub(crate) fn rendered(
    manifests: &[Manifest<'_>],
    files: usize,
    context: &RenderContext<'_>,
) -> Result<Rendered, RenderError> {
    let size: usize = manifests.iter().map(|(_, bytes)| bytes.len()).sum();
    if size > LARGEST_SOURCE {
        return Err(RenderError::TooMuch {
            what: format!("the files have {size} bytes, the limit is {LARGEST_SOURCE}"),
        });
    }
    let mut objects: BTreeMap<(usize, ObjectKey), Object> = BTreeMap::new();
    for (file, bytes) in manifests {
        for document in yaml::documents(file, bytes)? {
            let place = Place { file: (*file).to_owned(), line: document.line, column: 0 };
            for item in items(document.value, &place)? {
                let at = |problem| RenderError::At { place: place.clone(), problem };
                let object = check::object(item, place.clone(), context).map_err(at)?;
                let slot = (order::rank(&object.key.kind), object.key.clone());
                if let Some(first) = objects.get(&slot) {
                    return Err(at(Problem::Twice { object: Box::new(object.key), first: first.place.clone() }));
                }
                objects.insert(slot, object);
            }
            if objects.len() > MOST_OBJECTS {
                return Err(RenderError::TooMuch { what: format!("more than {MOST_OBJECTS} objects") });
            }
        }
    }
    if objects.is_empty() {
        return Err(RenderError::NothingRendered { files });
    }
    let objects: Vec<Object> = objects.into_values().collect();
    Ok(Rendered { hash: RenderHash::of(&objects, context.key), objects, left_out: Vec::new() })
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
