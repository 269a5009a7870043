//! `cargo xtask bench drift`: a field is changed behind our back. From the watch event that tells of it to the repaired write.

use std::io::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::World;
use testkit::shop::Fault;
use testkit::world::Plan as WorldPlan;

use crate::figures::{Table, Times};
use crate::machine;
use crate::watched::{Watched, now};

/// How much is measured.
#[derive(Debug, Clone, clap::Args)]
pub struct Plan {
    /// How many objects are changed, in each of the three ways
    #[arg(long, default_value_t = 100)]
    pub objects: usize,
}

const COLUMNS: [&str; 5] = ["what", "times", "p50", "p99", "goal"];
const GOAL: &str = "< 1 s";

/// Plays it in this process, and prints the times to stdout.
pub async fn run(plan: &Plan) -> Result<(), Fault> {
    let machine = machine::described();
    let more = (0..plan.objects).map(|at| (format!("m{at:03}.yaml"), manifest(at))).collect();
    let world = World::planned(WorldPlan { more, ..WorldPlan::default() }).await;
    world.agree().await;
    let mut watched = Watched::begin(world.objects.namespace(), &[("", "ConfigMap")]).await?;
    watched.first("the first object", Duration::ZERO, |object| is(object, 0)).await?;

    let mut table = Table::new(&COLUMNS);
    // Each object is changed once by each: one that is changed again and again is left to people.
    for (what, manager) in [
        ("another manager's change", "bench-controller"),
        ("a person's change, which is made ours first", "kubectl-edit"),
    ] {
        let (mut told, mut all) = (Times::default(), Times::default());
        for at in 0..plan.objects {
            let began = now();
            world.objects.edit_config_map(&name(at), manager, &json!({"data": {"VALUE": "changed"}})).await;
            let event =
                watched.first("the change", began, |object| is(object, at) && value(object) == "changed").await?;
            let back = watched.first("the repair", event, |object| is(object, at) && value(object) == "kept").await?;
            told.extend([back.saturating_sub(event)]);
            all.extend([back.saturating_sub(began)]);
        }
        table.times(&format!("{what}: watch event -> repaired"), &told, GOAL);
        table.times(&format!("{what}: written -> repaired"), &all, "");
    }
    let mut gone = Times::default();
    for at in 0..plan.objects {
        let old = world.objects.config_map(&name(at)).await.ok_or("an object is gone too early")?;
        let began = now();
        world.objects.delete_config_map(&name(at)).await;
        let is_new = |object: &Value| is(object, at) && object["metadata"]["uid"] != old["metadata"]["uid"];
        let back = watched.first("the object", began, is_new).await?;
        gone.extend([back.saturating_sub(began)]);
    }
    table.times("an object deleted: written -> there again", &gone, GOAL);
    world.agree().await;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{machine}; in one process, profile {}\n\n{}", machine::profile(), table.text())?;
    Ok(())
}

fn name(at: usize) -> String {
    format!("m{at:03}")
}

fn manifest(at: usize) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}}}\ndata: {{VALUE: kept}}\n", name(at))
}

fn is(object: &Value, at: usize) -> bool {
    object["metadata"]["name"] == name(at)
}

fn value(object: &Value) -> &str {
    object["data"]["VALUE"].as_str().unwrap_or_default()
}
