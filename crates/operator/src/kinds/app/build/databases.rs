//! The databases that are made for an App: objects of our other kinds.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::App;
use super::names::metadata;
use super::{said, value_of};
use crate::crd::OfKind;
use crate::kinds::app::crd::{Defaults, Need};
use crate::kinds::postgres_database::PostgresDatabaseSpec;
use crate::kinds::postgres_database::crd::{ClusterServer, LocalServer, PostgresServer};
use crate::kinds::rabbit_vhost::RabbitVhostSpec;
use crate::kinds::rabbit_vhost::crd::{Broker, LocalBroker};
use crate::kinds::redis::RedisSpec;
use crate::kinds::redis::crd::Persistence;

/// Those that nobody else makes.
pub(crate) fn build(app: &App) -> Vec<Value> {
    let needs = &app.spec.needs;
    let defaults = app.spec.defaults;
    let mut objects = Vec::new();
    if let Some(spec) = needs.database.as_ref().and_then(made) {
        objects.push(object(app, &database(spec, defaults)));
    }
    if let Some(spec) = needs.rabbit.as_ref().and_then(made) {
        objects.push(object(app, &rabbit(spec)));
    }
    if let Some(spec) = needs.redis.as_ref().and_then(made) {
        objects.push(object(app, &redis(spec, defaults)));
    }
    objects
}

/// How it is made, if it is made.
fn made<Spec: Clone + Default>(need: &Need<Spec>) -> Option<Spec> {
    let by_us = need.name.is_none() && need.secret.is_none();
    by_us.then(|| need.make.clone().unwrap_or_default())
}

fn database(mut spec: PostgresDatabaseSpec, defaults: Defaults) -> PostgresDatabaseSpec {
    if spec.server == PostgresServer::default() {
        match defaults {
            Defaults::Dev => spec.server.local = Some(LocalServer::default()),
            Defaults::Prod => spec.server.cluster = Some(ClusterServer::default()),
        }
    }
    spec
}

fn rabbit(mut spec: RabbitVhostSpec) -> RabbitVhostSpec {
    if spec.broker == Broker::default() {
        spec.broker.local = Some(LocalBroker::default());
    }
    spec
}

fn redis(mut spec: RedisSpec, defaults: Defaults) -> RedisSpec {
    if defaults == Defaults::Prod && spec.external.is_none() {
        spec.persistence.get_or_insert_with(Persistence::default);
    }
    spec
}

fn object<Spec: OfKind + Serialize>(app: &App, spec: &Spec) -> Value {
    json!({
        "apiVersion": format!("{}/{}", crate::GROUP, crate::VERSION),
        "kind": Spec::KIND.kind,
        "metadata": metadata(app, &app.metadata.name, None),
        "spec": said(value_of(spec)),
    })
}
