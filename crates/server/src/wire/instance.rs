//! An instance, and what differs in it.

use control::{DriftLine, InstanceView};
use model::Written;
use serde::Serialize;
use store::Pruned;

use super::app::{AppWire, NeedWire};
use super::image::ImageWire;

/// An instance.
#[derive(Debug, Serialize)]
pub(crate) struct InstanceWire {
    instance: String,
    state: &'static str,
    sentence: String,
    context: String,
    namespace: String,
    version: Option<ImageWire>,
    verified_commit: Option<String>,
    verified_at: Option<String>,
    lock: Option<LockWire>,
    /// What is no longer in git and held back until a person confirms.
    held: Vec<String>,
    /// Names what is held; send it back to confirm it.
    held_shown: Option<String>,
    /// Objects that differ from git and are left so, as `Kind/name`.
    drifted: Vec<String>,
    /// What a person had written to git last.
    written: Option<WrittenWire>,
    open_pin: Option<u64>,
    last_pin: Option<u64>,
    /// Its objects of the kind App, as they were seen last.
    apps: Vec<AppWire>,
    /// Its databases and the like that no App of it needs.
    databases: Vec<NeedWire>,
}

#[derive(Debug, Serialize)]
struct LockWire {
    by: String,
    why: String,
    at: String,
}

/// A difference between desired and live.
#[derive(Debug, Serialize)]
pub(crate) struct DriftWire {
    object: String,
    field: String,
    desired: String,
    live: String,
    by: String,
}

/// An object that was pruned.
#[derive(Debug, Serialize)]
pub(crate) struct PrunedWire {
    number: u64,
    object: String,
    /// The commit that no longer has it.
    commit: String,
    /// Who let it go, where the guard held it.
    by: Option<String>,
    at: String,
    /// As it was live; Secret values are masks.
    manifest: String,
}

impl From<Pruned> for PrunedWire {
    fn from(pruned: Pruned) -> Self {
        Self {
            number: pruned.number,
            object: pruned.object,
            commit: pruned.commit.to_string(),
            by: pruned.confirmed_by.map(|by| by.to_string()),
            at: pruned.at.to_string(),
            manifest: pruned.manifest,
        }
    }
}

/// What a person had written to git.
#[derive(Debug, Serialize)]
pub(crate) struct WrittenWire {
    by: String,
    what: String,
    commit: String,
    /// The branch of its own; none: the branch that is deployed from.
    branch: Option<String>,
}

impl WrittenWire {
    pub(crate) fn of(written: &Written) -> Self {
        let Written { by, what, commit, branch } = written.clone();
        Self { by: by.to_string(), what, commit: commit.to_string(), branch }
    }
}

impl InstanceWire {
    /// An instance as the page shows it.
    pub(crate) fn of(view: &InstanceView) -> Self {
        let verified = view.state.verified.as_ref();
        let lock = view.state.lock.as_ref();
        Self {
            instance: view.id.to_string(),
            state: crate::pages::Shape::from(view.mark).name(),
            sentence: view.now.clone(),
            context: view.context.clone(),
            namespace: view.namespace.clone(),
            version: verified.and_then(|verified| verified.image.as_ref()).map(ImageWire::of),
            verified_commit: verified.map(|verified| verified.commit.to_string()),
            verified_at: verified.map(|verified| verified.at.to_string()),
            lock: lock.map(|lock| LockWire { by: lock.by.to_string(), why: lock.why.clone(), at: lock.at.to_string() }),
            held_shown: (!view.state.prune_held.is_empty()).then(|| control::shown_prune(&view.state.prune_held)),
            held: view.state.prune_held.clone(),
            drifted: view.state.drift.keys().cloned().collect(),
            written: view.state.written.as_ref().map(|(written, _)| WrittenWire::of(written)),
            open_pin: view.open.as_ref().map(|pin| pin.number.0),
            last_pin: view.last.map(|pin| pin.0),
            apps: view.apps.apps.iter().map(AppWire::of).collect(),
            databases: view.apps.databases.iter().map(NeedWire::of).collect(),
        }
    }
}

impl From<DriftLine> for DriftWire {
    fn from(line: DriftLine) -> Self {
        let DriftLine { object, field, desired, live, by } = line;
        Self { object, field, desired, live, by }
    }
}
