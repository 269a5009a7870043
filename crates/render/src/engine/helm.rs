//! The arguments of `helm template`, and the charts that a chart depends on: those that it names by `file://` lie elsewhere in
//! the config repo, and are put where Helm looks for them.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::folder::Folder;
use super::helm_ignore::{self, Rules};
use super::kustomize::resolve;
use super::source::{Source, below, files_below};
use super::{EngineError, Files};
use crate::yaml;

/// The version of Kubernetes that templates see where the source names none: the same on each machine.
const KUBE_VERSION: &str = "1.33.0";

/// The arguments for one source.
pub(super) fn args(source: &Source, namespace: &str, folder: &Folder) -> Vec<String> {
    let chart = &source.chart;
    let kube_version = chart.kube_version.as_deref().unwrap_or(KUBE_VERSION);
    let mut args = ["template", &chart.release, &folder.path(&source.path), "--namespace", namespace, "--include-crds"]
        .map(str::to_owned)
        .to_vec();
    args.extend(["--kube-version".to_owned(), kube_version.to_owned()]);
    for api in &chart.api_versions {
        args.extend(["--api-versions".to_owned(), api.clone()]);
    }
    for file in &chart.values {
        args.extend(["--values".to_owned(), folder.path(file)]);
    }
    args
}

/// That everything that is named is there.
pub(super) fn complete(source: &Source, files: &Files) -> Result<(), EngineError> {
    if let Some(file) = source.chart.values.iter().find(|file| !files.contains_key(*file)) {
        return Err(EngineError::NoValues { file: file.clone() });
    }
    match missing(&source.path, files)?.into_iter().next() {
        Some(what) => Err(EngineError::NotThere { file: below(&source.path, CHART), what }),
        None => Ok(()),
    }
}

/// The files that are read for a chart: its archive, or all of its folder and of those that it takes but what its `.helmignore`
/// leaves out; and its values.
pub(super) fn read(source: &Source, files: &Files) -> Result<BTreeSet<String>, EngineError> {
    let rules = files.get(&below(&source.path, helm_ignore::FILE)).map(|bytes| Rules::parse(bytes));
    let is_left_out = |path: &str| {
        let inside = path.get(below(&source.path, "").len()..).unwrap_or_default();
        inside != helm_ignore::FILE && rules.as_ref().is_some_and(|rules| rules.leave_out(inside))
    };
    let itself = files.get_key_value(&source.path).into_iter();
    let own = files_below(&source.path, files).filter(|(path, _)| !is_left_out(path));
    let folders = named(&source.path, files)?;
    let taken = folders.iter().flat_map(|folder| files_below(folder, files));
    let all = itself.chain(own).chain(taken).map(|(path, _)| path.clone());
    Ok(all.chain(source.chart.values.iter().cloned()).collect())
}

/// How deep charts may depend on each other.
const DEEPEST: usize = 5;

/// A chart of the config repo that another one takes.
struct Dependency {
    /// Its name there.
    name: String,
    /// Its folder.
    folder: String,
}

/// The folders of the charts that a chart takes by `file://` and whose files are not here.
pub(super) fn missing(chart: &str, files: &Files) -> Result<Vec<String>, EngineError> {
    let mut folders = named(chart, files)?;
    folders.retain(|folder| !files.contains_key(&below(folder, CHART)));
    Ok(folders)
}

fn named(chart: &str, files: &Files) -> Result<Vec<String>, EngineError> {
    let mut found: Vec<String> = Vec::new();
    let mut open = vec![chart.to_owned()];
    while let Some(chart) = open.pop() {
        for dependency in dependencies(&chart, files)? {
            if !found.contains(&dependency.folder) {
                found.push(dependency.folder.clone());
                open.push(dependency.folder);
            }
        }
    }
    Ok(found)
}

/// The files, with the charts that a chart takes by `file://` in its `charts/` folder.
pub(super) fn with_dependencies(chart: &str, files: &Files) -> Result<Files, EngineError> {
    let mut all = files.clone();
    put_into(&mut all, chart, chart, files, DEEPEST)?;
    Ok(all)
}

fn put_into(all: &mut Files, place: &str, chart: &str, files: &Files, deep: usize) -> Result<(), EngineError> {
    for dependency in dependencies(chart, files)? {
        if deep == 0 {
            let (file, what) = (below(chart, CHART), dependency.name);
            return Err(EngineError::Unsupported { file, what, why: TOO_DEEP });
        }
        let target = below(place, &format!("charts/{}", dependency.name));
        let start = below(&dependency.folder, "");
        let copied = files_below(&dependency.folder, files);
        all.extend(copied.map(|(path, bytes)| (below(&target, &path[start.len()..]), bytes.clone())));
        put_into(all, &target, &dependency.folder, files, deep - 1)?;
    }
    Ok(())
}

const CHART: &str = "Chart.yaml";
const TOO_DEEP: &str = "charts depend on each other in a circle, or more than five deep; make that shorter";

/// What a chart names by `file://`. What it names otherwise has to be in its `charts/` folder.
fn dependencies(chart: &str, files: &Files) -> Result<Vec<Dependency>, EngineError> {
    let file = below(chart, CHART);
    let Some(bytes) = files.get(&file) else { return Ok(Vec::new()) };
    // What can't be read is refused by the engine, in its own words.
    let documents = yaml::documents(&file, bytes).unwrap_or_default();
    let lists = documents.iter().filter_map(|document| document.value.get("dependencies")?.as_array());
    let mut found = Vec::new();
    for dependency in lists.flatten() {
        let text = |field: &str| dependency.get(field).and_then(Value::as_str).unwrap_or_default();
        let (name, repository) = (text("name"), text("repository"));
        if name.is_empty() || name.contains('/') || is_vendored(chart, name, files) {
            continue;
        }
        let Some(path) = repository.strip_prefix("file://") else {
            return Err(EngineError::NoDependency { file, name: secrets::clip(name, 100) });
        };
        let folder = resolve(chart, path, &file, files)?;
        found.push(Dependency { name: name.to_owned(), folder });
    }
    Ok(found)
}

fn is_vendored(chart: &str, name: &str, files: &Files) -> bool {
    let folder = below(chart, "charts");
    let archive = format!("{name}-");
    files_below(&folder, files).any(|(path, _)| {
        let rest = &path[folder.len() + 1..];
        rest.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
            || rest.starts_with(&archive) && is_archive(rest) && !rest.contains('/')
    })
}

/// Whether a file is a packed chart, by its name.
pub(super) fn is_archive(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "tgz")
}

#[cfg(test)]
mod tests {
    use super::super::Chart;
    use super::*;

    #[test]
    fn only_what_is_in_the_chart_is_read_and_its_values() {
        let files: Files = [
            ("charts/web/Chart.yaml", "name: web\ndependencies: [{name: lib, repository: 'file://../lib'}]"),
            ("charts/web/.helmignore", "*.md\nci/"),
            ("charts/web/README.md", "words"),
            ("charts/web/ci/test.yaml", "a: b"),
            ("charts/web/templates/web.yaml", "kind: X"),
            ("charts/lib/Chart.yaml", "name: lib"),
            ("charts/other/Chart.yaml", "name: other"),
            ("apps/prod.yaml", "a: b"),
            ("apps/dev.yaml", "a: b"),
        ]
        .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
        .into();
        let chart = Chart { values: vec!["apps/prod.yaml".to_owned()], ..Chart::default() };
        let source =
            Source { path: "charts/web".to_owned(), chart, must_be_chart: true, is_secret: false, needs: Vec::new() };
        let read = read(&source, &files).unwrap();
        let unread: Vec<_> = files.keys().filter(|path| !read.contains(*path)).collect();
        let expected = ["apps/dev.yaml", "charts/other/Chart.yaml", "charts/web/README.md", "charts/web/ci/test.yaml"];
        assert_eq!(unread, expected);
    }
}
