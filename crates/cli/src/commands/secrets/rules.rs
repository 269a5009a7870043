//! For whom a file is encrypted: as the rules beside or above it say, or as the command line does.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use secrets::sops::{
    Creation, Fingerprint, KeyGroup, Problem, RULES_FILE, Recipient, RuleSet, Scope, SopsError, encrypt_by,
};

use super::file::{FileArgs, now, read_bounded};
use super::programs::gpg::Gpg;

const LARGEST_RULES: u64 = (1 << 20) + 1;

/// Recipients, or the rules that name them.
#[derive(Debug, clap::Args)]
pub(super) struct RulesArgs {
    /// Encrypt for this public key; may be given again, or several with commas
    #[arg(long, value_name = "RECIPIENT", value_delimiter = ',')]
    age: Vec<String>,
    /// Encrypt for this PGP key, by its fingerprint, through the program gpg; may be given again, or several with commas
    #[arg(long, value_name = "FINGERPRINT", value_delimiter = ',')]
    pgp: Vec<String>,
    /// The file of rules; else the nearest .sops.yaml
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Let a new file open for this project alone, `shop`, or for one of its environments, `shop/prod`; `*` stands for any
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
}

impl RulesArgs {
    /// As with `--age`.
    pub(super) fn of_age(age: &[String]) -> Self {
        Self { age: age.to_vec(), pgp: Vec::new(), rules: None, scope: None }
    }

    /// How this file is to be encrypted.
    pub(super) fn creation(&self, file: &FileArgs) -> anyhow::Result<Creation> {
        let creation = self.for_readers(file)?;
        match &self.scope {
            Some(scope) => Ok(creation.within(Scope::parse(scope).context("--scope")?)),
            None => Ok(creation),
        }
    }

    fn for_readers(&self, file: &FileArgs) -> anyhow::Result<Creation> {
        let keys = self.keys()?;
        let path = file.whole_path()?;
        let rules = match &self.rules {
            Some(rules) => Some(rules.canonicalize().with_context(|| rules.display().to_string())?),
            None => nearest(&path),
        };
        let Some(rules) = rules else {
            if keys.is_empty() {
                bail!("{}: {}", file.name(), Problem::NoRecipient);
            }
            return Ok(Creation::for_recipients(Vec::new()).with_keys(keys));
        };
        match RulesFile::read(&rules)?.creation(&path) {
            Ok(creation) if keys.is_empty() => Ok(creation),
            Ok(creation) => Ok(creation.with_keys(keys)),
            Err(error) if matches!(error.problem, Problem::NoRule { .. }) && !keys.is_empty() => {
                Ok(Creation::for_recipients(Vec::new()).with_keys(keys))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Those that the command line names.
    pub(super) fn keys(&self) -> anyhow::Result<KeyGroup> {
        fn parsed<T>(texts: &[String], parse: impl Fn(&str) -> Result<T, Problem>) -> Result<Vec<T>, Problem> {
            texts.iter().filter(|text| !text.trim().is_empty()).map(|text| parse(text)).collect()
        }
        let age = parsed(&self.age, Recipient::parse).context("--age")?;
        Ok(KeyGroup { age, pgp: parsed(&self.pgp, Fingerprint::parse).context("--pgp")? })
    }
}

/// A file in the clear, encrypted; with `gpg` where it is for PGP keys.
pub(super) fn seal(file: &FileArgs, bytes: &[u8], creation: &Creation) -> anyhow::Result<Vec<u8>> {
    Ok(encrypt_by(&file.name(), bytes, file.format(), creation, &now(), &mut Gpg::seal)?)
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
    pub(super) fn creation(&self, path: &Path) -> Result<Creation, SopsError> {
        self.set()?.creation(&self.below(path))
    }

    /// The rules in it.
    pub(super) fn set(&self) -> Result<RuleSet, SopsError> {
        RuleSet::parse(&self.name, &self.text)
    }

    /// A file's path from their folder.
    pub(super) fn below(&self, path: &Path) -> String {
        path.strip_prefix(&self.folder).unwrap_or(path).to_string_lossy().into_owned()
    }
}

/// The rules of the file's folder, or of the nearest one above that has some.
pub(super) fn nearest(path: &Path) -> Option<PathBuf> {
    path.ancestors().skip(1).map(|folder| folder.join(RULES_FILE)).find(|rules| rules.is_file())
}
