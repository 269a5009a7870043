//! Where the engines are: as the settings say, else by `PATH`.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;

use super::{Engine, EngineSettings};

/// A program that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    /// Its absolute path.
    pub(super) path: PathBuf,
    /// Another one when the file is replaced.
    pub(super) identity: String,
}

/// Where an engine's program is: as the settings say, else by `PATH`; none where it is not there.
pub fn program(engine: Engine, settings: &EngineSettings) -> Option<PathBuf> {
    find(engine, settings).map(|program| program.path)
}

/// The engine's program, if it is there.
pub(super) fn find(engine: Engine, settings: &EngineSettings) -> Option<Program> {
    if let Some(set) = settings.of(engine) {
        return executable(set.to_owned());
    }
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(engine.program())).find_map(executable)
}

fn executable(path: PathBuf) -> Option<Program> {
    // The real file: the child may run this one and no other.
    let path = path.canonicalize().ok()?;
    let facts = path.metadata().ok().filter(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)?;
    let identity = format!("{}:{}:{}:{}", path.display(), facts.ino(), facts.len(), facts.mtime_nsec());
    Some(Program { path, identity })
}
