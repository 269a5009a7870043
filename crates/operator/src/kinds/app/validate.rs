//! Everything that can be wrong with an App and that the API server can't see, before anything is made of it.

mod configuration;
mod template;
mod yaml;

use std::collections::BTreeMap;

use model::{Digest, ImageRef, Tag};

use super::crd::PathRoute;
use super::{App, Seen};
pub(crate) use configuration::{Given, GivenFile};

/// An App that objects can be made of.
#[derive(Clone)]
pub struct Checked<'a> {
    pub(crate) app: &'a App,
    pub(crate) seen: &'a Seen,
    pub(crate) image: ImageRef,
    /// The digest of the image.
    pub(crate) digest: Digest,
    pub(crate) given: Given,
    /// Which process answers which paths.
    pub(crate) paths: Vec<PathRoute>,
}

/// What is wrong with an App, or not there yet. None of these repeats a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// An image can't be used.
    #[error("{field}: {why}")]
    Image {
        /// Where it stands.
        field: String,
        /// Why not.
        why: String,
    },
    /// A path leads nowhere.
    #[error("spec.routes.paths: {path} leads to {process}, which {why}")]
    Route {
        /// The path.
        path: String,
        /// The process.
        process: String,
        /// What is the matter with it.
        why: &'static str,
    },
    /// A Secret that people make is not there.
    #[error("the Secret {name}{}, which spec.secrets names, is not there: make it, or say optional: true", .key.as_ref().map(|key| format!(" with the key {key}")).unwrap_or_default())]
    NoSecret {
        /// The Secret.
        name: String,
        /// The key, where it is the key that is missing.
        key: Option<String>,
    },
    /// A Secret can't be laid over the configuration.
    #[error("the key {key} of the Secret {name} {why}")]
    Overlay {
        /// The Secret.
        name: String,
        /// The key.
        key: String,
        /// Why not.
        why: String,
    },
    /// The server that is needed has not told its address and login yet.
    #[error("the Secret {secret} with address and login of the {what} is not there yet")]
    NoConnection {
        /// `database`, `redis` or `rabbit`.
        what: &'static str,
        /// The Secret.
        secret: String,
    },
    /// A value that is made at random is not made yet.
    #[error(
        "the Secret {secret} has no key {name}: it is made at random only where Pinnace made the Secret; add it, or delete the Secret"
    )]
    NotGenerated {
        /// The value.
        name: String,
        /// The Secret that it is kept in.
        secret: String,
    },
    /// A text in `connections` can't be filled in.
    #[error("{field}: {why}")]
    Template {
        /// Where it stands.
        field: String,
        /// Why not.
        why: String,
    },
    /// A backup is wanted of a database that is not ours to back up.
    #[error(
        "spec.migrations.backup: no backup can be made of a database that only a Secret tells of: name its PostgresDatabase (spec.needs.database.name), or say \
         backup: false and make one otherwise"
    )]
    NoBackup,
    /// A name that no environment variable can have.
    #[error(
        "{name} can't be the name of an environment variable: use letters, digits and underscores, or give the configuration as a file (spec.configuration.file)"
    )]
    Variable {
        /// The name.
        name: String,
    },
}

impl Problem {
    /// Whether it may go away without anybody's doing: what others make is not there yet.
    pub fn is_waiting(&self) -> bool {
        matches!(self, Self::NoConnection { .. } | Self::NotGenerated { .. })
    }
}

/// Checks an App with what was read for it. All that is wrong is told at once.
pub fn validate<'a>(app: &'a App, seen: &'a Seen) -> Result<Checked<'a>, Vec<Problem>> {
    let mut problems = Vec::new();
    let image = image("spec.image", &app.spec.image, &mut problems);
    for (name, process) in &app.spec.processes {
        if let Some(own) = &process.image {
            self::image(&format!("spec.processes.{name}.image"), own, &mut problems);
        }
    }
    if let Some(own) = app.spec.seed.as_ref().and_then(|seed| seed.image.as_ref()) {
        self::image("spec.seed.image", own, &mut problems);
    }
    problems.extend(wants_a_backup_in_vain(app).then_some(Problem::NoBackup));
    let paths = paths(app);
    problems.extend(paths.iter().filter_map(|one| route(app, one)));
    problems.extend(paths.iter().enumerate().filter_map(|(at, one)| twice(&paths[..at], one)));
    let given = configuration::give(app, seen, &mut problems);
    match (image, problems.is_empty()) {
        (Some((image, digest)), true) => Ok(Checked { app, seen, image, digest, given, paths }),
        _ => Err(problems),
    }
}

fn wants_a_backup_in_vain(app: &App) -> bool {
    let wants = app.spec.migrations.as_ref().is_some_and(|migrations| migrations.backup == Some(true));
    let sources = super::dereference::sources(&app.metadata.name, &app.spec);
    wants && !sources.iter().any(|source| source.what == "database" && source.object.is_some())
}

fn image(field: &str, text: &str, problems: &mut Vec<Problem>) -> Option<(ImageRef, Digest)> {
    let why = match text.parse::<ImageRef>() {
        Ok(ImageRef { digest: None, .. }) => {
            format!("{text} has no digest: write it with its digest, as in {text}@sha256:...")
        }
        Ok(image) => return image.digest.clone().map(|digest| (image, digest)),
        Err(error) => error.to_string(),
    };
    problems.push(Problem::Image { field: field.to_owned(), why });
    None
}

/// Which process answers which paths: what the App says, else what the names of its processes say.
fn paths(app: &App) -> Vec<PathRoute> {
    let Some(routes) = &app.spec.routes else { return Vec::new() };
    if !routes.paths.is_empty() {
        return routes.paths.clone();
    }
    let usual = [("/", "web"), ("/static", "static"), ("/ws", "websocket")];
    let there = usual.iter().filter(|(_, process)| app.spec.processes.contains_key(*process) || *process == "web");
    there.map(|(path, process)| PathRoute { path: (*path).to_owned(), process: (*process).to_owned() }).collect()
}

fn route(app: &App, one: &PathRoute) -> Option<Problem> {
    let why = match app.spec.processes.get(&one.process) {
        None => "is not among spec.processes",
        Some(process) if super::build::port(&one.process, process).is_none() => "has no port: give it one",
        Some(_) => return None,
    };
    Some(Problem::Route { path: one.path.clone(), process: one.process.clone(), why })
}

fn twice(before: &[PathRoute], one: &PathRoute) -> Option<Problem> {
    let other = before.iter().find(|other| other.path == one.path)?;
    let why =
        if other.process == one.process { "is named twice" } else { "is not the only one: a path has one process" };
    Some(Problem::Route { path: one.path.clone(), process: one.process.clone(), why })
}

impl Checked<'_> {
    /// The version for people, as a label may hold it.
    pub(crate) fn version(&self) -> String {
        let tag = self.image.tag.as_ref().map_or_else(|| self.digest.short(), Tag::as_str);
        let cut: String = tag.chars().take(63).collect();
        cut.trim_end_matches(['-', '_', '.']).to_owned()
    }
}

/// Names with texts.
pub(crate) type Texts = BTreeMap<String, String>;
