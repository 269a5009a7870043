//! The files that a command works on when it works on several.

use std::io::{Write as _, stderr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use super::file::FileArgs;
use super::words;

/// Nobody has more files than this in a config repo.
const MOST_FILES: usize = 200_000;

/// Some files, or all that are encrypted.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Targets {
    /// The files
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// All encrypted files in this folder and below
    #[arg(long)]
    all: bool,
}

impl Targets {
    pub(super) fn found(&self) -> anyhow::Result<Vec<FileArgs>> {
        if !self.all {
            return Ok(self.files.iter().cloned().map(|path| FileArgs::of(path, None)).collect());
        }
        let mut found = Vec::new();
        for path in below(Path::new("."))? {
            let file = FileArgs::of(path, None);
            if looks_encrypted(&file.read()?) {
                found.push(file);
            }
        }
        if found.is_empty() {
            bail!("there is no encrypted file in this folder or below");
        }
        Ok(found)
    }

    /// Does this with each, and goes on where one fails; what failed is told at the end of it.
    pub(super) fn each(&self, mut work: impl FnMut(&FileArgs) -> anyhow::Result<()>) -> anyhow::Result<ExitCode> {
        let (mut failed, files) = (0, self.found()?);
        for file in &files {
            if let Err(error) = work(file) {
                failed += 1;
                writeln!(stderr(), "error: {error:#}")?;
            }
        }
        if failed == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        if files.len() > 1 {
            writeln!(stderr(), "{failed} of {} failed; what is not named above is done", words::files(files.len()))?;
        }
        Ok(ExitCode::FAILURE)
    }

    /// The same with what changes files, and says whether it did: how many there were is told at the end.
    pub(super) fn change_each(
        &self,
        mut change: impl FnMut(&FileArgs) -> anyhow::Result<bool>,
    ) -> anyhow::Result<ExitCode> {
        let (mut changed, mut all) = (0, 0);
        let code = self.each(|file| {
            all += 1;
            changed += usize::from(change(file)?);
            Ok(())
        })?;
        writeln!(stderr(), "{}", words::changed(changed, all))?;
        Ok(code)
    }
}

/// What every encrypted file has, whatever its format.
pub(super) fn looks_encrypted(bytes: &[u8]) -> bool {
    let has = |what: &str| bytes.windows(what.len()).any(|window| window == what.as_bytes());
    has("ENC[AES256_GCM,") && (has("sops:") || has("\"sops\"") || has("sops_mac="))
}

/// Every plain file in a folder and below, in order; links are not followed, and git's own folder is left out.
pub(super) fn below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let told = || format!("looking into {}", folder.display());
        for entry in std::fs::read_dir(&folder).with_context(told)? {
            let entry = entry.with_context(told)?;
            let kind = entry.file_type().with_context(told)?;
            let path = entry.path();
            let path = path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
            if kind.is_dir() && entry.file_name() != ".git" {
                folders.push(path);
            } else if kind.is_file() {
                files.push(path);
            }
        }
        if files.len() > MOST_FILES {
            bail!(
                "there are more than {MOST_FILES} files in this folder and below: name them, or go into a folder of it"
            );
        }
    }
    files.sort();
    Ok(files)
}
