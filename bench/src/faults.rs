//! `cargo xtask bench faults`: each fault that the simulated nodes can make, from the status that completes the rule to the
//! verdict, beside what was aimed at.

use std::io::Write as _;
use std::time::Duration;

use model::{Fact, InstanceFact, Timestamp};
use serde_json::Value;
use testkit::shop::Fault;
use testkit::world::Plan as WorldPlan;
use testkit::{Person, World};

use crate::figures::{Table, Times};
use crate::machine;
use crate::watched::{Watched, now};

/// How much is measured.
#[derive(Debug, Clone, clap::Args)]
pub struct Plan {
    /// How often each fault is made
    #[arg(long, default_value_t = 5)]
    pub times: u32,
}

/// One fault, and the status that completes its rule.
struct Case {
    /// In words.
    name: &'static str,
    /// The part of a tag, or of another image, that makes it.
    marker: &'static str,
    how: How,
    completes: fn(&Value) -> bool,
    goal: &'static str,
}

/// How it comes into the cluster.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// A build whose image does so.
    Build,
    /// The quota lets no pod of a build in.
    Quota,
    /// A pushed commit with this beside the image.
    Pushed(&'static str, &'static str),
    /// A build that is waited for, and told about meanwhile.
    Told,
}

const SOON: &str = "< 1 s";
const ANCHOR: &str = "      containers:\n";
const INIT: &str = "      initContainers: [{name: prepare, image: \"prepare:crash-loop\"}]\n      containers:\n";
const JOB: &str = "apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec:
  backoffLimit: 0
  template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: \"migrate:job-fails\"}]}}
---
# The shop's web part.";

const CASES: [Case; 9] = [
    Case { name: "image not found", marker: "image-missing", how: How::Build, completes: pull_failed, goal: SOON },
    Case { name: "crash loop", marker: "crash-loop", how: How::Build, completes: restarted_twice, goal: SOON },
    Case { name: "out of memory", marker: "out-of-memory", how: How::Build, completes: ended_twice, goal: SOON },
    Case { name: "missing key", marker: "config-key-missing", how: How::Build, completes: no_config, goal: SOON },
    Case { name: "quota lets no pod in", marker: "0", how: How::Quota, completes: not_let_in, goal: SOON },
    Case {
        name: "crash loop while preparing",
        marker: "prepare:crash-loop",
        how: How::Pushed(ANCHOR, INIT),
        completes: prepared_twice,
        goal: SOON,
    },
    Case {
        name: "a Job that fails",
        marker: "migrate:job-fails",
        how: How::Pushed("# The shop's web part.", JOB),
        completes: job_failed,
        goal: SOON,
    },
    Case {
        name: "registry in trouble: told, and waited for",
        marker: "registry-refusing",
        how: How::Told,
        completes: pull_failed,
        goal: "told in < 1 s, Failed at the deadline",
    },
    Case {
        name: "never ready: Failed at its deadline of 5 s",
        marker: "never-ready",
        how: How::Build,
        completes: runs,
        goal: "at the deadline",
    },
];

/// Plays it in this process, and prints the times to stdout.
pub async fn run(plan: &Plan) -> Result<(), Fault> {
    let machine = machine::described();
    let mut table =
        Table::new(&["from the status that completes the rule to the verdict", "times", "p50", "p99", "goal"]);
    for case in &CASES {
        let deadline = if case.marker == "never-ready" { "5s" } else { "30s" };
        let mut world = World::planned(WorldPlan { deadline, ..WorldPlan::default() }).await;
        let kinds = [("", "Pod"), ("apps", "ReplicaSet"), ("batch", "Job")];
        let mut watched = Watched::begin(world.objects.namespace(), &kinds).await?;
        let mut times = Times::default();
        for round in 0..plan.times {
            let began = now();
            let verdict = case.verdict(&mut world, round).await?;
            let completes = |object: &Value| is_of(object, case, round) && (case.completes)(object);
            let status = watched.first(case.name, began, completes).await?;
            times.extend([verdict.saturating_sub(status)]);
        }
        table.times(case.name, &times, case.goal);
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{machine}; in one process, profile {}\n\n{}", machine::profile(), table.text())?;
    Ok(())
}

impl Case {
    /// Makes it, and waits for its end: when the verdict was written down.
    async fn verdict(&self, world: &mut World, round: u32) -> Result<Duration, Fault> {
        match self.how {
            How::Pushed(from, to) => pushed(world, from, to).await,
            how => {
                if how == How::Quota {
                    world.objects.let_no_pod_in().await;
                }
                let number = world.pin(&self.tag(round)).await;
                if how == How::Told {
                    let trouble = |stage: &model::Stage| matches!(stage, model::Stage::Watching { waiting_for, .. } if waiting_for.contains("registry"));
                    world.pin_that("it is told", &self.tag(round), |pin| trouble(&pin.stage)).await;
                    // It would be waited for until its deadline.
                    let by = testkit::world::person("ann");
                    world
                        .control
                        .cancel(number, &by, model::Surface::Page)
                        .await
                        .map_err(|problem| problem.to_string())?;
                }
                world.ended(number).await;
                if how == How::Quota {
                    world.objects.let_pods_in().await;
                }
                let facts = world.control.pin_view(number).await.map_err(|problem| problem.to_string())?.facts;
                let is_it = |fact: &Fact| match fact {
                    Fact::Failed(_) => how != How::Told,
                    Fact::Watched { waiting_for, .. } => how == How::Told && waiting_for.contains("registry"),
                    _ => false,
                };
                let at = facts.iter().find(|recorded| is_it(&recorded.fact)).map(|recorded| recorded.at);
                Ok(since_epoch(at.ok_or_else(|| format!("{} has no verdict", self.name))?))
            }
        }
    }

    fn tag(&self, round: u32) -> String {
        format!("2.{round}-{}", self.marker)
    }
}

/// A commit that does not work, and one that takes it back: when the first was written down as failed.
async fn pushed(world: &World, from: &str, to: &str) -> Result<Duration, Fault> {
    let bad = world.commit(Person::BOB, "web.yaml", from, to);
    world.head_failed(&bad).await;
    let facts = world.control.store().instance_facts(&world.instance).await?;
    let is_it = |fact: &InstanceFact| matches!(fact, InstanceFact::HeadFailed(failed) if failed.head.as_str() == bad);
    let at = facts.iter().find(|recorded| is_it(&recorded.fact)).map(|recorded| recorded.at);
    let good = world.commit(Person::BOB, "web.yaml", to, from);
    world.head_proven(&good).await;
    Ok(since_epoch(at.ok_or("the commit did not fail")?))
}

fn since_epoch(at: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(at.0).unwrap_or_default())
}

/// Whether an object is of this round, by an image in it.
fn is_of(object: &Value, case: &Case, round: u32) -> bool {
    let marker = match case.how {
        How::Pushed(..) => case.marker.to_owned(),
        _ => format!(":{}@", case.tag(round)),
    };
    object["spec"].to_string().contains(&marker)
}

fn first_container(object: &Value) -> &Value {
    &object["status"]["containerStatuses"][0]
}

fn waits_as(status: &Value) -> &str {
    status.pointer("/state/waiting/reason").and_then(Value::as_str).unwrap_or_default()
}

fn restarts(status: &Value) -> u64 {
    status["restartCount"].as_u64().unwrap_or_default()
}

fn pull_failed(object: &Value) -> bool {
    matches!(waits_as(first_container(object)), "ErrImagePull" | "ImagePullBackOff")
}

fn no_config(object: &Value) -> bool {
    waits_as(first_container(object)) == "CreateContainerConfigError"
}

fn restarted_twice(object: &Value) -> bool {
    restarts(first_container(object)) >= 2
}

/// Two ends for want of memory, whether it was restarted after the second or not.
fn ended_twice(object: &Value) -> bool {
    let status = first_container(object);
    let ended = status.pointer("/state/terminated").is_some() || waits_as(status) == "CrashLoopBackOff";
    restarts(status) >= 2 || (restarts(status) >= 1 && ended)
}

fn prepared_twice(object: &Value) -> bool {
    restarts(&object["status"]["initContainerStatuses"][0]) >= 2
}

fn not_let_in(object: &Value) -> bool {
    has_condition(object, "ReplicaFailure")
}

fn job_failed(object: &Value) -> bool {
    object["kind"] == "Job" && has_condition(object, "Failed")
}

fn runs(object: &Value) -> bool {
    first_container(object).pointer("/state/running").is_some()
}

fn has_condition(object: &Value, kind: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|one| one["type"] == kind && one["status"] == "True")
}
