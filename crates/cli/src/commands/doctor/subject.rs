//! What is looked at, opened once for all areas.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use config_repo::{Config, Mirror};
use control::bases::Bases;
use control::charts::Charts;
use control::{Problem, Tools};
use render::engine::Engines;
use secrets::Redactor;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::Doctor;
use super::chat::{APP_TOKEN, BOT_TOKEN};
use super::finding::Finding;
use crate::commands::repo::Repo;
use crate::commands::secret;

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
    rights: OnceCell<BTreeMap<String, Result<Vec<Value>, Problem>>>,
}

impl<'a> Subject<'a> {
    pub(super) async fn open(args: &'a Doctor, folder: &Path) -> Self {
        let redactor = crate::guarded::redactor().clone();
        for token in [Repo::token(), secret(BOT_TOKEN), secret(APP_TOKEN)].into_iter().flatten() {
            redactor.register(&token);
        }
        let mirror = args.repo.open(folder).await.map_err(|error| redactor.redact(&format!("{error:#}")).into_owned());
        let config = match &mirror {
            Ok(mirror) => control::head_config(mirror, &args.repo.config_file).await.map_err(|problem| problem.what),
            Err(_) => Err("the config repo can't be read".to_owned()),
        };
        let engines = Engines::new(args.rendering.settings());
        // Beside the mirror, which is in a folder of its own.
        let charts = Charts::new(folder.with_file_name("charts"));
        let bases = Bases::new(folder.with_file_name("bases"));
        Self { args, mirror, config, redactor, engines, charts, bases, rights: OnceCell::new() }
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

    /// The rights that the server needs, by kube context; or why what runs there does not render. Everything is rendered for that, and
    /// once for all areas.
    pub(super) async fn rights(&self) -> &BTreeMap<String, Result<Vec<Value>, Problem>> {
        let render = async {
            let mut rights = BTreeMap::new();
            let Ok((config, mirror)) = self.known() else { return rights };
            let opener = &self.args.rendering.opener(self.redactor.clone());
            let (engines, charts, bases) = (&self.engines, &self.charts, &self.bases);
            let tools = Tools { engines, charts, bases, opener, config, config_file: &self.args.repo.config_file };
            let contexts: BTreeSet<String> = config.instances().into_iter().map(|instance| instance.context).collect();
            for context in contexts {
                let wanted = control::rights(mirror, tools, &context, &self.args.own_namespace).await;
                rights.insert(context, wanted);
            }
            rights
        };
        Box::pin(self.rights.get_or_init(|| render)).await
    }
}
