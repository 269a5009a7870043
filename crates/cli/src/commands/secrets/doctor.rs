//! `pinnace secrets doctor`: secrets that lie in the clear, and encrypted files that are not as they should be.

mod rulebook;
mod subjects;

use std::io::{Write as _, stderr};
use std::path::PathBuf;
use std::process::ExitCode;

use secrets::sops::{Encrypted, Finding, Format, RULES_FILE, examine};
use serde_json::json;

use super::agreement::Difference;
use super::file::{FileArgs, print};
use super::words;
use crate::remote::Output;
use rulebook::Rulebook;
use subjects::{Subject, subjects};

/// Find secrets in the clear, and encrypted files that are not as their rules want them
///
/// Told with file and line, and never with the value: files that a rule in .sops.yaml wants encrypted and that are not; values
/// left in the clear in encrypted files; Secrets of the cluster in the clear; passwords and keys in values of charts, ConfigMaps,
/// variables of containers and .env files; private keys and tokens anywhere; damaged files; files that are for others than their
/// rule names; rules that can't be used or are misspelt. No private key is needed. The exit code is 1 when something is found.
///
/// In a git checkout, files that .gitignore names are left out. A line that holds `pinnace:not-secret` is passed over.
///
/// Examples:
///   pinnace secrets doctor
///   pinnace secrets doctor --staged        # as a pre-commit hook
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Doctor {
    /// A file, or a folder with all below it; else the folder that you are in, and with --staged all that is staged
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,
    /// Look at what the next commit would add or change, as it is staged
    #[arg(long)]
    staged: bool,
    /// For people, or for programs: a line of JSON for each finding, whose fields are only ever added
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
}

/// Looks, and prints what is found.
pub(super) fn run(args: &Doctor) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let files = runtime.block_on(subjects(args.path.as_deref(), args.staged))?;
    let (mut count, mut failed, mut rules) = (0, false, Rulebook::default());
    for file in &files {
        let found = findings(file, &mut rules);
        for (name, fault) in rules.faults() {
            count += 1;
            print(shown(args.output, &name, &fault).as_bytes())?;
        }
        match found {
            Ok(findings) => {
                count += findings.len();
                findings.iter().try_for_each(|one| print(shown(args.output, &file.name, one).as_bytes()))?;
            }
            // The others are looked at all the same.
            Err(error) => {
                failed = true;
                writeln!(stderr(), "error: {error:#}")?;
            }
        }
    }
    match count {
        0 => writeln!(stderr(), "nothing was found in {}", words::files(files.len()))?,
        count => writeln!(stderr(), "{count} found in {}", words::files(files.len()))?,
    }
    Ok(if count == 0 && !failed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn findings(file: &Subject, rules: &mut Rulebook) -> anyhow::Result<Vec<Finding>> {
    let bytes = match &file.staged {
        Some(bytes) => bytes.clone(),
        None => FileArgs::of(file.path.clone(), None).read()?,
    };
    if file.path.file_name().is_some_and(|name| name == RULES_FILE) {
        rules.read(&file.path);
        return Ok(examine(&file.name, &bytes, None));
    }
    let rule = rules.rule(&file.path);
    let mut findings = examine(&file.name, &bytes, rule.as_ref());
    let encrypted = Encrypted::parse(&file.name, &bytes, Format::of_name(&file.name));
    if let (Some(rule), Ok(encrypted)) = (&rule, encrypted) {
        let difference = Difference::of(&encrypted, rule);
        if !difference.is_none() {
            let what =
                format!("its rule in .sops.yaml says otherwise: {}: `pinnace secrets rotate`", difference.told());
            findings.push(Finding { line: 1, what });
        }
    }
    Ok(findings)
}

fn shown(output: Output, name: &str, finding: &Finding) -> String {
    let Finding { line, what } = finding;
    match output {
        Output::Text => format!("{name}:{line}: {what}\n"),
        Output::Json => format!("{}\n", json!({"file": name, "line": line, "what": what})),
    }
}
