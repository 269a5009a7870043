//! What commands that render are told: where Helm and Kustomize are, and what opens encrypted files.

use std::path::PathBuf;

use control::opener::Opener;
use render::engine::{ChildProgram, EngineSettings};
use secrets::Redactor;

/// What instances are rendered with.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RenderArgs {
    /// The program of Helm 4, for charts [default: `helm` in PATH]
    #[arg(long, env = "PINNACE_HELM")]
    helm: Option<PathBuf>,
    /// The program of Kustomize 5, for kustomizations [default: `kustomize` in PATH]
    #[arg(long, env = "PINNACE_KUSTOMIZE")]
    kustomize: Option<PathBuf>,
    /// Run them even where the kernel can't confine them to their files (no Landlock)
    #[arg(long, env = "PINNACE_UNCONFINED")]
    unconfined: bool,
    /// File of age private keys that open what lies encrypted in the config repo
    #[arg(long, value_name = "FILE", env = "PINNACE_AGE_KEY_FILE")]
    pub(crate) age_key_file: Option<PathBuf>,
}

impl RenderArgs {
    /// The settings that follow from them.
    pub(crate) fn settings(&self) -> EngineSettings {
        EngineSettings {
            helm: self.helm.clone(),
            kustomize: self.kustomize.clone(),
            unconfined: self.unconfined,
            ..EngineSettings::new(ChildProgram::own())
        }
    }

    /// Opens encrypted files, and has their values hidden.
    pub(crate) fn opener(&self, redactor: Redactor) -> Opener {
        Opener::new(self.age_key_file.clone(), redactor)
    }
}
