//! `pinnace serve`: the server.

pub(crate) mod admin;
mod senders;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use chat::ChatService;
use chat::slack::{Settings as SlackSettings, Slack, Token};
use control::registry::RegistryClient;
use control::{Barrier, Clock, Control, Parts, Settings};
use secrets::Redactor;
use server::ServerSettings;
use store::Store;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::guarded;

use super::render_args::RenderArgs;
use super::repo::Repo;
use super::secret;

/// Run the server: hooks, chat, the page, and the loops that keep instances as they should be
///
/// Secrets are taken from the environment, never from arguments: PINNACE_GIT_TOKEN, PINNACE_SLACK_BOT_TOKEN,
/// PINNACE_SLACK_APP_TOKEN, PINNACE_SLACK_SIGNING_SECRET.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) repo: Repo,
    /// Folder for the database and the mirror; on a local disk
    #[arg(long, env = "PINNACE_DATA", default_value = "pinnace-data")]
    pub(crate) data: PathBuf,
    /// Where to listen
    #[arg(long, env = "PINNACE_LISTEN", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// What people type into a browser to get here [default: http:// and where it listens]
    #[arg(long, env = "PINNACE_BASE_URL")]
    pub(crate) base_url: Option<String>,
    /// Where to serve /metrics; not at all by default
    #[arg(long, env = "PINNACE_METRICS_LISTEN")]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// The kubeconfig whose contexts pinnace.yaml names
    #[arg(long, env = "KUBECONFIG")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Pinnace's own namespace in each cluster
    #[arg(long, default_value = "pinnace-system")]
    pub(crate) own_namespace: String,
    /// File with the keys of those who announce builds; see docs/hooks.md
    #[arg(long, env = "PINNACE_SENDERS")]
    pub(crate) senders: Option<PathBuf>,
    /// A context whose Apps and databases are looked after here, without an operator of its own there; may be given several times
    #[arg(long = "operator", value_name = "CONTEXT")]
    pub(crate) operators: Vec<String>,
    #[command(flatten)]
    pub(crate) operating: super::operator::With,
    #[command(flatten)]
    pub(crate) rendering: RenderArgs,
    /// Address of a commit's page, with {commit} for its id
    #[arg(long)]
    pub(crate) commit_url: Option<String>,
    /// Let people look who are not signed in; they never act
    #[arg(long)]
    pub(crate) public_read: bool,
    /// Seconds between two fetches of the config repo when nothing happens
    #[arg(long, default_value_t = 20)]
    pub(crate) fetch_every: u64,
    /// Another Slack, for tests
    #[arg(long, hide = true)]
    pub(crate) slack_api: Option<String>,
    /// Show the demo's buttons, which lead to this socket
    #[arg(long, hide = true)]
    pub(crate) demo_desk: Option<PathBuf>,
    /// End when stdin does, so that nothing is left when whoever started us is killed
    #[arg(long, hide = true)]
    pub(crate) until_stdin_ends: bool,
    /// Announce every effect on this socket and wait for an answer, for crash tests
    #[arg(long, hide = true, env = "PINNACE_BARRIER")]
    pub(crate) barrier: Option<PathBuf>,
}

/// Runs until it is told to stop.
pub(crate) fn run(args: &Serve) -> anyhow::Result<ExitCode> {
    guarded::no_dumps_below();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    runtime.block_on(async {
        let listener = TcpListener::bind(args.listen).await.with_context(|| format!("listening on {}", args.listen))?;
        let until_stdin_ends = args.until_stdin_ends;
        let stop = async move {
            tokio::select! {
                () = told_to_stop() => {}
                () = stdin_ended(), if until_stdin_ends => {}
            }
        };
        serve(args, listener, guarded::redactor().clone(), stop).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Ends when somebody presses Ctrl-C or the system asks us to stop.
pub(crate) async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

async fn stdin_ended() {
    // Anything else than an end is not awaited either: nobody has something to say there.
    let _ = tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await;
}

/// Wires the parts and serves on this listener.
pub(crate) async fn serve(
    args: &Serve,
    listener: TcpListener,
    redactor: Redactor,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let control = control(args, &listener, redactor).await?;
    let senders = args.senders.as_deref().map(senders::read).transpose()?.unwrap_or_default();
    let settings = ServerSettings {
        senders: senders.builds,
        push_keys: senders.push,
        public_read: args.public_read,
        metrics_listener: match args.metrics_listen {
            Some(at) => Some(TcpListener::bind(at).await.with_context(|| format!("listening on {at}"))?),
            None => None,
        },
        demo_desk: args.demo_desk.clone(),
        slack_signing_secret: secret("PINNACE_SLACK_SIGNING_SECRET").map(Token::new),
    };
    let loops = tokio::spawn({
        let control = control.clone();
        async move { control.run().await }
    });
    let operators = operators(args).await?;
    tracing::info!(url = control.base_url(), "pinnace is up");
    let admin = admin::listen(&args.data, control.clone())?;
    let served = server::serve(listener, control.clone(), settings, stop).await;
    admin.abort();
    operators.stop().await;
    loops.abort();
    control.store().close().await;
    served.context("serving")
}

/// The operators that run in this process.
struct Operators {
    stop: watch::Sender<bool>,
    running: JoinSet<()>,
}

impl Operators {
    /// Each lets its Lease go, so that another need not wait.
    async fn stop(mut self) {
        let _ = self.stop.send(true);
        let _ = tokio::time::timeout(STOP_WITHIN, async { while self.running.join_next().await.is_some() {} }).await;
    }
}

const STOP_WITHIN: Duration = Duration::from_secs(5);

/// Each has connections of its own, so that neither it nor the server waits for the other.
async fn operators(args: &Serve) -> anyhow::Result<Operators> {
    let (stop, stopped) = watch::channel(false);
    let mut running = JoinSet::new();
    for context in &args.operators {
        let settings = super::operator::connecting(&args.own_namespace, None);
        let client = cluster::ClusterClient::connect_with(args.kubeconfig.as_deref(), context, settings).await;
        let client = client.with_context(|| format!("connecting the operator of {context}"))?;
        running.spawn(super::operator::looks_after(client, args.operating.settings(None), stopped.clone()));
    }
    Ok(Operators { stop, running })
}

/// Opens database and mirror and puts the parts together.
pub(crate) async fn control(args: &Serve, listener: &TcpListener, redactor: Redactor) -> anyhow::Result<Control> {
    let base_url = match &args.base_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{}", listener.local_addr().context("reading the address that we listen on")?),
    };
    let settings = Settings {
        base_url,
        own_namespace: args.own_namespace.clone(),
        kubeconfig: args.kubeconfig.clone(),
        fetch_every: Duration::from_secs(args.fetch_every),
        commit_url: args.commit_url.clone(),
        config_file: args.repo.config_file.clone(),
        engines: args.rendering.settings(),
        charts: args.data.join("charts"),
        bases: args.data.join("bases"),
        age_key_file: args.rendering.age_key_file.clone(),
        ..Settings::default()
    };
    let store = Store::open(&args.data.join("db")).await.context("opening the database")?;
    if let Some(token) = Repo::token() {
        redactor.register(&token);
    }
    let mirror = args.repo.open(&args.data.join("mirror")).await?;
    let barrier = match &args.barrier {
        Some(path) => Barrier::connect(path).await.context("connecting to the barrier")?,
        None => Barrier::off(),
    };
    let parts = Parts {
        settings,
        store,
        mirror,
        registry: RegistryClient::default(),
        chat: slack(args, &redactor)?,
        redactor,
        clock: Clock::system(),
        barrier,
    };
    Ok(Control::new(parts).await?)
}

fn slack(args: &Serve, redactor: &Redactor) -> anyhow::Result<Option<ChatService>> {
    let Some(bot) = secret("PINNACE_SLACK_BOT_TOKEN") else { return Ok(None) };
    let app = secret("PINNACE_SLACK_APP_TOKEN");
    for token in [Some(&bot), app.as_ref()].into_iter().flatten() {
        redactor.register(token);
    }
    let mut settings = SlackSettings::new(Token::new(bot), app.map(Token::new));
    if let Some(api) = &args.slack_api {
        api.clone_into(&mut settings.api);
    }
    Ok(Some(ChatService::Slack(Slack::new(settings).context("setting up Slack")?)))
}
