//! Where the engines are: as the settings say, else by `PATH`.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::Engine;

/// A program that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    /// Its absolute path.
    pub(super) path: PathBuf,
    /// Another one when the file is replaced.
    pub(super) identity: String,
}

/// The engine's program, if it is there.
pub(super) fn find(engine: Engine, set: Option<&Path>, search: Option<&std::ffi::OsStr>) -> Option<Program> {
    if let Some(set) = set {
        return program(set.to_owned());
    }
    std::env::split_paths(search?).map(|folder| folder.join(engine.program())).find_map(program)
}

fn program(path: PathBuf) -> Option<Program> {
    // The real file: the child may run this one and no other.
    let path = path.canonicalize().ok()?;
    let facts = path.metadata().ok().filter(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)?;
    let identity = format!("{}:{}:{}:{}", path.display(), facts.ino(), facts.len(), facts.mtime_nsec());
    Some(Program { path, identity })
}
