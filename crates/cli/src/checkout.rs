//! A checkout of the config repo, for commands that work without a server: its `pinnace.yaml`, and the files that it names.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use config_repo::Config;
use control::registry::{Access, ResolveError};

/// Where a checkout is.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct CheckoutArgs {
    /// The checkout of the config repo
    #[arg(long = "folder", short = 'C', value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
    /// The config file in it
    #[arg(long, env = "PINNACE_CONFIG_FILE", default_value = "pinnace.yaml")]
    config_file: String,
}

/// A checkout, and the config in it.
pub(crate) struct Checkout {
    folder: PathBuf,
    /// The config, with the instances that are found.
    pub(crate) config: Config,
}

/// The same bounds that hold for a commit.
const LARGEST_FILE: u64 = 2 << 20;
const MOST_FILES: usize = 10_000;
const MOST_BYTES: u64 = 50 << 20;

impl CheckoutArgs {
    /// Reads the config.
    pub(crate) fn open(&self) -> anyhow::Result<Checkout> {
        Checkout::open(&self.folder, &self.config_file)
    }
}

impl Checkout {
    /// Reads the config of the checkout in this folder.
    pub(crate) fn open(folder: &Path, config_file: &str) -> anyhow::Result<Self> {
        let path = folder.join(config_file);
        let text = std::fs::read_to_string(&path).with_context(|| {
            format!(
                "reading {} failed: name the checkout of the config repo, as in `--folder ../config`",
                path.display()
            )
        })?;
        let mut config = Config::parse(&text, config_file)?;
        config.find_instances_in(folder).with_context(|| format!("looking for instances in {}", folder.display()))?;
        Ok(Self { folder: folder.to_owned(), config })
    }

    /// How a registry, or a chart repository, is asked: as the server does, with the login in this environment.
    pub(crate) fn access(&self, host: &str) -> Result<Access, ResolveError> {
        let Some(known) = self.config.registries.get(host) else { return Ok(Access::default()) };
        let read = |path: &String| {
            let why =
                |error| ResolveError::Setup { reason: format!("the `ca` `{path}` of {host} can't be read: {error}") };
            std::fs::read(self.folder.join(path)).map_err(why)
        };
        Access::configured(known, known.ca.as_ref().map(read).transpose()?)
    }

    /// A file's text; none where it is not there.
    pub(crate) fn text(&self, path: &str) -> anyhow::Result<Option<String>> {
        match std::fs::read_to_string(self.folder.join(path)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("reading `{path}`")),
        }
    }

    /// Writes a file: the old bytes are there or the new ones.
    pub(crate) fn write(&self, path: &str, text: &str) -> anyhow::Result<()> {
        let whole = self.folder.join(path);
        let writing = || format!("writing `{path}`");
        if !whole.exists() {
            std::fs::create_dir_all(whole.parent().unwrap_or(&self.folder)).with_context(writing)?;
            std::fs::write(&whole, "").with_context(writing)?;
        }
        config_repo::write_atomically(&whole, text.as_bytes()).with_context(writing)
    }

    /// The files at or below these paths, as a commit would have them.
    pub(crate) fn files(&self, paths: &[String]) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
        let mut reading = Reading { folder: &self.folder, files: BTreeMap::new(), bytes: 0 };
        for path in paths {
            reading.below(path.trim_end_matches('/'))?;
        }
        Ok(reading.files)
    }
}

struct Reading<'c> {
    folder: &'c Path,
    files: BTreeMap<String, Vec<u8>>,
    bytes: u64,
}

impl Reading<'_> {
    fn below(&mut self, path: &str) -> anyhow::Result<()> {
        let whole = self.folder.join(path);
        let reading = || format!("reading `{path}`");
        let facts = match std::fs::symlink_metadata(&whole) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            facts => facts.with_context(reading)?,
        };
        if facts.is_dir() {
            let mut names = Vec::new();
            for entry in std::fs::read_dir(&whole).with_context(reading)? {
                let name = entry.with_context(reading)?.file_name();
                names.extend(name.into_string().ok().filter(|name| name != ".git"));
            }
            names.sort();
            return names.iter().try_for_each(|name| self.below(&format!("{path}/{name}")));
        }
        if !facts.is_file() {
            bail!("`{path}` is a symbolic link or no file: the server refuses it; put the file itself there");
        }
        self.bytes += facts.len();
        if facts.len() > LARGEST_FILE || self.bytes > MOST_BYTES || self.files.len() >= MOST_FILES {
            bail!("`{path}` is larger than the server reads, or one file too many");
        }
        let mut bytes = Vec::new();
        let file = std::fs::File::open(&whole).with_context(reading)?;
        file.take(LARGEST_FILE).read_to_end(&mut bytes).with_context(reading)?;
        self.files.insert(path.to_owned(), bytes);
        Ok(())
    }
}
