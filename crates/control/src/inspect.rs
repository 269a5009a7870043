//! An instance of a checkout looked at as the server would look at a commit: read, its charts fetched, rendered, and what is likely
//! to go wrong found. No cluster, no git, no database.

use config_repo::{Config, Instance};
use render::engine;
use render::lint::{Finding, Scene, Unlocked, lint};

use crate::registry::{Access, ResolveError};
use crate::sources::{self, Files};
use crate::tools::Tools;

/// What was seen of an instance.
#[derive(Debug, Default)]
pub struct Inspected {
    /// What is likely to go wrong.
    pub findings: Vec<Finding>,
    /// Why it does not render, in words.
    pub problem: Option<String>,
}

/// Each round is a level of kustomizations.
const MOST_ROUNDS: usize = 20;

/// Looks at an instance. Files are read by `read`, registries are asked as `access` says.
pub async fn inspect<E: From<render::engine::EngineError>>(
    tools: &Tools<'_>,
    instance: &Instance,
    read: impl Fn(&[String]) -> Result<Files, E>,
    access: impl Fn(&str) -> Result<Access, ResolveError>,
) -> Result<Inspected, E> {
    let mut files = read(&sources::named(instance))?;
    let local = sources::local(instance);
    for _ in 0..MOST_ROUNDS {
        let wanted: Vec<String> = engine::missing(&local, &files, &tools.config.remote_bases)?.into_iter().collect();
        let more = read(&wanted)?;
        if more.is_empty() {
            break;
        }
        files.extend(more);
    }
    let unlocked = unlocked(tools.config, instance, &files);
    let hosts = sources::hosts(instance).into_iter();
    let accesses = hosts.map(|host| (host.clone(), access(&host))).collect();
    let rendered = tools.render(instance, &files, &accesses).await;
    let (objects, left_out) =
        rendered.as_ref().map_or((&[][..], &[][..]), |rendered| (&rendered.objects, &rendered.left_out));
    let values: Vec<String> = instance.sources.iter().flat_map(|source| source.chart.values.clone()).collect();
    let config_file = tools.config_file;
    let scene = Scene { objects, config_file, left_out, files: &files, values: &values, unlocked: &unlocked };
    // What a lock lacks is among the findings.
    let problem = rendered.as_ref().err().filter(|_| unlocked.is_empty()).cloned();
    Ok(Inspected { findings: lint(&scene), problem })
}

fn unlocked(config: &Config, instance: &Instance, files: &Files) -> Vec<Unlocked> {
    let charts = instance.sources.iter().filter_map(|source| source.remote.as_ref());
    let wrong = charts.filter_map(|chart| {
        let why = sources::locked(chart, files, &config.lock_file).err()?.to_string();
        let file = chart.pinned.clone().unwrap_or_else(|| config.lock_file.clone());
        Some(Unlocked { file, why })
    });
    wrong.collect()
}
