//! The git repository that says what should run: mirror, read, edit one scalar, commit, push.

pub mod charts;
mod config;
mod git;
mod mirror;
mod set_image;
mod worktree;
pub mod yaml_edit;

pub use config::{
    Approver, ChartSettings, Config, ConfigError, ConfigProblem, DriftRule, Environment, Found, Head, Instance, Person,
    PinsPath, Project, RegistryAccess, RegistryAuth, Rule, Source, Waves,
};
pub use git::{Git, GitError};
pub use mirror::{
    BranchName, CommitDraft, CommitInfo, Credentials, Fetched, Identity, InvalidBranch, InvalidUrl, Limits, Mirror,
    MirrorError, NewBranch, PushOutcome, RemoteUrl, Secret, Transport, TreeEntry,
};
pub use set_image::{
    FilePlace, FilesEdit, FilesError, git_diff, image_in_files, is_manifest, reference, set_image_at_pins,
    set_image_in, set_image_in_files, write_atomically,
};
pub use worktree::{StagedFile, Worktree};
