//! What can go wrong with a server of PostgreSQL.

use std::time::Duration;

use crate::claim::Claim;
use crate::reach::hint;

/// Each says what failed, and what to do where somebody has to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// No connection. Worth waiting for.
    #[error("the server {server} can't be reached: {why}{}", hint(server, why))]
    Unreachable {
        /// Host and port.
        server: String,
        /// Why not.
        why: String,
    },
    /// It took too long. Worth waiting for.
    #[error("{action} on {server} took longer than {} s", after.as_secs())]
    Slow {
        /// What was done.
        action: String,
        /// Host and port.
        server: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The server does not take this login.
    #[error(
        "{server} refuses the login of `{role}` ({why}): its password was changed; write the right one into the Secret that names it"
    )]
    Login {
        /// Host and port.
        server: String,
        /// Who it was.
        role: String,
        /// The server's words.
        why: String,
    },
    /// The server refused a statement.
    #[error("{server} refuses to {action}: {why}")]
    Refused {
        /// Host and port.
        server: String,
        /// What was to be done.
        action: String,
        /// The server's words, and its code.
        why: String,
    },
    /// Somebody else's.
    #[error("{what} is that of {by} already: two objects can't share it, so name another")]
    Claimed {
        /// `the database "shop"`
        what: String,
        /// Whose it is.
        by: Claim,
    },
    /// It is there, and nobody's.
    #[error(
        "{what} is there already and was not made by Pinnace: say `adopt: true` if it is to be taken over, or name another"
    )]
    NotOurs {
        /// `the database "shop"`
        what: String,
    },
    /// What is to be taken over has another owner.
    #[error(
        "the database `{database}` belongs to the role `{owner}`: say `owner: {owner}`, so that what is in it keeps its owner"
    )]
    OtherOwner {
        /// Which one.
        database: String,
        /// Whose it is.
        owner: String,
    },
    /// It was there, and is not any more.
    #[error(
        "the database `{database}` was there and is gone, with the data: {server} has none of this name. Name the server that has it; or bring it back there, \
         owned by the role `{owner}` (and say `adopt: true` where that role is new too); or delete this object and make it again, which begins with its \
         last backup"
    )]
    Gone {
        /// Host and port.
        server: String,
        /// Which one.
        database: String,
        /// Whose it was.
        owner: String,
    },
    /// An extension that the server does not have.
    #[error("the server {server} has no extension `{name}`{}: {help}", version.as_ref().map(|version| format!(" {version}")).unwrap_or_default())]
    NoExtension {
        /// Host and port.
        server: String,
        /// Its name.
        name: String,
        /// The version that was asked for.
        version: Option<String>,
        /// What to do.
        help: String,
    },
    /// An extension that our role may not install.
    #[error(
        "the role that {server} is reached as may not install the extension `{name}`, which needs a superuser ({why}): have one run `CREATE EXTENSION \
         {name} CASCADE` in the database `{database}`, or name a role that may"
    )]
    ExtensionRefused {
        /// Host and port.
        server: String,
        /// Its name, quoted where it has to be.
        name: String,
        /// Where it is wanted.
        database: String,
        /// The server's words.
        why: String,
    },
    /// No random numbers can be had.
    #[error("no random numbers can be had for a password: {0}")]
    Random(String),
}

impl PostgresError {
    /// Whether the server does not take the login of this role.
    pub(crate) fn is_about(&self, of: &str) -> bool {
        matches!(self, Self::Login { role, .. } if role == of)
    }

    /// Whether it may be well by itself later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Slow { .. } | Self::Random(_))
    }
}
