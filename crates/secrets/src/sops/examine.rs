//! What is wrong with a file of a config repo that could be seen without a key: secrets in the clear, and damage.

use super::cipher::{check, is_sealed};
use super::creation::Creation;
use super::error::Problem;
use super::file::Encrypted;
use super::tree::{Content, Document, Node, Tree};
use super::value::Kind;
use super::walk::{Leaf, What, leaves};
use super::{Format, metadata};
use crate::redactor;

/// What is wrong. It never repeats a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Counted from 1.
    pub line: usize,
    /// What, and what to do.
    pub what: String,
}

/// A line that holds this is passed over: what looks like a secret there is none.
pub const NOT_SECRET: &str = "pinnace:not-secret";

/// Looks at a file's bytes; `name` says the format, and `rule` is what `.sops.yaml` says of it.
pub fn examine(name: &str, bytes: &[u8], rule: Option<&Creation>) -> Vec<Finding> {
    let Ok(text) = str::from_utf8(bytes) else { return unread(rule) };
    let format = Format::of_name(name);
    let mut findings = match Encrypted::read(name, bytes, format) {
        Ok(file) => encrypted(&file, text, rule),
        Err(Problem::Metadata { field, why }) => {
            let what = format!("`sops.{field}`: {why}: restore the file from git");
            vec![Finding { line: line_of_block(text), what }]
        }
        Err(_) => plain(text, format, rule),
    };
    findings.extend(tokens(text));
    findings.sort();
    findings.dedup();
    let lines: Vec<&str> = text.lines().collect();
    let passed_over = |line: usize| lines.get(line.saturating_sub(1)).is_some_and(|line| line.contains(NOT_SECRET));
    findings.retain(|finding| !passed_over(finding.line));
    findings
}

const MUST: &str =
    "a rule in .sops.yaml says that this file is encrypted, and it is not: `pinnace secrets encrypt --in-place`";

/// Bytes that are no text can only be judged as a whole.
fn unread(rule: Option<&Creation>) -> Vec<Finding> {
    let must = rule.is_some_and(Creation::names_the_path);
    must.then(|| Finding { line: 1, what: MUST.to_owned() }).into_iter().collect()
}

fn encrypted(file: &Encrypted, text: &str, rule: Option<&Creation>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for leaf in leaves(&file.tree, &file.metadata().rules, file.format) {
        findings.extend(wrong_with(&leaf, text));
    }
    let block = line_of_block(text);
    if check(&file.metadata().mac).is_err() {
        let what = "`sops.mac` is no ciphertext: restore the file from git".to_owned();
        findings.push(Finding { line: block, what });
    }
    if let Some(rule) = rule
        && rule.raw_rules() != *file.raw_rules()
        && file.format != Format::Binary
    {
        let what = "the file's own rules say otherwise than .sops.yaml which values are encrypted: decrypt it, and encrypt it again";
        findings.push(Finding { line: block, what: what.to_owned() });
    }
    findings
}

fn wrong_with(leaf: &Leaf<'_>, text: &str) -> Option<Finding> {
    let What::Value(node, value) = leaf.what else { return None };
    if !leaf.encrypt || value.is_empty() {
        return None;
    }
    let line = line(text, node.span.start);
    let written = value.as_text().ok().filter(|written| value.kind() == Kind::Str && written.starts_with("ENC["));
    let path = &leaf.shown;
    let what = match written.map(check) {
        None => format!(
            "`{path}` is in the clear: take it out, and set it with `pinnace secrets set`; what was committed once is known"
        ),
        Some(Err(why)) => format!("`{path}` is not an encrypted value as SOPS writes it ({why}): restore it from git"),
        Some(Ok(())) => return None,
    };
    Some(Finding { line, what })
}

fn plain(text: &str, format: Format, rule: Option<&Creation>) -> Vec<Finding> {
    let parsed = if format == Format::Binary { None } else { parsed(text, format) };
    let mut findings = Vec::new();
    if let Some((text, tree)) = &parsed {
        findings.extend(tree.documents.iter().flat_map(|document| of_document(document, text)));
        findings.extend(orphans(tree, text, format));
    }
    if let Some(rule) = rule.filter(|rule| rule.names_the_path() && !text.trim().is_empty()) {
        let must = match (&parsed, rule.rules()) {
            (Some((_, tree)), Ok(rules)) => {
                let partial =
                    !rule.raw_rules().encrypted_regex.is_empty() || !rule.raw_rules().encrypted_suffix.is_empty();
                let others = partial && tree.documents.iter().all(is_other_object);
                let is_value = |leaf: &Leaf<'_>| matches!(leaf.what, What::Value(_, value) if !value.is_empty());
                !others && leaves(tree, &rules, format).iter().any(|leaf| leaf.encrypt && is_value(leaf))
            }
            _ => true,
        };
        if must && findings.is_empty() {
            findings.push(Finding { line: 1, what: MUST.to_owned() });
        }
    }
    findings
}

/// What a template would fill in, in the place of it.
const FILLED_IN: &str = "__filled_in__";

/// The tree, with the text that its places are of: where a file is a template of Helm, that is the text without what is filled in.
fn parsed(text: &str, format: Format) -> Option<(String, Tree)> {
    let parse = |text: &str| format.parse(text.as_bytes()).ok();
    parse(text).or_else(|| if text.contains("{{") { parse(&without_templates(text)) } else { None })
}

/// Lines stay where they are.
fn without_templates(text: &str) -> String {
    let (mut new, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let (inside, behind) = after.split_once("}}").unwrap_or((after, ""));
        let begins = before.rsplit('\n').next().is_some_and(|line| line.trim().is_empty());
        let ends = behind.split('\n').next().is_some_and(|line| line.trim().is_empty());
        new.push_str(before);
        // A line of its own says what to do with others, and is no value.
        new.push_str(if begins && ends { "" } else { FILLED_IN });
        new.extend(inside.matches('\n'));
        rest = behind;
    }
    new.push_str(rest);
    new
}

/// Ciphertext without its block can't be opened by anybody.
fn orphans(tree: &Tree, text: &str, format: Format) -> Option<Finding> {
    let no_rules = super::rules::Rules::default();
    let sealed = leaves(tree, &no_rules, format).into_iter().find_map(|leaf| match leaf.what {
        What::Value(node, value) if value.as_text().is_ok_and(|text| is_sealed(text) && check(text).is_ok()) => {
            Some(node)
        }
        _ => None,
    })?;
    let what =
        "this is ciphertext, and the file has no `sops` metadata to open it with: restore the file from git".to_owned();
    Some(Finding { line: line(text, sealed.span.start), what })
}

fn text_at<'t>(node: &'t Node, key: &str) -> Option<&'t str> {
    match &node.get(key)?.node.content {
        Content::Scalar(value) => value.as_text().ok(),
        _ => None,
    }
}

/// An object of the cluster that is no Secret: patterns like `^(data|stringData)$` are meant for Secrets.
fn is_other_object(document: &Document) -> bool {
    let root = &document.root;
    text_at(root, "apiVersion").is_some() && text_at(root, "kind").is_some_and(|kind| kind != "Secret")
}

/// Secrets of the cluster whose values stand there for everybody.
fn of_document(document: &Document, text: &str) -> Vec<Finding> {
    let listed = document.root.get("items").into_iter().flat_map(|item| item.node.items()).map(|item| &item.node);
    std::iter::once(&document.root).chain(listed).flat_map(|object| of_object(object, text)).collect()
}

fn of_object(object: &Node, text: &str) -> Vec<Finding> {
    if text_at(object, "kind") != Some("Secret") || text_at(object, "apiVersion") != Some("v1") {
        return Vec::new();
    }
    let fields =
        ["data", "stringData"].into_iter().filter_map(|field| object.get(field).map(|item| (field, &item.node)));
    let values = fields.flat_map(|(field, node)| node.items().map(move |item| (field, item)));
    let bare = values.filter_map(|(field, item)| {
        let Content::Scalar(value) = &item.node.content else { return None };
        let written = value.as_text().unwrap_or_default();
        // What a template fills in is not here.
        if value.is_empty() || is_sealed(written) || written.contains("{{") || written.contains(FILLED_IN) || written.starts_with('$') {
            return None;
        }
        let mut path = field.to_owned();
        super::walk::push_key(&mut path, item.key.as_deref().unwrap_or_default());
        let what = format!("`{path}` of a Secret is in the clear: `pinnace secrets encrypt --in-place`, and change the value if it was committed");
        Some(Finding { line: line(text, item.start), what })
    });
    bare.collect()
}

/// What looks like a secret wherever it stands.
fn tokens(text: &str) -> impl Iterator<Item = Finding> {
    redactor::surely_secret(text).into_iter().map(|(at, what)| {
        let help = "take it out, and change it if it was committed; where it is none, write";
        Finding { line: line(text, at), what: format!("this looks like {what}: {help} `{NOT_SECRET}` on the line") }
    })
}

fn line(text: &str, at: usize) -> usize {
    1 + text.get(..at).unwrap_or_default().matches('\n').count()
}

fn line_of_block(text: &str) -> usize {
    let begins = |line: &str| {
        let line = line.trim_start_matches(['"', '\'', ' ', '\t', '{']);
        line.starts_with(metadata::PREFIX)
            || line.strip_prefix(metadata::KEY).is_some_and(|rest| rest.starts_with([':', '"', '\'']))
    };
    text.lines().position(begins).map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, text: &str, rules: &str) -> Vec<String> {
        let rule = Creation::from_rules(".sops.yaml", rules, name).ok();
        let found = examine(name, text.as_bytes(), rule.as_ref());
        found.into_iter().map(|one| format!("{}: {}", one.line, one.what.split(':').next().unwrap())).collect()
    }

    #[test]
    fn secrets_in_the_clear_are_found_by_line() {
        let none = Vec::<String>::new();
        let secret =
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  a: b\n  empty: ''\n  t: '{{ .x }}'\n";
        assert_eq!(found("s.yaml", secret, ""), ["5: `stringData.a` of a Secret is in the clear"]);
        assert_eq!(found("s.yaml", &secret.replace("  a: b", "  a: b # pinnace:not-secret"), ""), none);
        let template = "{{- if .Values.on }}\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ include \"name\" . }}\nstringData:\n  a: {{ .Values.a | quote }}\n  b: hunter22\n{{- end }}\n";
        assert_eq!(found("templates/s.yaml", template, ""), ["8: `stringData.b` of a Secret is in the clear"]);
        let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  data: {k: eA==}\n";
        assert_eq!(found("l.yaml", list, ""), ["6: `data.k` of a Secret is in the clear"]);
        let key = format!("a\n{}BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n", "-----");
        assert_eq!(found("notes.md", &key, ""), ["2: this looks like a private key"]);
        assert_eq!(
            found("a.py", &format!("x = 1\ny = '{}{}'\n", "ghp_", "0123456789abcdef0123"), ""),
            ["2: this looks like a token"]
        );
        assert_eq!(found("a.yaml", "kind: ConfigMap\ndata: {password: x}\n", ""), none);
    }

    #[test]
    fn a_file_that_a_rule_wants_encrypted_is_told_and_one_that_it_only_could_mean_is_not() {
        let (_, public) = super::super::generate();
        let rule = |more: &str| format!("creation_rules: [{{{more}age: {public}}}]\n");
        let must = ["1: a rule in .sops.yaml says that this file is encrypted, and it is not"];
        let none: [&str; 0] = [];
        assert_eq!(found("prod/s.yaml", "a: b\n", &rule("path_regex: ^prod/, ")), must);
        assert_eq!(found("prod/key.bin", "bytes", &rule("path_regex: ^prod/, ")), must);
        assert_eq!(found("dev/s.yaml", "a: b\n", &rule("path_regex: ^prod/, ")), none);
        assert_eq!(
            found("dev/s.yaml", "a: b\n", &rule("")),
            none,
            "a rule for every file is for those that people encrypt"
        );
        assert_eq!(found("prod/s.yaml", "a_unencrypted: b\nc: ''\n", &rule("path_regex: ^prod/, ")), none);
        let map = "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n";
        let flux = rule("path_regex: .*.yaml, encrypted_regex: ^(data|stringData)$, ");
        assert_eq!(found("s.yaml", map, &flux), none);
        assert_eq!(
            found("s.yaml", &map.replace("ConfigMap", "Secret"), &flux),
            ["3: `data.a` of a Secret is in the clear"]
        );
    }

    #[test]
    fn damage_is_found_without_a_key() {
        let (_, public) = super::super::generate();
        let rules = format!("creation_rules: [{{age: {public}}}]\n");
        let creation = Creation::from_rules(".sops.yaml", &rules, "s.yaml").unwrap();
        let good =
            super::super::encrypt("s.yaml", b"a: x\nb: y\n", Format::Yaml, &creation, "2026-01-31T12:00:00Z").unwrap();
        let good = String::from_utf8(good).unwrap();
        assert_eq!(found("s.yaml", &good, &rules), Vec::<String>::new());
        let value = good.lines().nth(1).unwrap();
        assert_eq!(found("s.yaml", &good.replace(value, "b: clear"), &rules), ["2: `b` is in the clear"]);
        let cut = &value[..value.len() - 5];
        assert_eq!(
            found("s.yaml", &good.replace(value, cut), &rules),
            ["2: `b` is not an encrypted value as SOPS writes it (it does not end with `]`)"]
        );
        let bare = good.split("sops:").next().unwrap();
        assert_eq!(
            found("s.yaml", bare, &rules),
            ["1: this is ciphertext, and the file has no `sops` metadata to open it with"]
        );
        assert_eq!(found("s.yaml", &good.replace("    mac:", "    macaroni:"), &rules), ["3: `sops.mac`"]);
        let other = rules.replace("{age", "{encrypted_regex: ^a$, age");
        assert_eq!(found("s.yaml", &good, &other).len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_bytes_are_there_is_an_answer(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400), kind in 0..4_usize) {
            examine(["a.yaml", "a.json", "a.env", "a"][kind], &bytes, None);
        }
    }
}
