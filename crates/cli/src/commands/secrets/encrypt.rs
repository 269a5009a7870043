//! `pinnace secrets encrypt`: a plain file made an encrypted one.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use secrets::Secret;
use secrets::sops::{Creation, Problem, RULES_FILE, Recipient};

use super::file::{FileArgs, now, read_bounded};

const LARGEST_RULES: u64 = (1 << 20) + 1;

/// Encrypt a file; this needs no private key
///
/// For whom, and which values, say the rules in the .sops.yaml of the file's folder or of one above. With --age it is
/// encrypted for these recipients, and no rules are needed. The result is printed, or replaces the file with --in-place.
///
/// Examples:
///   pinnace secrets encrypt --in-place prod/secrets.yaml
///   pinnace secrets encrypt --age age1... secrets.yaml > secrets.enc.yaml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Encrypt {
    #[command(flatten)]
    file: FileArgs,
    /// Encrypt for this public key; may be given again, or several with commas
    #[arg(long, value_name = "RECIPIENT", value_delimiter = ',')]
    age: Vec<String>,
    /// The file of rules; else the nearest .sops.yaml
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Replace the file
    #[arg(long, short)]
    in_place: bool,
}

/// Encrypts it.
pub(super) fn run(args: &Encrypt) -> anyhow::Result<()> {
    let file = &args.file;
    let _alone = if args.in_place { Some(file.alone()?) } else { None };
    let bytes = Secret::new(file.read()?);
    let creation = creation(args)?;
    let encrypted = secrets::sops::encrypt(&file.name(), bytes.expose(), file.format(), &creation, &now())?;
    file.give(&encrypted, args.in_place)
}

fn creation(args: &Encrypt) -> anyhow::Result<Creation> {
    let given = args.age.iter().filter(|text| !text.trim().is_empty());
    let recipients = given.map(|text| Recipient::parse(text)).collect::<Result<Vec<_>, _>>().context("--age")?;
    let path = args.file.path().canonicalize().with_context(|| args.file.name())?;
    let rules = match &args.rules {
        Some(rules) => Some(rules.canonicalize().with_context(|| rules.display().to_string())?),
        None => nearest(&path),
    };
    let Some(rules) = rules else {
        if recipients.is_empty() {
            bail!("{}: {}", args.file.name(), Problem::NoRecipient);
        }
        return Ok(Creation::for_recipients(recipients));
    };
    let name = secrets::clean_terminal(&rules.display().to_string());
    let bytes = read_bounded(&rules, LARGEST_RULES).with_context(|| name.clone())?;
    let text = String::from_utf8(bytes).with_context(|| format!("{name}: the file is no text"))?;
    let folder = rules.parent().unwrap_or(Path::new("/"));
    let below = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy();
    match Creation::from_rules(&name, &text, &below) {
        Ok(creation) if recipients.is_empty() => Ok(creation),
        Ok(creation) => Ok(creation.with_recipients(recipients)),
        Err(error) if matches!(error.problem, Problem::NoRule { .. }) && !recipients.is_empty() => {
            Ok(Creation::for_recipients(recipients))
        }
        Err(error) => Err(error.into()),
    }
}

/// The rules of the file's folder, or of the nearest one above that has some.
fn nearest(path: &Path) -> Option<PathBuf> {
    path.ancestors().skip(1).map(|folder| folder.join(RULES_FILE)).find(|rules| rules.is_file())
}
