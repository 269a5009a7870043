//! What a virtual host refers to: the password that its Secret holds already, and who may do everything on its broker.

use std::collections::BTreeMap;

use secrets::Secret;

use super::RabbitVhost;
use super::validate::{connection_secret, server};
use crate::driver::{OperatorError, Work};
use crate::objects::{password_in, secret_data};

/// What a virtual host refers to, as it was read. It holds secrets: there is no way to print it.
#[derive(Default)]
pub(crate) struct Seen {
    /// The password that its Secret holds already.
    pub(crate) password: Option<Secret<String>>,
    /// That of the administrator of a broker in the cluster. It is made where it is not there yet.
    pub(crate) admin_password: Option<Secret<String>>,
    /// The Secret of a broker that is there.
    pub(crate) admin: Option<BTreeMap<String, Vec<u8>>>,
}

/// Reads it.
pub(crate) async fn read(work: &mut Work, vhost: &RabbitVhost) -> Result<Seen, OperatorError> {
    let password = work.secret(&connection_secret(vhost)).await?.as_ref().and_then(password_in);
    let mut seen = Seen { password, ..Seen::default() };
    if let Some(external) = &vhost.spec.broker.external {
        let admin = work.secret_at(&work.own_secret(&external.admin_secret)).await?;
        seen.admin = admin.as_ref().map(secret_data);
    } else if let Some(server) = server(vhost) {
        let key = work.own_secret(&format!("rabbit.{}.{}", server.namespace, server.name));
        work.made_at_random(&key, &["password".to_owned()]).await?;
        seen.admin_password = work.secret_at(&key).await?.as_ref().and_then(password_in);
    }
    Ok(seen)
}
