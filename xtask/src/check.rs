//! `cargo xtask check`: everything that must hold, one step after another, and a closing line that counts it.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::Context;
use clap::Args;

use crate::tidy::root;

/// Which steps.
#[derive(Args)]
pub(crate) struct Which {
    /// Only these steps, instead of all: fmt, clippy, tidy, test, doc, deny, demo, browser.
    steps: Vec<String>,
}

/// One step: a program, and how its outcome is counted.
struct Step {
    name: &'static str,
    command: &'static [&'static str],
    counts: Counts,
    /// Without this file or program there is nothing to do.
    needs: Option<Need>,
    /// `cargo test --workspace` holds it already.
    within_test: bool,
}

/// How a step's outcome is counted.
#[derive(Clone, Copy)]
enum Counts {
    /// It holds or it does not.
    One,
    /// By the lines `test result: ok. 12 passed; 0 failed; ...`.
    CargoTests,
    /// By the lines `# pass 12` and `# fail 0`, whose first sign depends on the reporter.
    NodeTests,
}

#[derive(Clone, Copy)]
enum Need {
    File(&'static str),
    CargoDeny,
}

/// Stands for this very program.
const OURSELVES: &str = "xtask";

const STEPS: [Step; 8] = [
    Step::one("fmt", &["cargo", "fmt", "--all", "--check"]),
    Step::one("clippy", &["cargo", "clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
    Step { within_test: true, ..Step::one("tidy", &[OURSELVES, "tidy"]) },
    Step {
        counts: Counts::CargoTests,
        ..Step::one("test", &["cargo", "test", "--workspace", "--locked", "--no-fail-fast"])
    },
    Step::one("doc", &["cargo", "doc", "--workspace", "--locked", "--no-deps", "--document-private-items"]),
    Step {
        needs: Some(Need::CargoDeny),
        ..Step::one("deny", &["cargo", "deny", "--offline", "check", "bans", "licenses", "sources"])
    },
    Step::one("demo", &["scripts/demo", "--once"]),
    Step {
        counts: Counts::NodeTests,
        needs: Some(Need::File("e2e/package.json")),
        ..Step::one("browser", &["scripts/browser"])
    },
];

impl Step {
    const fn one(name: &'static str, command: &'static [&'static str]) -> Self {
        Self { name, command, counts: Counts::One, needs: None, within_test: false }
    }
}

/// What came of a step, or of all.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
}

/// Runs the steps. Each is tried, whatever became of the ones before.
pub(crate) fn run(which: &Which) -> anyhow::Result<()> {
    for name in &which.steps {
        let known = STEPS.map(|step| step.name);
        anyhow::ensure!(known.contains(&name.as_str()), "there is no step `{name}`; there are {}", known.join(", "));
    }
    let wanted = |step: &&Step| match which.steps.as_slice() {
        [] => !step.within_test,
        some => some.iter().any(|name| name == step.name),
    };
    let mut all = Tally::default();
    let mut broken = Vec::new();
    for step in STEPS.iter().filter(wanted) {
        if let Some(why) = step.needs.and_then(missing) {
            say(&format!("--- {}: left out, {why}", step.name))?;
            continue;
        }
        let begun = Instant::now();
        say(&format!("--- {}: {}", step.name, step.command.join(" ")))?;
        let tally = perform(step)?;
        let Tally { passed, failed } = tally;
        say(&format!("--- {}: {passed} passed, {failed} failed, {} s", step.name, begun.elapsed().as_secs()))?;
        all = Tally { passed: all.passed + passed, failed: all.failed + failed };
        broken.extend((failed > 0).then_some(step.name));
    }
    if !broken.is_empty() {
        say(&format!("to look at: {}; one alone: scripts/test {}", broken.join(", "), broken[0]))?;
    }
    say(&format!("{} passed, {} failed", all.passed, all.failed))?;
    if broken.is_empty() { Ok(()) } else { std::process::exit(1) }
}

fn missing(need: Need) -> Option<String> {
    match need {
        Need::File(path) => (!root().join(path).exists()).then(|| format!("there is no {path}")),
        Need::CargoDeny => {
            let found = Command::new("cargo").args(["deny", "--version"]).stderr(Stdio::null()).output();
            let installed = found.is_ok_and(|output| output.status.success());
            (!installed).then(|| "cargo-deny is not installed".to_owned())
        }
    }
}

/// Runs a step's program, shows what it prints and counts by it.
fn perform(step: &Step) -> anyhow::Result<Tally> {
    let (program, arguments) = step.command.split_first().context("a step has a program")?;
    let mut command = match *program {
        OURSELVES => Command::new(std::env::current_exe().context("finding this program")?),
        other => Command::new(other),
    };
    command.args(arguments).current_dir(root()).stdout(Stdio::piped());
    // What `cargo run` set for this process is not meant for the ones below.
    command.env("RUSTDOCFLAGS", "-D warnings").env_remove("CARGO_MANIFEST_DIR");
    let mut child = command.spawn().with_context(|| format!("starting {program}"))?;
    let mut tally = Tally::default();
    for line in BufReader::new(child.stdout.take().context("its output is piped")?).split(b'\n') {
        let line = line.with_context(|| format!("reading from {program}"))?;
        let line = String::from_utf8_lossy(&line);
        say(&line)?;
        tally.count(step.counts, &line);
    }
    let succeeded = child.wait().with_context(|| format!("waiting for {program}"))?.success();
    Ok(tally.closed(step.counts, succeeded))
}

impl Tally {
    fn count(&mut self, counts: Counts, line: &str) {
        match counts {
            Counts::One => {}
            Counts::CargoTests => {
                let Some((_, result)) = line.split_once("test result: ") else { return };
                let words: Vec<&str> = result.split_whitespace().collect();
                let before = |word: &str| {
                    let at = words.iter().position(|one| one.trim_end_matches(';') == word)?;
                    words.get(at.checked_sub(1)?)?.parse().ok()
                };
                self.passed += before("passed").unwrap_or(0);
                self.failed += before("failed").unwrap_or(0);
            }
            Counts::NodeTests => {
                let mut words = line.split_whitespace();
                let (mark, word, number) = (words.next(), words.next(), words.next());
                let number = number.and_then(|number| number.parse().ok()).unwrap_or(0);
                match (mark, word) {
                    (Some("#" | "\u{2139}"), Some("pass")) => self.passed += number,
                    (Some("#" | "\u{2139}"), Some("fail" | "cancelled")) => self.failed += number,
                    _ => {}
                }
            }
        }
    }

    /// A program that failed without a failed test (it did not compile, or died) is one failure.
    fn closed(mut self, counts: Counts, succeeded: bool) -> Self {
        match (succeeded, counts) {
            (true, Counts::One) => self.passed = 1,
            (false, _) if self.failed == 0 => self.failed = 1,
            _ => {}
        }
        self
    }
}

fn say(line: &str) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{line}").context("writing")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(counts: Counts, lines: &[&str], succeeded: bool) -> (u64, u64) {
        let mut tally = Tally::default();
        for line in lines {
            tally.count(counts, line);
        }
        let Tally { passed, failed } = tally.closed(counts, succeeded);
        (passed, failed)
    }

    #[test]
    fn every_test_binary_is_counted() {
        let lines = [
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
        ];
        assert_eq!(tally(Counts::CargoTests, &lines, false), (15, 2));
        assert_eq!(tally(Counts::NodeTests, &["# tests 8", "# pass 7", "# fail 1"], false), (7, 1));
        assert_eq!(tally(Counts::NodeTests, &["\u{2139} pass 7", "\u{2139} fail 0"], true), (7, 0));
    }

    #[test]
    fn a_program_that_dies_counts_as_one_failure() {
        assert_eq!(tally(Counts::CargoTests, &[], false), (0, 1));
        assert_eq!(tally(Counts::One, &[], false), (0, 1));
        assert_eq!(tally(Counts::One, &[], true), (1, 0));
    }

    #[test]
    fn steps_have_names_of_their_own() {
        let mut names = STEPS.map(|step| step.name).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }
}
