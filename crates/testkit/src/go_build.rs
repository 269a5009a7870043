//! Programs in Go that tests run: built once into the cache folder, by what they are made from.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use crate::devcluster::{DevClusterError, cache_folder};

/// The checkout that this was built from.
const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// A binary that was built from another clone of the same tree is told by this where the engines are now.
const MODULES_VARIABLE: &str = "PINNACE_ENGINES";

/// Builds kept in the cache for each program: other checkouts may use older ones.
const BUILDS_KEPT: usize = 2;

/// A program, or several of one module.
pub(crate) struct Program {
    /// What it is called, here and in the cache.
    pub(crate) name: &'static str,
    /// The folder of its module, from the checkout's root.
    pub(crate) module: &'static str,
    /// What to build.
    pub(crate) packages: &'static [&'static str],
    /// For `-ldflags`.
    pub(crate) linker_flags: &'static str,
    /// How long a build takes, for whoever waits.
    pub(crate) takes: &'static str,
}

/// A folder of the checkout, wherever that is now.
pub(crate) fn in_checkout(path: &str) -> PathBuf {
    let engines = env::var_os(MODULES_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let root = engines.and_then(|engines| Some(engines.parent()?.to_path_buf()));
    root.unwrap_or_else(|| PathBuf::from(CHECKOUT)).join(path)
}

/// The folder that holds the program; it is built when the cache has none of this version.
pub(crate) fn built(program: &Program) -> Result<PathBuf, DevClusterError> {
    let module = in_checkout(program.module);
    let builds = cache_folder()?.join("engines").join(program.name);
    let target = builds.join(key(program, &module)?);
    if !target.exists() {
        build(program, &module, &builds, &target)?;
    }
    Ok(target)
}

/// A short hash of what the program is built from.
fn key(program: &Program, module: &Path) -> Result<String, DevClusterError> {
    let reading = |path: &Path| DevClusterError::io(format!("read {}", path.display()));
    let mut hash = Sha256::new_with_prefix(program.linker_flags);
    let entries = fs::read_dir(module).map_err(reading(module))?.filter_map(Result::ok).map(|entry| entry.path());
    let mut files: Vec<_> = entries.filter(|path| is_source(path)).collect();
    files.sort();
    for file in files {
        hash.update(fs::read(&file).map_err(reading(&file))?);
    }
    Ok(crate::hex(&hash.finalize()[..6]))
}

fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "go" || extension == "mod" || extension == "sum")
}

/// Builds into the cache. Other processes that want the same wait at the lock, and find it done.
fn build(program: &Program, module: &Path, builds: &Path, target: &Path) -> Result<(), DevClusterError> {
    let made = |path: &Path| DevClusterError::io(format!("make {}", path.display()));
    fs::create_dir_all(builds).map_err(made(builds))?;
    let lock = File::create(builds.join("build.lock")).map_err(DevClusterError::io("make the lock of the build"))?;
    lock.lock().map_err(DevClusterError::io("wait for another process's build"))?;
    if target.exists() {
        return Ok(());
    }
    // Progress for whoever watches; not a log.
    let _ = writeln!(io::stderr(), "building {} ({}) ...", program.name, program.takes);
    let part = builds.join("part");
    let _ = fs::remove_dir_all(&part);
    fs::create_dir_all(&part).map_err(made(&part))?;
    let mut command = Command::new("go");
    command.args(["build", "-ldflags", program.linker_flags, "-o"]).arg(&part).args(program.packages);
    command.current_dir(module).env("CGO_ENABLED", "0").env("GOFLAGS", "-mod=readonly -buildvcs=false");
    let output = match command.output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(DevClusterError::NoGo),
        output => output.map_err(DevClusterError::io("run `go build`"))?,
    };
    if !output.status.success() {
        return Err(DevClusterError::Build { output: String::from_utf8_lossy(&output.stderr).into_owned() });
    }
    fs::rename(&part, target).map_err(made(target))?;
    forget_old(builds, BUILDS_KEPT);
    Ok(())
}

/// Removes all folders but the newest.
pub(crate) fn forget_old(builds: &Path, kept: usize) {
    let entries = fs::read_dir(builds).into_iter().flatten().filter_map(Result::ok);
    let folders = entries.map(|entry| entry.path()).filter(|path| path.is_dir());
    let mut found: Vec<_> =
        folders.filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path))).collect();
    found.sort();
    for (_, folder) in found.iter().rev().skip(kept) {
        let _ = fs::remove_dir_all(folder);
    }
}
