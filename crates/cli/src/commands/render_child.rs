//! `pinnace render-child`: what the server starts to render a chart or a kustomization. Nobody else needs it.

use std::process::ExitCode;

/// Become Helm or Kustomize, without network and with two folders
#[derive(Debug, clap::Args)]
pub(crate) struct RenderChild {}

/// Comes back only when it could not.
pub(crate) fn run(_args: &RenderChild) -> ExitCode {
    render::engine::become_engine()
}
