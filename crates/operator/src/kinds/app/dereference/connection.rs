//! Address and login of one server.

use std::collections::BTreeMap;

use secrets::in_address;

use super::super::crd::{AppSpec, ExistingSecret, Need, Needs};
use crate::crd::OfKind;

/// Address and login of one server: parts by name, as in `host` and `password`. It holds secrets.
#[derive(Clone, Default)]
pub struct Connection {
    pub(crate) parts: BTreeMap<String, String>,
}

/// What can be known of a server, and which Secret tells it.
pub(crate) struct ConnectionSource {
    /// `database`, `redis` or `rabbit`.
    pub(crate) what: &'static str,
    /// The object of ours that writes the Secret, by kind and name.
    pub(crate) object: Option<(&'static str, String)>,
    /// The Secret, as far as the App says.
    pub(crate) secret: String,
    /// What its keys are called, where they are not called as the parts.
    pub(crate) keys: BTreeMap<String, String>,
}

/// The parts of each, and how the scheme of its address is called.
const PARTS: &[(&str, &str, &[&str])] = &[
    ("database", "postgresql", &["url", "host", "port", "name", "username", "password"]),
    ("redis", "redis", &["url", "host", "port", "password"]),
    ("rabbit", "amqp", &["url", "host", "port", "vhost", "username", "password"]),
];

impl Connection {
    /// What a Secret tells; the address is put together where only its parts are there.
    pub(crate) fn from_secret(source: &ConnectionSource, data: &BTreeMap<String, Vec<u8>>) -> Self {
        let Some((_, scheme, names)) = PARTS.iter().find(|(what, ..)| *what == source.what) else {
            return Self::default();
        };
        let read = |part: &&str| {
            let key = source.keys.get(*part).map_or(*part, String::as_str);
            Some(((*part).to_owned(), String::from_utf8(data.get(key)?.clone()).ok()?))
        };
        let mut parts: BTreeMap<String, String> = names.iter().filter_map(read).collect();
        if !parts.contains_key("url")
            && let Some(url) = address(scheme, &parts)
        {
            parts.insert("url".to_owned(), url);
        }
        Self { parts }
    }

    /// A connection of which nothing is known: each part says where its value stands.
    pub(crate) fn unknown(source: &ConnectionSource) -> Self {
        let names = PARTS.iter().filter(|(what, ..)| *what == source.what).flat_map(|(.., names)| names.iter());
        let told = |part: &&str| {
            let key = source.keys.get(*part).map_or(*part, String::as_str);
            ((*part).to_owned(), format!("<{key} of Secret {}>", source.secret))
        };
        Self { parts: names.map(told).collect() }
    }
}

fn address(scheme: &str, parts: &BTreeMap<String, String>) -> Option<String> {
    let part = |name: &str| parts.get(name).map(|value| in_address(value));
    let host = parts.get("host")?;
    let login = match (part("username"), part("password")) {
        (None, None) => String::new(),
        (user, password) => {
            let password = password.map(|password| format!(":{password}")).unwrap_or_default();
            format!("{}{password}@", user.unwrap_or_default())
        }
    };
    let port = parts.get("port").map(|port| format!(":{port}")).unwrap_or_default();
    let path = part("name").or_else(|| part("vhost")).map(|path| format!("/{path}")).unwrap_or_default();
    Some(format!("{scheme}://{login}{host}{port}{path}"))
}

/// What an App needs to be told of servers.
pub(crate) fn sources(app: &str, spec: &AppSpec) -> Vec<ConnectionSource> {
    let Needs { database, redis, rabbit, objects: _ } = &spec.needs;
    let mut sources = Vec::new();
    if let Some(need) = database {
        let named = need.make.as_ref().and_then(|make| make.connection_secret.clone());
        sources.push(source("database", app, "postgres", need, named));
    }
    if let Some(need) = redis {
        let named = need.make.as_ref().and_then(|make| make.connection_secret.clone());
        sources.push(source("redis", app, "redis", need, named));
    }
    if let Some(need) = rabbit {
        let named = need.make.as_ref().and_then(|make| make.connection_secret.clone());
        sources.push(source("rabbit", app, "rabbit", need, named));
    }
    sources
}

fn source<Spec: OfKind>(
    what: &'static str,
    app: &str,
    end: &str,
    need: &Need<Spec>,
    named: Option<String>,
) -> ConnectionSource {
    if let Some(ExistingSecret { name, keys }) = &need.secret {
        return ConnectionSource { what, object: None, secret: name.clone(), keys: keys.clone() };
    }
    let name = need.name.clone().unwrap_or_else(|| app.to_owned());
    let secret = named.unwrap_or_else(|| format!("{name}-{end}"));
    ConnectionSource { what, object: Some((Spec::KIND.kind, name)), secret, keys: BTreeMap::new() }
}
