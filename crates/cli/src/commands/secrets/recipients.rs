//! `pinnace secrets recipients`: who can read encrypted files, changed.

use std::io::{Write as _, stderr};
use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;
use secrets::sops::{Creation, Encrypted, Fingerprint, Recipient};

use super::agreement::{self, Difference};
use super::file::{FileArgs, now};
use super::keys::{Keys, Ring};
use super::programs::gpg::Gpg;
use super::rules::RulesArgs;
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
    #[command(
        override_usage = "pinnace secrets recipients add [OPTIONS] <RECIPIENT> <FILE...|--all>",
        after_help = "Examples:\n  pinnace secrets recipients add age1... prod/secrets.yaml"
    )]
    Add(Change),
    /// Take one away who could read files; they get a new key, and every value new ciphertext
    ///
    /// What is gone from a file stays in git's history: change the values that were read, too.
    #[command(
        override_usage = "pinnace secrets recipients remove [OPTIONS] <RECIPIENT> <FILE...|--all>",
        after_help = "Examples:\n  pinnace secrets recipients remove age1... --all"
    )]
    Remove(Change),
    /// Say who can read files, as `who-can-read` does
    List(WhoCanRead),
    /// Move files from PGP to age keys; they get a new key, and every value new ciphertext
    ///
    /// They are then for the age keys that --age names, else for those of their rule, else for those that they have. Take the PGP
    /// keys out of .sops.yaml too.
    #[command(after_help = "Examples:\n  pinnace secrets recipients move-to-age --age age1... --all")]
    MoveToAge(Move),
}

#[derive(Debug, clap::Args)]
struct Change {
    /// The age public key, or the fingerprint of a PGP key
    #[arg(value_name = "RECIPIENT")]
    recipient: String,
    #[command(flatten)]
    targets: Targets,
    #[command(flatten)]
    keys: Keys,
}

#[derive(Debug, clap::Args)]
struct Move {
    #[command(flatten)]
    targets: Targets,
    #[command(flatten)]
    keys: Keys,
    /// For this public key; may be given again, or several with commas
    #[arg(long, value_name = "RECIPIENT", value_delimiter = ',')]
    age: Vec<String>,
}

/// Changes or lists them.
pub(super) fn run(args: &Recipients) -> anyhow::Result<ExitCode> {
    match &args.what {
        What::Add(change) => change.each("it is already for", add),
        What::Remove(change) => change.each("it is not for", remove),
        What::List(args) => who_can_read::run(args),
        What::MoveToAge(args) => {
            let ring = args.keys.ring()?;
            let keys = RulesArgs::of_age(&args.age).keys()?;
            args.targets.change_each(|file| {
                changed(file, "it is for no PGP key", |old| {
                    let given = Creation::for_recipients(keys.age.clone());
                    to_age(file, old, (!keys.is_empty()).then_some(given), &ring)
                })
            })
        }
    }
}

/// One who can read files.
enum Reader {
    Age(Recipient),
    Pgp(Fingerprint),
}

impl Reader {
    fn parse(text: &str) -> anyhow::Result<Self> {
        match Fingerprint::parse(text) {
            Ok(key) => Ok(Self::Pgp(key)),
            Err(_) => Ok(Self::Age(Recipient::parse(text)?)),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Age(key) => format!("age {}", key.as_str()),
            Self::Pgp(key) => format!("pgp {}", key.as_str()),
        }
    }

    fn is_in(&self, file: &Encrypted) -> bool {
        let mut groups = file.metadata().groups.iter();
        match self {
            Self::Age(key) => {
                let is_same = |text: &str| Recipient::parse(text).is_ok_and(|one| one.is_same(key));
                groups.any(|group| group.age.iter().any(|one| is_same(&one.recipient)))
            }
            Self::Pgp(key) => {
                groups.any(|group| group.pgp.iter().any(|one| one.fingerprint.eq_ignore_ascii_case(key.as_str())))
            }
        }
    }
}

/// The new file, or none where nothing is to be done.
type New = anyhow::Result<Option<Vec<u8>>>;

impl Change {
    fn each(
        &self,
        unchanged: &str,
        change: impl Fn(&FileArgs, &Encrypted, &Reader, &Ring) -> New,
    ) -> anyhow::Result<ExitCode> {
        let (reader, ring) = (Reader::parse(&self.recipient)?, self.keys.ring()?);
        let unchanged = format!("{unchanged} {}", reader.name());
        self.targets.change_each(|file| changed(file, &unchanged, |old| change(file, old, &reader, &ring)))
    }
}

/// Writes a file anew, and tells it, or why there was nothing to do; whether it did.
fn changed(file: &FileArgs, unchanged: &str, change: impl FnOnce(&Encrypted) -> New) -> anyhow::Result<bool> {
    let _alone = file.alone()?;
    let new = change(&file.encrypted()?)?;
    if let Some(new) = &new {
        file.write(new)?;
    }
    match &new {
        Some(_) => writeln!(stderr(), "{}: changed", file.name())?,
        None => writeln!(stderr(), "{}: {unchanged}, and nothing was to be changed", file.name())?,
    }
    tell(file)?;
    Ok(new.is_some())
}

fn add(_: &FileArgs, file: &Encrypted, reader: &Reader, ring: &Ring) -> New {
    if reader.is_in(file) {
        return Ok(None);
    }
    let opened = ring.open(file)?;
    Ok(Some(match reader {
        Reader::Age(recipient) => opened.with_recipient(recipient)?,
        Reader::Pgp(key) => opened.with_pgp(key, &now(), &mut Gpg::seal)?,
    }))
}

fn remove(args: &FileArgs, file: &Encrypted, reader: &Reader, ring: &Ring) -> New {
    if !reader.is_in(file) {
        return Ok(None);
    }
    let creation = match reader {
        Reader::Age(recipient) => file.creation()?.without(recipient),
        Reader::Pgp(key) => file.creation()?.without_pgp(key),
    };
    if creation.names().iter().any(Vec::is_empty) {
        let of = if creation.names().len() == 1 { "that opens the file" } else { "of its key group" };
        bail!("{}: {} is the only key {of}: add another first", args.name(), reader.name());
    }
    Ok(Some(ring.open(file)?.rotated(&creation, &now(), &mut Gpg::seal)?))
}

fn to_age(file: &FileArgs, old: &Encrypted, given: Option<Creation>, ring: &Ring) -> New {
    if !old.has_pgp() {
        return Ok(None);
    }
    let none = |creation: &Creation| creation.names().iter().any(Vec::is_empty);
    let ruled = agreement::ruled(file)?.map(Creation::age_only).filter(|creation| !none(creation));
    let creation = match given.or(ruled) {
        Some(creation) => creation,
        None => old.creation()?.age_only(),
    };
    if none(&creation) {
        bail!("{}: there is no age key to move it to: give one with --age, or name one in .sops.yaml", file.name());
    }
    Ok(Some(ring.open(old)?.rotated(&creation, &now(), &mut Gpg::seal)?))
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
