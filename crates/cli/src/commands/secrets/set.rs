//! `pinnace secrets set`: one value of an encrypted file changed or added.

use std::io::{IsTerminal as _, Read as _, stdin};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use secrets::Secret;
use secrets::sops::{KeyPath, Kind, Value};

use super::ask;
use super::file::{FileArgs, now, read_bounded};
use super::keys::Keys;

/// A value that people set.
const LARGEST: u64 = 16 << 20;

/// Set one value of an encrypted file; all else keeps its bytes
///
/// The value is read from standard input, without the line end that closes it, or from --value-file as it is. It is never an
/// argument. At a terminal you are asked for one line, which is not shown. A number stays a number and a text a text. What the
/// file's rules leave in the clear stays so.
///
/// Examples:
///   pinnace secrets set secrets.yaml database.password < password.txt
///   echo 5432 | pinnace secrets set --type int secrets.yaml database.port
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Set {
    #[command(flatten)]
    file: FileArgs,
    /// Where the value is; keys that are not there are added
    #[arg(value_name = "PATH")]
    at: String,
    #[command(flatten)]
    keys: Keys,
    /// Read the value from this file, with every byte of it
    #[arg(long, value_name = "FILE")]
    value_file: Option<PathBuf>,
    /// What the value is; else what the one was that it replaces, and a text where none was
    #[arg(long = "type", value_enum)]
    kind: Option<KindArg>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum KindArg {
    String,
    Int,
    Float,
    Bool,
}

impl KindArg {
    fn kind(self) -> Kind {
        match self {
            Self::String => Kind::Str,
            Self::Int => Kind::Int,
            Self::Float => Kind::Float,
            Self::Bool => Kind::Bool,
        }
    }
}

/// Sets it.
pub(super) fn run(args: &Set) -> anyhow::Result<()> {
    let at = KeyPath::parse(&args.at)?;
    // What is wrong with the file or the key is said before anybody types a secret.
    args.file.encrypted()?;
    let keys = args.keys.ring()?;
    let bytes = bytes(args)?;
    let _alone = args.file.alone()?;
    let file = args.file.encrypted()?;
    let opened = keys.open(&file)?;
    let value = if let Some(kind) = args.kind {
        let kind = kind.kind();
        of_kind(kind, bytes).with_context(|| format!("the value is not {}, as --type says", word(kind)))?
    } else {
        // What was there says what it is.
        let kind = opened.get(&at).map_or(Kind::Str, |old| old.kind());
        of_kind(kind, bytes).with_context(|| {
            format!(
                "{}: `{}` is {}, and the value that you give is none, so nothing was changed: --type says what it is to be, as \
                 --type string",
                args.file.name(),
                secrets::clean_terminal(&args.at),
                word(kind)
            )
        })?
    };
    args.file.write(&opened.set(&at, &value, &now())?)
}

fn of_kind(kind: Kind, bytes: Secret<Vec<u8>>) -> Option<Value> {
    match kind {
        Kind::Str | Kind::Bytes | Kind::Comment => Some(Value::text(bytes.expose().clone())),
        kind => Value::of_kind(kind, bytes),
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "a whole number",
        Kind::Float => "a number",
        Kind::Bool => "`true` or `false`",
        Kind::Time => "a date or a time",
        Kind::Str | Kind::Bytes | Kind::Comment => "a text",
    }
}

fn bytes(args: &Set) -> anyhow::Result<Secret<Vec<u8>>> {
    let bytes = match &args.value_file {
        Some(path) => Secret::new(read_bounded(path, LARGEST + 1).with_context(|| path.display().to_string())?),
        None if stdin().is_terminal() => ask::hidden(&format!("value of {}: ", secrets::clean_terminal(&args.at)))?,
        None => Secret::new(from_stdin()?),
    };
    if bytes.expose().len() as u64 > LARGEST {
        bail!("the value has more than {LARGEST} bytes: encrypt it as a file of its own");
    }
    if str::from_utf8(bytes.expose()).is_err() {
        bail!("the value is not UTF-8 text: encrypt it as a file of its own");
    }
    Ok(bytes)
}

fn from_stdin() -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stdin().lock().take(LARGEST + 2).read_to_end(&mut bytes).context("reading the value from standard input failed")?;
    if bytes.is_empty() {
        bail!("nothing came by standard input, and nothing was changed: for an empty value give an empty line");
    }
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    Ok(bytes)
}
