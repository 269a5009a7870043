//! From the file's form to the domain: one source, and which of its files a project may edit.

use std::collections::BTreeMap;

use model::EnvironmentName;

use super::check::Problems;
use super::check_project::check_template;
use super::check_remote_chart::{check_remote, is_remote, to_remote};
use super::file::{self, Text};
use super::template::{ENVIRONMENT, INSTANCE};
use super::{ChartSettings, Project, Source};
use crate::charts::RemoteChart;

/// What stands between the instances of a project: files that say neither are for all of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shares {
    environments: bool,
    instances: bool,
}

impl Shares {
    pub(super) fn of(sources: &[file::Source], environments: usize) -> Self {
        let mut all = sources
            .iter()
            .flat_map(|source| source.path.iter().chain(&source.chart).chain(&source.values).chain(&source.pinned));
        Self { environments: environments > 1, instances: all.any(|path| path.value.contains(INSTANCE)) }
    }

    /// Whether there are many instances.
    pub(super) fn instances(self) -> bool {
        self.instances
    }

    /// A file of values that several instances take belongs to none of them.
    pub(super) fn is_own(self, file: &str) -> bool {
        (!self.environments || file.contains(ENVIRONMENT)) && (!self.instances || file.contains(INSTANCE))
    }

    /// The words that a path of one instance alone has to hold.
    pub(super) fn words(self) -> &'static str {
        match (self.environments, self.instances) {
            (true, true) => "`{environment}` and `{instance}`",
            (_, true) => "`{instance}`",
            _ => "`{environment}`",
        }
    }
}

/// Checks one source.
pub(super) fn check_source(
    project: &Text,
    source: &file::Source,
    shares: Shares,
    namespaces: &BTreeMap<EnvironmentName, String>,
    problems: &mut Problems,
) {
    source.values.iter().for_each(|path| check_template(path, problems));
    check_words(source, problems);
    if check_remote(source, shares, problems) {
        return;
    }
    [&source.path, &source.chart].into_iter().flatten().for_each(|path| check_template(path, problems));
    check_shape(project, source, problems);
    check_shared(source, shares, namespaces, problems);
}

fn check_shape(project: &Text, source: &file::Source, problems: &mut Problems) {
    match (&source.path, &source.chart) {
        (None, Some(chart)) if source.values.is_empty() => {
            let message = format!("the chart `{}` has no values of the project", chart.value);
            let help = "name them: `values: [\"apps/todo/{environment}/values.yaml\"]`; a chart that is the project's own is a `path`";
            problems.add(chart.referenced, message, help);
        }
        (Some(_), None) | (None, Some(_)) => {}
        (Some(_), Some(chart)) => {
            let help = "`path` is a folder of the project, `chart` one that others use too: make two sources of them";
            problems.add(chart.referenced, "a source has a `path` and a `chart`", help);
        }
        (None, None) => {
            let at = source.values.first().or(source.release.as_ref()).unwrap_or(project);
            let help = "name its folder: `path: \"apps/todo/{environment}\"`";
            problems.add(at.referenced, format!("a source of `{}` has no `path`", project.value), help);
        }
    }
}

/// What one instance edits no other may share.
fn check_shared(
    source: &file::Source,
    shares: Shares,
    namespaces: &BTreeMap<EnvironmentName, String>,
    problems: &mut Problems,
) {
    let names: Vec<_> = namespaces.keys().map(EnvironmentName::as_str).collect();
    let names = names.join(" and ");
    if let Some(path) = &source.path {
        if shares.environments && !path.value.contains(ENVIRONMENT) {
            let message = format!("{names} would share the path `{}`", path.value);
            problems.add(path.referenced, message, "put `{environment}` into the path");
        }
        if shares.instances && !path.value.contains(INSTANCE) {
            let message = format!("every instance would share the path `{}`", path.value);
            problems.add(path.referenced, message, "put `{instance}` into the path of every source, or of none");
        }
    }
    if let Some(chart) = source.chart.as_ref().filter(|_| !source.values.is_empty())
        && !source.values.iter().any(|file| shares.is_own(&file.value))
    {
        let who = if shares.instances { "every instance" } else { &names };
        let message = format!("{who} would share all values of the chart `{}`", chart.value);
        let help = format!("put {} into the path of one file of `values`", shares.words());
        problems.add(chart.referenced, message, help);
    }
}

fn check_words(source: &file::Source, problems: &mut Problems) {
    if let Some(release) = &source.release {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let name = release.value.as_str();
        if name.is_empty()
            || name.len() > 53
            || !name.bytes().all(inner)
            || name.starts_with('-')
            || name.ends_with('-')
        {
            let help = "use 1 to 53 lower-case letters, digits and dashes, beginning and ending with a letter or digit";
            problems.add(release.referenced, format!("`{name}` is not a release's name"), help);
        }
    }
    if let Some(version) = &source.kube_version {
        let parts: Vec<_> = version.value.trim_start_matches('v').split('.').collect();
        if !(2..=3).contains(&parts.len()) || !parts.iter().all(|part| part.parse::<u16>().is_ok()) {
            let message = format!("`{}` is not a version of Kubernetes", version.value);
            problems.add(version.referenced, message, "write it as a text: `kubeVersion: \"1.33\"`");
        }
    }
    for api in &source.api_versions {
        let good = |c: char| c.is_ascii_alphanumeric() || "./-".contains(c);
        if api.value.is_empty() || !api.value.chars().all(good) || api.value.starts_with(['-', '/', '.']) {
            let help = "write group and version, and a kind if you like: `monitoring.coreos.com/v1/ServiceMonitor`";
            problems.add(api.referenced, format!("`{}` is not an API", api.value), help);
        }
    }
}

/// The source as the rest of the program knows it.
pub(super) fn to_source(source: file::Source, needs: Vec<usize>) -> Source {
    let trimmed = |path: Text| path.value.trim_end_matches('/').to_owned();
    let is_shared_chart = source.chart.is_some();
    let remote = to_remote(&source);
    let place = remote.as_ref().map(|remote| remote.place.to_string());
    Source {
        path: place.or_else(|| source.path.or(source.chart).map(trimmed)).unwrap_or_default(),
        remote,
        is_shared_chart,
        chart: ChartSettings {
            values: source.values.into_iter().map(trimmed).collect(),
            release: source.release.map(|release| release.value),
            kube_version: source.kube_version.map(|version| version.value),
            api_versions: source.api_versions.into_iter().map(|api| api.value).collect(),
        },
        needs,
    }
}

/// The paths that one instance edits.
pub(super) fn own(source: &file::Source, shares: Shares) -> Vec<&Text> {
    let path = source.path.iter().filter(|_| !is_remote(source));
    path.chain(&source.pinned).chain(source.values.iter().filter(|file| shares.is_own(&file.value))).collect()
}

impl Project {
    fn shares(&self) -> Shares {
        Shares { environments: self.namespaces.len() > 1, instances: self.is_pattern() }
    }

    /// The paths that one instance edits.
    pub(super) fn own<'p>(&'p self) -> Vec<&'p String> {
        let shares = self.shares();
        let of = |source: &'p Source| -> Vec<&'p String> {
            let path = Some(&source.path).filter(|_| !source.is_shared_chart);
            let pinned = source.remote.as_ref().and_then(|remote| remote.pinned.as_ref());
            path.into_iter()
                .chain(pinned)
                .chain(source.chart.values.iter().filter(|file| shares.is_own(file)))
                .collect()
        };
        self.sources.iter().flat_map(of).collect()
    }

    /// The paths that it only reads.
    pub(super) fn shared<'p>(&'p self) -> Vec<&'p String> {
        let shares = self.shares();
        let of = |source: &'p Source| -> Vec<&'p String> {
            let chart = Some(&source.path).filter(|_| source.is_shared_chart && source.remote.is_none());
            chart.into_iter().chain(source.chart.values.iter().filter(|file| !shares.is_own(file))).collect()
        };
        self.sources.iter().flat_map(of).collect()
    }
}

impl Source {
    /// The source of one instance.
    pub(super) fn filled(&self, fill: impl Fn(&str) -> String) -> Self {
        let values = self.chart.values.iter().map(|file| fill(file)).collect();
        let pinned = |remote: &RemoteChart| remote.pinned.as_ref().map(|file| fill(file));
        let remote = self.remote.as_ref().map(|remote| RemoteChart { pinned: pinned(remote), ..remote.clone() });
        Self { path: fill(&self.path), chart: ChartSettings { values, ..self.chart.clone() }, remote, ..self.clone() }
    }
}
