//! `cargo xtask cluster`: test clusters by name, up until they are taken down.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use testkit::devcluster::{NamedCluster, Options, binaries};

/// What to do with a cluster.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Builds the binaries and starts nothing.
    Build,
    /// Starts a cluster, unless it runs.
    Up {
        #[command(flatten)]
        which: Which,
        /// How many simulated nodes it has.
        #[arg(long, default_value_t = 3)]
        nodes: u32,
    },
    /// Ends a cluster and forgets what was in it.
    Down(Which),
    /// Lists the clusters that run.
    Status,
    /// Prints the path of a cluster's kubeconfig: export KUBECONFIG=$(cargo xtask cluster kubeconfig)
    Kubeconfig(Which),
}

/// Several clusters run side by side under different names.
#[derive(Args)]
pub(crate) struct Which {
    /// The cluster's name, which is its context's too.
    #[arg(long, default_value = "dev")]
    name: String,
}

/// Does it.
pub(crate) async fn run(action: Action) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match action {
        Action::Build => writeln!(out, "{}", binaries().await?.devcluster.display())?,
        Action::Up { which, nodes } => {
            let cluster = NamedCluster::new(&which.name)?;
            cluster.up(&Options { nodes, ..Options::default() }).await?;
            writeln!(out, "`{}` is up; its kubeconfig: {}", which.name, cluster.kubeconfig().display())?;
        }
        Action::Down(which) => {
            NamedCluster::new(&which.name)?.down().await?;
            writeln!(out, "`{}` is down", which.name)?;
        }
        Action::Status => {
            let names = NamedCluster::running()?;
            if names.is_empty() {
                writeln!(out, "no cluster runs; start one with: cargo xtask cluster up")?;
            }
            for name in names {
                let server = NamedCluster::new(&name)?.server().unwrap_or_default();
                writeln!(out, "{name}  {server}")?;
            }
        }
        Action::Kubeconfig(which) => {
            let cluster = NamedCluster::new(&which.name)?;
            anyhow::ensure!(
                cluster.is_up(),
                "`{0}` does not run; start it with: cargo xtask cluster up --name {0}",
                which.name
            );
            writeln!(out, "{}", cluster.kubeconfig().display())?;
        }
    }
    Ok(())
}
