//! The project's chores. `cargo xtask` lists them.

mod cluster;

use std::io::{self, Write};
use std::process::ExitCode;

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
async fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Cluster(action) => cluster::run(action).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A backtrace says nothing to who runs a chore.
            let _ = writeln!(io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}
