//! For whom a file is encrypted: as the rules beside or above it say, or as the command line does.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use secrets::sops::{Creation, Problem, RULES_FILE, Recipient};

use super::file::{FileArgs, read_bounded};

const LARGEST_RULES: u64 = (1 << 20) + 1;

/// Recipients, or the rules that name them.
#[derive(Debug, clap::Args)]
pub(super) struct RulesArgs {
    /// Encrypt for this public key; may be given again, or several with commas
    #[arg(long, value_name = "RECIPIENT", value_delimiter = ',')]
    age: Vec<String>,
    /// The file of rules; else the nearest .sops.yaml
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
}

impl RulesArgs {
    /// How this file is to be encrypted.
    pub(super) fn creation(&self, file: &FileArgs) -> anyhow::Result<Creation> {
        let given = self.age.iter().filter(|text| !text.trim().is_empty());
        let recipients = given.map(|text| Recipient::parse(text)).collect::<Result<Vec<_>, _>>().context("--age")?;
        let path = file.whole_path()?;
        let rules = match &self.rules {
            Some(rules) => Some(rules.canonicalize().with_context(|| rules.display().to_string())?),
            None => nearest(&path),
        };
        let Some(rules) = rules else {
            if recipients.is_empty() {
                bail!("{}: {}", file.name(), Problem::NoRecipient);
            }
            return Ok(Creation::for_recipients(recipients));
        };
        match RulesFile::read(&rules)?.creation(&path) {
            Ok(creation) if recipients.is_empty() => Ok(creation),
            Ok(creation) => Ok(creation.with_recipients(recipients)),
            Err(error) if matches!(error.problem, Problem::NoRule { .. }) && !recipients.is_empty() => {
                Ok(Creation::for_recipients(recipients))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A file of rules.
pub(super) struct RulesFile {
    /// Its name for errors.
    pub(super) name: String,
    pub(super) text: String,
    folder: PathBuf,
}

impl RulesFile {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let name = secrets::clean_terminal(&path.display().to_string());
        let bytes = read_bounded(path, LARGEST_RULES).with_context(|| name.clone())?;
        let text = String::from_utf8(bytes).with_context(|| format!("{name}: the file is no text"))?;
        Ok(Self { name, text, folder: path.parent().unwrap_or(Path::new("/")).to_owned() })
    }

    /// What they say of a file; both paths are whole ones.
    pub(super) fn creation(&self, path: &Path) -> Result<Creation, secrets::sops::SopsError> {
        let below = path.strip_prefix(&self.folder).unwrap_or(path).to_string_lossy();
        Creation::from_rules(&self.name, &self.text, &below)
    }
}

/// The rules of the file's folder, or of the nearest one above that has some.
pub(super) fn nearest(path: &Path) -> Option<PathBuf> {
    path.ancestors().skip(1).map(|folder| folder.join(RULES_FILE)).find(|rules| rules.is_file())
}
