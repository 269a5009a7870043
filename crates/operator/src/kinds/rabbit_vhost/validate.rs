//! Everything that can be wrong with a virtual host and that the API server can't see, before anything is made of it.

use std::collections::BTreeMap;

use secrets::Secret;

use super::RabbitVhost;
use super::build::ADMIN;
use super::dereference::Seen;
use crate::admin::{Admin, BadAdmin};
use crate::claim::Claim;
use crate::driver::Work;
use crate::local::Server;
use crate::rabbit::{InvalidName, RabbitError, Wanted};
use crate::standing::Standing;

/// What a broker is called where it talks encrypted.
const ENCRYPTED: u16 = 5671;

/// A virtual host that can be made. It holds passwords: there is no way to print it.
pub(crate) struct Checked<'a> {
    pub(crate) vhost: &'a RabbitVhost,
    pub(crate) namespace: &'a str,
    /// The broker, where it is one in the cluster.
    pub(crate) server: Option<Server>,
    /// Where clients reach the broker.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The address of its management API.
    pub(crate) management_url: String,
    pub(crate) admin: String,
    pub(crate) admin_password: Secret<String>,
    pub(crate) ca: Option<Vec<u8>>,
    /// What it should be.
    pub(crate) wanted: Wanted,
    pub(crate) password: Secret<String>,
}

/// What is wrong with a virtual host. None of these repeats a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    /// It says no namespace.
    #[error("it has no namespace: give it `metadata.namespace`")]
    NoNamespace,
    /// It says no broker.
    #[error("spec.broker says neither local nor external: say one of them")]
    NoBroker,
    /// A name that RabbitMQ does not take.
    #[error("{field}: {why}")]
    Name {
        /// Where it stands.
        field: &'static str,
        /// Why not.
        why: InvalidName,
    },
    /// The password of the administrator of its broker was damaged in between.
    #[error(
        "the Secret with the password of its broker's administrator can't be read: delete it in the operator's own namespace"
    )]
    NoAdmin,
    /// The Secret of a broker that is there.
    #[error(transparent)]
    Admin(#[from] BadAdmin),
}

/// The broker in the cluster that a virtual host lies on.
pub(crate) fn server(vhost: &RabbitVhost) -> Option<Server> {
    let (metadata, local) = (&vhost.metadata, vhost.spec.broker.local.as_ref()?);
    let namespace = metadata.namespace.as_deref()?;
    Some(match &local.shared {
        Some(shared) => Server::shared("rabbit", &shared.name, shared.namespace.as_deref().unwrap_or(namespace)),
        None => Server::of(&super::KIND, "rabbit", &metadata.name, namespace, metadata.uid.as_deref()),
    })
}

/// Checks a virtual host. `cluster` is the uid of the namespace `kube-system`.
pub(crate) fn validate<'a>(
    vhost: &'a RabbitVhost,
    seen: &Seen,
    cluster: &str,
    made: Secret<String>,
) -> Result<Checked<'a>, Problem> {
    let namespace = vhost.metadata.namespace.as_deref().ok_or(Problem::NoNamespace)?;
    let wanted = wanted(vhost, namespace, cluster)?;
    let password = seen.password.clone().unwrap_or(made);
    if let Some(external) = &vhost.spec.broker.external {
        let admin = Admin::new(&external.admin_secret, seen.admin.as_ref())?;
        return Ok(Checked {
            vhost,
            namespace,
            server: None,
            host: admin.host()?.to_owned(),
            port: admin.port(5672)?,
            management_url: admin.wanted("managementUrl")?.to_owned(),
            admin: admin.wanted("username")?.to_owned(),
            admin_password: Secret::new(admin.wanted("password")?.to_owned()),
            ca: admin.given("ca")?.map(|ca| ca.as_bytes().to_vec()),
            wanted,
            password,
        });
    }
    let server = server(vhost).ok_or(Problem::NoBroker)?;
    Ok(Checked {
        vhost,
        namespace,
        host: server.host(),
        port: 5672,
        management_url: format!("http://{}:15672", server.host()),
        server: Some(server),
        admin: ADMIN.to_owned(),
        admin_password: seen.admin_password.clone().ok_or(Problem::NoAdmin)?,
        ca: None,
        wanted,
        password,
    })
}

fn wanted(vhost: &RabbitVhost, namespace: &str, cluster: &str) -> Result<Wanted, Problem> {
    let (metadata, spec) = (&vhost.metadata, &vhost.spec);
    let named = |field: &'static str| move |why: InvalidName| Problem::Name { field, why };
    let name = spec.vhost.as_deref().unwrap_or(&metadata.name);
    let mut policies = BTreeMap::new();
    for (name, policy) in &spec.policies {
        policies.insert(name.parse().map_err(named("spec.policies"))?, policy.clone());
    }
    Ok(Wanted {
        vhost: name.parse().map_err(named("spec.vhost"))?,
        username: spec.username.as_deref().unwrap_or(name).parse().map_err(named("spec.username"))?,
        permissions: spec.permissions.clone(),
        policies,
        claim: Claim::of(cluster, namespace, &metadata.name),
    })
}

impl Checked<'_> {
    /// The broker, to be asked. Where settings say that it is reached elsewhere from here, it is asked there.
    pub(crate) fn broker(&self, work: &Work) -> Result<crate::rabbit::Server, RabbitError> {
        let elsewhere = self.server.as_ref().and_then(|server| {
            let (host, port) = work.shared.settings.reached_at.get(&format!("{}:15672", server.host()))?;
            Some(format!("http://{host}:{port}"))
        });
        let url = elsewhere.as_ref().unwrap_or(&self.management_url);
        crate::rabbit::Server::new(url, &self.admin, self.admin_password.clone(), self.ca.as_deref())
    }

    /// How the scheme of its address is called.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.port == ENCRYPTED { "amqps" } else { "amqp" }
    }
}

impl Problem {
    /// How a virtual host stands that has it.
    pub(crate) fn standing(&self) -> Standing {
        let reason = match self {
            Self::Admin(_) | Self::NoAdmin => "NoServer",
            Self::NoNamespace | Self::NoBroker | Self::Name { .. } => "Invalid",
        };
        Standing::Stalled { reason, message: self.to_string() }
    }
}

/// The Secret that address and login are written to.
pub(crate) fn connection_secret(vhost: &RabbitVhost) -> String {
    vhost.spec.connection_secret.clone().unwrap_or_else(|| format!("{}-rabbit", vhost.metadata.name))
}
