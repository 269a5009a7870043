//! Who may use whom: the tables in ARCHITECTURE.md against `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{Complaints, House};

const PAGE: &str = "ARCHITECTURE.md";
/// The head of the table of our own crates: who may use which.
const OURS: &str = "| crate | may depend on |";
/// The head of the table of others' crates: which may be used by whom.
const OTHERS: &str = "| of others | only in |";

/// What each of our crates names in its Cargo.toml, tests apart.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// Every arrow that the tables do not allow.
pub(super) fn check(house: &House) -> anyhow::Result<Complaints> {
    let page = &house.file(PAGE).context("there is no ARCHITECTURE.md")?.text;
    let (ours, others) = (table(page, OURS)?, table(page, OTHERS)?);
    Ok(compare(&uses(house)?, &ours, &others))
}

fn compare(uses: &Uses, ours: &Uses, others: &Uses) -> Complaints {
    let mut complaints = Vec::new();
    for (user, used) in uses {
        let Some(allowed) = ours.get(user) else {
            complaints.push(format!("`{user}` is not in the table of crates in {PAGE}: say there what it may use"));
            continue;
        };
        for one in used {
            if uses.contains_key(one) && !allowed.contains(one) {
                complaints.push(format!("`{user}` uses `{one}`, which the table of crates in {PAGE} does not allow"));
            }
            if others.get(one).is_some_and(|only| !only.contains(user)) {
                complaints.push(format!("`{user}` uses `{one}`, which only some may: see the second table in {PAGE}"));
            }
        }
    }
    let gone = ours.keys().filter(|name| !uses.contains_key(*name));
    complaints.extend(gone.map(|name| format!("the table of crates in {PAGE} names `{name}`, which is gone")));
    complaints
}

/// The rows below a head: the words in backticks of the second column, by each of those of the first.
fn table(page: &str, head: &str) -> anyhow::Result<Uses> {
    let mut lines = page.lines().skip_while(|line| *line != head);
    ensure!(lines.next().is_some(), "{PAGE} has no table that begins with: {head}");
    let mut rows = Uses::new();
    for line in lines.skip(1).take_while(|line| line.starts_with('|')) {
        let mut columns = line.trim_matches('|').split('|');
        let (first, second) = (columns.next().unwrap_or_default(), columns.next().unwrap_or_default());
        for name in in_backticks(first) {
            rows.entry(name).or_default().extend(in_backticks(second));
        }
    }
    Ok(rows)
}

fn in_backticks(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

fn uses(house: &House) -> anyhow::Result<Uses> {
    let mut command = Command::new("cargo");
    command.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(&house.root);
    let output = command.output().context("running cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).context("reading what cargo metadata printed")?;
    let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    Ok(packages.iter().map(|package| (text(&package["name"]), shipped(package))).collect())
}

/// What a package uses outside of its tests.
fn shipped(package: &Value) -> BTreeSet<String> {
    let all = package["dependencies"].as_array().into_iter().flatten();
    all.filter(|one| one["kind"] != "dev").map(|one| text(&one["name"])).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(pairs: &[(&str, &[&str])]) -> Uses {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        pairs.iter().map(|(name, used)| ((*name).to_owned(), set(used))).collect()
    }

    #[test]
    fn a_table_is_read_by_what_stands_in_backticks() {
        let page = "text\n| crate | may depend on |\n|---|---|\n| `a`, `b` | `c` and `d` |\n| `e` | nothing |\n\n| `x` | `y` |\n";
        assert_eq!(table(page, OURS).unwrap(), uses(&[("a", &["c", "d"]), ("b", &["c", "d"]), ("e", &[])]));
        assert!(table("no table", OURS).is_err());
    }

    #[test]
    fn an_arrow_that_is_not_allowed_is_told() {
        let ours = uses(&[("store", &["model"]), ("model", &[])]);
        let others = uses(&[("sqlx", &["store"])]);
        let fine = uses(&[("store", &["model", "sqlx", "serde"]), ("model", &["serde"])]);
        assert!(compare(&fine, &ours, &others).is_empty());
        let up = uses(&[("store", &["model"]), ("model", &["store"])]);
        assert!(compare(&up, &ours, &others)[0].starts_with("`model` uses `store`"));
        let sql = uses(&[("store", &[]), ("model", &["sqlx"])]);
        assert!(compare(&sql, &ours, &others)[0].starts_with("`model` uses `sqlx`"));
        let new = uses(&[("store", &[]), ("model", &[]), ("chat", &[])]);
        assert!(compare(&new, &ours, &others)[0].starts_with("`chat` is not in the table"));
        assert!(compare(&uses(&[("store", &[])]), &ours, &others)[0].contains("`model`, which is gone"));
    }
}
