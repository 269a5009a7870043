//! What a kustomization takes from elsewhere. The engine reads the files themselves; we have to know the folders, so that
//! they are written out for it, and refuse by name what is not in the config repo.

use std::collections::BTreeSet;

use serde_json::Value;

use super::source::below;
use super::{EngineError, Files};
use crate::yaml;

/// The names of a kustomization's file.
pub(super) const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Where a kustomization may name a folder. Everything else has to lie below itself, which the engine sees to.
const FOLDERS: [&str; 6] = ["resources", "bases", "components", "generators", "transformers", "validators"];

/// What another engine would have to do.
const CHARTS: [&str; 3] = ["helmCharts", "helmChartInflationGenerator", "helmGlobals"];
const NO_CHARTS: &str = "charts in a kustomization are not rendered: make the chart a source of its own";

/// A file or folder that a kustomization names.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    /// Where it is in the config repo.
    pub(super) path: String,
    /// As it stands in the file.
    pub(super) what: String,
    /// The kustomization.
    pub(super) by: String,
}

/// Everything that the kustomization in a folder names, and those that it names in turn, as far as their files are here.
pub(super) fn named(folder: &str, files: &Files) -> Result<BTreeSet<Named>, EngineError> {
    named_but(folder, files, &[])
}

/// As [`named`], without the bases from elsewhere that are allowed.
pub(super) fn named_but(folder: &str, files: &Files, allowed: &[String]) -> Result<BTreeSet<Named>, EngineError> {
    let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        if !seen.insert(folder.clone()) {
            continue;
        }
        let Some(file) = NAMES.iter().map(|name| below(&folder, name)).find(|file| files.contains_key(file)) else {
            continue;
        };
        for named in names(&folder, &file, files, allowed)? {
            open.push(named.path.clone());
            found.insert(named);
        }
    }
    Ok(found)
}

/// That everything that is named is there.
pub(super) fn complete(folder: &str, files: &Files) -> Result<(), EngineError> {
    match named(folder, files)?.into_iter().find(|named| !is_there(&named.path, files)) {
        Some(named) => Err(EngineError::NotThere { file: named.by, what: named.what }),
        None => Ok(()),
    }
}

/// The files that are read for the kustomization in a folder: those that stand anywhere in it, and in those that it takes, by
/// their name. The engine is given these and no others, so that a name that is missed here is missed by it too, in its own words.
pub(super) fn read(folder: &str, files: &Files) -> BTreeSet<String> {
    let (mut read, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        if !seen.insert(folder.clone()) {
            continue;
        }
        let here = NAMES.iter().map(|name| below(&folder, name)).filter(|file| files.contains_key(file));
        let mut texts: Vec<String> = here.collect();
        while let Some(file) = texts.pop() {
            let Some(bytes) = files.get(&file) else { continue };
            if !read.insert(file.clone()) || !yaml::is_manifest(&file) && !is_kustomization(&file) {
                continue;
            }
            for name in yaml::documents(&file, bytes).unwrap_or_default().iter().flat_map(|one| words(&one.value)) {
                let Some(path) = joined(&folder, &name) else { continue };
                if files.contains_key(&path) {
                    texts.push(path);
                } else if is_there(&path, files) {
                    open.push(path);
                }
            }
        }
    }
    read
}

pub(super) fn is_kustomization(file: &str) -> bool {
    NAMES.contains(&file.rsplit('/').next().unwrap_or(file))
}

/// Every text in a value that may be a file's name: `key=name` names one too, and a text of lines may be a part of its own.
fn words(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if text.contains('\n') => {
            let inner = yaml::documents("", text.as_bytes()).unwrap_or_default();
            inner.iter().filter(|one| !one.value.is_string()).flat_map(|one| words(&one.value)).collect()
        }
        Value::String(text) => {
            let named = text.split_once('=').map(|(_, name)| name.to_owned());
            named.into_iter().chain([text.clone()]).collect()
        }
        Value::Array(items) => items.iter().flat_map(words).collect(),
        Value::Object(fields) => fields.values().flat_map(words).collect(),
        _ => Vec::new(),
    }
}

/// A path from a folder on; none where it leads out.
pub(super) fn joined(folder: &str, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            ".." => drop(parts.pop()?),
            "" | "." => {}
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Whether a path is a file, or a folder with a kustomization. Only the latter says that a folder was read: others may lie
/// in it.
pub(super) fn is_there(path: &str, files: &Files) -> bool {
    files.contains_key(path) || NAMES.iter().any(|name| files.contains_key(&below(path, name)))
}

fn names(folder: &str, file: &str, files: &Files, allowed: &[String]) -> Result<Vec<Named>, EngineError> {
    let bytes = files.get(file).map(Vec::as_slice).unwrap_or_default();
    // What can't be read is refused by the engine, in its own words.
    let documents = yaml::documents(file, bytes).unwrap_or_default();
    let mut named = Vec::new();
    for document in documents {
        let Value::Object(fields) = document.value else { continue };
        if let Some(chart) = CHARTS.iter().find(|word| fields.contains_key(**word)) {
            let (file, what) = (file.to_owned(), (*chart).to_owned());
            return Err(EngineError::Unsupported { file, what, why: NO_CHARTS });
        }
        let lists = FOLDERS.iter().filter_map(|field| fields.get(*field)?.as_array());
        let names = lists.flatten().filter_map(Value::as_str).filter(|what| !is_inline(what));
        for what in names.filter(|what| !is_allowed(what, allowed)) {
            let path = resolve(folder, what, file, files)?;
            named.push(Named { path, what: what.to_owned(), by: file.to_owned() });
        }
    }
    Ok(named)
}

/// A base from elsewhere, and the kustomization that takes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RemoteBase {
    /// The kustomization.
    pub file: String,
    /// The folder that it is in.
    pub folder: String,
    /// The base as it stands there.
    pub what: String,
}

/// The bases from elsewhere that are allowed and that the kustomization in a folder takes, or one that it takes in turn.
pub(super) fn remote(folder: &str, files: &Files, allowed: &[String]) -> Result<BTreeSet<RemoteBase>, EngineError> {
    let taken = named_but(folder, files, allowed)?;
    let folders: BTreeSet<&str> = taken.iter().map(|named| named.path.as_str()).chain([folder]).collect();
    let mut found = BTreeSet::new();
    for folder in folders {
        let Some(file) = NAMES.iter().map(|name| below(folder, name)).find(|file| files.contains_key(file)) else {
            continue;
        };
        let documents = yaml::documents(&file, files.get(&file).map(Vec::as_slice).unwrap_or_default());
        for document in documents.unwrap_or_default() {
            let lists = FOLDERS.iter().filter_map(|field| document.value.get(*field)?.as_array());
            let names = lists.flatten().filter_map(Value::as_str).filter(|what| is_allowed(what, allowed));
            found.extend(names.map(|what| RemoteBase {
                file: file.clone(),
                folder: folder.to_owned(),
                what: what.to_owned(),
            }));
        }
    }
    Ok(found)
}

/// Whether an address is one of these, or below one.
fn is_allowed(what: &str, allowed: &[String]) -> bool {
    let below = |rest: &str| rest.is_empty() || rest.starts_with(['/', '?']) || rest.starts_with(".git");
    allowed.iter().any(|one| what.strip_prefix(one.as_str()).is_some_and(below))
}

/// Generators and transformers may stand in the kustomization itself.
fn is_inline(what: &str) -> bool {
    what.contains('\n') || what.contains(": ")
}

/// Where a name in a file leads, from the folder that it is meant from.
pub(super) fn resolve(folder: &str, what: &str, file: &str, files: &Files) -> Result<String, EngineError> {
    let remote = || Err(EngineError::Remote { file: file.to_owned(), what: shown(what) });
    let leaves = || Err(EngineError::Leaves { file: file.to_owned(), what: shown(what) });
    if what.contains("://") || what.contains('?') || what.starts_with("git::") || what.starts_with("git@") {
        return remote();
    }
    if what.starts_with('/') || what.contains('\0') {
        return leaves();
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in what.split('/') {
        match part {
            ".." if parts.pop().is_none() => return leaves(),
            "" | "." | ".." => {}
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    // `github.com/acme/base` is a place in the net, unless there is a folder of that name.
    let host = what.split('/').next().unwrap_or_default();
    let looks_like_host = what.contains('/') && host.trim_matches('.').contains('.') || host.contains([':', '@']);
    if looks_like_host && !is_there(&path, files) { remote() } else { Ok(path) }
}

/// An address without what may be a password in it.
fn shown(what: &str) -> String {
    let hidden = match what.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?.1))) {
        Some((scheme, rest)) => format!("{scheme}://{rest}"),
        None => what.to_owned(),
    };
    secrets::clip(&hidden, 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(texts: &[(&str, &str)]) -> Files {
        texts.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    }

    fn paths(folder: &str, texts: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let found = named(folder, &files(texts)).map_err(|error| error.to_string())?;
        Ok(found.into_iter().map(|named| named.path).collect())
    }

    #[test]
    fn bases_are_followed_as_far_as_their_files_are_here() {
        let over =
            ("apps/todo/prod/kustomization.yaml", "resources: [../base, web.yaml]\ncomponents: [../../../parts/tls/]");
        assert_eq!(
            paths("apps/todo/prod", &[over]).unwrap(),
            ["apps/todo/base", "apps/todo/prod/web.yaml", "parts/tls"]
        );
        let base = ("apps/todo/base/kustomization.yml", "resources: [./deployment.yaml, ../common]\nbases: [../prod]");
        assert_eq!(
            paths("apps/todo/prod", &[over, base]).unwrap(),
            [
                "apps/todo/base",
                "apps/todo/base/deployment.yaml",
                "apps/todo/common",
                "apps/todo/prod",
                "apps/todo/prod/web.yaml",
                "parts/tls"
            ]
        );
    }

    #[test]
    fn what_is_not_in_the_config_repo_is_refused_by_name() {
        for remote in [
            "https://github.com/acme/base?ref=v1",
            "http://169.254.169.254/latest/meta-data",
            "file:///etc",
            "git@github.com:acme/base.git",
            "github.com/acme/base",
            "localhost:8080/base",
            "ssh://git@internal/base",
        ] {
            let error = paths("a", &[("a/kustomization.yaml", &format!("resources: ['{remote}']"))]).unwrap_err();
            assert!(error.contains("from elsewhere"), "{remote}: {error}");
        }
        for outside in ["../../etc", "/etc/passwd", "../../../.."] {
            let error = paths("a", &[("a/kustomization.yaml", &format!("resources: ['{outside}']"))]).unwrap_err();
            assert!(error.contains(outside) && error.contains("leads out of the config repo"), "{outside}: {error}");
        }
    }

    #[test]
    fn only_what_is_named_is_read() {
        let texts = files(&[
            (
                "apps/todo/prod/kustomization.yaml",
                "resources: [../base, web.yaml]\nconfigMapGenerator: [{name: a, files: [key=conf/a.ini], envs: [prod.env]}]\npatches: [{path: patch.yaml}]\ntransformers: [tr.yaml, \"kind: X\\npath: inline.yaml\\n\"]",
            ),
            ("apps/todo/prod/web.yaml", "kind: Deployment"),
            ("apps/todo/prod/conf/a.ini", "a=b"),
            ("apps/todo/prod/prod.env", "A=b"),
            ("apps/todo/prod/patch.yaml", "kind: Deployment"),
            ("apps/todo/prod/tr.yaml", "kind: PatchTransformer\npath: deep.yaml"),
            ("apps/todo/prod/deep.yaml", "kind: Deployment"),
            ("apps/todo/prod/inline.yaml", "kind: Deployment"),
            ("apps/todo/prod/README.md", "words"),
            ("apps/todo/prod/unused.yaml", "kind: Service"),
            ("apps/todo/base/kustomization.yaml", "resources: [base.yaml]"),
            ("apps/todo/base/base.yaml", "kind: Service"),
            ("apps/other/kustomization.yaml", ""),
        ]);
        let read = read("apps/todo/prod", &texts);
        let unread: Vec<_> = texts.keys().filter(|file| !read.contains(*file)).collect();
        assert_eq!(unread, ["apps/other/kustomization.yaml", "apps/todo/prod/README.md", "apps/todo/prod/unused.yaml"]);
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        let error =
            paths("a", &[("a/kustomization.yaml", "bases: ['https://bot:hunter2@git.example/base']")]).unwrap_err();
        assert!(error.contains("https://git.example/base") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn charts_in_a_kustomization_are_refused_by_name() {
        let error = paths("a", &[("a/kustomization.yaml", "helmCharts: [{name: redis}]")]).unwrap_err();
        assert!(error.contains("`helmCharts`"), "{error}");
    }

    #[test]
    fn a_folder_that_is_called_like_a_host_is_a_folder() {
        let texts = [("a/kustomization.yaml", "resources: [v1.2/base]"), ("a/v1.2/base/kustomization.yaml", "")];
        assert_eq!(paths("a", &texts).unwrap(), ["a/v1.2/base"]);
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_named_stays_in_the_config_repo_or_is_refused(what in "[a-z./:@?\\\\~ -]{0,40}") {
            if let Ok(path) = resolve("apps/todo", &what, "apps/todo/kustomization.yaml", &Files::new()) {
                proptest::prop_assert!(!path.starts_with('/') && path.split('/').all(|part| part != ".."), "{path}");
            }
        }
    }
}
