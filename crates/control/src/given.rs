//! What an engine is given of an instance: its sources, and its files with what lies elsewhere among them.

use std::borrow::Cow;

use config_repo::{Config, Instance};
use model::CommitId;
use render::engine::Source;

use crate::configuration;
use crate::inner::Inner;
use crate::sources::{Files, ReadError};
use crate::tools::Tools;

impl Inner {
    fn tools<'a>(&'a self, config: &'a Config) -> Tools<'a> {
        let Self { engines, charts, bases, opener, .. } = self;
        Tools { engines, charts, bases, opener, config, config_file: &self.settings.config_file }
    }

    /// The sources, and the files with the charts and bases from elsewhere that these files name.
    pub(crate) async fn given<'f>(
        &self,
        instance: &Instance,
        files: &'f Files,
    ) -> Result<(Vec<Source>, Cow<'f, Files>), ReadError> {
        let config = self.config();
        let accesses = configuration::accesses(&config, &self.mirror, instance).await;
        self.tools(&config).given(instance, files, &accesses).await
    }

    /// Fetches what an instance needs from elsewhere at a commit and that is not kept, so that nobody waits for it in a turn. What is
    /// wrong is said when it is rendered.
    pub(crate) async fn fetch_ahead(&self, instance: &Instance, commit: &CommitId) {
        let has_charts = instance.sources.iter().any(|source| source.remote.is_some());
        if !has_charts && self.config().remote_bases.is_empty() {
            return;
        }
        let Ok(files) = self.files(instance, commit).await else { return };
        if let Err(error) = self.given(instance, &files).await {
            tracing::debug!(instance = %instance.id, %error, "what lies elsewhere is not there");
        }
    }
}
