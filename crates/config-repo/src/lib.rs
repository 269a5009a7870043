//! The git repository that says what should run: mirror, read, edit one scalar, commit, push.

mod config;

pub use config::{
    Approver, Config, ConfigError, ConfigProblem, Environment, Head, Instance, Person, PinsPath, Project,
    RegistryAccess, RegistryAuth, Rule, Source,
};
