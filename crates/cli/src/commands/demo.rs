//! `pinnace demo`: the main job on real parts, to watch or to press.

mod desk;
mod once;
mod stage;
mod transcript;

use std::process::ExitCode;

use stage::{NAMESPACE, OWN_NAMESPACE, Stage, Yours};
use transcript::Transcript;

use super::serve::told_to_stop;

/// See the main job work: a build is asked about, proven on Kubernetes, and only then committed to git
///
/// Starts a real Kubernetes API with simulated nodes, a git remote, an image registry and the server, all on this machine
/// and in a temporary folder, and prints the address of a page. Ctrl-C ends it and leaves nothing behind.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// Play the whole scene with nobody watching, print a transcript, and exit 0 only if git, cluster and database agree
    #[arg(long)]
    once: bool,
    /// Port of the page [default: a free one]
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Use this context of your kubeconfig instead of a cluster of its own; needs --image-repo
    #[arg(long, required_if_eq("clean", "true"))]
    context: Option<String>,
    /// An image repository that the nodes of your cluster can pull from, with the tags of --tags
    #[arg(long, requires = "context")]
    image_repo: Option<String>,
    /// Three tags or more in --image-repo: one that runs, newer ones that run, and last one that does not
    #[arg(long, value_delimiter = ',', num_args = 1, default_value = "1.0,1.1,broken")]
    tags: Vec<String>,
    /// Remove what a demo left in the cluster of --context
    #[arg(long, requires = "context")]
    clean: bool,
}

/// Runs it.
pub(crate) fn run(args: &Demo) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(play(args))
}

async fn play(args: &Demo) -> anyhow::Result<ExitCode> {
    let mut transcript = Transcript::begin();
    if let (true, Some(context)) = (args.clean, &args.context) {
        stage::clean(context, &mut transcript).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let yours = Yours::from(args)?;
    let ends = yours.as_ref().map(|yours| yours.context.clone());
    let played = async {
        let mut stage = Stage::set(args.port, yours, &mut transcript).await?;
        if args.once { once::play(&mut stage, &mut transcript).await } else { desk::open(stage, &mut transcript).await }
    };
    // Whatever ends it, dropping the stage ends the server and the cluster and removes the folder.
    let ended = tokio::select! {
        ended = played => ended,
        () = told_to_stop() => Ok(if args.once { ExitCode::FAILURE } else { ExitCode::SUCCESS }),
    };
    if let Some(context) = ends {
        Transcript::begin().say(&format!(
            "in {context} the namespaces {NAMESPACE} and {OWN_NAMESPACE} stay: the same command with --clean removes them"
        ));
    }
    ended
}
