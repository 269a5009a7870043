//! `pinnace secrets helm`: what `helm secrets ...` does, by the plugin in `helm-plugin`.

mod arguments;

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _, stderr, stdin};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Parser as _;
use secrets::Secret;
use secrets::sops::{Encrypted, Format};

use super::file::{LARGEST, read_bounded};
use super::keys::{Keys, Ring};
use super::programs::guard::Room;
use super::programs::helm;
use super::targets::looks_encrypted;
use super::{decrypt, edit, encrypt, view};
use arguments::{Part, parts};

/// What the Helm plugin `secrets` runs: enc, dec, view and edit for files, and every command of Helm with encrypted values
///
/// Files of values (-f, --values, --set-file) that are encrypted are opened for Helm in a folder in memory, which is gone when Helm
/// has ended, however it ends. Others are passed on as they are.
///
/// Examples:
///   helm secrets view secrets.yaml
///   helm secrets upgrade --install shop ./chart -f values.yaml -f secrets.yaml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Helm {
    /// As after `helm secrets`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    arguments: Vec<OsString>,
}

/// The commands for files.
#[derive(Debug, clap::Parser)]
#[command(name = "helm secrets")]
enum OnFile {
    #[command(name = "enc", alias = "encrypt")]
    Enc(encrypt::Enc),
    #[command(name = "dec", alias = "decrypt")]
    Dec(decrypt::Decrypt),
    View(view::View),
    Edit(edit::Edit),
    /// Nothing is to be cleaned: no file in the clear was ever written
    Clean {
        /// Left as it is
        folder: Option<PathBuf>,
    },
}

const ON_FILE: [&str; 7] = ["enc", "encrypt", "dec", "decrypt", "view", "edit", "clean"];

/// Runs it; the exit code is Helm's.
pub(super) fn run(args: &Helm) -> anyhow::Result<ExitCode> {
    let first = args.arguments.first().and_then(|word| word.to_str()).unwrap_or_default();
    if ON_FILE.contains(&first) {
        let words = std::iter::once(OsString::from("helm secrets")).chain(args.arguments.iter().cloned());
        match OnFile::parse_from(words) {
            OnFile::Enc(args) => encrypt::run_in_place(&args),
            OnFile::Dec(args) => decrypt::run(&args),
            OnFile::View(args) => view::run(&args),
            OnFile::Edit(args) => edit::run(&args),
            OnFile::Clean { .. } => {
                Ok(writeln!(stderr(), "nothing is to be cleaned: no file in the clear was written")?)
            }
        }?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut opened = Opened { ring: None, room: None, count: 0 };
    let arguments = opened.arguments(&args.arguments)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let status = runtime.block_on(helm::run(&arguments))?;
    drop(opened);
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// What was opened for one run of Helm. Each run has a folder of its own, so that two at once know nothing of each other.
struct Opened {
    ring: Option<Ring>,
    room: Option<Room>,
    count: usize,
}

impl Opened {
    fn arguments(&mut self, arguments: &[OsString]) -> anyhow::Result<Vec<OsString>> {
        let mut new = Vec::new();
        for part in parts(arguments) {
            match part {
                Part::Other(word) => {
                    refuse_unseen(&word)?;
                    new.push(word);
                }
                Part::Files { before, files } => {
                    let mut word = before;
                    for (at, (glue, path)) in files.into_iter().enumerate() {
                        word.push(if at == 0 { "" } else { "," });
                        word.push(glue);
                        word.push(self.plain(&path)?.unwrap_or(path));
                    }
                    new.push(word);
                }
            }
        }
        Ok(new)
    }

    /// Where the file lies in the clear, if it is encrypted.
    fn plain(&mut self, path: &Path) -> anyhow::Result<Option<PathBuf>> {
        if path == Path::new("-") {
            // What Helm would read itself; it can't be looked at and given back.
            let mut bytes = Vec::new();
            stdin()
                .lock()
                .take(LARGEST)
                .read_to_end(&mut bytes)
                .context("reading values from standard input failed")?;
            let bytes = Secret::new(bytes);
            return self.in_memory("stdin.yaml", bytes).map(Some);
        }
        let wanted = path.to_str().and_then(|path| path.strip_prefix("secrets://"));
        let path = wanted.map_or(path, Path::new);
        if wanted.is_none() && !path.is_file() {
            // An address, or a name that Helm says something about.
            return Ok(None);
        }
        let name = secrets::clean_terminal(&path.display().to_string());
        let bytes = read_bounded(path, LARGEST).with_context(|| name.clone())?;
        if wanted.is_none() && !looks_encrypted(&bytes) {
            return Ok(None);
        }
        let file = Encrypted::parse(&name, &bytes, Format::of_name(&name))?;
        let plain = self.open(&file)?;
        let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.put(&file_name, &plain).map(Some)
    }

    /// What came by standard input, opened where it is encrypted.
    fn in_memory(&mut self, name: &str, bytes: Secret<Vec<u8>>) -> anyhow::Result<PathBuf> {
        if !looks_encrypted(bytes.expose()) {
            return self.put(name, &bytes);
        }
        let plain = self.open(&Encrypted::parse(name, bytes.expose(), Format::of_name(name))?)?;
        self.put(name, &plain)
    }

    fn open(&mut self, file: &Encrypted) -> anyhow::Result<Secret<Vec<u8>>> {
        let ring = match &self.ring {
            Some(ring) => ring,
            None => self.ring.insert(Keys::default().ring()?),
        };
        Ok(ring.open(file)?.content()?)
    }

    fn put(&mut self, name: &str, plain: &Secret<Vec<u8>>) -> anyhow::Result<PathBuf> {
        let room = match &self.room {
            Some(room) => room,
            None => self.room.insert(Room::open()?),
        };
        self.count += 1;
        let place = room.path().join(format!("{}-{name}", self.count));
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&place)?;
        out.write_all(plain.expose()).context("writing to memory failed")?;
        Ok(place)
    }
}

/// Ciphertext that Helm would take for values stops here.
fn refuse_unseen(word: &OsString) -> anyhow::Result<()> {
    let path = Path::new(word);
    let of_chart = path.join("values.yaml");
    if of_chart.is_file() && looks_encrypted(&read_bounded(&of_chart, LARGEST)?) {
        let name = secrets::clean_terminal(&of_chart.display().to_string());
        bail!(
            "{name} is encrypted, and a chart's own values are read by Helm alone: give it another name, and name it with -f"
        );
    }
    let after = word.to_str().and_then(|word| word.rsplit_once('=')).map(|(_, path)| Path::new(path));
    for path in std::iter::once(path).chain(after).filter(|path| path.is_file()) {
        if looks_encrypted(&read_bounded(path, LARGEST)?) {
            let name = secrets::clean_terminal(&path.display().to_string());
            bail!(
                "{name} is encrypted, and `helm secrets` opens files of -f, --values and --set-file alone: name it so"
            );
        }
    }
    Ok(())
}
