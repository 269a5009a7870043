//! Helm, Kustomize, SOPS and age for tests: the versions that `engines/` pins, built once into the cache folder.

use std::path::PathBuf;

use render::engine::{ChildProgram, EngineSettings};

use crate::devcluster::DevClusterError;
use crate::go_build::{Program, built};

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

const HELM: Program = Program {
    name: "helm",
    module: "engines/helm",
    packages: &["helm.sh/helm/v4/cmd/helm"],
    linker_flags: "-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1",
    takes: "about 5 minutes, once",
};

const KUSTOMIZE: Program = Program {
    name: "kustomize",
    module: "engines/kustomize",
    packages: &["sigs.k8s.io/kustomize/kustomize/v5"],
    linker_flags: "-s -w",
    takes: "about 20 seconds, once",
};

const SOPS: Program = Program {
    name: "sops",
    module: "engines/sops",
    packages: &["github.com/getsops/sops/v3/cmd/sops"],
    linker_flags: "-s -w",
    takes: "about 5 minutes, once",
};

const AGE: Program = Program {
    name: "age",
    module: "engines/age",
    packages: &["filippo.io/age/cmd/age"],
    linker_flags: "-s -w",
    takes: "some seconds, once",
};

/// `sops`, found or built as the engines are.
pub fn sops() -> Result<PathBuf, DevClusterError> {
    Ok(built(&SOPS)?.join("sops"))
}

/// `age`, found or built as the engines are.
pub fn age() -> Result<PathBuf, DevClusterError> {
    Ok(built(&AGE)?.join("age"))
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
    Ok(Engines { helm: built(&HELM)?.join("helm"), kustomize: built(&KUSTOMIZE)?.join("kustomize") })
}
