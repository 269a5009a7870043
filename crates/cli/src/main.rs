//! The `pinnace` binary: one file a command, and the wiring.

mod commands;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

/// From a build to a verified commit, on Kubernetes.
#[derive(Debug, clap::Parser)]
#[command(name = "pinnace", version)]
enum Pinnace {
    SetImage(commands::set_image::SetImage),
}

fn main() -> ExitCode {
    let ran = match Pinnace::parse() {
        Pinnace::SetImage(args) => commands::set_image::run(args),
    };
    ran.unwrap_or_else(|error| {
        // A closed terminal can't be told about.
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
}
