//! `pinnace app`: what people do with an App beside writing it.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use cluster::setup::current_context;
use cluster::{ClusterClient, KindKey, ObjectKey};
use control::RETRIED;
use serde_json::Value;

/// Do something with an App that is in a cluster
#[derive(Debug, clap::Args)]
pub(crate) struct App {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Run a migration, or a command that runs once, again after it failed
    ///
    /// Its Job is deleted with its lines and made again. Look at them first: kubectl logs job/...
    Retry(Which),
}

/// Which App.
#[derive(Debug, clap::Args)]
struct Which {
    /// The App's name
    name: String,
    /// Its namespace
    #[arg(long, short, default_value = "default")]
    namespace: String,
    /// The kubeconfig to use
    #[arg(long, env = "KUBECONFIG")]
    kubeconfig: Option<PathBuf>,
    /// The context to use [default: the current one]
    #[arg(long)]
    context: Option<String>,
}

/// Does it.
pub(crate) fn run(args: &App) -> anyhow::Result<ExitCode> {
    let What::Retry(which) = &args.what;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(retry(which))
}

async fn retry(which: &Which) -> anyhow::Result<ExitCode> {
    let kubeconfig = which.kubeconfig.as_deref();
    let context = which.context.clone().map_or_else(|| current_context(kubeconfig), Ok)?;
    let client = ClusterClient::connect(kubeconfig, &context).await?;
    let kind = KindKey::new(&format!("{}/{}", operator::GROUP, operator::VERSION), operator::app::KIND.kind);
    let key = ObjectKey { kind, namespace: Some(which.namespace.clone()), name: which.name.clone() };
    let live = client.get(&key).await?;
    let live = live.with_context(|| format!("there is no App {} in the namespace {}", which.name, which.namespace))?;
    let conditions =
        live.pointer("/status/conditions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let failed = conditions.iter().any(|one| RETRIED.contains(&one["reason"].as_str().unwrap_or_default()));
    anyhow::ensure!(
        failed,
        "no migration, backup or command of {} stands failed; its phase is {}. One that failed in a version that it is no more runs again when that version is \
         pinned again",
        which.name,
        live["status"]["phase"].as_str().unwrap_or("unknown")
    );
    let before =
        live.pointer("/metadata/annotations").map(|annotations| annotations[operator::app::RETRY_ANNOTATION].clone());
    let times = before.as_ref().and_then(Value::as_str).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
    client.annotate(&key, operator::app::RETRY_ANNOTATION, Some(&(times + 1).to_string())).await?;
    writeln!(
        std::io::stdout().lock(),
        "what failed of {} runs once more: kubectl get apps.pinnace.dev {} -n {} -w",
        which.name,
        which.name,
        which.namespace
    )?;
    Ok(ExitCode::SUCCESS)
}
