//! The project's chores. `cargo xtask` lists them.

mod cluster;

use clap::{Parser, Subcommand};

/// The project's chores.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Real test clusters that stay up in the background.
    #[command(subcommand)]
    Cluster(cluster::Action),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().chore {
        Chore::Cluster(action) => cluster::run(action).await,
    }
}
