//! `App`: one copy of a web app, with all that it runs, listens on and needs.

pub mod build;
pub mod crd;
pub mod dereference;
pub mod validate;

use serde_json::Value;

use crate::crd::{Column, Kind};
use crate::resource::{BadObject, Resource};

pub use build::{Objects, build, objects};
pub use crd::{AppSpec, AppStatus};
pub use dereference::{Connection, Seen};
pub use validate::{Checked, Problem, validate};

/// One copy of a web app.
pub type App = Resource<AppSpec, AppStatus>;

impl App {
    /// Reads an App as the API server or a file has it.
    pub fn read(object: &Value) -> Result<Self, BadObject> {
        Self::read_as("App", object)
    }
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
        Column::text("Phase", ".status.phase"),
        Column::READY,
        Column::REASON,
        Column::AGE,
        Column::wide("Host", ".spec.routes.host"),
        Column::wide("Image", ".spec.image"),
    ],
    rules: &[],
    spec: crate::crd::schema_of::<AppSpec>,
    status: crate::crd::schema_of::<AppStatus>,
};
