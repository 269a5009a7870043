//! `pinnace secrets exec`: a program with the values of encrypted files in its environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;

use super::keys::VARIABLES;
use super::programs::become_it::become_it;
use super::sealed_file::Opening;

/// Become a program that finds the values of encrypted files in its environment
///
/// For an app whose image, manifests and repository hold ciphertext only. Each key of a file is a variable: KEY=value lines, or
/// YAML or JSON without deeper levels. Every value and the MAC are checked before the program is started. It takes the place
/// of this one, so that its process id and its signals are its own; the private key is not in its environment.
///
/// Examples:
///   pinnace secrets exec --file secrets.env -- gunicorn app:web
///   pinnace secrets exec --key-file /run/key/key.txt --file a.yaml --file b.env -- ./loop
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Exec {
    /// An encrypted file; may be given again
    #[arg(long = "file", short, value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    opening: Opening,
    /// The program, and what it is given
    #[arg(last = true, required = true, value_name = "CMD")]
    program: Vec<OsString>,
}

/// Comes back only where the program can't be started.
pub(super) fn run(args: &Exec) -> anyhow::Result<ExitCode> {
    let variables = variables(args)?;
    let Some((program, rest)) = args.program.split_first() else { bail!("name a program after `--`") };
    let with = variables.iter().map(|(name, (value, _))| (name, value.expose().as_slice()));
    let (error, code) = become_it(program, rest, &VARIABLES, with);
    let name = secrets::clean_terminal(&program.to_string_lossy());
    writeln!(std::io::stderr(), "error: {name} can't be started: {error}")?;
    Ok(ExitCode::from(code))
}

type Variables = BTreeMap<String, (secrets::Secret<Vec<u8>>, PathBuf)>;

fn variables(args: &Exec) -> anyhow::Result<Variables> {
    let keys = args.opening.ring()?;
    let mut all = Variables::new();
    for path in &args.files {
        let found = args.opening.opened(path, &keys, |opened| Ok(opened.variables()?))?;
        for (name, value) in found {
            if let Some((_, first)) = all.get(&name) {
                let (name, first) = (secrets::clean_terminal(&name), first.display());
                bail!("{}: `{name}` stands in {first} too: take it out of one of them", path.display());
            }
            all.insert(name, (value, path.clone()));
        }
    }
    Ok(all)
}
