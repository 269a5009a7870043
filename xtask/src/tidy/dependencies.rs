//! The bans and licences of deny.toml, held without cargo-deny. Only what is built for this machine is looked at.

use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{Complaints, House};

const PAGE: &str = "deny.toml";

/// Every dependency that is banned, or whose licence is not allowed.
pub(super) fn check(house: &House) -> anyhow::Result<Complaints> {
    let page = &house.file(PAGE).context("there is no deny.toml")?.text;
    let (allowed, banned) = (quoted(page, "allow = ["), quoted(page, "deny = ["));
    ensure!(!allowed.is_empty() && !banned.is_empty(), "{PAGE} has no list `allow` of licences or `deny` of bans");
    Ok(packages(house)?.iter().filter_map(|package| complaint(package, &allowed, &banned)).collect())
}

fn complaint(package: &Value, allowed: &[&str], banned: &[&str]) -> Option<String> {
    let text = |field: &str| package[field].as_str().unwrap_or_default();
    let (name, licence) = (text("name"), text("license"));
    if banned.contains(&name) {
        return Some(format!("`{name}` is in use and banned by {PAGE}: cargo tree --invert {name}"));
    }
    let refused = || format!("`{name}` has the licence `{licence}`, which {PAGE} does not allow");
    (!is_allowed(licence, allowed)).then(refused)
}

/// Whether every part of a licence expression has an alternative that is allowed.
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    let mut parts = plain.split(" AND ");
    parts.all(|part| part.split(" OR ").any(|one| allowed.contains(&one.trim())))
}

/// The texts in quotes of the list that begins so, comments apart.
fn quoted<'a>(page: &'a str, begin: &str) -> Vec<&'a str> {
    let lines = page.lines().skip_while(|line| *line != begin).skip(1).take_while(|line| *line != "]");
    lines.filter_map(|line| line.split('#').next()?.split('"').nth(1)).collect()
}

fn packages(house: &House) -> anyhow::Result<Vec<Value>> {
    let mut command = Command::new("cargo");
    command.args(["metadata", "--locked", "--format-version", "1", "--filter-platform", &host()?]);
    let output = command.current_dir(&house.root).output().context("running cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let mut metadata: Value = serde_json::from_slice(&output.stdout).context("reading what cargo metadata printed")?;
    match metadata["packages"].take() {
        Value::Array(packages) => Ok(packages),
        _ => anyhow::bail!("cargo metadata names no packages"),
    }
}

/// This machine, as Rust names it.
fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("running rustc")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say which machine this is")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alternative_of_every_part_must_be_allowed() {
        let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"];
        for expression in ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
            assert!(is_allowed(expression, &allowed), "{expression}");
        }
        for expression in ["", "GPL-3.0", "MIT AND GPL-3.0"] {
            assert!(!is_allowed(expression, &allowed), "{expression}");
        }
    }

    #[test]
    fn lists_are_read_without_their_comments() {
        let page =
            "x = 1\nallow = [\n    \"MIT\", # a \"comment\"\n    # \"GPL\"\n    { name = \"one\" },\n]\n\"no\"\n";
        assert_eq!(quoted(page, "allow = ["), ["MIT", "one"]);
    }
}
