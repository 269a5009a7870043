//! `pinnace secrets set`: one value of an encrypted file changed or added.

use std::io::{IsTerminal as _, Read as _, Write as _, stderr, stdin};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use secrets::Secret;
use secrets::sops::{KeyPath, Kind, Value};

use super::file::{FileArgs, now, read_bounded};
use super::keys::Keys;

/// A value that people set.
const LARGEST: u64 = 16 << 20;

/// Set one value of an encrypted file; all else keeps its bytes
///
/// The value is read from standard input, without the line end that closes it, or from --value-file as it is. It is never an
/// argument. What the file's rules leave in the clear stays so.
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
    /// What the value is
    #[arg(long = "type", value_enum, default_value = "string")]
    kind: KindArg,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum KindArg {
    String,
    Int,
    Float,
    Bool,
}

/// Sets it.
pub(super) fn run(args: &Set) -> anyhow::Result<()> {
    let at = KeyPath::parse(&args.at)?;
    let keys = args.keys.ring()?;
    let value = value(args)?;
    let _alone = args.file.alone()?;
    let file = args.file.encrypted()?;
    let changed = keys.open(&file)?.set(&at, &value, &now())?;
    args.file.write(&changed)
}

fn value(args: &Set) -> anyhow::Result<Value> {
    let bytes = match &args.value_file {
        Some(path) => read_bounded(path, LARGEST + 1).with_context(|| path.display().to_string())?,
        None => from_stdin()?,
    };
    let bytes = Secret::new(bytes);
    if bytes.expose().len() as u64 > LARGEST {
        bail!("the value has more than {LARGEST} bytes: encrypt it as a file of its own");
    }
    let (kind, name) = match args.kind {
        KindArg::String => (Kind::Str, "text"),
        KindArg::Int => (Kind::Int, "whole number"),
        KindArg::Float => (Kind::Float, "number"),
        KindArg::Bool => (Kind::Bool, "`true` or `false`"),
    };
    if kind == Kind::Str && str::from_utf8(bytes.expose()).is_err() {
        bail!("the value is not UTF-8 text: encrypt it as a file of its own");
    }
    Value::of_kind(kind, bytes).with_context(|| format!("the value is not a {name}, as --type says"))
}

fn from_stdin() -> anyhow::Result<Vec<u8>> {
    if stdin().is_terminal() {
        writeln!(stderr(), "type the value, and end it with a line end and Ctrl-D")?;
    }
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
