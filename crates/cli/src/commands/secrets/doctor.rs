//! `pinnace secrets doctor`: secrets that lie in the clear, and encrypted files that are not as they should be.

use std::io::{Write as _, stderr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use config_repo::Worktree;
use secrets::sops::{Encrypted, Finding, Format, RULES_FILE, examine};
use serde_json::json;

use super::agreement::{self, Difference};
use super::file::{FileArgs, print};
use super::targets::below;
use crate::remote::Output;

/// Find secrets in the clear, and encrypted files that are not as their rules want them
///
/// Told with file and line, and never with the value: files that a rule in .sops.yaml wants encrypted and that are not; values
/// left in the clear in encrypted files; Secrets of the cluster in the clear; private keys and tokens anywhere; damaged files;
/// files that are for others than their rule names. No private key is needed. The exit code is 1 when something is found.
///
/// In a git checkout, files that .gitignore names are left out. A line that holds `pinnace:not-secret` is passed over.
///
/// Examples:
///   pinnace secrets doctor
///   pinnace secrets doctor --staged        # as a pre-commit hook
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Doctor {
    /// A file, or a folder with all below it
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
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
    let files = runtime.block_on(subjects(args))?;
    let (mut count, mut failed) = (0, false);
    for file in &files {
        match findings(file) {
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
        0 => writeln!(stderr(), "nothing was found in {} files", files.len())?,
        count => writeln!(stderr(), "{count} found in {} files", files.len())?,
    }
    Ok(if count == 0 && !failed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A file to look at.
struct Subject {
    /// As people read it.
    name: String,
    path: PathBuf,
    /// What is staged; else what lies there.
    staged: Option<Vec<u8>>,
}

async fn subjects(args: &Doctor) -> anyhow::Result<Vec<Subject>> {
    let path = args.path.canonicalize().with_context(|| args.path.display().to_string())?;
    if path.is_file() && !args.staged {
        return Ok(vec![Subject { name: shown_path(&args.path), path, staged: None }]);
    }
    let folder = if path.is_dir() { &path } else { path.parent().unwrap_or(&path) };
    let worktree = Worktree::around(folder).await?;
    let within = |top: &Path, file: PathBuf, staged| {
        let whole = top.join(file);
        let below = whole.strip_prefix(&path).ok()?;
        let name = if below.as_os_str().is_empty() { args.path.clone() } else { args.path.join(below) };
        let name = name.strip_prefix(".").unwrap_or(&name);
        Some(Subject { name: shown_path(name), path: whole.clone(), staged })
    };
    if args.staged {
        let worktree = worktree.context("--staged needs a git checkout, and this folder is in none")?;
        let staged = worktree.staged().await?.into_iter();
        return Ok(staged.filter_map(|file| within(worktree.top(), file.path, Some(file.bytes))).collect());
    }
    let Some(worktree) = worktree else {
        return Ok(below(&path)?.into_iter().filter_map(|file| within(&path, file, None)).collect());
    };
    let files = worktree.files().await?.into_iter().filter_map(|file| within(worktree.top(), file, None));
    Ok(files.filter(|file| file.path.symlink_metadata().is_ok_and(|facts| facts.is_file())).collect())
}

fn shown_path(path: &Path) -> String {
    secrets::clean_terminal(&path.display().to_string())
}

fn findings(file: &Subject) -> anyhow::Result<Vec<Finding>> {
    let bytes = match &file.staged {
        Some(bytes) => bytes.clone(),
        None => FileArgs::of(file.path.clone(), None).read()?,
    };
    if file.path.file_name().is_some_and(|name| name == RULES_FILE) {
        return Ok(examine(&file.name, &bytes, None));
    }
    let rule = agreement::ruled_at(&file.path, &file.name)?;
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
