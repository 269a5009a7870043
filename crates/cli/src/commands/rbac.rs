//! `pinnace rbac`: exactly the rights that the server needs in a cluster.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;

use control::Tools;
use control::bases::Bases;
use control::charts::Charts;
use render::engine::Engines;

use super::render_args::RenderArgs;
use super::repo::Repo;

/// Print the roles that the server needs in a cluster, for `kubectl apply -f -`
///
/// They are made from what the config repo runs there: roles in namespaces, no wildcard, no list of secrets; of the whole cluster only the
/// storage and priority classes that are named, to read. The namespaces must be there.
#[derive(Debug, clap::Args)]
pub(crate) struct Rbac {
    #[command(flatten)]
    repo: Repo,
    /// The kube context, as environments in pinnace.yaml name it
    #[arg(long)]
    context: String,
    /// Pinnace's own namespace in that cluster
    #[arg(long, default_value = "pinnace-system")]
    own_namespace: String,
    #[command(flatten)]
    rendering: RenderArgs,
}

/// Prints them as YAML documents.
pub(crate) fn run(args: &Rbac) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let objects = runtime.block_on(async {
        let folder = tempfile::tempdir().context("making a folder for the clone")?;
        let charts = Charts::new(folder.path().join("charts"));
        let bases = Bases::new(folder.path().join("bases"));
        let mirror = args.repo.open(&folder.path().join("mirror")).await?;
        let engines = Engines::new(args.rendering.settings());
        let config = control::head_config(&mirror, &args.repo.config_file).await?;
        let opener = args.rendering.opener(crate::guarded::redactor().clone());
        let (engines, charts, bases, opener) = (&engines, &charts, &bases, &opener);
        let tools = Tools { engines, charts, bases, opener, config: &config, config_file: &args.repo.config_file };
        let rights = control::rights(&mirror, tools, &args.context, &args.own_namespace).await?;
        anyhow::Ok(rights)
    })?;
    let mut out = std::io::stdout().lock();
    for object in objects {
        writeln!(out, "---\n{}", serde_saphyr::to_string(&object)?.trim_end())?;
    }
    Ok(ExitCode::SUCCESS)
}
