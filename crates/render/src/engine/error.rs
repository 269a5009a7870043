//! What can go wrong with an engine, and what to do about it.

use super::{ArchiveError, Engine};

/// Why one run of an engine gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The child did not get as far as the engine.
    #[error("it could not be started: {0}")]
    NotStarted(String),
    /// The pipes broke, or it was ended by somebody else.
    #[error("it ended half-way: {0}")]
    Broken(String),
    /// The clock ran out.
    #[error("it took more than {seconds} s and was ended: make the source smaller")]
    TooSlow {
        /// The limit.
        seconds: u64,
    },
    /// The processor's time ran out.
    #[error("it took more than {seconds} s of a processor and was ended: make the source smaller")]
    TooMuchWork {
        /// The limit.
        seconds: u64,
    },
    /// The memory ran out.
    #[error("it wanted more than {} MiB of memory and was ended: make the source smaller", bytes >> 20)]
    TooMuchMemory {
        /// The limit.
        bytes: u64,
    },
    /// It wrote too much.
    #[error("it gave more than {} MiB and was ended: make the source smaller", bytes >> 20)]
    TooLong {
        /// The limit.
        bytes: usize,
    },
    /// The engine says what is wrong.
    #[error("{0}")]
    Refused(String),
}

impl RunError {
    /// Whether the files are at fault, and not the machine: then it stays so until somebody changes them.
    pub fn is_content(&self) -> bool {
        !matches!(self, Self::NotStarted(_) | Self::Broken(_))
    }
}

/// Why a source of Kustomize or Helm gave no objects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The program is not installed.
    #[error("`{path}` needs {engine}, and there is no program `{}`: {}", .engine.program(), .engine.install())]
    NoProgram {
        /// Which engine.
        engine: Engine,
        /// The source.
        path: String,
    },
    /// It ran and gave nothing.
    #[error("{engine} can't render `{path}`: {why}")]
    Run {
        /// Which engine.
        engine: Engine,
        /// The source.
        path: String,
        /// What it, or we, said.
        why: RunError,
    },
    /// The files could not be handed over.
    #[error("the files of `{path}` could not be written out for {engine}: {why}")]
    Folder {
        /// Which engine.
        engine: Engine,
        /// The source.
        path: String,
        /// The system's words.
        why: String,
    },
    /// A packed chart that is none, or holds what no chart holds.
    #[error("the packed chart `{path}` is refused: {why}")]
    Archive {
        /// The source.
        path: String,
        /// Why.
        why: ArchiveError,
    },
    /// A kustomization and a chart in one folder.
    #[error("`{path}` holds a kustomization and a chart: keep one of them, or make each a source of its own")]
    Both {
        /// The source.
        path: String,
    },
    /// A source that is said to be a chart and is none.
    #[error("there is no `{path}/Chart.yaml`: correct `chart` in the project's sources")]
    NoChart {
        /// The source.
        path: String,
    },
    /// A chart that another one needs, and that is not in the config repo.
    #[error(
        "{file} needs the chart `{name}`, which is neither in its `charts/` folder nor named by `file://`: run `helm dependency build` there, and commit what it brings"
    )]
    NoDependency {
        /// The chart's file.
        file: String,
        /// The chart that is missing.
        name: String,
    },
    /// A file of values that is not there.
    #[error("there is no `{file}`: correct `values` in the project's sources")]
    NoValues {
        /// The file.
        file: String,
    },
    /// Something from elsewhere.
    #[error(
        "{file} takes `{what}` from elsewhere; that could change without a commit, and is refused: copy it into the config repo"
    )]
    Remote {
        /// The kustomization.
        file: String,
        /// What it names.
        what: String,
    },
    /// A path out of the config repo.
    #[error("{file} names `{what}`, which leads out of the config repo: refused")]
    Leaves {
        /// The kustomization.
        file: String,
        /// What it names.
        what: String,
    },
    /// A path to nothing.
    #[error("{file} names `{what}`: there is no such file, and no such folder with a kustomization or a chart")]
    NotThere {
        /// The kustomization.
        file: String,
        /// What it names.
        what: String,
    },
    /// A part of an engine that is not done here.
    #[error("{file} uses `{what}`: {why}")]
    Unsupported {
        /// The file.
        file: String,
        /// The word for it.
        what: String,
        /// Why not, and what instead.
        why: &'static str,
    },
    /// Two runs gave two results.
    #[error(
        "{engine} gives something else for {place} each time: a random value or the time of day is in it; give it a fixed value, or an existing Secret's name"
    )]
    NotTheSame {
        /// Which engine.
        engine: Engine,
        /// The first part that differs.
        place: String,
    },
}

impl EngineError {
    /// Whether the files are at fault, and not the machine: then it stays so until somebody changes them.
    pub fn is_content(&self) -> bool {
        match self {
            Self::NoProgram { .. } | Self::Folder { .. } => false,
            Self::Run { why, .. } => why.is_content(),
            _ => true,
        }
    }
}
