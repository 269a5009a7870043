//! What `unpin`, `lock` and `unlock` share: one instance, one verb, and what came of it.

use std::process::ExitCode;

use model::InstanceId;
use serde::Deserialize;
use serde_json::{Value, json};

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
    /// None where git does not have it yet.
    instance: Option<InstanceShown>,
    /// The pin that it opened.
    pub(super) pin: Option<u64>,
    /// What it wrote to git.
    written: Option<Written>,
}

#[derive(Debug, Deserialize)]
struct Written {
    what: String,
    commit: String,
    branch: Option<String>,
}

impl Written {
    /// What was written, and where it is.
    fn line(&self) -> String {
        let commit: String = self.commit.chars().take(8).collect();
        let what = if self.what.is_empty() { "nothing had to be changed any more" } else { &self.what };
        let line = match &self.branch {
            Some(branch) => format!("{what}: commit {commit} on branch {branch}, to be reviewed and merged"),
            None => format!("{what}: commit {commit}"),
        };
        secrets::clean_terminal(&line)
    }
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

    /// Has something written to git, and prints where it is.
    pub(super) fn write(&self, verb: &str, more: &Value) -> anyhow::Result<ExitCode> {
        self.remote.run(async |client| {
            let (said, acted) = self.posted(&client, verb, more).await?;
            self.remote.print(&said, || Ok(acted.written.iter().map(|written| written.line() + "\n").collect()))?;
            Ok(ExitCode::SUCCESS)
        })
    }

    /// Does it with more than a reason, and prints how the instance is.
    pub(super) fn act_with(&self, verb: &str, more: &Value) -> anyhow::Result<ExitCode> {
        self.remote.run(async |client| {
            let (said, acted) = self.posted(&client, verb, more).await?;
            self.remote.print(&said, || Ok(acted.line()))?;
            Ok(ExitCode::SUCCESS)
        })
    }

    async fn posted(&self, client: &Client, verb: &str, more: &Value) -> Result<(Value, Acted), Problem> {
        let mut body = json!({"instance": self.instance.to_string()});
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        let said = client.post(&format!("/instances/{verb}"), &body).await?;
        let acted = read(&said)?;
        Ok((said, acted))
    }
}

impl Acted {
    /// How the instance is.
    fn line(&self) -> String {
        let Some(InstanceShown { instance, state, sentence, .. }) = &self.instance else { return String::new() };
        format!("{instance}: {state}: {}\n", secrets::clean_terminal(sentence))
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
    remote.print(&said, || Ok(acted.line()))?;
    Ok(acted)
}
