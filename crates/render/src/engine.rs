//! Kustomize and Helm: the two programs that make objects of files that others wrote, each run in a closed room.
//!
//! Everything else in this crate is pure; this module writes a temporary folder and starts a child of our own program,
//! which limits itself and becomes the engine ([`become_engine`]). What an engine gives is rendered like plain files.

mod archive;
mod cache;
mod carried;
mod engines;
mod error;
mod folder;
mod helm;
mod helm_ignore;
mod hooks;
mod job;
mod kustomize;
mod output;
mod programs;
mod run;
mod sandbox;
mod source;
mod words;

use std::collections::BTreeMap;
use std::fmt;

pub use archive::{ArchiveError, check_archive, unpacked};
pub use carried::carried;
pub use engines::{EngineSettings, Engines};
pub use error::{EngineError, RunError};
pub use folder::{memory, sweep_memory};
pub use job::{Job, Limits};
pub use kustomize::RemoteBase;
pub use programs::program;
pub use run::{ChildProgram, run};
pub use sandbox::{become_engine, can_confine};
pub use source::{Chart, Source, missing, remote_bases};

/// Files by their path in the config repo.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A program that makes objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Engine {
    /// `kustomize build`.
    Kustomize,
    /// `helm template`.
    Helm,
}

impl Engine {
    /// The program's name.
    pub fn program(self) -> &'static str {
        match self {
            Self::Kustomize => "kustomize",
            Self::Helm => "helm",
        }
    }

    /// What to do where it is missing.
    pub fn install(self) -> &'static str {
        match self {
            Self::Kustomize => {
                "install Kustomize 5 into the PATH of `pinnace serve`, or name it with --kustomize (PINNACE_KUSTOMIZE)"
            }
            Self::Helm => "install Helm 4 into the PATH of `pinnace serve`, or name it with --helm (PINNACE_HELM)",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kustomize => "Kustomize",
            Self::Helm => "Helm",
        })
    }
}
