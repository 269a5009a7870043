//! Another `pinnace serve`, spoken to over its JSON API (docs/api.md): what the commands of people and CI share. They hold no
//! rule of their own; the server decides.

pub(crate) mod problem;
mod sessions;
mod shown;
mod wait;

use std::io::{Write as _, stdout};
use std::process::ExitCode;
use std::time::Duration;

use reqwest::{Method, redirect};
use secrets::Hidden;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::commands::secret;
pub(crate) use problem::{Problem, exit};
pub(crate) use sessions::Sessions;
pub(crate) use shown::{BuildShown, DriftShown, FleetShown, InstanceShown, List, PinShown, table};
pub(crate) use wait::Wait;

/// The server has to have answered by then.
const WITHIN: Duration = Duration::from_secs(30);
/// No answer of the API is as large as this.
const LARGEST: usize = 16 * 1024 * 1024;

/// Which server, and how to print what it says.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Remote {
    /// The server's address [default: the one of the last `pinnace login`]
    #[arg(long, value_name = "URL", env = "PINNACE_SERVER", global = true)]
    pub(crate) server: Option<String>,
    /// For people, or for programs: the API's own JSON, whose fields are only ever added
    #[arg(short, long, value_enum, default_value = "text", global = true)]
    pub(crate) output: Output,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// Text, free to change.
    Text,
    /// What the API says.
    Json,
}

/// Asks the server as the person who logged in, or who has the token in PINNACE_TOKEN.
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    token: Hidden,
}

impl Remote {
    /// Runs what a command does with the server.
    pub(crate) fn run(&self, ask: impl AsyncFnOnce(Client) -> Result<ExitCode, Problem>) -> anyhow::Result<ExitCode> {
        let client = self.client()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(runtime.block_on(ask(client))?)
    }

    fn client(&self) -> Result<Client, Problem> {
        let sessions = Sessions::load()?;
        let given = self.server.as_deref().map(|url| url.trim_end_matches('/'));
        let Some(url) = given.or(sessions.last()) else {
            return Err(Problem::usage("no server is named", "use --server URL, or `pinnace login` once"));
        };
        let token = secret("PINNACE_TOKEN").map(Hidden::new).or_else(|| sessions.token(url));
        let Some(token) = token else {
            return Err(Problem::signed_out(url));
        };
        Client::new(url, token)
    }

    /// Prints what the server said: as it is for programs, else as this says.
    pub(crate) fn print(&self, said: &Value, text: impl FnOnce() -> Result<String, Problem>) -> Result<(), Problem> {
        let text = match self.output {
            Output::Json => format!("{said:#}\n"),
            Output::Text => text()?,
        };
        // A closed pipe wants no more.
        let _ = stdout().lock().write_all(text.as_bytes());
        Ok(())
    }
}

impl Client {
    /// Speaks to this server with this token.
    pub(crate) fn new(url: &str, token: Hidden) -> Result<Self, Problem> {
        let named = url::Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if named.is_none() {
            let what = format!("`{}` is not the address of a server", secrets::clip(url, 100));
            return Err(Problem::usage(what, "write it as in https://pinnace.example"));
        }
        // A token goes to the server that it is for, and not where that one points to.
        let http = reqwest::Client::builder().timeout(WITHIN).redirect(redirect::Policy::none()).build();
        let http = http.map_err(|error| Problem::failed(format!("starting HTTP failed: {error}"), ""))?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned(), token })
    }

    /// The server's address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Looks at something.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Problem> {
        self.ask(Method::GET, path, &Value::Null).await
    }

    /// Does something.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, Problem> {
        self.ask(Method::POST, path, body).await
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value, Problem> {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.url));
        if !self.token.is_empty() {
            request = request.bearer_auth(self.token.expose());
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|error| Problem::unreachable(&self.url, &error))?;
        let status = answer.status();
        let bytes = bounded_read(answer).await.map_err(|error| Problem::unreachable(&self.url, &error))?;
        let said = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if status.is_success() { Ok(said) } else { Err(Problem::of(&self.url, status, &said)) }
    }
}

/// What the server said, cut where no answer of the API goes on.
async fn bounded_read(mut answer: reqwest::Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LARGEST {
            break;
        }
    }
    Ok(bytes)
}

/// What the server said, as it is shown to people.
pub(crate) fn read<T: DeserializeOwned>(said: &Value) -> Result<T, Problem> {
    T::deserialize(said).map_err(|error| {
        let what = format!("the server's answer can't be read: {error}");
        Problem::failed(what, "is its version this one's? `pinnace --version` says which this is")
    })
}
