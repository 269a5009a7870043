//! `PostgresDatabase`: a database with its owner, on one of four kinds of servers.

mod apply;
mod backup;
pub mod build;
pub mod cluster;
pub mod crd;
mod dereference;
mod end;
mod fill;
mod local;
mod rds;
mod reconcile;
mod rotation;
mod shared;
mod status;
mod users;
mod validate;

use crate::crd::{Column, Kind, OfKind};
pub use crate::resource::LET_GO_ANNOTATION;
use crate::resource::Resource;

pub(crate) use backup::WANTED_ANNOTATION;
pub use crd::{PostgresDatabaseSpec, PostgresDatabaseStatus};
pub(crate) use dereference::Reached;
pub(crate) use rds::Asked;
pub(crate) use reconcile::CONTROLLER;

/// A database with its owner.
pub type PostgresDatabase = Resource<PostgresDatabaseSpec, PostgresDatabaseStatus>;

impl OfKind for PostgresDatabaseSpec {
    const KIND: Kind = KIND;
}

/// What there is to know of the kind.
pub const KIND: Kind = Kind {
    kind: "PostgresDatabase",
    plural: "postgresdatabases",
    singular: "postgresdatabase",
    short: "pgdb",
    description: "A PostgresDatabase is one database of PostgreSQL with its owner, extensions and login, on a server in the cluster, on one that is \
                  there, or on one of Amazon RDS. Address and login stand in the Secret that spec.connectionSecret names.",
    columns: &[
        Column::text("Server", ".status.server"),
        Column::text("Database", ".status.database"),
        Column::READY,
        Column::date("Backup", ".status.backedUp"),
        Column::AGE,
        Column::wide("Restored", ".status.restored"),
        Column::wide("Secret", ".status.connectionSecret"),
        Column::REASON,
    ],
    rules: &[
        ("has(self.spec.server)", "Say in spec.server which server the database lies on."),
        (
            "has(self.spec.database) == has(oldSelf.spec.database) \
             && (!has(self.spec.database) || self.spec.database == oldSelf.spec.database)",
            "The database can't be renamed: make another PostgresDatabase and move the data.",
        ),
        (
            "!has(self.spec.server) || (has(self.spec.server.local) == has(oldSelf.spec.server.local) \
             && has(self.spec.server.cluster) == has(oldSelf.spec.server.cluster) \
             && has(self.spec.server.external) == has(oldSelf.spec.server.external) \
             && has(self.spec.server.rds) == has(oldSelf.spec.server.rds))",
            "The kind of server can't be changed, because the data would stay behind: make another PostgresDatabase and move the data.",
        ),
    ],
    spec: crate::crd::schema_of::<PostgresDatabaseSpec>,
    status: crate::crd::schema_of::<PostgresDatabaseStatus>,
};
