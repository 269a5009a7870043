//! The engines as the server has them: found, run twice where a result is new, remembered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::archive::check_archive;
use super::cache::{Cache, key};
use super::folder::{self, Folder};
use super::output::{Made, first_difference};
use super::programs::{self, Program};
use super::source::{Source, files_below};
use super::{
    ChildProgram, Engine, EngineError, Files, Job, Limits, RunError, helm, hooks, kustomize, output, run, words,
};
use crate::RenderError;
use crate::rendering::{self, Manifest, Refused, RenderContext, Rendered};

/// What engines are run with.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// The program that becomes the engine.
    pub child: ChildProgram,
    /// The program of Helm; none means by `PATH`.
    pub helm: Option<PathBuf>,
    /// The program of Kustomize; none means by `PATH`.
    pub kustomize: Option<PathBuf>,
    /// The bounds of one run.
    pub limits: Limits,
    /// Whether engines are run where the kernel can't confine them to their files.
    pub unconfined: bool,
    /// How many bytes of results are remembered.
    pub remembered: usize,
}

impl EngineSettings {
    /// The usual ones.
    pub fn new(child: ChildProgram) -> Self {
        let (limits, remembered) = (Limits::default(), 32 << 20);
        Self { child, helm: None, kustomize: None, limits, unconfined: false, remembered }
    }

    /// Where this engine was said to be.
    pub(super) fn of(&self, engine: Engine) -> Option<&Path> {
        match engine {
            Engine::Kustomize => self.kustomize.as_deref(),
            Engine::Helm => self.helm.as_deref(),
        }
    }
}

/// Kustomize and Helm. Cheap to clone; all clones share what was rendered before.
#[derive(Clone)]
pub struct Engines {
    inner: Arc<Inner>,
}

struct Inner {
    settings: EngineSettings,
    cache: Cache,
    /// Each run may use the memory of its limit.
    at_once: Semaphore,
}

/// Runs at once.
const AT_ONCE: usize = 2;

impl Engines {
    /// The engines with these settings. Whether the programs are there is seen when one is needed.
    pub fn new(settings: EngineSettings) -> Self {
        folder::sweep();
        let cache = Cache::new(settings.remembered);
        Self { inner: Arc::new(Inner { settings, cache, at_once: Semaphore::new(AT_ONCE) }) }
    }

    /// Renders all sources of an instance together. The files are those of the sources and of what [`super::missing`]
    /// names.
    pub async fn render(
        &self,
        sources: &[Source],
        files: &Files,
        context: &RenderContext<'_>,
    ) -> Result<Rendered, RenderError> {
        self.render_all(sources, files, context, Refused::Fails).await
    }

    /// As [`Self::render`], and an object that can't be one of this instance is left out and said.
    pub async fn render_what_can_be(
        &self,
        sources: &[Source],
        files: &Files,
        context: &RenderContext<'_>,
    ) -> Result<Rendered, RenderError> {
        self.render_all(sources, files, context, Refused::IsLeftOut).await
    }

    async fn render_all(
        &self,
        sources: &[Source],
        files: &Files,
        context: &RenderContext<'_>,
        refused: Refused,
    ) -> Result<Rendered, RenderError> {
        let mut plain = BTreeMap::new();
        let mut made = Vec::new();
        for (index, source) in inner_last(sources) {
            match source.engine(files)? {
                Some(engine) => {
                    made.push((index, engine, self.source(engine, source, files, context.namespace).await?));
                }
                None => plain.extend(
                    of(source, files)
                        .map(|(name, text)| (name, Manifest { name, text, source: index, by_helm: false })),
                ),
            }
        }
        made.sort_by_key(|(index, ..)| *index);
        let mut manifests = rendering::manifests(plain.into_values())?;
        for (source, engine, made) in &made {
            let by_helm = *engine == Engine::Helm;
            manifests.extend(made.parts.iter().map(|(name, text)| Manifest { name, text, source: *source, by_helm }));
        }
        let needs: Vec<Vec<usize>> = sources.iter().map(|source| source.needs.clone()).collect();
        let mut rendered = rendering::rendered(&manifests, files.len(), &needs, context, refused)?;
        rendered.left_out = made.iter().flat_map(|(_, _, made)| made.left_out.clone()).collect();
        Ok(rendered)
    }

    /// What the engine makes of one source.
    async fn source(
        &self,
        engine: Engine,
        source: &Source,
        files: &Files,
        namespace: &str,
    ) -> Result<Arc<Made>, EngineError> {
        let read = match engine {
            Engine::Kustomize => {
                kustomize::complete(&source.path, files)?;
                kustomize::read(&source.path, files)
            }
            Engine::Helm => {
                helm::complete(source, files)?;
                helm::read(source, files)?
            }
        };
        // What it does not read it is not given: so the key below holds all that the result depends on, and nothing else.
        let read = read.into_iter().filter_map(|path| files.get(&path).map(|bytes| (path, bytes.clone())));
        let files = &read.collect::<Files>();
        let program = self.program(engine, source)?;
        let told = [format!("{source:?}"), namespace.to_owned()];
        let key = key(&program.identity, &told, files);
        if let Some(made) = self.inner.cache.get(&key) {
            return Ok(made);
        }
        let made = Arc::new(self.made(engine, source, files, namespace, program).await?);
        self.inner.cache.keep(key, &made);
        Ok(made)
    }

    /// Runs the engine twice: what differs by itself would be another candidate each time.
    async fn made(
        &self,
        engine: Engine,
        source: &Source,
        files: &Files,
        namespace: &str,
        program: Program,
    ) -> Result<Made, EngineError> {
        let folder = folder(engine, source, files).await?;
        let args = match engine {
            Engine::Kustomize => vec!["build".to_owned(), folder.path(&source.path)],
            Engine::Helm => helm::args(source, namespace, &folder),
        };
        let (limits, unconfined) = (self.inner.settings.limits, self.inner.settings.unconfined);
        let job =
            Job { program: program.path, args, source: folder.source(), home: PathBuf::new(), limits, unconfined };
        let (one, other) = tokio::join!(self.once(&job, &folder, 1), self.once(&job, &folder, 2));
        let said = |why| EngineError::Run { engine, path: source.path.clone(), why: for_people(why, &folder, files) };
        let apart = |text: String| match engine {
            Engine::Kustomize => output::of_kustomize(&source.path, &text),
            Engine::Helm => output::of_helm(&source.path, &text),
        };
        let (one, other) = (apart(one.map_err(said)?), apart(other.map_err(said)?));
        match first_difference(&one, &other) {
            Some(place) => Err(EngineError::NotTheSame { engine, place }),
            None if engine == Engine::Helm => Ok(hooks::sort_out(one)),
            None => Ok(Made { parts: one, left_out: Vec::new() }),
        }
    }

    fn program(&self, engine: Engine, source: &Source) -> Result<Program, EngineError> {
        let found = programs::find(engine, &self.inner.settings);
        found.ok_or_else(|| EngineError::NoProgram { engine, path: source.path.clone() })
    }

    async fn once(&self, job: &Job, folder: &Folder, number: usize) -> Result<String, RunError> {
        let broken = |error: &dyn std::fmt::Display| RunError::NotStarted(error.to_string());
        let _turn = self.inner.at_once.acquire().await.map_err(|error| broken(&error))?;
        let home = folder.home(number).map_err(|error| broken(&error))?;
        let output = run(&self.inner.settings.child, &Job { home, ..job.clone() }).await?;
        String::from_utf8(output).map_err(|_| RunError::Refused("what it gave is not UTF-8".to_owned()))
    }
}

/// Sources may lie in each other. A file is one file, of the innermost.
fn inner_last(sources: &[Source]) -> Vec<(usize, &Source)> {
    let mut sources: Vec<(usize, &Source)> = sources.iter().enumerate().collect();
    sources.sort_by_key(|(_, source)| source.path.len());
    sources
}

/// The files of a plain source.
fn of<'f>(source: &Source, files: &'f Files) -> impl Iterator<Item = (&'f str, &'f [u8])> {
    let itself = files.get_key_value(&source.path).into_iter();
    itself.chain(files_below(&source.path, files)).map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
}

async fn folder(engine: Engine, source: &Source, files: &Files) -> Result<Folder, EngineError> {
    let (files, path) = match engine {
        Engine::Kustomize => (files.clone(), source.path.clone()),
        Engine::Helm => (helm::with_dependencies(&source.path, files)?, source.path.clone()),
    };
    let is_secret = source.is_secret;
    let failed = |why: String| EngineError::Folder { engine, path: source.path.clone(), why };
    let written = tokio::task::spawn_blocking(move || {
        // What is unpacked is bounded, and still more than should keep others waiting.
        if let Some(archive) = files.get(&path) {
            check_archive(archive, None)?;
        }
        Ok(Folder::write(&files, is_secret))
    });
    let written = written.await.map_err(|error| failed(error.to_string()))?;
    let written = written.map_err(|why| EngineError::Archive { path: source.path.clone(), why })?;
    written.map_err(|error| failed(error.to_string()))
}

fn for_people(why: RunError, folder: &Folder, files: &Files) -> RunError {
    match why {
        RunError::Refused(said) => RunError::Refused(words::for_people(&folder.without_us(&said), files)),
        other => other,
    }
}
