//! `pinnace secrets edit`: an encrypted file changed in an editor.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _, stderr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use secrets::Secret;
use secrets::sops::{Creation, Encrypted};

use super::file::{FileArgs, LARGEST, now, read_bounded};
use super::keys::{Keys, Ring};
use super::programs::editor::Editor;
use super::programs::guard::Room;
use super::rules::{RulesArgs, seal};

/// Change an encrypted file in your editor
///
/// The editor is $SOPS_EDITOR, $VISUAL, $EDITOR or vi. What it sees lies in a folder in memory, for you alone, and is gone when
/// the editor has ended or this command was stopped. Values and comments that you do not change keep their ciphertext, and a file
/// that did not change is not written. What can't be encrypted is said, and you are asked whether to open your text again. A file
/// that is not there yet begins empty, and is encrypted as its rules say.
///
/// Examples:
///   pinnace secrets edit prod/secrets.yaml
///   EDITOR=nano pinnace secrets edit prod/secrets.yaml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Edit {
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    keys: Keys,
    #[command(flatten)]
    rules: RulesArgs,
}

/// Edits it.
pub(super) fn run(args: &Edit) -> anyhow::Result<()> {
    let editor = Editor::chosen()?;
    let base = Base::read(args)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let edited = runtime.block_on(edit(args, &editor, base));
    // An answer that nobody gives any more is not waited for.
    runtime.shutdown_background();
    edited
}

/// What the edit began with.
struct Base {
    /// The file as it was; none when it was not there.
    bytes: Option<Vec<u8>>,
    plain: Secret<Vec<u8>>,
    how: How,
}

enum How {
    Open(Ring),
    Make(Box<Creation>),
}

impl Base {
    fn read(args: &Edit) -> anyhow::Result<Self> {
        let Some(bytes) = there(&args.file)? else {
            args.file.known()?;
            let how = How::Make(Box::new(args.rules.creation(&args.file)?));
            return Ok(Self { bytes: None, plain: Secret::new(Vec::new()), how });
        };
        let file = Encrypted::parse(&args.file.name(), &bytes, args.file.format())?;
        let keys = args.keys.ring()?;
        let plain = keys.open(&file)?.plaintext()?;
        Ok(Self { bytes: Some(bytes), plain, how: How::Open(keys) })
    }

    /// The file for this text, which differs from the one that it began with.
    fn sealed(&self, file: &FileArgs, text: &[u8]) -> anyhow::Result<Vec<u8>> {
        match (&self.how, &self.bytes) {
            (How::Open(keys), Some(bytes)) => {
                let old = Encrypted::parse(&file.name(), bytes, file.format())?;
                Ok(keys.open(&old)?.edited(text, &now())?)
            }
            (How::Make(creation), _) => seal(file, text, creation),
            (How::Open(_), None) => bail!("{}: the file is gone", file.name()),
        }
    }
}

async fn edit(args: &Edit, editor: &Editor, mut base: Base) -> anyhow::Result<()> {
    let file = &args.file;
    let room = Room::open().with_context(|| file.name())?;
    let text_file = room.path().join(file.path().file_name().unwrap_or_default());
    put(&text_file, &base.plain)?;
    loop {
        editor.run(&text_file).await.with_context(|| file.name())?;
        let failed = match save(file, &base, &text_file) {
            Ok(Saved::Unchanged) => {
                writeln!(stderr(), "{}: nothing was changed", file.name())?;
                return Ok(());
            }
            Ok(Saved::Written) => return Ok(()),
            Ok(Saved::ChangedByOthers) => match theirs(args, &room) {
                Ok((theirs, beside)) => {
                    base = theirs;
                    anyhow::anyhow!(
                        "{}: somebody changed the file while you edited, and nothing was written. Opened again, your text \
                         replaces theirs, which lies beside it: {}",
                        file.name(),
                        beside.display()
                    )
                }
                Err(error) => error.context("somebody changed the file while you edited, and nothing was written"),
            },
            Err(error) => error,
        };
        writeln!(stderr(), "error: {failed:#}")?;
        match super::ask::yes("Open your text again?").await {
            Some(true) => {}
            Some(false) => bail!("{}: given up, and the file is as it was", file.name()),
            None => bail!(
                "{}: the file is as it was. At a terminal you would be asked whether to open your text again: edit it there",
                file.name()
            ),
        }
    }
}

enum Saved {
    Unchanged,
    Written,
    ChangedByOthers,
}

fn save(file: &FileArgs, base: &Base, text_file: &Path) -> anyhow::Result<Saved> {
    let told = || format!("{}: reading what you saved failed", file.name());
    let text = Secret::new(read_bounded(text_file, LARGEST).with_context(told)?);
    if text.expose() == base.plain.expose() {
        return Ok(Saved::Unchanged);
    }
    if text.expose().trim_ascii().is_empty() {
        bail!(
            "{}: your text is empty, and nothing was written: a file that is not wanted any more is deleted",
            file.name()
        );
    }
    let sealed = base.sealed(file, text.expose())?;
    // Only now: other commands need not wait until somebody has closed an editor.
    let _alone = file.alone()?;
    if there(file)? != base.bytes {
        return Ok(Saved::ChangedByOthers);
    }
    match &base.bytes {
        Some(_) => file.write(&sealed)?,
        None => file.create(&sealed)?,
    }
    Ok(Saved::Written)
}

/// What others made of the file meanwhile, with its text in the room.
fn theirs(args: &Edit, room: &Room) -> anyhow::Result<(Base, PathBuf)> {
    let base = Base::read(args)?;
    let name = args.file.path().file_name().unwrap_or_default().to_string_lossy();
    let beside = room.path().join(format!("theirs-{name}"));
    let _ = std::fs::remove_file(&beside);
    put(&beside, &base.plain)?;
    Ok((base, beside))
}

fn put(path: &Path, text: &Secret<Vec<u8>>) -> anyhow::Result<()> {
    let told = "writing the text to memory failed";
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).context(told)?;
    file.write_all(text.expose()).context(told)
}

/// The file's bytes, if it is there.
fn there(file: &FileArgs) -> anyhow::Result<Option<Vec<u8>>> {
    match file.path().symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        _ => file.read().map(Some),
    }
}
