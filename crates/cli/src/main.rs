//! The `pinnace` binary: one file a command, and the wiring.

mod commands;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

/// From a build to a verified commit, on Kubernetes.
#[derive(Debug, clap::Parser)]
#[command(name = "pinnace", version)]
#[expect(clippy::large_enum_variant, reason = "one lives, for the length of the program")]
enum Pinnace {
    Chat(commands::chat::Chat),
    Demo(commands::demo::Demo),
    Rbac(commands::rbac::Rbac),
    Serve(commands::serve::Serve),
    SetImage(commands::set_image::SetImage),
    SignIn(commands::sign_in::SignIn),
}

fn main() -> ExitCode {
    let parsed = Pinnace::parse();
    log();
    // The one TLS provider of everything below; a second call could only say that it is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ran = match &parsed {
        Pinnace::Chat(args) => commands::chat::run(args),
        Pinnace::Demo(args) => commands::demo::run(args),
        Pinnace::Rbac(args) => commands::rbac::run(args),
        Pinnace::Serve(args) => commands::serve::run(args),
        Pinnace::SetImage(args) => commands::set_image::run(args),
        Pinnace::SignIn(args) => commands::sign_in::run(args),
    };
    ran.unwrap_or_else(|error| {
        // A closed terminal can't be told about.
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Talk goes to stderr: for people at a terminal, as JSON where `PINNACE_LOG_JSON` is set. `PINNACE_LOG` chooses what.
fn log() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("PINNACE_LOG").unwrap_or_else(|_| EnvFilter::new("info,hyper=warn,kube=warn"));
    let to_stderr = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::env::var_os("PINNACE_LOG_JSON").is_some() {
        to_stderr.json().init();
    } else {
        to_stderr.with_target(false).init();
    }
}
