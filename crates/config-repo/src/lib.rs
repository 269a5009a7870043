//! The git repository that says what should run: mirror, read, edit one scalar, commit, push.

mod config;
mod git;
mod mirror;
pub mod yaml_edit;

pub use config::{
    Approver, Config, ConfigError, ConfigProblem, Environment, Head, Instance, Person, PinsPath, Project,
    RegistryAccess, RegistryAuth, Rule, Source,
};
pub use git::{Git, GitError};
pub use mirror::{
    BranchName, CommitDraft, CommitInfo, Credentials, Fetched, Identity, InvalidBranch, InvalidUrl, Limits, Mirror,
    MirrorError, PushOutcome, RemoteUrl, Secret, Transport, TreeEntry,
};
