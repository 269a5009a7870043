//! Encrypted files that are to stay so: generators of Kustomize whose objects are marked to carry ciphertext read them as they are
//! in git, for an app that opens them itself.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Files;
use super::kustomize::{is_kustomization, joined};
use crate::ciphertext::MARK;
use crate::yaml;

const GENERATORS: [&str; 2] = ["configMapGenerator", "secretGenerator"];

/// The files that marked generators read, by the kustomizations among these files.
pub fn carried(files: &Files) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (file, bytes) in files.iter().filter(|(file, _)| is_kustomization(file)) {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        // What can't be read is refused when it is rendered.
        for document in yaml::documents(file, bytes).unwrap_or_default() {
            found.extend(named(&document.value).iter().filter_map(|name| joined(folder, name)));
        }
    }
    found
}

/// The names of files in the marked generators of a kustomization.
fn named(kustomization: &Value) -> Vec<String> {
    let all = kustomization.get("generatorOptions").and_then(mark).unwrap_or_default();
    let generators = GENERATORS.iter().filter_map(|kind| kustomization.get(kind)?.as_array()).flatten();
    // What a generator says of itself counts before what is said of all.
    let marked = generators.filter(|generator| generator.get("options").and_then(mark).unwrap_or(all));
    marked.flat_map(files_of).collect()
}

fn mark(options: &Value) -> Option<bool> {
    options.get("annotations")?.get(MARK).map(|mark| mark.as_str() == Some("true"))
}

/// `name=file` gives a file another name.
fn files_of(generator: &Value) -> Vec<String> {
    let lists = ["files", "envs"].into_iter().filter_map(|list| generator.get(list)?.as_array()).flatten();
    let texts = lists.chain(generator.get("env")).filter_map(Value::as_str);
    texts.map(|text| text.split_once('=').map_or(text, |(_, file)| file).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_marked_generators_are_carried_and_no_others() {
        let text = "configMapGenerator:
  - {name: a, files: [a.enc.yaml, as=../b.enc.yaml], options: {annotations: {pinnace.dev/ciphertext: 'true'}}}
  - {name: b, files: [c.enc.yaml]}
secretGenerator:
  - {name: c, envs: [d.env], env: e.env, options: {annotations: {pinnace.dev/ciphertext: 'true'}}}
";
        let files = Files::from([("apps/prod/kustomization.yaml".to_owned(), text.as_bytes().to_vec())]);
        let found: Vec<String> = carried(&files).into_iter().collect();
        assert_eq!(found, ["apps/b.enc.yaml", "apps/prod/a.enc.yaml", "apps/prod/d.env", "apps/prod/e.env"]);
        let all = "generatorOptions: {annotations: {pinnace.dev/ciphertext: 'true'}}\nconfigMapGenerator: [{name: a, files: [a]}]\n";
        let files = Files::from([("kustomization.yaml".to_owned(), all.as_bytes().to_vec())]);
        assert_eq!(carried(&files).into_iter().collect::<Vec<_>>(), ["a"]);
        let but = all.replace("files: [a]}", "files: [a], options: {annotations: {pinnace.dev/ciphertext: 'false'}}}");
        let files = Files::from([("kustomization.yaml".to_owned(), but.into_bytes())]);
        assert!(carried(&files).is_empty(), "a generator's own word counts");
    }
}
