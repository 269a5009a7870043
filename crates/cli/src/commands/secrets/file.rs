//! The file that a command works on: read within a bound, and written in one step.

use std::fs::{File, Permissions};
use std::io::{ErrorKind, Read as _, Write as _, stdout};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use secrets::sops::{Encrypted, Format, Problem};

use super::replace::{replace, sweep};

/// What the library reads at most, and one byte more so that it can say so.
pub(super) const LARGEST: u64 = (32 << 20) + 1;

/// A file, and how it is written.
#[derive(Debug, clap::Args)]
pub(super) struct FileArgs {
    /// The file
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// How it is written; else its name says that: .yaml, .yml, .json, .env, and binary for all others
    #[arg(long, value_enum)]
    format: Option<FormatArg>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum FormatArg {
    Yaml,
    Json,
    #[value(alias = "env")]
    Dotenv,
    Binary,
}

impl FileArgs {
    /// A file that an option names.
    pub(super) fn of(path: PathBuf, format: Option<FormatArg>) -> Self {
        Self { path, format }
    }

    /// Its name for errors.
    pub(super) fn name(&self) -> String {
        secrets::clean_terminal(&self.path.display().to_string())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn format(&self) -> Format {
        match self.format {
            None => Format::of_name(&self.path.to_string_lossy()),
            Some(FormatArg::Yaml) => Format::Yaml,
            Some(FormatArg::Json) => Format::Json,
            Some(FormatArg::Dotenv) => Format::Dotenv,
            Some(FormatArg::Binary) => Format::Binary,
        }
    }

    /// Refuses a new file that SOPS would take for another kind than we do.
    pub(super) fn known(&self) -> anyhow::Result<()> {
        if self.format.is_none() && Format::is_foreign(&self.path.to_string_lossy()) {
            bail!("{}: {}; or encrypt the whole file as one value, with --format binary", self.name(), Problem::Ini);
        }
        Ok(())
    }

    pub(super) fn read(&self) -> anyhow::Result<Vec<u8>> {
        read_bounded(&self.path, LARGEST).with_context(|| self.name())
    }

    pub(super) fn encrypted(&self) -> anyhow::Result<Encrypted> {
        Ok(Encrypted::parse(&self.name(), &self.read()?, self.format())?)
    }

    /// Until this goes, no other of these commands changes a file in the folder: two that read, change and write the same
    /// file would else lose what one of them wrote.
    pub(super) fn alone(&self) -> anyhow::Result<File> {
        let path = self.folder()?;
        let folder = File::open(&path).with_context(|| self.name())?;
        folder.lock().with_context(|| format!("{}: waiting for another `pinnace secrets` failed", self.name()))?;
        sweep(&path);
        Ok(folder)
    }

    /// Its whole path; it need not be there yet.
    pub(super) fn whole_path(&self) -> anyhow::Result<PathBuf> {
        let whole = match self.path.canonicalize() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let folder = Path::new(".").join(self.path.parent().unwrap_or(Path::new("")));
                folder.canonicalize().map(|folder| folder.join(self.path.file_name().unwrap_or_default()))
            }
            whole => whole,
        };
        whole.with_context(|| self.name())
    }

    fn folder(&self) -> anyhow::Result<PathBuf> {
        Ok(self.whole_path()?.parent().unwrap_or(Path::new("/")).to_owned())
    }

    /// A new file; one that is there by now stays.
    pub(super) fn create(&self, bytes: &[u8]) -> anyhow::Result<()> {
        let told = || format!("{}: making the file failed", self.name());
        let mut builder = tempfile::Builder::new();
        // Of these the user's mask takes away what nobody shall have.
        let mut file = builder
            .prefix(".pinnace-")
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(self.folder()?)
            .with_context(told)?;
        file.write_all(bytes).and_then(|()| file.as_file().sync_all()).with_context(told)?;
        file.persist_noclobber(&self.path).with_context(told)?;
        Ok(())
    }

    /// The old bytes are there or the new ones, with the mode as it was.
    pub(super) fn write(&self, bytes: &[u8]) -> anyhow::Result<()> {
        let told = || format!("{}: writing the file failed, and it is as it was", self.name());
        replace(&self.path, bytes).with_context(told)
    }

    /// To the file, or to standard output.
    pub(super) fn give(&self, bytes: &[u8], in_place: bool) -> anyhow::Result<()> {
        if in_place { self.write(bytes) } else { print(bytes) }
    }
}

/// Exactly these bytes.
pub(super) fn print(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).context("writing to standard output failed")
}

/// A regular file of at most this size.
pub(super) fn read_bounded(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    let file = File::open(path).context("reading the file failed")?;
    let facts = file.metadata().context("reading the file failed")?;
    if facts.is_dir() {
        bail!("this is a folder: name a file in it");
    }
    // Room for all, so that no half of a secret is left where a smaller buffer was.
    let mut bytes = Vec::with_capacity(usize::try_from(facts.len().min(most)).unwrap_or_default() + 1);
    file.take(most).read_to_end(&mut bytes).context("reading the file failed")?;
    Ok(bytes)
}

/// The time now as it is written into files.
pub(super) fn now() -> String {
    control::Clock::system().now().to_string()
}
