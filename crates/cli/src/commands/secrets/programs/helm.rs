//! Helm, for the person at the terminal: with their settings and their cluster, as they would run it themselves.

use std::ffi::OsString;
use std::process::ExitStatus;

use tokio::process::Command;

use super::super::keys::KEY_VARIABLES;

/// Helm says to its plugins which program it is.
const VARIABLE: &str = "HELM_BIN";
/// Runs it with these arguments.
pub(in super::super) async fn run(arguments: &[OsString]) -> anyhow::Result<ExitStatus> {
    let program = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).unwrap_or_else(|| "helm".into());
    let shown = secrets::clean_terminal(&program.to_string_lossy());
    let mut command = Command::new(program);
    command.args(arguments);
    // A private key that stands in the environment is none of Helm's business, nor of what it starts.
    for name in KEY_VARIABLES {
        command.env_remove(name);
    }
    super::child::run(command, || format!("starting `{shown}` failed: put helm into PATH, or set {VARIABLE}")).await
}
