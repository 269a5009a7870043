//! The project's chores. `cargo xtask` lists them.

mod bench;
mod check;
mod cluster;
mod recovery;
mod tidy;

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
    /// Everything that must hold, with a closing line that counts it; `make test` is this.
    Check(check::Which),
    /// Real test clusters that stay up in the background.
    #[command(subcommand)]
    Cluster(cluster::Action),
    /// The rules of the house: who may use whom, lengths, lists with their pages, words that may not stand here.
    Tidy,
    /// Everything but git is lost, and the shipped binary begins again: all is equal to git, and no pin is repeated.
    Recovery(recovery::Which),
    /// Figures of this machine, as docs/benchmarks.md has them of another.
    #[command(subcommand)]
    Bench(bench::Which),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Check(which) => check::run(&which),
        Chore::Cluster(action) => cluster::run(action).await,
        Chore::Tidy => tidy::run(),
        Chore::Recovery(which) => recovery::run(&which).await,
        Chore::Bench(which) => bench::run(which).await,
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
