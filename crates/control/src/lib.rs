//! The verbs that people call, the loops that keep them true, and the performing of effects.
//!
//! Everything above this crate (page, API, chat, command line) calls the same verbs of [`Control`]; everything below it
//! knows one outside world each. What a pin wants next is decided by `model`; here it is done.

pub mod agree;
mod apps;
pub mod authorize;
mod backoff;
mod barrier;
pub mod bases;
mod candidate;
mod changed;
pub mod charts;
mod clock;
mod clusters;
mod configuration;
mod converge;

mod drift;
mod drift_edit;
mod effects;
mod emptied;
mod files_read;
mod given;
mod history;
mod hooks;
mod inner;
pub mod inspect;
mod irreversible;
mod last_applied;
mod looks;
mod loops;
mod needs;
mod noticed;
pub mod opener;
mod plan;
mod problem;
mod prune;
mod pruned;
mod quarantine;
mod read_back;
mod references;
pub mod registry;
mod rights;
mod settings;
mod sources;
mod steps;
mod taken;
mod tools;
mod trial;
mod trouble;
mod turns;
mod uses;
mod verbs;
mod views;
mod wake;
mod way_back;
mod written;

use std::sync::Arc;

pub use apps::{AppView, AppsView, MigrationState, MigrationView, NeedState, NeedView, RETRIED};
pub use barrier::{Barrier, Injected};
pub use clock::Clock;
pub use looks::FLEETS_A_PAGE;
pub use problem::{Problem, ProblemCode};
pub use rights::{head_config, rights};
pub use settings::{Parts, Settings};
pub use tools::Tools;
pub use verbs::{Answer, Receipt, shown_adoption, shown_fleet, shown_prune};
pub use views::{
    Adoptable, Difference, DriftLine, FleetView, InstanceView, Mark, Overview, Part, PinView, Plan, PlannedObject,
};

use inner::Inner;

/// The whole of Pinnace behind its surfaces. Clones share it.
#[derive(Clone)]
pub struct Control {
    inner: Arc<Inner>,
}

impl Control {
    /// Wires the parts together. Nothing runs until [`Control::run`].
    pub async fn new(parts: Parts) -> Result<Self, Problem> {
        Ok(Self { inner: Arc::new(Inner::new(parts).await?) })
    }

    /// Runs the loops until the process ends. Each re-reads the world, so being stopped anywhere loses nothing.
    pub async fn run(&self) {
        loops::run(self.clone()).await;
    }

    /// Counts changes of anything that people are shown, for live pages.
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.inner.wakes.changes()
    }

    /// Says how those of an instance's objects stand that are of our own kinds. The watches of its cluster say so by themselves; a
    /// server that has no cluster can be told.
    pub fn tell_of_apps(&self, id: &model::InstanceId, view: AppsView) {
        self.inner.tell_of_apps(id, view);
    }

    /// Now, by the one clock.
    pub fn now(&self) -> model::Timestamp {
        self.inner.clock.now()
    }

    /// The last good `pinnace.yaml`.
    pub fn config(&self) -> Arc<config_repo::Config> {
        self.inner.config()
    }

    /// Somebody says that the config repo moved: it is fetched now. Nothing is believed of it.
    pub fn repo_pushed(&self) {
        self.inner.wakes.repo.notify_one();
    }

    /// The config repo's HEAD, as it was fetched last.
    pub fn head(&self) -> model::CommitId {
        self.inner.mirror.head()
    }

    /// What people type into a browser to get here.
    pub fn base_url(&self) -> &str {
        &self.inner.settings.base_url
    }

    /// How often manifests were rendered since the start.
    pub fn renders(&self) -> u64 {
        self.inner.renders.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// The database, for what only surfaces need: sign-in and sessions.
    pub fn store(&self) -> &store::Store {
        &self.inner.store
    }
}
