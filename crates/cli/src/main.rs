//! The `pinnace` binary: one file a command, and the wiring.

mod checkout;
mod commands;
mod guarded;
mod remote;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

/// From a build to a verified commit, on Kubernetes.
#[derive(Debug, clap::Parser)]
#[command(name = "pinnace", version)]
enum Pinnace {
    AcceptRewrite(commands::accept_rewrite::AcceptRewrite),
    Adopt(commands::adopt::Adopt),
    App(commands::app::App),
    Approve(commands::approve::Approve),
    Builds(commands::builds::Builds),
    Cancel(commands::cancel::Cancel),
    Charts(commands::charts::Charts),
    Chat(commands::chat::Chat),
    ConfirmPrune(commands::confirm_prune::ConfirmPrune),
    Crds(commands::crds::Crds),
    Demo(commands::demo::Demo),
    Diff(commands::diff::Diff),
    Doctor(commands::doctor::Doctor),
    Eject(commands::eject::Eject),
    Fleets(commands::fleets::Fleets),
    Health(commands::health::Health),
    Lint(commands::lint::Lint),
    Lock(commands::lock::Lock),
    Login(commands::login::Login),
    Logout(commands::logout::Logout),
    Operator(commands::operator::Operator),
    Pins(commands::pins::Pins),
    Plan(commands::plan::Plan),
    Pruned(commands::pruned::Pruned),
    Rbac(commands::rbac::Rbac),
    Reject(commands::reject::Reject),
    Render(commands::render::Render),
    #[command(hide = true)]
    RenderChild(commands::render_child::RenderChild),
    Restore(commands::restore::Restore),
    Retry(commands::retry::Retry),
    Revert(commands::revert::Revert),
    Secrets(commands::secrets::Secrets),
    Serve(Box<commands::serve::Serve>),
    SetImage(commands::set_image::SetImage),
    Show(commands::show::Show),
    SignIn(commands::sign_in::SignIn),
    Status(commands::status::Status),
    Sync(commands::sync::Sync),
    Unlock(commands::unlock::Unlock),
    Unpin(commands::unpin::Unpin),
    WriteDrift(commands::write_drift::WriteDrift),
}

fn main() -> ExitCode {
    guarded::begin();
    let parsed = Pinnace::parse();
    log();
    // The one TLS provider of everything below; a second call could only say that it is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ran = match &parsed {
        Pinnace::AcceptRewrite(args) => commands::accept_rewrite::run(args),
        Pinnace::Adopt(args) => commands::adopt::run(args),
        Pinnace::App(args) => commands::app::run(args),
        Pinnace::Approve(args) => commands::approve::run(args),
        Pinnace::Builds(args) => commands::builds::run(args),
        Pinnace::Cancel(args) => commands::cancel::run(args),
        Pinnace::Charts(args) => commands::charts::run(args),
        Pinnace::Chat(args) => commands::chat::run(args),
        Pinnace::ConfirmPrune(args) => commands::confirm_prune::run(args),
        Pinnace::Crds(args) => commands::crds::run(args),
        Pinnace::Demo(args) => commands::demo::run(args),
        Pinnace::Diff(args) => commands::diff::run(args),
        Pinnace::Doctor(args) => commands::doctor::run(args),
        Pinnace::Eject(args) => commands::eject::run(args),
        Pinnace::Fleets(args) => commands::fleets::run(args),
        Pinnace::Health(args) => commands::health::run(args),
        Pinnace::Lint(args) => commands::lint::run(args),
        Pinnace::Lock(args) => commands::lock::run(args),
        Pinnace::Login(args) => commands::login::run(args),
        Pinnace::Logout(args) => commands::logout::run(args),
        Pinnace::Operator(args) => commands::operator::run(args),
        Pinnace::Pins(args) => commands::pins::run(args),
        Pinnace::Plan(args) => commands::plan::run(args),
        Pinnace::Pruned(args) => commands::pruned::run(args),
        Pinnace::Rbac(args) => commands::rbac::run(args),
        Pinnace::Reject(args) => commands::reject::run(args),
        Pinnace::Render(args) => commands::render::run(args),
        Pinnace::RenderChild(args) => Ok(commands::render_child::run(args)),
        Pinnace::Restore(args) => commands::restore::run(args),
        Pinnace::Retry(args) => commands::retry::run(args),
        Pinnace::Revert(args) => commands::revert::run(args),
        Pinnace::Secrets(args) => commands::secrets::run(args),
        Pinnace::Serve(args) => commands::serve::run(args),
        Pinnace::SetImage(args) => commands::set_image::run(args),
        Pinnace::Show(args) => commands::show::run(args),
        Pinnace::SignIn(args) => commands::sign_in::run(args),
        Pinnace::Status(args) => commands::status::run(args),
        Pinnace::Sync(args) => commands::sync::run(args),
        Pinnace::Unlock(args) => commands::unlock::run(args),
        Pinnace::Unpin(args) => commands::unpin::run(args),
        Pinnace::WriteDrift(args) => commands::write_drift::run(args),
    };
    ran.unwrap_or_else(|error| {
        // What was given in the place of a file's name may be a key. A closed terminal can't be told about.
        let told = guarded::redactor().redact(&format!("{error:#}")).into_owned();
        let _ = writeln!(std::io::stderr(), "error: {told}");
        error.downcast_ref::<remote::Problem>().map_or(ExitCode::FAILURE, |problem| ExitCode::from(problem.exit()))
    })
}

/// Talk goes to stderr: for people at a terminal, as JSON where `PINNACE_LOG_JSON` is set. `PINNACE_LOG` chooses what.
fn log() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("PINNACE_LOG").unwrap_or_else(|_| EnvFilter::new("info,hyper=warn,kube=warn"));
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let to_stderr =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(guarded::CleanStderr).with_ansi(colour);
    if std::env::var_os("PINNACE_LOG_JSON").is_some() {
        to_stderr.json().init();
    } else {
        to_stderr.with_target(false).init();
    }
}
