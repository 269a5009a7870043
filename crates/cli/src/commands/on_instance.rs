//! What `unpin`, `lock` and `unlock` share: one instance, one verb, and what came of it.

use std::process::ExitCode;

use model::InstanceId;
use serde::Deserialize;
use serde_json::json;

use crate::remote::{Client, InstanceShown, Problem, Remote, read};

/// An instance.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct OnInstance {
    /// The instance, as in shop/prod
    instance: InstanceId,
    #[command(flatten)]
    remote: Remote,
}

/// What the server answers.
#[derive(Debug, Deserialize)]
pub(super) struct Acted {
    instance: InstanceShown,
    /// The pin that it opened.
    pub(super) pin: Option<u64>,
}

impl OnInstance {
    /// Does it, prints how the instance is, and goes on with this.
    pub(super) fn act(
        &self,
        verb: &str,
        reason: &str,
        then: impl AsyncFnOnce(&Client, Acted) -> Result<ExitCode, Problem>,
    ) -> anyhow::Result<ExitCode> {
        self.remote.run(async |client| {
            let acted = post(&self.remote, &client, &self.instance, verb, reason).await?;
            then(&client, acted).await
        })
    }
}

/// Does something with an instance, and prints how it is.
pub(super) async fn post(
    remote: &Remote,
    client: &Client,
    instance: &InstanceId,
    verb: &str,
    reason: &str,
) -> Result<Acted, Problem> {
    let body = json!({"instance": instance.to_string(), "reason": reason});
    let said = client.post(&format!("/instances/{verb}"), &body).await?;
    let acted: Acted = read(&said)?;
    remote.print(&said, || {
        let InstanceShown { instance, state, sentence, .. } = &acted.instance;
        Ok(format!("{instance}: {state}: {}\n", secrets::clean_terminal(sentence)))
    })?;
    Ok(acted)
}
