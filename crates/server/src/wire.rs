//! What the JSON API says, in types of its own, one file a thing: fields are only ever added.

mod app;
mod build;
mod fleet;
mod image;
mod instance;
mod part;
mod pin;
mod session;

pub(crate) use build::BuildWire;
pub(crate) use fleet::FleetWire;
pub(crate) use instance::{DriftWire, InstanceWire, PrunedWire, WrittenWire};
pub(crate) use part::PartWire;
pub(crate) use pin::PinWire;
pub(crate) use session::{ActWire, CommitIdWire, LinkWire, SessionWire};
