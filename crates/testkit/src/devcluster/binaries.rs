//! The cluster's binaries: found in `KUBEBUILDER_ASSETS` or in the cache folder, else built from the Go module.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use sha2::{Digest, Sha256};

use super::DevClusterError;

/// Where the cluster's binaries are.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// The multi-call binary that holds every part, the registry and the supervisor.
    pub devcluster: PathBuf,
    /// The folder of `KUBEBUILDER_ASSETS`: parts found there are used instead of those within.
    pub assets: Option<PathBuf>,
}

/// The Go module, in the checkout that this was built from. A binary that was built from another clone of the same tree is
/// told where it is now.
const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../devcluster");
const MODULE_VARIABLE: &str = "PINNACE_DEVCLUSTER";

/// What clients see as the server's version. It goes with the module's requirement of `k8s.io/kubernetes`.
const LINKER_FLAGS: &str = "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 \
     -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36";

/// Kubernetes' own names, made as links beside the binary so that its folder can serve as `KUBEBUILDER_ASSETS`.
const PARTS: [&str; 6] = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "registry"];

/// Builds kept in the cache: other checkouts may use older ones.
const BUILDS_KEPT: usize = 3;

/// Finds the binaries, and builds them when the cache has none for this version of the module.
pub async fn binaries() -> Result<Binaries, DevClusterError> {
    let assets = env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from).filter(|folder| folder.is_dir());
    if let Some(devcluster) = assets.iter().map(|folder| folder.join("devcluster")).find(|path| path.exists()) {
        return Ok(Binaries { devcluster, assets });
    }
    let builds = cache_folder()?.join("devcluster");
    let devcluster = builds.join(key(&module())?).join("devcluster");
    if !devcluster.exists() {
        let target = devcluster.clone();
        tokio::task::spawn_blocking(move || build(&builds, &target))
            .await
            .map_err(|joining| DevClusterError::Build { output: joining.to_string() })??;
    }
    Ok(Binaries { devcluster, assets })
}

/// The project's cache, outside of any checkout: `$PINNACE_CACHE`, else `pinnace` in the user's cache folder.
pub fn cache_folder() -> Result<PathBuf, DevClusterError> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("PINNACE_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("pinnace")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/pinnace")))
        .ok_or_else(|| io::Error::other("neither PINNACE_CACHE nor HOME is set"))
        .map_err(DevClusterError::io("find the cache folder"))
}

fn module() -> PathBuf {
    env::var_os(MODULE_VARIABLE).filter(|value| !value.is_empty()).map_or_else(|| PathBuf::from(MODULE), PathBuf::from)
}

/// A short hash of everything that the binary is built from.
fn key(module: &Path) -> Result<String, DevClusterError> {
    let mut files = vec![];
    for folder in [module.to_path_buf(), module.join("stages"), module.join("logs"), module.join("node")] {
        let entries = fs::read_dir(&folder).map_err(DevClusterError::io(format!("read {}", folder.display())))?;
        files.extend(entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| is_source(path)));
    }
    files.sort();
    let mut hash = Sha256::new_with_prefix(LINKER_FLAGS);
    for file in files {
        let text = fs::read(&file).map_err(DevClusterError::io(format!("read {}", file.display())))?;
        hash.update(file.file_name().unwrap_or_default().as_encoded_bytes());
        hash.update(Sha256::digest(&text));
    }
    Ok(crate::hex(&hash.finalize()[..6]))
}

fn is_source(path: &Path) -> bool {
    path.is_file() && path.extension().is_none_or(|extension| extension != "md")
}

/// Builds into the cache. Other processes that want the same wait at the lock, and find it done.
fn build(builds: &Path, target: &Path) -> Result<(), DevClusterError> {
    fs::create_dir_all(builds).map_err(DevClusterError::io(format!("make {}", builds.display())))?;
    let lock = File::create(builds.join("build.lock")).map_err(DevClusterError::io("make the lock of the build"))?;
    lock.lock().map_err(DevClusterError::io("wait for another process's build"))?;
    if target.exists() {
        return Ok(());
    }
    let folder = target.parent().unwrap_or(builds);
    let part = builds.join("devcluster.part");
    let output = compile(&part)?;
    if !output.status.success() {
        return Err(DevClusterError::Build { output: String::from_utf8_lossy(&output.stderr).into_owned() });
    }
    fs::create_dir_all(folder).map_err(DevClusterError::io(format!("make {}", folder.display())))?;
    for name in PARTS {
        // A link that is there already is as good.
        let _ = std::os::unix::fs::symlink("devcluster", folder.join(name));
    }
    fs::rename(&part, target).map_err(DevClusterError::io(format!("make {}", target.display())))?;
    forget_old(builds);
    Ok(())
}

/// Runs `go build` and says on stderr that it is still at it.
fn compile(output: &Path) -> Result<Output, DevClusterError> {
    say("building the test cluster's binaries (about 8 minutes, once) ...");
    let mut command = Command::new("go");
    command.args(["build", "-ldflags", LINKER_FLAGS, "-o"]).arg(output).arg(".");
    command.current_dir(module()).env("CGO_ENABLED", "0").env("GOFLAGS", "-mod=readonly");
    let begun = Instant::now();
    let (done, building) = mpsc::channel::<()>();
    let result = std::thread::scope(|scope| {
        scope.spawn(move || {
            while building.recv_timeout(Duration::from_secs(20)) == Err(RecvTimeoutError::Timeout) {
                say(&format!("  still building after {} s ...", begun.elapsed().as_secs()));
            }
        });
        let result = command.output();
        drop(done);
        result
    });
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(DevClusterError::NoGo),
        result => result.map_err(DevClusterError::io("run `go build`")),
    }
}

/// Progress for whoever watches; not a log.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Removes all builds but the newest few.
fn forget_old(builds: &Path) {
    let entries = fs::read_dir(builds).into_iter().flatten().filter_map(Result::ok);
    let mut found: Vec<(SystemTime, PathBuf)> = entries
        .map(|entry| entry.path())
        .filter_map(|folder| Some((fs::metadata(folder.join("devcluster")).ok()?.modified().ok()?, folder)))
        .collect();
    found.sort();
    for (_, folder) in found.iter().rev().skip(BUILDS_KEPT) {
        let _ = fs::remove_dir_all(folder);
    }
}
