//! `RabbitVhost`: a virtual host of RabbitMQ with its user.

mod apply;
pub mod build;
pub mod crd;
mod dereference;
mod end;
mod reconcile;
mod status;
mod validate;

use crate::crd::{Column, Kind, OfKind};
use crate::resource::Resource;

pub use crd::{RabbitVhostSpec, RabbitVhostStatus};
pub(crate) use reconcile::CONTROLLER;

/// A virtual host with its user.
pub type RabbitVhost = Resource<RabbitVhostSpec, RabbitVhostStatus>;

impl OfKind for RabbitVhostSpec {
    const KIND: Kind = KIND;
}

/// What there is to know of the kind.
pub const KIND: Kind = Kind {
    kind: "RabbitVhost",
    plural: "rabbitvhosts",
    singular: "rabbitvhost",
    short: "vhost",
    description: "A RabbitVhost is one virtual host of RabbitMQ with its user, permissions and policies, on a broker in the cluster or on one that is \
                  there. Address and login stand in the Secret that spec.connectionSecret names.",
    columns: &[
        Column::text("Vhost", ".status.vhost"),
        Column::text("User", ".status.username"),
        Column::READY,
        Column::AGE,
        Column::wide("Secret", ".status.connectionSecret"),
        Column::REASON,
    ],
    rules: &[
        ("has(self.spec.broker)", "Say in spec.broker which broker the virtual host lies on."),
        (
            "has(self.spec.vhost) == has(oldSelf.spec.vhost) && (!has(self.spec.vhost) || self.spec.vhost == oldSelf.spec.vhost)",
            "The virtual host can't be renamed: make another RabbitVhost.",
        ),
        (
            "!has(self.spec.broker) || has(self.spec.broker.local) == has(oldSelf.spec.broker.local)",
            "The broker can't be changed, because its queues would stay behind: make another RabbitVhost.",
        ),
    ],
    spec: crate::crd::schema_of::<RabbitVhostSpec>,
    status: crate::crd::schema_of::<RabbitVhostStatus>,
};
