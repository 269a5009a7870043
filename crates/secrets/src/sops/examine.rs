//! What is wrong with a file of a config repo that could be seen without a key: secrets in the clear, and damage.

mod entries;
mod lines;
mod plain;
mod suspect;

use super::cipher::{SEALED, check, is_sealed};
use super::creation::Creation;
use super::error::{CONFLICT, Problem};
use super::file::Encrypted;
use super::format::{conflict, is_ini};
use super::tree::{Node, Tree};
use super::value::Kind;
use super::walk::{Leaf, What, leaves};
use super::{Format, metadata, scope};
use crate::redactor;
use entries::Entry;
use suspect::{Looks, looks};

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
        Err(problem) => match conflict(text).filter(|_| text.contains(SEALED)) {
            Some(line) => vec![Finding { line, what: CONFLICT.to_owned() }],
            // SOPS opens it; nothing of it is known here.
            None if is_ini(name) && text.contains(SEALED) => Vec::new(),
            None => plain(name, text, format, rule, &problem),
        },
    };
    findings.extend(tokens(text));
    findings.sort();
    findings.dedup();
    let lines: Vec<&str> = text.lines().collect();
    let passed_over = |line: usize| lines.get(line.saturating_sub(1)).is_some_and(|line| line.contains(NOT_SECRET));
    findings.retain(|finding| !passed_over(finding.line));
    findings
}

const MUST_INI: &str = "a rule in .sops.yaml says that this file is encrypted, and it is not: `sops encrypt --in-place`, since files of \
                         this kind are not written here";
const MUST: &str =
    "a rule in .sops.yaml says that this file is encrypted, and it is not: `pinnace secrets encrypt --in-place`";

/// Bytes that are no text can only be judged as a whole.
fn unread(rule: Option<&Creation>) -> Vec<Finding> {
    let must = rule.is_some_and(Creation::names_the_path);
    must.then(|| Finding { line: 1, what: MUST.to_owned() }).into_iter().collect()
}

fn encrypted(file: &Encrypted, text: &str, rule: Option<&Creation>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let partial = file.raw_rules().is_partial();
    for leaf in leaves(&file.tree, &file.metadata().rules, file.format) {
        findings.extend(wrong_with(&leaf, text, partial));
    }
    let block = line_of_block(text);
    if check(&file.metadata().mac).is_err() {
        let what = "`sops.mac` is no ciphertext: restore the file from git".to_owned();
        findings.push(Finding { line: block, what });
    }
    let Some(rule) = rule else { return findings };
    if rule.raw_rules() != *file.raw_rules() && file.format != Format::Binary {
        let what = "the file's own rules say otherwise than .sops.yaml which values are encrypted: decrypt it, and encrypt it again";
        findings.push(Finding { line: block, what: what.to_owned() });
    }
    findings.extend(other_scope(file, text, rule));
    findings
}

/// A rule that names a scope is for files that are for that place alone.
fn other_scope(file: &Encrypted, text: &str, rule: &Creation) -> Option<Finding> {
    let wanted = rule.scope.as_ref()?;
    let document = file.tree.documents.iter().find(|document| document.root.get(scope::SCOPE_KEY).is_some());
    let line =
        document.and_then(|document| document.root.get(scope::SCOPE_KEY)).map_or(1, |item| line(text, item.start));
    let what = match scope::written(&file.text, &file.tree) {
        Ok(Some(own)) if own == *wanted => return None,
        Ok(Some(own)) => format!(
            "its rule in .sops.yaml says `pinnace_scope: {wanted}`, and the file is for `{own}`: decrypt it, and encrypt it again, or \
             correct the rule"
        ),
        Ok(None) => format!(
            "its rule in .sops.yaml says `pinnace_scope: {wanted}`, and the file opens everywhere: `pinnace secrets rotate`"
        ),
        Err(problem) => problem.to_string(),
    };
    Some(Finding { line, what })
}

fn wrong_with(leaf: &Leaf<'_>, text: &str, partial: bool) -> Option<Finding> {
    let What::Value(node, value) = leaf.what else { return None };
    if value.is_empty() {
        return None;
    }
    let line = line(text, node.span.start);
    let path = &leaf.shown;
    if !leaf.encrypt {
        // Where a pattern says what is encrypted, more may be left than somebody meant.
        let key = leaf.bound_to.trim_end_matches(':').rsplit(':').next().unwrap_or_default();
        let looks = looks(key, value.as_text().ok()?).filter(|looks| *looks != Looks::Placeholder)?;
        return (partial && value.kind() != Kind::Bool).then(|| Finding { line, what: plain::told(path, looks) });
    }
    let written = value.as_text().ok().filter(|written| value.kind() == Kind::Str && written.starts_with("ENC["));
    let what = match written.map(check) {
        None => format!(
            "`{path}` is in the clear: take it out, and set it with `pinnace secrets set`; what was committed once is known"
        ),
        Some(Err(why)) => format!("`{path}` is not an encrypted value as SOPS writes it ({why}): restore it from git"),
        Some(Ok(())) => return None,
    };
    Some(Finding { line, what })
}

fn plain(name: &str, text: &str, format: Format, rule: Option<&Creation>, problem: &Problem) -> Vec<Finding> {
    let is_template = is_template(name, text);
    let parsed = if format == Format::Binary || is_template { None } else { format.parse(text.as_bytes()).ok() };
    let documents = match &parsed {
        Some((_, tree)) => entries::documents(tree, text),
        None if format == Format::Yaml || is_template => lines::documents(text),
        None => Vec::new(),
    };
    let mut findings: Vec<Finding> = documents.iter().flat_map(|document| plain::in_secrets(document)).collect();
    if let Some((_, tree)) = &parsed {
        findings.extend(orphans(tree, text, format));
    }
    if let Some(rule) = rule.filter(|rule| rule.names_the_path() && !text.trim().is_empty() && !is_template)
        && findings.is_empty()
        && must(rule, parsed.as_ref().map(|(_, tree)| tree), &documents, format)
    {
        let what = match problem {
            // Encrypting it says why that can't be.
            Problem::Syntax { .. } | Problem::Unsupported { .. } | Problem::Tag { .. } if format != Format::Binary => {
                format!("{MUST}; first, {problem}")
            }
            _ if is_ini(name) => MUST_INI.to_owned(),
            _ => MUST.to_owned(),
        };
        return vec![Finding { line: 1, what }];
    }
    if plain::is_dotenv(name) {
        findings.extend(plain::in_dotenv(name, text));
    } else {
        findings.extend(plain::suspicious(name, &documents));
    }
    findings
}

/// Whether a rule that names the file's path means this content too.
fn must(rule: &Creation, tree: Option<&Tree>, documents: &[Vec<Entry>], format: Format) -> bool {
    let (Some(tree), Ok(rules)) = (tree, rule.rules()) else { return true };
    let others = rule.raw_rules().is_partial() && documents.iter().all(|document| plain::is_other_object(document));
    let is_value = |leaf: &Leaf<'_>| matches!(leaf.what, What::Value(_, value) if !value.is_empty());
    !others && leaves(tree, &rules, format).iter().any(|leaf| leaf.encrypt && is_value(leaf))
}

/// A template of a chart is no YAML before Helm has filled it in, and is never encrypted.
fn is_template(name: &str, text: &str) -> bool {
    let folders = name.rsplit_once('/').map_or("", |(folders, _)| folders);
    text.contains("{{") && folders.split('/').any(|folder| folder == "templates")
}

/// Ciphertext without its block can't be opened by anybody.
fn orphans(tree: &Tree, text: &str, format: Format) -> Option<Finding> {
    let no_rules = super::rules::Rules::default();
    let is_orphan = |text: &str| is_sealed(text) && check(text).is_ok();
    let sealed: &Node = leaves(tree, &no_rules, format).into_iter().find_map(|leaf| match leaf.what {
        What::Value(node, value) if value.as_text().is_ok_and(is_orphan) => Some(node),
        _ => None,
    })?;
    let what =
        "this is ciphertext, and the file has no `sops` metadata to open it with: restore the file from git".to_owned();
    Some(Finding { line: line(text, sealed.span.start), what })
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
mod tests;
