//! `cargo xtask bench page`: the first page of many instances, as a browser gets it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use model::{CommitId, InstanceFact, InstanceId, Timestamp};
use store::Store;
use testkit::GitRemote;
use testkit::served::{Served, Setup, free_port};
use testkit::shop::Fault;
use tokio::task::JoinSet;

use crate::Binary;
use crate::figures::{Table, Times};
use crate::machine;

/// How much is measured.
#[derive(Debug, Clone, clap::Args)]
pub struct Plan {
    /// How many instances there are
    #[arg(long, default_value_t = 5000)]
    pub instances: usize,
    /// How often each page is asked for
    #[arg(long, default_value_t = 30)]
    pub times: u32,
}

/// Measures, and prints a table to stdout.
pub async fn run(plan: &Plan, binary: &Binary) -> Result<(), Fault> {
    let machine = machine::described();
    let folder = tempfile::tempdir()?;
    let config = config(plan.instances);
    let remote = GitRemote::bare_in(&folder.path().join("config.git"), &[("pinnace.yaml", &config)])?;
    let data = folder.path().join("data");
    fill(&data, plan.instances, &remote.head()?.parse()?).await?;
    let setup = Setup {
        program: binary.path.clone(),
        data,
        repo: remote.file_url(),
        config_file: "pinnace.yaml".to_owned(),
        context: "nowhere".to_owned(),
        own_namespace: "pinnace-system".to_owned(),
        project: "p0".to_owned(),
        port: free_port()?,
        barrier: None,
        fetch_every: 1,
        more: Vec::new(),
    };
    let server = Served::start(setup).await?;
    let ann = server.sign_in("ann").await?;
    let mut table = Table::new(&["page", "times", "p50", "p99", "goal"]);
    let mut sizes = String::new();
    for (name, path) in
        [("overview", "/"), ("its last page", "/?from=4950"), ("search", "/?q=p4711"), ("API", "/api/v1/instances")]
    {
        let (mut took, mut bytes) = (Vec::new(), 0);
        for _ in 0..plan.times {
            let began = Instant::now();
            bytes = ann.look(path).await?;
            took.push(began.elapsed());
        }
        table.times(
            &format!("{name} of {} instances", plan.instances),
            &took.into_iter().collect::<Times>(),
            "p99 < 200 ms",
        );
        writeln!(sizes, "{name}: {} kB uncompressed", bytes / 1000)?;
    }
    let memory = server.most_memory_kib()?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{machine}; profile {}\n\n{}\n{sizes}VmHWM of the server: {memory} KiB",
        binary.profile,
        table.text()
    )?;
    Ok(())
}

/// One project an instance, all verified, with nothing to look at in a cluster.
fn config(instances: usize) -> String {
    let mut text = "apiVersion: pinnace.dev/v1\nkind: Config\npeople: {ann: {email: ann@example.org}}\nenvironments: {prod: {context: \
                    nowhere, approvers: [ann], rules: {drift: \"off\"}}}\nprojects:\n"
        .to_owned();
    for at in 0..instances {
        let _ = writeln!(
            text,
            "  p{at}: {{image: r.example/p{at}, sources: [{{path: \"a/p{at}/{{environment}}\"}}], namespaces: {{prod: n{at}}}}}"
        );
    }
    text
}

/// What happened to each: it was verified at HEAD.
async fn fill(data: &std::path::Path, instances: usize, head: &CommitId) -> Result<(), Fault> {
    let store = Store::open(&data.join("db")).await?;
    let mut writes = JoinSet::new();
    for at in 0..instances {
        let (store, commit) = (store.clone(), head.clone());
        writes.spawn(async move {
            let id: InstanceId = format!("p{at}/prod").parse()?;
            let image = Some(format!("r.example/p{at}:1.{at}").parse()?);
            let fact = InstanceFact::Verified { commit, render_hash: "f00d".to_owned(), image, pin: None };
            Ok::<_, Fault>(store.append_instance(&id, fact, Timestamp(1_700_000_000_000)).await?)
        });
        // As many at a time as share a flush well.
        while writes.len() > 500 {
            writes.join_next().await.transpose()?.transpose()?;
        }
    }
    while let Some(written) = writes.join_next().await {
        written??;
    }
    store.close().await;
    drop(store);
    // The folder's lock is given back with the last task that held it.
    tokio::time::sleep(Duration::from_millis(100)).await;
    Ok(())
}
