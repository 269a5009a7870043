//! The kinds: one folder each, one list, alphabetic.

pub mod app;
pub mod postgres_database;
pub mod rabbit_vhost;
pub mod redis;

use crate::crd::Kind;
use crate::driver::Controller;

/// Every kind of ours. To add one: a folder beside the others, a line here.
pub const KINDS: &[Kind] = &[app::KIND, postgres_database::KIND, rabbit_vhost::KIND, redis::KIND];

/// How each of them is looked after, in the same order.
pub(crate) const CONTROLLERS: &[Controller] =
    &[app::CONTROLLER, postgres_database::CONTROLLER, rabbit_vhost::CONTROLLER, redis::CONTROLLER];
