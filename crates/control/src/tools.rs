//! What instances are rendered with where no server runs, and no pin needs the hashes: for rights, and for `lint`.

use config_repo::{Config, Instance};
use render::engine::Engines;
use render::{RenderContext, Rendered};
use secrets::MaskKey;

use crate::bases::Bases;
use crate::charts::Charts;
use crate::opener::Opener;
use crate::sources::{self, Accesses, Files};

/// What instances are rendered with.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    /// Kustomize and Helm.
    pub engines: &'a Engines,
    /// Charts from elsewhere.
    pub charts: &'a Charts,
    /// Bases from elsewhere.
    pub bases: &'a Bases,
    /// Opens what lies encrypted in git.
    pub opener: &'a Opener,
    /// The config.
    pub config: &'a Config,
    /// Where it stands.
    pub config_file: &'a str,
}

impl Tools<'_> {
    /// The objects of an instance, or why there are none.
    pub(crate) async fn render(
        &self,
        instance: &Instance,
        files: &Files,
        accesses: &Accesses,
    ) -> Result<Rendered, String> {
        let given =
            sources::given((self.charts, self.bases, self.opener), self.config, accesses, instance, files).await;
        let (sources, files) = given.map_err(|error| error.to_string())?;
        // Hashes are not looked at here, so any key will do.
        let context = RenderContext {
            namespace: &instance.namespace,
            cluster_kinds: &instance.cluster_kinds,
            key: &MaskKey::from_bytes([0; 32]),
        };
        self.engines.render(&sources, &files, &context).await.map_err(|error| error.to_string())
    }
}
