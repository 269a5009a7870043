//! `pinnace secrets recipients`: who can read encrypted files, changed.

use std::io::{Write as _, stderr};
use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;
use secrets::sops::{Encrypted, Identities, Recipient};

use super::agreement::{self, Difference};
use super::file::{FileArgs, now};
use super::keys::Keys;
use super::targets::Targets;
use super::who_can_read::{self, WhoCanRead};

/// Change who can read encrypted files
#[derive(Debug, clap::Args)]
pub(super) struct Recipients {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Let one more read files; their values keep their ciphertext
    ///
    /// Name the recipient in .sops.yaml too: the next `rotate` goes by that.
    #[command(after_help = "Examples:\n  pinnace secrets recipients add age1... prod/secrets.yaml")]
    Add(Change),
    /// Take one away who could read files; they get a new key, and every value new ciphertext
    ///
    /// What is gone from a file stays in git's history: change the values that were read, too.
    #[command(after_help = "Examples:\n  pinnace secrets recipients remove age1... --all")]
    Remove(Change),
    /// Say who can read files, as `who-can-read` does
    List(WhoCanRead),
}

#[derive(Debug, clap::Args)]
struct Change {
    /// The public key
    #[arg(value_name = "RECIPIENT")]
    recipient: String,
    #[command(flatten)]
    targets: Targets,
    #[command(flatten)]
    keys: Keys,
}

/// Changes or lists them.
pub(super) fn run(args: &Recipients) -> anyhow::Result<ExitCode> {
    match &args.what {
        What::Add(change) => change.each(add),
        What::Remove(change) => change.each(remove),
        What::List(args) => who_can_read::run(args),
    }
}

/// The new file, or none where nothing is to be done.
type New = anyhow::Result<Option<Vec<u8>>>;

impl Change {
    fn each(&self, change: impl Fn(&Encrypted, &Recipient, &Identities) -> New) -> anyhow::Result<ExitCode> {
        let recipient = Recipient::parse(&self.recipient)?;
        let keys = self.keys.read()?;
        self.targets.each(|file| {
            let _alone = file.alone()?;
            if let Some(new) = change(&file.encrypted()?, &recipient, &keys)? {
                file.write(&new)?;
                writeln!(stderr(), "{}: changed", file.name())?;
            } else {
                writeln!(stderr(), "{}: nothing was to be changed", file.name())?;
            }
            tell(file)
        })
    }
}

fn is_in(file: &Encrypted, recipient: &Recipient) -> bool {
    let mut keys = file.metadata().groups.iter().flat_map(|group| &group.age);
    keys.any(|key| key.recipient == recipient.as_str())
}

fn add(file: &Encrypted, recipient: &Recipient, keys: &Identities) -> New {
    if is_in(file, recipient) {
        return Ok(None);
    }
    Ok(Some(file.open(keys)?.with_recipient(recipient)?))
}

fn remove(file: &Encrypted, recipient: &Recipient, keys: &Identities) -> New {
    if !is_in(file, recipient) {
        return Ok(None);
    }
    let creation = file.creation()?.without(recipient);
    if creation.names().iter().any(Vec::is_empty) {
        bail!("`{}` is the only one of its group: add another first", recipient.as_str());
    }
    Ok(Some(file.open(keys)?.rotated(&creation, &now())?))
}

/// What `.sops.yaml` says otherwise: `rotate` would go by that.
fn tell(file: &FileArgs) -> anyhow::Result<()> {
    let Some(rule) = agreement::ruled(file)? else { return Ok(()) };
    let difference = Difference::of(&file.encrypted()?, &rule);
    if !difference.is_none() {
        let told = difference.told();
        writeln!(stderr(), "{}: its rule in .sops.yaml says otherwise: {told}. Change the rule too", file.name())?;
    }
    Ok(())
}
