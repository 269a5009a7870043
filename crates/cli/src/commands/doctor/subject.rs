//! What is looked at, opened once for all areas.

use std::path::Path;

use config_repo::{Config, Instance, Mirror};
use control::Problem;
use control::bases::Bases;
use control::charts::Charts;
use render::engine::Engines;
use secrets::Redactor;
use serde_json::Value;

use super::Doctor;
use super::finding::Finding;
use crate::commands::repo::Repo;

/// The arguments, and what they lead to.
pub(super) struct Subject<'a> {
    pub(super) args: &'a Doctor,
    /// The config repo, or why it can't be read.
    pub(super) mirror: Result<Mirror, String>,
    /// The config at its head, or why it can't be read.
    pub(super) config: Result<Config, String>,
    /// Hides what must not be shown, whatever says it.
    redactor: Redactor,
    engines: Engines,
    charts: Charts,
    bases: Bases,
}

impl<'a> Subject<'a> {
    pub(super) async fn open(args: &'a Doctor, folder: &Path) -> Self {
        let redactor = Redactor::new();
        if let Some(token) = Repo::token() {
            redactor.register(&token);
        }
        let mirror = args.repo.open(folder).await.map_err(|error| redactor.redact(&format!("{error:#}")).into_owned());
        let config = match &mirror {
            Ok(mirror) => read(mirror, &args.repo.config_file).await,
            Err(_) => Err("the config repo can't be read".to_owned()),
        };
        let engines = Engines::new(args.engines.settings());
        // Beside the mirror, which is in a folder of its own.
        let charts = Charts::new(folder.with_file_name("charts"));
        let bases = Bases::new(folder.with_file_name("bases"));
        Self { args, mirror, config, redactor, engines, charts, bases }
    }

    /// Without secrets and terminal codes.
    pub(super) fn clean(&self, text: &str) -> String {
        secrets::clean_terminal(&self.redactor.redact(text))
    }

    /// Config and mirror, or the one finding that says that there is nothing to look at.
    pub(super) fn known(&self) -> Result<(&Config, &Mirror), Vec<Finding>> {
        match (&self.config, &self.mirror) {
            (Ok(config), Ok(mirror)) => Ok((config, mirror)),
            _ => Err(vec![Finding::broken("not looked at, since the config can't be read", "see `config` above")]),
        }
    }

    /// The rights that the server needs in a context: what runs there has to render for that.
    pub(super) async fn rights(&self, mirror: &Mirror, context: &str) -> Result<Vec<Value>, Problem> {
        let (file, own) = (&self.args.repo.config_file, &self.args.own_namespace);
        control::rights(mirror, &self.engines, &self.charts, &self.bases, file, context, own).await
    }

    /// The kube contexts in use.
    pub(super) fn contexts(config: &Config) -> std::collections::BTreeMap<String, Vec<Instance>> {
        let mut contexts = std::collections::BTreeMap::<String, Vec<Instance>>::new();
        for instance in config.instances() {
            contexts.entry(instance.context.clone()).or_default().push(instance);
        }
        contexts
    }
}

async fn read(mirror: &Mirror, file: &str) -> Result<Config, String> {
    let head = mirror.head();
    let files = mirror.read_files(&head, &[file]).await.map_err(|error| error.to_string())?;
    let bytes = files.get(file).ok_or_else(|| format!("there is no `{file}` in the config repo"))?;
    let text = std::str::from_utf8(bytes).map_err(|_| format!("`{file}` is not UTF-8"))?;
    let mut config = Config::parse(text, file).map_err(|error| error.to_string())?;
    config.find_instances(mirror, &head).await.map_err(|error| error.to_string())?;
    Ok(config)
}
