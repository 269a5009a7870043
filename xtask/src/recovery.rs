//! `cargo xtask recovery`: disaster recovery, played with the shipped binary as a process of its own on a real API server, git remote
//! and registry. It says what it does, and exits 0 only if all of it held.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{anyhow, ensure};
use clap::Args;
use testkit::Shop;
use testkit::shop::{Fault, INSTANCE, Plan};

use crate::bench::built;

/// How it is played.
#[derive(Args)]
pub(crate) struct Which {
    /// Play it with this binary, and build none.
    #[arg(long)]
    program: Option<PathBuf>,
}

/// The builds that are pinned before.
const BEFORE: [&str; 2] = ["1.1", "1.2"];

/// Plays it.
pub(crate) async fn run(which: &Which) -> anyhow::Result<()> {
    let program = match &which.program {
        Some(program) => program.clone(),
        None => built(false)?.path,
    };
    let mut scene = Scene { began: Instant::now() };
    scene.say("starting a cluster, a git remote, a registry and the server; version 1.0 is installed");
    let mut shop = Shop::start(Plan::of(program)).await.map_err(fault)?;
    let played = scene.play(&mut shop).await;
    if played.is_err() {
        scene.say(&format!("the server's log:\n{}", shop.server.log()));
    }
    shop.close().await?;
    played
}

struct Scene {
    began: Instant,
}

impl Scene {
    async fn play(&mut self, shop: &mut Shop) -> anyhow::Result<()> {
        for tag in BEFORE {
            pinned(shop, tag).await?;
            self.say(&format!("version {tag} is asked about, approved by ann, proven and recorded"));
        }
        let (head, image) = (shop.remote.head()?, shop.image().await.map_err(fault)?);
        let before = shop.lose_the_database().await.map_err(fault)?;
        self.say(&format!("the server is killed; database and mirror are deleted ({} pins were known)", before.len()));
        let gone = shop.lose_the_cluster().await.map_err(fault)?;
        self.say(&format!("{gone} objects are deleted: all that it put into the cluster, and its inventory"));
        ensure!(shop.image().await.map_err(fault)?.is_none(), "something was left in the cluster");

        shop.begin_again().await.map_err(fault)?;
        self.say("it is started on nothing but git");
        shop.until("what git has is proven", |seen| seen["verified"].is_string()).await.map_err(fault)?;
        agree(shop).await?;
        ensure!(shop.image().await.map_err(fault)? == image, "another image runs than before");
        ensure!(shop.remote.head()? == head, "something was committed");
        self.say("what git has is applied and proven; git, cluster and database agree, and nothing was committed");

        let next = pinned(shop, "1.3").await?;
        agree(shop).await?;
        ensure!(next == u64::try_from(before.len())? + 1, "the next pin has number {next}");
        self.say(&format!("the next build, 1.3, is pin #{next}: no number is given twice"));
        let mut read_back = shop.pins_at_last().await.map_err(fault)?;
        read_back.retain(|pin| pin.number != next);
        ensure!(read_back == before, "the history is another one: {before:?} before, {read_back:?} after");
        self.say("the pins from before are known again, with numbers, versions and approvers; none was repeated");
        self.say("disaster recovery holds");
        Ok(())
    }

    /// What is done, and how long after the beginning.
    fn say(&mut self, line: &str) {
        // A closed terminal can't be told about.
        let _ = writeln!(io::stdout(), "{:>6.1} s  {line}", self.began.elapsed().as_secs_f64());
    }
}

/// A build is made, approved, and ends well; the number of its pin.
async fn pinned(shop: &Shop, tag: &str) -> anyhow::Result<u64> {
    let number = shop.asked_about(tag).await.map_err(fault)?;
    shop.approve(number).await?;
    let ended = shop.ended(number).await.map_err(fault)?;
    ensure!(ended == "done", "the pin of {tag} ended as {ended}");
    Ok(number)
}

async fn agree(shop: &Shop) -> anyhow::Result<()> {
    let found = shop.disagreements().await?;
    ensure!(found == "none", "git, cluster and database of {INSTANCE} disagree: {found}");
    Ok(())
}

fn fault(fault: Fault) -> anyhow::Error {
    anyhow!("{fault}")
}
