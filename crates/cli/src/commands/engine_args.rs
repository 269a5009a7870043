//! Where Helm and Kustomize are, as commands that render are told.

use std::path::PathBuf;

use render::engine::{ChildProgram, EngineSettings};

/// The programs that charts and kustomizations are rendered with.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct EngineArgs {
    /// The program of Helm 4, for charts [default: `helm` in PATH]
    #[arg(long, env = "PINNACE_HELM")]
    helm: Option<PathBuf>,
    /// The program of Kustomize 5, for kustomizations [default: `kustomize` in PATH]
    #[arg(long, env = "PINNACE_KUSTOMIZE")]
    kustomize: Option<PathBuf>,
    /// Run them even where the kernel can't confine them to their files (no Landlock)
    #[arg(long, env = "PINNACE_UNCONFINED")]
    unconfined: bool,
}

impl EngineArgs {
    /// The settings that follow from them.
    pub(crate) fn settings(&self) -> EngineSettings {
        EngineSettings {
            helm: self.helm.clone(),
            kustomize: self.kustomize.clone(),
            unconfined: self.unconfined,
            ..EngineSettings::new(ChildProgram::own())
        }
    }
}
