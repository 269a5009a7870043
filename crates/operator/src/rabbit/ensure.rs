//! Making a virtual host as it should be, and taking it away.

use secrets::Secret;

use super::Wanted;
use super::decide::{self, Action};
use super::error::RabbitError;
use super::seen::seen;
use super::server::Server;

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ensured {
    /// What was done, in words.
    pub did: Vec<String>,
    /// The nodes of the broker that don't serve the virtual host, though it is there.
    pub down_on: Vec<String>,
}

/// Makes a virtual host as it should be, with a user that has this password.
pub async fn ensure(server: &Server, wanted: &Wanted, password: &Secret<String>) -> Result<Ensured, RabbitError> {
    let mut ensured = Ensured::default();
    let mut found = seen(server, wanted, Some(password)).await?;
    if let Some(action) = decide::vhost(wanted, &found)? {
        ensured.perform(server, &action).await?;
        // Another may have made it at the same time: whose claim stands there now has it, and nobody else is let in.
        found = seen(server, wanted, Some(password)).await?;
        decide::vhost(wanted, &found)?;
    }
    for action in decide::within(wanted, &found, password)? {
        ensured.perform(server, &action).await?;
    }
    ensured.down_on = found.vhost.map(|vhost| vhost.down_on).unwrap_or_default();
    Ok(ensured)
}

/// Deletes the virtual host with all that is in it, and its user, as far as they are ours. What was done, in words.
pub async fn take_away(server: &Server, wanted: &Wanted) -> Result<Vec<String>, RabbitError> {
    let mut ensured = Ensured::default();
    let found = seen(server, wanted, None).await?;
    for action in decide::gone(wanted, &found) {
        ensured.perform(server, &action).await?;
    }
    Ok(ensured.did)
}

impl Ensured {
    async fn perform(&mut self, server: &Server, action: &Action) -> Result<(), RabbitError> {
        let path: Vec<&str> = action.path.iter().map(String::as_str).collect();
        match &action.body {
            Some(body) => server.put(&path, body, &action.what).await?,
            None => server.delete(&path, &action.what).await?,
        }
        tracing::info!(%server, what = action.what, "done in RabbitMQ");
        self.did.push(action.what.clone());
        Ok(())
    }
}
