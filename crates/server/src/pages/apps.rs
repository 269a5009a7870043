//! Apps and what they need, on the page of their instance: state, version, reason and what to do, without another look.

use control::{AppView, AppsView, InstanceView, MigrationState, MigrationView, NeedState, NeedView};
use model::Timestamp;

use super::failure::LogLine;
use super::when::When;
use super::{Shape, capital};

/// What a page shows of our own kinds.
pub(super) struct Apps {
    pub(super) cards: Vec<AppCard>,
    /// What the instance has beside its Apps.
    pub(super) databases: Vec<NeedLine>,
    pub(super) unseen: Option<String>,
}

/// One App.
pub(super) struct AppCard {
    pub(super) shape: Shape,
    pub(super) app: AppView,
    pub(super) since: Option<When>,
    /// Why it is not ready, with what to do; empty when it is.
    pub(super) why: String,
    pub(super) migration: Option<String>,
    pub(super) log: Vec<LogLine>,
    pub(super) needs: Vec<NeedLine>,
}

/// Something that is needed.
pub(super) struct NeedLine {
    pub(super) shape: Shape,
    pub(super) need: NeedView,
    pub(super) backed_up: Option<When>,
}

/// An instance's App in a line of the overview.
pub(super) struct AppLine {
    pub(super) shape: Shape,
    /// `App Ready, 1.4.2`
    pub(super) text: String,
    /// Why it is not ready, where the line does not say so already.
    pub(super) why: String,
}

/// A reason is cut here in a line of the overview.
const MOST_SAID: usize = 160;

impl AppLine {
    /// Of the App that people should look at first.
    pub(super) fn of(instance: &InstanceView) -> Option<Self> {
        let app = instance.apps.worst()?;
        let more = match instance.apps.apps.len() {
            1 => String::new(),
            all => format!(" {}, and {} more", app.name, all - 1),
        };
        let versions = app.versions();
        let versions = if versions.is_empty() { versions } else { format!(", {versions}") };
        let is_said = app.ready || instance.now.contains(app.message.as_str());
        let why = match app.paused {
            Some(paused) => format!("{paused} says so"),
            None if is_said => String::new(),
            None => secrets::clip(&app.message, MOST_SAID),
        };
        Some(Self { shape: shape(app), text: format!("App{more} {}{versions}", app.word()), why })
    }
}

impl Apps {
    /// As the page shows them. `said` is what the page says already.
    pub(super) fn of(view: &AppsView, said: &str, now: Timestamp) -> Self {
        Self {
            cards: view.apps.iter().map(|app| AppCard::of(app, said, now)).collect(),
            databases: needs(&view.databases, now),
            unseen: view.unseen.clone(),
        }
    }

    /// Whether there is nothing to show.
    pub(super) fn is_empty(&self) -> bool {
        self.cards.is_empty() && self.databases.is_empty()
    }
}

impl AppCard {
    fn of(app: &AppView, said: &str, now: Timestamp) -> Self {
        let is_said = app.is_all_well() || app.paused.is_some() || said.contains(app.message.as_str());
        let why = if is_said { String::new() } else { capital(&app.message) };
        Self {
            shape: shape(app),
            since: app.since.map(|at| When::new(at, now)),
            why,
            migration: app.migration.as_ref().map(migrated),
            log: app.lines.iter().map(|line| LogLine::of(line)).collect(),
            needs: needs(&app.needs, now),
            app: app.clone(),
        }
    }
}

/// The shape beside an App's word.
pub(super) fn shape(app: &AppView) -> Shape {
    match app {
        app if app.paused.is_some() => Shape::Locked,
        app if app.stalled => Shape::Failed,
        app if app.ready => Shape::Healthy,
        app if app.phase.is_none() => Shape::Unknown,
        _ => Shape::Pinning,
    }
}

/// `Failed for 1.5.0 (sha256:01234567); 1.4.2 was the last that was done`
fn migrated(view: &MigrationView) -> String {
    let MigrationView { state, version, digest, done_last } = view;
    let named = if digest.is_empty() || digest == version { version.clone() } else { format!("{version} ({digest})") };
    let last = done_last.as_ref().map(|last| format!("; the last that was done is that of {last}")).unwrap_or_default();
    match state {
        MigrationState::Waits => format!("Not begun for {named}{last}"),
        MigrationState::Runs => format!("Runs for {named}{last}"),
        MigrationState::Failed => format!("Failed for {named}{last}"),
        MigrationState::Done => format!("Done for {named}"),
    }
}

fn needs(all: &[NeedView], now: Timestamp) -> Vec<NeedLine> {
    let line = |need: &NeedView| NeedLine {
        shape: match need.state {
            NeedState::Ready => Shape::Healthy,
            NeedState::Waits => Shape::Pinning,
            NeedState::Stalled => Shape::Failed,
            NeedState::Unseen => Shape::Unknown,
            NeedState::Elsewhere => Shape::Off,
        },
        backed_up: need.backed_up.map(|at| When::new(at, now)),
        need: need.clone(),
    };
    all.iter().map(line).collect()
}
