//! `cargo xtask cluster`: test clusters by name, up until they are taken down.

use std::io::{self, Write};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use testkit::RealNode;
use testkit::devcluster::{NamedCluster, Options, binaries};
use testkit::real_node::{self, Behaviour, Inside, Orders, Recipe};

/// What to do with a cluster.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Builds the binaries and starts nothing.
    Build {
        /// What a real node runs, too.
        #[arg(long)]
        real_node: bool,
    },
    /// Starts a cluster, unless it runs.
    Up {
        #[command(flatten)]
        which: Which,
        /// How many simulated nodes it has: 3, and none beside a real one.
        #[arg(long)]
        nodes: Option<u32>,
        /// A node whose pods really run. It needs root on Linux, and says which Debian packages are missing.
        #[arg(long)]
        real_node: bool,
        /// Traefik on the real node, for Ingresses; `status` says where it answers.
        #[arg(long, requires = "real_node")]
        traefik: bool,
    },
    /// Ends a cluster and forgets what was in it.
    Down(Which),
    /// Pushes the images of servers and two versions of `examples/orders` to a real node's registry, and prints how they are named there.
    Images(Which),
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
        Action::Build { real_node } => {
            writeln!(out, "{}", binaries().await?.devcluster.display())?;
            if real_node {
                for folder in real_node::programs(RealNode { traefik: true }).await? {
                    writeln!(out, "{}", folder.display())?;
                }
            }
        }
        Action::Up { which, nodes, real_node, traefik } => {
            let cluster = NamedCluster::new(&which.name)?;
            let nodes = nodes.unwrap_or(if real_node { 0 } else { 3 });
            let real_node = real_node.then_some(RealNode { traefik });
            cluster.up(&Options { nodes, real_node, ..Options::default() }).await?;
            writeln!(out, "`{}` is up; its kubeconfig: {}", which.name, cluster.kubeconfig().display())?;
            say_node(&mut out, &cluster)?;
        }
        Action::Down(which) => {
            NamedCluster::new(&which.name)?.down().await?;
            writeln!(out, "`{}` is down", which.name)?;
        }
        Action::Images(which) => {
            let inside = NamedCluster::new(&which.name)?
                .inside()
                .context("it has no real node, or does not run; start one with: cargo xtask cluster up --real-node")?;
            push_images(&mut out, &inside).await?;
        }
        Action::Status => {
            let names = NamedCluster::running()?;
            if names.is_empty() {
                writeln!(out, "no cluster runs; start one with: cargo xtask cluster up")?;
            }
            for name in names {
                let cluster = NamedCluster::new(&name)?;
                writeln!(out, "{name}  {}", cluster.server().unwrap_or_default())?;
                say_node(&mut out, &cluster)?;
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

/// Servers as the operator is told of them, and an App's.
async fn push_images(out: &mut impl Write, inside: &Inside) -> anyhow::Result<()> {
    let servers = [
        ("postgres", Recipe::Postgres),
        ("patroni", Recipe::Patroni),
        ("redis", Recipe::Redis),
        ("rabbit", Recipe::RabbitMq),
    ];
    for (name, recipe) in servers {
        writeln!(out, "--{name}-image {}", inside.server_image(recipe).await?.reference())?;
    }
    for (version, migrations) in [("1", 1), ("2", 2)] {
        let orders = Orders { version: version.to_owned(), migrations, behaviour: Behaviour::Works };
        writeln!(out, "orders {version}: {}", inside.orders_image(&orders).await?.reference())?;
    }
    Ok(())
}

/// Says how the real node of a cluster is reached.
fn say_node(out: &mut impl Write, cluster: &NamedCluster) -> io::Result<()> {
    let Some(inside) = cluster.inside() else { return Ok(()) };
    writeln!(out, "  push images to: {} (servers and an App for trying: cargo xtask cluster images)", inside.registry)?;
    writeln!(
        out,
        "  pods and Services: curl --proxytunnel --proxy http://{} http://NAME.NAMESPACE:PORT",
        inside.proxy
    )?;
    writeln!(out, "  or within their network: nsenter --net --target {} PROGRAM", inside.pid)?;
    if let Some(http) = &inside.http {
        writeln!(out, "  Ingresses: curl --header 'Host: HOST' http://{http}/")?;
    }
    Ok(())
}
