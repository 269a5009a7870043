//! What instances are rendered with: by the server, and where none runs, for rights and for `lint`.

use std::borrow::Cow;

use config_repo::{Config, Instance};
use render::engine::{Engines, Source};
use render::{RenderContext, Rendered};
use secrets::MaskKey;

use crate::bases::Bases;
use crate::charts::Charts;
use crate::opener::{OpenedFiles, Opener};
use crate::sources::{self, Accesses, Files, ReadError};

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
    /// What an engine is given of an instance: its sources, and its files with the charts and bases from elsewhere that these
    /// name, in the clear.
    pub(crate) async fn given<'f>(
        &self,
        instance: &Instance,
        files: &'f Files,
        accesses: &Accesses,
    ) -> Result<(Vec<Source>, Cow<'f, Files>), ReadError> {
        let (mut sources, files) =
            sources::with_charts(self.charts, &self.config.lock_file, accesses, instance, files).await?;
        let files = self.bases.put_into(&sources, files, &self.config.remote_bases).await?;
        let OpenedFiles { files, any } = self.opener.open(files, &instance.id).await?;
        for source in &mut sources {
            source.is_secret = any;
        }
        Ok((sources, files))
    }

    /// The objects of an instance for who needs no hashes, or why there are none. An engine's words may repeat what was opened.
    pub(crate) async fn render(
        &self,
        instance: &Instance,
        files: &Files,
        accesses: &Accesses,
    ) -> Result<Rendered, String> {
        let told = |error: &dyn std::fmt::Display| self.opener.redacted(&error.to_string());
        let (sources, files) = self.given(instance, files, accesses).await.map_err(|error| told(&error))?;
        // Any key will do.
        let context = RenderContext {
            namespace: &instance.namespace,
            cluster_kinds: &instance.cluster_kinds,
            key: &MaskKey::from_bytes([0; 32]),
        };
        self.engines.render(&sources, &files, &context).await.map_err(|error| told(&error))
    }
}
