//! What goes wrong with a server, and with what is done with it.

use std::io;
use std::process::ExitStatus;

/// What went wrong with a server or with what was done with it.
#[derive(Debug, thiserror::Error)]
pub enum ServedError {
    /// A file, process or socket could not be handled.
    #[error("failed to {action}")]
    Io {
        /// What was tried.
        action: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It ended by itself.
    #[error("the server ended ({status}):\n{log}")]
    Ended {
        /// How.
        status: ExitStatus,
        /// What it said.
        log: String,
    },
    /// It did not answer, or not in time.
    #[error("the server did not answer `{request}` in time")]
    Silent {
        /// What was asked.
        request: String,
    },
    /// It answered with no.
    #[error("{request}: the server said {said}")]
    Refused {
        /// What was asked.
        request: String,
        /// What it said, with the HTTP status if there is one.
        said: String,
    },
    /// It could not be spoken to.
    #[error("failed to {action} at the server")]
    Http {
        /// What was tried.
        action: String,
        /// What went wrong on the way.
        #[source]
        source: reqwest::Error,
    },
    /// The rights could not be set up.
    #[error("failed to set up the server's rights")]
    Rights(#[source] Box<cluster::ClusterError>),
    /// What it left in its database could not be read.
    #[error("failed to open the server's database")]
    Database(#[source] Box<store::StoreError>),
}

impl ServedError {
    pub(super) fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }

    pub(super) fn http(action: impl Into<String>) -> impl FnOnce(reqwest::Error) -> Self {
        let action = action.into();
        move |source| Self::Http { action, source }
    }

    pub(super) fn rights(error: cluster::ClusterError) -> Self {
        Self::Rights(Box::new(error))
    }
}
