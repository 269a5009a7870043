//! `cargo xtask bench fleet`: many instances on many versions, and a fleet pin of a build that does not work. It must be
//! stopped in its first wave, and nothing else may be touched.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::{Duration, Instant};

use model::{InstanceId, Outcome, Stage};
use testkit::World;
use testkit::shop::Fault;
use testkit::world::Plan as WorldPlan;

use crate::figures::Table;
use crate::machine;

/// How much is measured.
#[derive(Debug, Clone, clap::Args)]
pub struct Plan {
    /// How many instances there are
    #[arg(long, default_value_t = 300)]
    pub instances: usize,
    /// On how many versions they are
    #[arg(long, default_value_t = 40)]
    pub versions: usize,
    /// How many are pinned at a time
    #[arg(long, default_value_t = 5)]
    pub wave: usize,
}

/// Plays it in this process, and prints what it took to stdout. What is otherwise than it must be is an error.
pub async fn run(plan: &Plan) -> Result<(), Fault> {
    let machine = machine::described();
    let mut table = Table::new(&["what", "took"]);
    let mut took = |what: String, since: Instant| table.row(&[what, seconds(since.elapsed())]);
    let began = Instant::now();
    let mut world = World::started(world_plan(plan)).await;
    let ids = instances(plan)?;
    // Patience is for a step, and not for the whole.
    for some in steps(ids.len()) {
        installed(&world, some).await;
    }
    took(format!("first install of {} instances on {} versions", ids.len(), plan.versions), began);
    let before = seen(&world, &ids).await;

    let began = Instant::now();
    world.build("2.0-crash-loop").await;
    for known in steps(ids.len()) {
        let what = format!("what {known} instances would do is known");
        world.fleet_that(&what, |view| view.pins.len() - view.tally.preparing >= known).await;
    }
    let view = world.fleet_that("people are asked about all", |view| view.shown.is_some()).await;
    took("build announced -> all are asked about, once".to_owned(), began);

    let began = Instant::now();
    world.approve_fleet(&view, "ann").await;
    world.fleet_that("it stopped", |view| view.fleet.stopped.is_some()).await;
    took("approved -> stopped".to_owned(), began);
    let view = world.fleet_that("it is over", |view| view.fleet.ended).await;
    took("approved -> the first wave is back, and all the others are told".to_owned(), began);

    let (touched, tally) = (plan.wave.min(plan.instances), view.tally);
    check(tally.failed == touched && tally.left_out == ids.len() - touched, || format!("{tally:?}"))?;
    for pin in &view.pins[touched..] {
        let untried = matches!(&pin.stage, Stage::Ended(Outcome::Refused { .. })) && !pin.released;
        check(untried, || format!("{} was tried: {:?}", pin.instance, pin.stage))?;
    }
    let after = seen(&world, &ids).await;
    let changed: Vec<&InstanceId> = ids.iter().skip(touched).filter(|id| before.get(id) != after.get(id)).collect();
    check(changed.is_empty(), || format!("touched: {changed:?}"))?;
    for id in ids.iter().take(touched) {
        let back = world.objects.image(&deployment(id)).await == image(&world, id);
        check(back, || format!("{id} is not back on what git says"))?;
    }
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{machine}; in one process, profile {}\n\n{}\n{} of {} instances tried and back; of the other {} no Deployment changed \
         its generation or its resourceVersion. Waves of {}.",
        if cfg!(debug_assertions) { "dev" } else { "release" },
        table.text(),
        touched,
        ids.len(),
        ids.len() - touched,
        plan.wave,
    )?;
    Ok(())
}

fn world_plan(plan: &Plan) -> WorldPlan {
    WorldPlan {
        customers: leaked((1..=plan.instances).map(|at| format!("c{at:03}"))),
        versions: leaked((0..plan.versions.max(1)).map(|at| format!("1.{at}"))),
        with_pods: plan.wave,
        waves: leaked([format!("{{size: {}, pause: 0s}}", plan.wave)])[0],
        ..WorldPlan::default()
    }
}

/// The plan of a world lives as long as the program.
fn leaked(texts: impl IntoIterator<Item = String>) -> &'static [&'static str] {
    let texts: Vec<&'static str> = texts.into_iter().map(|text| &*text.leak()).collect();
    texts.leak()
}

fn instances(plan: &Plan) -> Result<Vec<InstanceId>, Fault> {
    (1..=plan.instances).map(|at| Ok(format!("shop/prod/c{at:03}").parse()?)).collect()
}

/// Waits until so many are installed.
async fn installed(world: &World, some: usize) {
    let what = format!("the first install of {some} instances is proven");
    world
        .until(&what, async |world| {
            let instances = world.control.overview().await.ok()?.instances;
            (instances.iter().filter(|view| view.state.verified.is_some()).count() >= some).then_some(())
        })
        .await;
}

/// Ten, twenty, and so on, and all.
fn steps(all: usize) -> impl Iterator<Item = usize> {
    (10..all).step_by(10).chain([all])
}

/// What shows that a Deployment was touched: its generation and its resourceVersion.
async fn seen(world: &World, ids: &[InstanceId]) -> BTreeMap<InstanceId, String> {
    let mut seen = BTreeMap::new();
    for id in ids {
        let live = world.objects.deployment(&deployment(id)).await;
        let metadata = &live["metadata"];
        seen.insert(id.clone(), format!("{} {}", metadata["generation"], metadata["resourceVersion"]));
    }
    seen
}

fn deployment(id: &InstanceId) -> String {
    format!("web-{}", id.name.as_str())
}

fn image(world: &World, id: &InstanceId) -> String {
    world.image_of(id.name.as_str())
}

fn check(holds: bool, what: impl FnOnce() -> String) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(what().into()) }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}
