//! Databases on a server of PostgreSQL: made, kept as they should be, given logins, and taken away.
//!
//! What is there is read first, what is to be done is decided from that alone, and only that is done: a pass that finds everything
//! as it should be writes nothing. Passwords never reach the server: it is told verifiers (RFC 5803) that are made here.

mod decide;
mod ensure;
mod error;
mod extensions;
mod logins;
mod name;
mod rotate;
mod scram;
mod seen;
mod server;
mod statement;

pub use crate::claim::Claim;
pub use ensure::{Ensured, ensure, is_empty, major_version, take_away};
pub use error::PostgresError;
pub use logins::{Login, LoginName, made_password, works};
pub use name::{InvalidName, PgName};
pub use rotate::{Before, Retired, login_before, retire, rotate};
pub use scram::stable_verifier;
pub use server::{Server, Tls};

use std::collections::BTreeMap;

/// What a database should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub database: PgName,
    /// The role that owns it and everything in it. Nobody logs in as it: logins become it.
    pub owner: PgName,
    /// Its extensions with their versions; none is the newest that the server has.
    pub extensions: BTreeMap<String, Option<String>>,
    /// A role that may read everything in it.
    pub reporting: Option<PgName>,
    /// Whose it is.
    pub claim: Claim,
    /// Whether a database or a role that is there and nobody's is taken over.
    pub adopt: bool,
    /// Whether it was there before, with its data: where it is missing then it is lost, and no empty one takes its place.
    pub filled: bool,
    /// The role that the app was told last, as far as that is known when its Secret is lost.
    pub told: Option<String>,
}
