//! `App`: one copy of a web app, with all that it runs, listens on and needs.

mod apply;
pub mod build;
pub mod crd;
pub mod dereference;
mod eject;
mod facts;
mod needs;
mod reconcile;
mod stage;
mod standing;
mod status;
pub mod validate;

use crate::crd::{Column, Kind, OfKind};
use crate::resource::Resource;

pub use crate::resource::SKIP_ANNOTATION;
pub use build::{Objects, build, objects};
pub use crd::{AppSpec, AppStatus};
pub use dereference::{Connection, Seen, superuser_secret};
pub use eject::{Ejected, eject};
pub(crate) use facts::judge_job;
pub(crate) use needs::needs;
pub(crate) use reconcile::CONTROLLER;
pub use reconcile::RETRY_ANNOTATION;
pub use validate::{Checked, Problem, validate};

/// One copy of a web app.
pub type App = Resource<AppSpec, AppStatus>;

impl OfKind for AppSpec {
    const KIND: Kind = KIND;
}

/// What there is to know of the kind.
pub const KIND: Kind = Kind {
    kind: "App",
    plural: "apps",
    singular: "app",
    short: "papp",
    description: "An App is one copy of a web app: its image, what runs of it, the addresses that lead to it, its configuration, and the databases \
                  that it needs. Everything around it is made from this object and kept as it says.",
    columns: &[
        Column::text("Version", ".status.version"),
        Column::text("Next", ".status.next"),
        Column::text("Phase", ".status.phase"),
        Column::READY,
        Column::AGE,
        Column::date_wide("Since", ".status.phaseSince"),
        Column::wide("URL", ".status.url"),
        Column::wide("Image", ".spec.image"),
        Column::REASON,
    ],
    rules: &[(
        "!has(self.spec.needs) || !has(self.spec.needs.objects) || self.spec.needs.objects.all(one, one.kind != 'App' || \
         !one.apiVersion.startsWith('pinnace.dev/') || one.name != self.metadata.name)",
        "An App can't need itself: it would never begin.",
    )],
    spec: crate::crd::schema_of::<AppSpec>,
    status: crate::crd::schema_of::<AppStatus>,
};
