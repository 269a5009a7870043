//! `pinnace secrets who-can-read`: for whom encrypted files are.

use std::collections::HashMap;
use std::io::{Write as _, stderr};
use std::process::ExitCode;

use secrets::sops::{Group, Metadata};
use serde_json::json;

use super::agreement::{self, Difference};
use super::file::{FileArgs, print};
use super::rules::{RulesFile, nearest};
use super::targets::Targets;
use crate::remote::Output;

/// Say who can read encrypted files; this needs no private key
///
/// A name stands beside a key where .sops.yaml has a comment beside it, or above it on a line of its own. Files whose keys are
/// others than their rule names are told.
///
/// Examples:
///   pinnace secrets who-can-read prod/secrets.yaml
///   pinnace secrets who-can-read --all -o json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct WhoCanRead {
    #[command(flatten)]
    targets: Targets,
    /// For people, or for programs: a line of JSON for each file, whose fields are only ever added
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
}

/// Prints it.
pub(super) fn run(args: &WhoCanRead) -> anyhow::Result<ExitCode> {
    args.targets.each(|file| {
        let encrypted = file.encrypted()?;
        let names = names(file)?;
        // Rules that can't be used say nothing of who can read the file.
        let ruled = agreement::ruled(file);
        let difference = ruled.as_ref().ok().and_then(Option::as_ref).map(|rule| Difference::of(&encrypted, rule));
        let difference = difference.filter(|found| !found.is_none());
        let text = match args.output {
            Output::Json => as_json(file, encrypted.metadata(), &names, difference.as_ref()),
            Output::Text => as_text(file, encrypted.metadata(), &names),
        };
        print(text.as_bytes())?;
        if let Some(difference) = difference {
            let told = difference.told();
            writeln!(stderr(), "{}: its rule in .sops.yaml says otherwise: {told}", file.name())?;
        }
        ruled.map(drop)
    })
}

/// What people call a key.
type Names = HashMap<String, String>;

fn names(file: &FileArgs) -> anyhow::Result<Names> {
    match nearest(&file.whole_path()?) {
        Some(rules) => Ok(names_in(&RulesFile::read(&rules)?.text)),
        None => Ok(Names::new()),
    }
}

/// The comment beside each key, or the one above it. One that stands beside several keys is about none of them.
fn names_in(rules: &str) -> Names {
    let (mut names, mut above) = (Names::new(), None);
    for line in rules.lines() {
        let (code, comment) = match line.trim_start().strip_prefix('#') {
            Some(comment) => ("", Some(comment)),
            None => line.split_once(" #").map_or((line, None), |(code, comment)| (code, Some(comment))),
        };
        if let [key] = keys_in(code).as_slice()
            && let Some(name) = comment.or(above)
        {
            names.insert(key.clone(), secrets::clip(&secrets::clean_terminal(name.trim()), 100));
        }
        above = comment.filter(|_| code.is_empty());
    }
    names
}

/// The public keys in a line of rules; those of SSH without whose they are.
fn keys_in(code: &str) -> Vec<String> {
    let words: Vec<&str> = code.split(|c: char| c.is_whitespace() || ",\"'[]{}".contains(c)).collect();
    let of_ssh = words.windows(2).filter_map(|pair| match pair {
        ["ssh-ed25519", key] if key.starts_with("AAAA") => Some(format!("ssh-ed25519 {key}")),
        _ => None,
    });
    let is_key =
        |word: &&&str| word.starts_with("age1") || (word.len() >= 40 && word.chars().all(|c| c.is_ascii_hexdigit()));
    of_ssh.chain(words.iter().filter(is_key).map(|word| (*word).to_owned())).collect()
}

/// The key alone: `age1...` of `age age1...`.
fn key(name: &str) -> (&str, &str) {
    name.split_once(' ').unwrap_or(("", name))
}

/// What people call a key.
fn name<'n>(names: &'n Names, key: &str) -> Option<&'n String> {
    let of_ssh = key.starts_with("ssh-").then(|| key.split_whitespace().take(2).collect::<Vec<_>>().join(" "));
    names.get(of_ssh.as_deref().unwrap_or(key))
}

fn as_text(file: &FileArgs, metadata: &Metadata, names: &Names) -> String {
    let one = |pad: &str, text: &str| {
        let (kind, key) = key(text);
        let shown = secrets::clean_terminal(if kind == "age" { key } else { text });
        let name = name(names, key).map(|name| format!(" ({name})")).unwrap_or_default();
        format!("{pad}{shown}{name}\n")
    };
    let group = |pad: &str, group: &Group| group.names().iter().map(|text| one(pad, text)).collect::<String>();
    match metadata.groups.as_slice() {
        [only] => format!("{}\n{}", file.name(), group("  ", only)),
        groups => {
            let head =
                format!("{}: one of each of {} of these {} groups\n", file.name(), metadata.threshold, groups.len());
            let of = |(at, one): (usize, &Group)| format!("  group {}\n{}", at + 1, group("    ", one));
            head + &groups.iter().enumerate().map(of).collect::<String>()
        }
    }
}

fn as_json(file: &FileArgs, metadata: &Metadata, names: &Names, difference: Option<&Difference>) -> String {
    let one = |text: &String| {
        let (kind, key) = key(text);
        json!({"kind": kind, "key": key, "name": name(names, key)})
    };
    let groups: Vec<Vec<_>> = metadata.groups.iter().map(|group| group.names().iter().map(one).collect()).collect();
    let rule = difference.map(Difference::told);
    let threshold = metadata.threshold;
    format!("{}\n", json!({"file": file.name(), "groups": groups, "threshold": threshold, "differsFromRule": rule}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_called_what_the_comment_beside_or_above_says() {
        let rules = "creation_rules:\n- age:\n  - age1aaa # ann\n  # the server\n  - age1bbb\n  - age1ccc\n  # two\n  - age: age1ddd,age1eee # both\n  \
                     - pgp: 85D77543B3D624B63CEA9E6DBC17301B491B3F21 # bob\n";
        let names = names_in(rules);
        let name = |key: &str| names.get(key).map(String::as_str);
        assert_eq!((name("age1aaa"), name("age1bbb"), name("age1ccc")), (Some("ann"), Some("the server"), None));
        assert_eq!((name("age1ddd"), name("age1eee")), (None, None));
        assert_eq!(name("85D77543B3D624B63CEA9E6DBC17301B491B3F21"), Some("bob"));
    }

    #[test]
    fn keys_of_ssh_have_names_too_whatever_their_own_comment_is() {
        let rules = "creation_rules:\n- age:\n  - ssh-ed25519 AAAAC3Nz+a/b ann@laptop # ann\n  # the server\n  - \"ssh-ed25519 AAAAC3Nzserver=\"\n  \
                     - ssh-ed25519 AAAAone,age1two # both\n";
        let names = names_in(rules);
        let called = |key: &str| super::name(&names, key).map(String::as_str);
        assert_eq!(called("ssh-ed25519 AAAAC3Nz+a/b ann@example.org"), Some("ann"));
        assert_eq!(called("ssh-ed25519 AAAAC3Nz+a/b"), Some("ann"));
        assert_eq!(called("ssh-ed25519 AAAAC3Nzserver= root@server"), Some("the server"));
        assert_eq!(called("ssh-ed25519 AAAAone"), None);
    }
}
