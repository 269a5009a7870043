//! `pinnace logout`: the command line's session ends.

use std::process::ExitCode;

use serde_json::Value;

use crate::remote::{Remote, Sessions};

/// End the command line's session
#[derive(Debug, clap::Args)]
pub(crate) struct Logout {
    #[command(flatten)]
    remote: Remote,
}

/// Ends it at the server, and forgets it here.
pub(crate) fn run(args: &Logout) -> anyhow::Result<ExitCode> {
    args.remote.run(async |client| {
        let ended = client.post("/sign-out", &Value::Null).await;
        Sessions::load()?.forget(client.url())?;
        ended.map(|_| ExitCode::SUCCESS)
    })
}
