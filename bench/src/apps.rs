//! `cargo xtask bench apps`: hundreds of Apps with their databases, looked after by one operator; beside a bare loop of the same writes.

mod bare;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use testkit::fleet::Request;
use testkit::operated::{Operated, SERVER};
use testkit::shop::Fault;

use crate::Binary;
use crate::figures::{Table, ratio, secs};
use crate::machine::{self, say};

/// So many of the failures are shown.
const FAILURES_SHOWN: usize = 10;

/// How much is measured.
#[derive(Debug, Clone, clap::Args)]
pub struct Plan {
    /// How many Apps there are, each in a namespace of its own
    #[arg(long, default_value_t = 300)]
    pub apps: usize,
}

/// How many are written at a time.
const WORKERS: usize = 32;
/// How long all of them may take.
const PATIENCE: Duration = Duration::from_mins(20);

/// Measures, and prints tables to stdout and what it is at to stderr.
pub async fn run(plan: &Plan, binary: &Binary) -> Result<(), Fault> {
    say("starting a cluster, a PostgreSQL and the operator");
    let mut operated = Operated::start(&binary.path).await?;
    let names: Vec<String> = (0..plan.apps).map(|at| format!("app-{at}")).collect();
    let bare_names: Vec<String> = (0..plan.apps).map(|at| format!("bare-{at}")).collect();
    make_namespaces(&operated, names.iter().chain(&bare_names)).await?;
    say("one App, whose objects the bare loop will write");
    make_namespaces(&operated, ["first".to_owned()].iter()).await?;
    write(&operated, "first", "1.0").await?;
    ready(&operated, "first", "1.0").await?;
    let template = bare::template(&operated, "first").await?;
    operated.requests_at_rest().await?;
    say("a bare loop");
    let before = bare::run(&operated, &bare_names, &template, WORKERS).await?;
    say("all Apps at once");
    let began = Instant::now();
    let work: Vec<_> = names.iter().map(|name| write(&operated, name, "1.0")).collect();
    futures::stream::iter(work).buffer_unordered(WORKERS).try_collect::<Vec<()>>().await?;
    let written = began.elapsed();
    for name in &names {
        ready(&operated, name, "1.0").await?;
    }
    let installed = began.elapsed();
    let all = operated.requests_at_rest().await?;
    say("nothing changes");
    tokio::time::sleep(Duration::from_secs(30)).await;
    let quiet = operated.requests_at_rest().await?;
    say("one App changes");
    let first = names.first().ok_or("no Apps")?;
    let began = Instant::now();
    write(&operated, first, "2.0").await?;
    ready(&operated, first, "2.0").await?;
    let changed = began.elapsed();
    let of_one = operated.requests_at_rest().await?;
    say("a new instance beside them");
    make_namespaces(&operated, ["new".to_owned()].iter()).await?;
    let began = Instant::now();
    write(&operated, "new", "1.0").await?;
    ready(&operated, "new", "1.0").await?;
    let new = began.elapsed();
    operated.requests_at_rest().await?;
    let memory = operated.most_memory_kib()?;
    say("the operator starts again");
    operated.stop().await?;
    operated.requests_at_rest().await?;
    operated.begin()?;
    let again = operated.requests_at_rest().await?;
    let measured = Measured {
        bare: (before, template.len()),
        installed: (written, installed, all),
        quiet,
        changed: (changed, of_one),
        new,
        memory: (memory, operated.most_memory_kib()?),
        again,
        failed: operated.log().lines().filter(|line| line.contains("reconcile failed")).map(str::to_owned).collect(),
    };
    measured.failed.iter().take(FAILURES_SHOWN).for_each(|line| say(line));
    let mut out = std::io::stdout().lock();
    let machine = machine::described();
    writeln!(
        out,
        "{machine}; profile {}; {} Apps, each with a database on one shared server\n",
        binary.profile, plan.apps
    )?;
    writeln!(out, "{}", measured.table(plan.apps).text())?;
    Ok(())
}

/// What was measured: times, and requests.
struct Measured {
    bare: (Duration, usize),
    installed: (Duration, Duration, Vec<Request>),
    quiet: Vec<Request>,
    changed: (Duration, Vec<Request>),
    new: Duration,
    memory: (u64, u64),
    again: Vec<Request>,
    failed: Vec<String>,
}

impl Measured {
    fn table(&self, apps: usize) -> Table {
        let mut table = Table::new(&["what", "measured", "goal"]);
        let mut row =
            |what: &str, measured: String, goal: &str| table.row(&[what.to_owned(), measured, goal.to_owned()]);
        let ((bare, writes), (written, installed, all)) = (&self.bare, &self.installed);
        row("bare loop of the same writes", format!("{}, {writes} writes an App", secs(*bare)), "");
        row("the Apps themselves are written", secs(*written), "");
        row("first App written -> the last is Ready", secs(*installed), "");
        row("times the bare loop", ratio(Some(*installed), Some(*bare)), "");
        row("requests", counted(all, apps), "");
        row("while nothing changed, 30 s", counted(&self.quiet, 1), "0 but the Lease");
        row(
            "one App changed -> Ready",
            format!("{}; {}", secs(self.changed.0), counted(&self.changed.1, 1)),
            "cost of one",
        );
        row("a new instance -> Ready", secs(self.new), "< 60 s");
        let (memory, again) = (self.memory.0 / 1024, self.memory.1 / 1024);
        row("memory of the operator, VmHWM", format!("{memory} MiB; started again {again} MiB"), "");
        row("started again", counted(&self.again, apps), "0 writes but the Lease");
        row("passes that failed and were made again", self.failed.len().to_string(), "0");
        table
    }
}

/// An App as people write it: two processes, a migration, routes, and a database on the server that all share.
fn app(namespace: &str, tag: &str) -> Value {
    let digest = format!("{:0>64}", if tag == "1.0" { "1" } else { "2" });
    let (server_namespace, server) = SERVER;
    json!({
        "apiVersion": "pinnace.dev/v1alpha1", "kind": "App", "metadata": {"name": "shop", "namespace": namespace},
        "spec": {
            "image": format!("registry.example/acme/shop:{tag}@sha256:{digest}"), "defaults": "dev",
            "processes": {"web": {"command": ["serve"]}, "worker": {"command": ["work"]}},
            "routes": {"host": format!("{namespace}.example.org")},
            "migrations": {"command": ["migrate"]},
            "config": {"TENANT": namespace},
            "needs": {"database": {"make": {
                "database": namespace.replace('-', "_"),
                "server": {"local": {"shared": {"name": server, "namespace": server_namespace}}},
            }}},
        },
    })
}

async fn write(operated: &Operated, namespace: &str, tag: &str) -> Result<(), Fault> {
    operated.admin.set_up(&[app(namespace, tag)]).await?;
    Ok(())
}

async fn ready(operated: &Operated, namespace: &str, tag: &str) -> Result<(), Fault> {
    let key = Operated::app(namespace);
    let waiting = async {
        loop {
            let live = operated.admin.get(&key).await?;
            let status = live.as_ref().map(|live| live["status"].clone()).unwrap_or_default();
            if status["phase"] == "Ready" && status["version"] == tag {
                return Ok(());
            }
            operated.admin.news_of(&key, live.as_ref()).await?;
        }
    };
    if let Ok(waited) = tokio::time::timeout(PATIENCE, waiting).await {
        return waited;
    }
    let live = operated.admin.get(&key).await?.unwrap_or_default();
    Err(format!("{namespace} did not get ready: {:#}\n{}", live["status"], operated.log()).into())
}

async fn make_namespaces(operated: &Operated, names: impl Iterator<Item = &String>) -> Result<(), Fault> {
    let work: Vec<_> = names.map(|name| operated.admin.make_namespace(name)).collect();
    futures::stream::iter(work).buffer_unordered(WORKERS).try_collect::<Vec<bool>>().await?;
    Ok(())
}

/// How many there were, of how many Apps, and which.
fn counted(requests: &[Request], apps: usize) -> String {
    let of_lease = requests.iter().filter(|request| request.resource == "leases").count();
    let mut writes: BTreeMap<String, usize> = BTreeMap::new();
    for request in requests.iter().filter(|request| request.writes() && request.resource != "leases") {
        *writes.entry(request.sort()).or_default() += 1;
    }
    let which: Vec<String> = writes.iter().map(|(sort, count)| format!("{count} {sort}")).collect();
    let (writes, which) = (writes.values().sum::<usize>(), which.join(", "));
    let all = requests.len() - of_lease;
    let tenths = (all * 10).checked_div(apps).unwrap_or_default();
    format!(
        "{all} requests ({}.{} an App), {writes} of them writes ({which}), and {of_lease} for the Lease",
        tenths / 10,
        tenths % 10
    )
}
