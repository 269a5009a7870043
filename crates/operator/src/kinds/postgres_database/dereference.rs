//! The server that a database lies on, and what the Secrets of the App's namespace hold.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrets::Secret;
use serde_json::Value;

use super::PostgresDatabase;
use super::crd::PostgresServer;
use crate::driver::{OperatorError, Work};
use crate::objects::password_in;
use crate::postgres::{Login, Server, Tls};

/// What a database needs to be made.
pub(crate) enum Found {
    /// A server that it can be made on, and as what apps reach it.
    Server(Box<Reached>),
    /// It is not there yet: why not.
    Waits(String),
    /// Somebody has to do something: what.
    Missing(String),
    /// The same, of the Secret that names it, which is not there.
    NoSecret(String),
}

/// A server, as we reach it and as apps do.
pub(crate) struct Reached {
    /// `local`, `cluster`, `external` or `rds`.
    pub(crate) kind: &'static str,
    pub(crate) server: Server,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Where apps that only read reach it, where that is another.
    pub(crate) read_host: Option<String>,
}

/// Finds the server. What runs in the cluster is made where it is not there.
pub(crate) async fn server(work: &mut Work, database: &PostgresDatabase) -> Result<Found, OperatorError> {
    match &database.spec.server {
        PostgresServer { external: Some(external), .. } => self::external(work, &external.admin_secret).await,
        PostgresServer { local: Some(local), .. } => super::local::server(work, database, local).await,
        PostgresServer { cluster: Some(cluster), .. } => super::cluster::server(work, database, cluster).await,
        PostgresServer { rds: Some(rds), .. } => super::rds::server(work, database, rds).await,
        _ => Ok(Found::Missing("say in spec.server which server it lies on".to_owned())),
    }
}

/// A server that is there, as a Secret in our own namespace names it.
async fn external(work: &mut Work, secret: &str) -> Result<Found, OperatorError> {
    let own = work.client().own_namespace().to_owned();
    let key = work.own_secret(secret);
    let Some(found) = work.secret_at(&key).await? else {
        return Ok(Found::NoSecret(format!(
            "the Secret {secret} that spec.server.external names is not there: make it in the namespace {own}, with host, port, username and password"
        )));
    };
    let data = texts(&found);
    let missing: Vec<&str> =
        ["host", "username", "password"].into_iter().filter(|key| !data.contains_key(*key)).collect();
    if !missing.is_empty() {
        return Ok(Found::Missing(format!(
            "the Secret {secret} in the namespace {own} has no {}",
            missing.join(" and no ")
        )));
    }
    let text = |key: &str| data.get(key).cloned().unwrap_or_default();
    let Ok(port) = data.get("port").map_or("5432", String::as_str).trim().parse::<u16>() else {
        return Ok(Found::Missing(format!("the port in the Secret {secret} in the namespace {own} is no number")));
    };
    let tls = match data.get("sslmode").map(String::as_str) {
        None | Some("prefer") => Tls::Prefer,
        Some("require") => Tls::Require,
        Some("verify-full") => Tls::Verify(None),
        Some(other) => {
            return Ok(Found::Missing(format!(
                "the Secret {secret} in the namespace {own} says sslmode {other}: it can be prefer, require and verify-full"
            )));
        }
    };
    let maintenance = data.get("database").cloned().unwrap_or_else(|| "postgres".to_owned());
    let (host, username, password) = (text("host"), text("username"), Secret::new(text("password")));
    let server = Server { host: host.clone(), port, username, password, tls, maintenance };
    Ok(Found::Server(Box::new(work.reached("external", server, host, port))))
}

/// The texts of a Secret.
pub(crate) fn texts(secret: &Value) -> BTreeMap<String, String> {
    let data = secret["data"].as_object().into_iter().flatten();
    let text = |(key, value): (&String, &Value)| {
        let bytes = STANDARD.decode(value.as_str()?).ok()?;
        Some((key.clone(), String::from_utf8(bytes).ok()?))
    };
    data.filter_map(text).collect()
}

/// The login that a Secret holds; what can't be one is made anew.
pub(crate) fn login(secret: Option<&Value>) -> Option<Login> {
    let role = texts(secret?).remove("username").filter(|role| !role.is_empty())?;
    Some(Login { role, password: password_in(secret?)? })
}
