//! What is there on a broker, as far as it is about one virtual host.

use std::collections::BTreeMap;

use secrets::Secret;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::error::RabbitError;
use super::password;
use super::server::Server;
use super::{Permissions, Wanted};
use crate::claim::Claim;

/// What is there.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Seen {
    pub vhost: Option<VhostSeen>,
    pub user: Option<UserSeen>,
    /// The policies of the virtual host, by name.
    pub policies: BTreeMap<String, PolicySeen>,
}

/// A virtual host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct VhostSeen {
    pub claim: Option<Claim>,
    /// The nodes of the broker that don't serve it.
    pub down_on: Vec<String>,
}

/// A user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct UserSeen {
    pub tags: Vec<String>,
    /// Whether its password is the one that it is to have.
    pub password_is_good: bool,
    /// What it may do, by virtual host.
    pub permissions: BTreeMap<String, Permissions>,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PolicySeen {
    pub pattern: String,
    #[serde(default)]
    pub apply_to: String,
    #[serde(default)]
    pub priority: i64,
    #[serde(default)]
    pub definition: Value,
}

#[derive(Deserialize)]
struct VhostAnswer {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    cluster_state: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct UserAnswer {
    #[serde(default)]
    password_hash: String,
    #[serde(default)]
    hashing_algorithm: String,
    #[serde(default, deserialize_with = "tags")]
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct PermissionAnswer {
    vhost: String,
    configure: String,
    write: String,
    read: String,
}

#[derive(Deserialize)]
struct PolicyAnswer {
    name: String,
    #[serde(flatten)]
    policy: PolicySeen,
}

/// Reads what is there. Without a password nothing is said of the user's.
pub(crate) async fn seen(
    server: &Server,
    wanted: &Wanted,
    password: Option<&Secret<String>>,
) -> Result<Seen, RabbitError> {
    let vhost: Option<VhostAnswer> = server.get(&["vhosts", wanted.vhost.as_str()]).await?;
    let vhost = vhost.map(|vhost| VhostSeen {
        claim: vhost.description.as_deref().and_then(Claim::read),
        down_on: vhost
            .cluster_state
            .into_iter()
            .filter(|(_, state)| state != "running")
            .map(|(node, _)| node)
            .collect(),
    });
    let mut policies: Vec<PolicyAnswer> = Vec::new();
    if vhost.is_some() {
        policies = server.get(&["policies", wanted.vhost.as_str()]).await?.unwrap_or_default();
    }
    let policies = policies.into_iter().map(|one| (one.name, one.policy)).collect();
    Ok(Seen { vhost, user: user(server, wanted, password).await?, policies })
}

async fn user(
    server: &Server,
    wanted: &Wanted,
    password: Option<&Secret<String>>,
) -> Result<Option<UserSeen>, RabbitError> {
    let name = wanted.username.as_str();
    let Some(user) = server.get::<UserAnswer>(&["users", name]).await? else { return Ok(None) };
    let permissions: Option<Vec<PermissionAnswer>> = server.get(&["users", name, "permissions"]).await?;
    let one = |PermissionAnswer { vhost, configure, write, read }| (vhost, Permissions { configure, write, read });
    let is_of = |password| password::is_of(&user.password_hash, &user.hashing_algorithm, password);
    Ok(Some(UserSeen {
        password_is_good: password.is_some_and(is_of),
        tags: user.tags,
        permissions: permissions.unwrap_or_default().into_iter().map(one).collect(),
    }))
}

/// Brokers before 3.9 have them as one text.
fn tags<'de, D: Deserializer<'de>>(tags: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Tags {
        List(Vec<String>),
        Text(String),
    }
    Ok(match Tags::deserialize(tags)? {
        Tags::List(tags) => tags,
        Tags::Text(text) => text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
    })
}
