//! Apps and what they need, as programs read them.

use control::{AppView, NeedView};
use serde::Serialize;

/// An App.
#[derive(Debug, Serialize)]
pub(crate) struct AppWire {
    name: String,
    namespace: String,
    /// `Ready`, `Migrating` and so on; none where no operator has looked after it yet.
    phase: Option<String>,
    since: Option<String>,
    ready: bool,
    /// It can't go on by itself.
    stalled: bool,
    reason: String,
    message: String,
    /// The version that serves.
    version: Option<String>,
    /// The version that is on its way.
    to: Option<String>,
    url: Option<String>,
    /// What says that it is left as it is.
    paused: Option<&'static str>,
    migration: Option<MigrationWire>,
    /// The command that runs once more what failed.
    retry: Option<String>,
    /// The last lines of what is not well, of one instance alone.
    lines: Vec<String>,
    needs: Vec<NeedWire>,
}

#[derive(Debug, Serialize)]
struct MigrationWire {
    state: &'static str,
    version: String,
    digest: String,
    done_last: Option<String>,
}

/// A database, or something else that is needed.
#[derive(Debug, Serialize)]
pub(crate) struct NeedWire {
    what: String,
    name: String,
    server: Option<String>,
    state: &'static str,
    why: String,
    backed_up: Option<String>,
    backup: Option<String>,
    restored: Option<String>,
}

impl AppWire {
    /// An App as the page shows it.
    pub(crate) fn of(app: &AppView) -> Self {
        let app = app.clone();
        Self {
            name: app.name,
            namespace: app.namespace,
            phase: app.phase,
            since: app.since.map(|at| at.to_string()),
            ready: app.ready,
            stalled: app.stalled,
            reason: app.reason,
            message: app.message,
            version: app.version,
            to: app.to,
            url: app.url,
            paused: app.paused,
            migration: app.migration.map(|migration| MigrationWire {
                state: migration.state.word(),
                version: migration.version,
                digest: migration.digest,
                done_last: migration.done_last,
            }),
            retry: app.retry,
            lines: app.lines,
            needs: app.needs.iter().map(NeedWire::of).collect(),
        }
    }
}

impl NeedWire {
    /// What is needed, as the page shows it.
    pub(crate) fn of(need: &NeedView) -> Self {
        let need = need.clone();
        Self {
            what: need.what,
            name: need.name,
            server: need.server,
            state: need.state.word(),
            why: need.why,
            backed_up: need.backed_up.map(|at| at.to_string()),
            backup: need.backup,
            restored: need.restored,
        }
    }
}
