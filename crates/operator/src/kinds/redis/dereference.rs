//! What a Redis refers to: the password that its Secret holds already, and the Secret of a server that is there.

use std::collections::BTreeMap;

use secrets::Secret;

use super::Redis;
use super::validate::connection_secret;
use crate::driver::{OperatorError, Work};
use crate::objects::{password_in, secret_data};

/// What a Redis refers to, as it was read. It holds secrets: there is no way to print it.
#[derive(Default)]
pub(crate) struct Seen {
    /// The password that its Secret holds already.
    pub(crate) password: Option<Secret<String>>,
    /// The Secret of a server that is there.
    pub(crate) admin: Option<BTreeMap<String, Vec<u8>>>,
}

/// Reads it.
pub(crate) async fn read(work: &mut Work, redis: &Redis) -> Result<Seen, OperatorError> {
    let Some(external) = &redis.spec.external else {
        let password = work.secret(&connection_secret(redis)).await?.as_ref().and_then(password_in);
        return Ok(Seen { password, admin: None });
    };
    let admin = work.secret_at(&work.own_secret(&external.admin_secret)).await?;
    Ok(Seen { password: None, admin: admin.as_ref().map(secret_data) })
}
