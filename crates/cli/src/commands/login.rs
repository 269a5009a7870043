//! `pinnace login`: a one-time link becomes a session of the command line.

use std::io::{IsTerminal as _, Write as _, stderr, stdin};
use std::process::ExitCode;

use secrets::Hidden;
use serde::Deserialize;
use serde_json::json;

use crate::remote::{Client, Problem, Sessions, read};

/// Sign the command line in, with a one-time link
///
/// `pinnace sign-in NAME` where the server runs prints the link. It is read from stdin, since arguments can be seen by
/// others on this machine. The session lasts twelve hours; CI sets PINNACE_TOKEN instead (docs/api.md).
///
/// Examples:
///   pinnace login
///   pinnace sign-in ann | pinnace login
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Login {
    /// The server's address [default: that of the link]
    #[arg(long, value_name = "URL", env = "PINNACE_SERVER")]
    server: Option<String>,
}

#[derive(Deserialize)]
struct Session {
    person: String,
    token: String,
}

/// Signs in.
pub(crate) fn run(args: &Login) -> anyhow::Result<ExitCode> {
    if stdin().is_terminal() {
        let _ = write!(stderr(), "one-time link: ");
    }
    let mut link = String::new();
    stdin().read_line(&mut link)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(login(args.server.as_deref(), link.trim()))?;
    Ok(ExitCode::SUCCESS)
}

async fn login(server: Option<&str>, link: &str) -> Result<(), Problem> {
    let Some(url) = server.or(link.split_once("/sign-in/").map(|(url, _)| url)) else {
        let hint = "`pinnace sign-in NAME` where the server runs prints a one-time link; paste all of it";
        return Err(Problem::usage("that is not a one-time link", hint));
    };
    let url = url.trim_end_matches('/').to_owned();
    let client = Client::new(&url, Hidden::new(""))?;
    let session: Session = read(&client.post("/sessions", &json!({"link": link})).await?)?;
    Sessions::load()?.keep(&url, &session.person, &session.token)?;
    let _ = writeln!(stderr(), "signed in at {url} as {}; next: pinnace status", session.person);
    Ok(())
}
