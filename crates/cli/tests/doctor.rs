//! `pinnace doctor`: what is well and what is not, without a server.
#![cfg(test)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use testkit::{GitRemote, Person};

const CONFIG: &str = "apiVersion: pinnace.dev/v1
kind: Config
people: {ann: {email: ann@example.org}}
environments:
  prod: {context: prod, approvers: [ann]}
projects:
  todo:
    image: 127.0.0.1:9/acme/todo
    sources: [{path: \"apps/todo/{environment}\"}]
    namespaces: {prod: todo}
";

const KUBECONFIG: &str = "apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: 'https://127.0.0.1:9'}}]
contexts: [{name: prod, context: {cluster: c, user: u}}]
users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-login, interactiveMode: Never}}}]
";

fn remote() -> GitRemote {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n";
    GitRemote::bare(&[("pinnace.yaml", CONFIG), ("apps/todo/prod/settings.yaml", map)]).unwrap()
}

/// What it finds in these areas, and its exit code.
fn found(remote: &GitRemote, folder: &Path, areas: &[&str]) -> (Vec<Value>, i32) {
    std::fs::write(folder.join("kubeconfig"), KUBECONFIG).unwrap();
    let mut doctor = Command::new(env!("CARGO_BIN_EXE_pinnace"));
    doctor.args(["doctor", "--output", "json", "--repo", &remote.file_url()]).args(areas);
    doctor.env("KUBECONFIG", folder.join("kubeconfig")).env("PINNACE_DATA", folder);
    let done = doctor.output().unwrap();
    let list = serde_json::from_slice(&done.stdout);
    (list.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&done.stderr))), done.status.code().unwrap())
}

fn says(found: &[Value], result: &str, words: &str) -> bool {
    found.iter().any(|one| one["result"] == result && one["what"].as_str().unwrap().contains(words))
}

#[test]
fn what_is_well_is_said_and_ends_with_zero() {
    let folder = tempfile::tempdir().unwrap();
    let (found, code) = found(&remote(), folder.path(), &["config", "data"]);
    for words in ["we may push there", "projects: 1, instances: 1", "in the context `prod` render", "can be written to"]
    {
        assert!(says(&found, "well", words), "{words}: {found:#?}");
    }
    assert_eq!(code, 0);
}

#[test]
fn what_is_broken_is_said_with_what_to_do_and_hides_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let remote = remote();
    let (found, code) = found(&remote, folder.path(), &["programs", "clusters", "registries"]);
    assert!(says(&found, "well", "git is 2."), "{found:#?}");
    assert!(says(&found, "well", "logs in by the program `no-such-login`"), "{found:#?}");
    assert!(
        says(&found, "broken", "`no-such-login`, which the kubeconfig names to log in with, does not start"),
        "{found:#?}"
    );
    assert!(says(&found, "broken", "the registry 127.0.0.1:9 can't be asked"), "{found:#?}");
    assert!(found.iter().filter(|one| one["result"] == "broken").all(|one| one["do"] != ""), "{found:#?}");
    assert_eq!(code, 1);
}

#[test]
fn a_config_that_is_not_right_is_told_with_its_place_and_keeps_others_from_being_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let remote = remote();
    remote.commit_as(Person::BOB, "pinnace.yaml", &CONFIG.replace("prod: {context", "prod: {contexts")).unwrap();
    let (found, code) = found(&remote, folder.path(), &["config", "clusters"]);
    assert!(says(&found, "broken", "pinnace.yaml:5:10"), "{found:#?}");
    assert!(says(&found, "broken", "not looked at, since the config can't be read"), "{found:#?}");
    assert_eq!(code, 1);
}
