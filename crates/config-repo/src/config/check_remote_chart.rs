//! From the file's form to the domain: a source whose chart lies in a registry or in a chart repository.

use serde_saphyr::Location;

use super::check::Problems;
use super::check_project::check_template;
use super::check_source::{Shares, own};
use super::file::{self, Text};
use crate::charts::{ChartPlace, InvalidPlace, RemoteChart, VersionRange};

/// Whether a source's chart lies elsewhere.
pub(super) fn is_remote(source: &file::Source) -> bool {
    source.repository.is_some() || source.chart.as_ref().is_some_and(|chart| ChartPlace::is_oci(&chart.value))
}

/// Checks what only charts from elsewhere have. True when this source's is one.
pub(super) fn check_remote(source: &file::Source, shares: Shares, problems: &mut Problems) -> bool {
    if !is_remote(source) {
        for (text, what) in [(&source.version, "version"), (&source.pinned, "pinned")] {
            if let Some(text) = text {
                let help = "a chart of the config repo has its version in its Chart.yaml; one from elsewhere is `chart: oci://...`, or has a `repository`";
                problems.add(text.referenced, format!("`{what}` is for charts that lie elsewhere"), help);
            }
        }
        return false;
    }
    check_place(source, problems);
    match &source.version {
        Some(version) => {
            let _: Option<VersionRange> = problems.parse(version);
        }
        None => {
            problems.add(place_of(source), "the chart has no `version`", "say which may be used: `version: \"^1.2\"`");
        }
    }
    if let Some(pinned) = &source.pinned {
        check_pinned(pinned, shares, problems);
    }
    true
}

fn place_of(source: &file::Source) -> Location {
    source.chart.as_ref().or(source.repository.as_ref()).map_or(Location::UNKNOWN, |text| text.referenced)
}

fn check_place(source: &file::Source, problems: &mut Problems) {
    if let Some(path) = &source.path {
        let help = "`path` is a folder of the config repo: make two sources of them";
        problems.add(path.referenced, "a source has a `path` and a chart from elsewhere", help);
    }
    let at = source.repository.as_ref().map_or_else(|| place_of(source), |text| text.referenced);
    match (&source.chart, place(source)) {
        (None, _) => problems.add(at, "a `repository` without a `chart`", "name the chart there: `chart: web`"),
        (_, Err(error @ InvalidPlace::Credentials)) => problems.add_secret(at, &error.to_string(), ""),
        (Some(chart), Err(error @ InvalidPlace::Name(_))) => problems.add(chart.referenced, error.to_string(), ""),
        (_, Err(error)) => problems.add(at, error.to_string(), ""),
        (Some(chart), Ok(ChartPlace::Http { .. })) if ChartPlace::is_oci(&chart.value) => {
            problems.add(chart.referenced, "a chart with `oci://` has no `repository`", "keep one of them");
        }
        _ => {}
    }
}

fn place(source: &file::Source) -> Result<ChartPlace, InvalidPlace> {
    let chart = source.chart.as_ref().map(|chart| chart.value.as_str()).unwrap_or_default();
    match &source.repository {
        Some(repository) => ChartPlace::http(&repository.value, chart),
        None => ChartPlace::oci(chart),
    }
}

fn check_pinned(pinned: &Text, shares: Shares, problems: &mut Problems) {
    check_template(pinned, problems);
    if !shares.is_own(&pinned.value) {
        let message = format!("several instances would share the file `{}`", pinned.value);
        let help = format!("put {} into its path: a pin edits it for one instance", shares.words());
        problems.add(pinned.referenced, message, help);
    }
    if !crate::is_manifest(&pinned.value) {
        let message = format!("`{}` is not called like a YAML file", pinned.value);
        problems.add(pinned.referenced, message, "end it with `.yaml`");
    }
}

/// That a pin has a place to edit, and that no file is read as two things.
pub(super) fn check_own(project: &Text, sources: &[file::Source], shares: Shares, problems: &mut Problems) {
    let has_remote = sources.iter().any(is_remote);
    if has_remote && sources.iter().all(|source| own(source, shares).is_empty()) {
        let message = format!("the project `{}` has no file of its own to edit", project.value);
        let help = "name `values` of the project for one of its charts, or a `pinned` file";
        problems.add(project.referenced, message, help);
    }
    for pinned in sources.iter().filter_map(|source| source.pinned.as_ref()) {
        let inside = |path: &Text| {
            let folder = path.value.trim_end_matches('/');
            pinned.value.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        };
        if let Some(path) = sources.iter().filter_map(|source| source.path.as_ref()).find(|path| inside(path)) {
            let message =
                format!("`{}` lies in the source `{}`, and would be read as a manifest", pinned.value, path.value);
            problems.add(pinned.referenced, message, "put it beside that folder");
        }
    }
}

/// The chart as the rest of the program knows it. What is wrong with it was said.
pub(super) fn to_remote(source: &file::Source) -> Option<RemoteChart> {
    if !is_remote(source) {
        return None;
    }
    let range = source.version.as_ref()?.value.parse().ok()?;
    let pinned = source.pinned.as_ref().map(|file| file.value.clone());
    Some(RemoteChart { place: place(source).ok()?, range, pinned })
}
