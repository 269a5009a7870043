//! Helm, Kustomize, SOPS and age for tests: the versions that `engines/` pins, built once into the cache folder.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use render::engine::{ChildProgram, EngineSettings};

use crate::devcluster::{DevClusterError, cache_folder};

/// The Go modules, in the checkout that this was built from.
const MODULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../engines");
const MODULES_VARIABLE: &str = "PINNACE_ENGINES";

/// Builds kept in the cache for each program: other checkouts may use older ones.
const BUILDS_KEPT: usize = 2;

/// Where the programs are.
#[derive(Debug, Clone)]
pub struct Engines {
    /// `helm`.
    pub helm: PathBuf,
    /// `kustomize`.
    pub kustomize: PathBuf,
}

impl Engines {
    /// Settings that run them by this child.
    pub fn settings(self, child: ChildProgram) -> EngineSettings {
        EngineSettings { helm: Some(self.helm), kustomize: Some(self.kustomize), ..EngineSettings::new(child) }
    }
}

/// One of the programs.
struct Program {
    name: &'static str,
    package: &'static str,
    linker_flags: &'static str,
    takes: &'static str,
}

const HELM: Program = Program {
    name: "helm",
    package: "helm.sh/helm/v4/cmd/helm",
    linker_flags: "-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1",
    takes: "about 5 minutes, once",
};

const KUSTOMIZE: Program = Program {
    name: "kustomize",
    package: "sigs.k8s.io/kustomize/kustomize/v5",
    linker_flags: "-s -w",
    takes: "about 20 seconds, once",
};

const SOPS: Program = Program {
    name: "sops",
    package: "github.com/getsops/sops/v3/cmd/sops",
    linker_flags: "-s -w",
    takes: "about 5 minutes, once",
};

const AGE: Program =
    Program { name: "age", package: "filippo.io/age/cmd/age", linker_flags: "-s -w", takes: "some seconds, once" };

/// `sops`, found or built as the engines are.
pub fn sops() -> Result<PathBuf, DevClusterError> {
    built(&SOPS)
}

/// `age`, found or built as the engines are.
pub fn age() -> Result<PathBuf, DevClusterError> {
    built(&AGE)
}

/// Settings that run Helm and Kustomize by this `pinnace`, as the server does.
///
/// # Panics
///
/// When they can't be built.
pub fn run_by(pinnace: &str) -> EngineSettings {
    let child = ChildProgram { program: pinnace.into(), args: vec!["render-child".into()] };
    engines().expect("Helm and Kustomize can be built").settings(child)
}

/// Finds the programs, and builds them when the cache has none of these versions.
pub fn engines() -> Result<Engines, DevClusterError> {
    Ok(Engines { helm: built(&HELM)?, kustomize: built(&KUSTOMIZE)? })
}

fn built(program: &Program) -> Result<PathBuf, DevClusterError> {
    let modules = env::var_os(MODULES_VARIABLE).filter(|value| !value.is_empty());
    let module = modules.map_or_else(|| PathBuf::from(MODULES), PathBuf::from).join(program.name);
    let builds = cache_folder()?.join("engines").join(program.name);
    let target = builds.join(key(program, &module)?).join(program.name);
    if !target.exists() {
        build(program, &module, &builds, &target)?;
    }
    Ok(target)
}

/// A short hash of what the program is built from.
fn key(program: &Program, module: &Path) -> Result<String, DevClusterError> {
    let mut hash = Sha256::new_with_prefix(program.linker_flags);
    for file in ["go.mod", "go.sum"].map(|name| module.join(name)) {
        hash.update(fs::read(&file).map_err(DevClusterError::io(format!("read {}", file.display())))?);
    }
    Ok(crate::hex(&hash.finalize()[..6]))
}

/// Builds into the cache. Other processes that want the same wait at the lock, and find it done.
fn build(program: &Program, module: &Path, builds: &Path, target: &Path) -> Result<(), DevClusterError> {
    fs::create_dir_all(builds).map_err(DevClusterError::io(format!("make {}", builds.display())))?;
    let lock = File::create(builds.join("build.lock")).map_err(DevClusterError::io("make the lock of the build"))?;
    lock.lock().map_err(DevClusterError::io("wait for another process's build"))?;
    if target.exists() {
        return Ok(());
    }
    // Progress for whoever watches; not a log.
    let _ = writeln!(io::stderr(), "building {} ({}) ...", program.name, program.takes);
    let part = builds.join("part");
    let mut command = Command::new("go");
    command.args(["build", "-ldflags", program.linker_flags, "-o"]).arg(&part).arg(program.package);
    command.current_dir(module).env("CGO_ENABLED", "0").env("GOFLAGS", "-mod=readonly");
    let output = match command.output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(DevClusterError::NoGo),
        output => output.map_err(DevClusterError::io("run `go build`"))?,
    };
    if !output.status.success() {
        return Err(DevClusterError::Build { output: String::from_utf8_lossy(&output.stderr).into_owned() });
    }
    let folder = target.parent().unwrap_or(builds);
    fs::create_dir_all(folder).map_err(DevClusterError::io(format!("make {}", folder.display())))?;
    fs::rename(&part, target).map_err(DevClusterError::io(format!("make {}", target.display())))?;
    forget_old(builds);
    Ok(())
}

/// Removes all builds but the newest.
fn forget_old(builds: &Path) {
    let entries = fs::read_dir(builds).into_iter().flatten().filter_map(Result::ok);
    let folders = entries.map(|entry| entry.path()).filter(|path| path.is_dir());
    let mut found: Vec<_> =
        folders.filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path))).collect();
    found.sort();
    for (_, folder) in found.iter().rev().skip(BUILDS_KEPT) {
        let _ = fs::remove_dir_all(folder);
    }
}
