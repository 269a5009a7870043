//! How a run of git goes wrong, before anybody has asked what that means for the mirror.

use std::time::Duration;

/// A run of the git program that gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The program could not be started.
    #[error("failed to {action}: the program `git` did not start; install git 2.39 or newer and put it on PATH")]
    NotStarted {
        /// What was tried.
        action: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// It did not end in time; its whole process group was killed.
    #[error("failed to {action}: git did not end within {after:?} and was stopped")]
    TimedOut {
        /// What was tried.
        action: &'static str,
        /// The limit.
        after: Duration,
    },
    /// It wrote more than the bound; its whole process group was killed.
    #[error("failed to {action}: git's answer is longer than {limit} bytes")]
    TooMuch {
        /// What was tried.
        action: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Talking to the running program failed.
    #[error("failed to {action}: lost the connection to the git process")]
    Broken {
        /// What was tried.
        action: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// It ended with an error of its own.
    #[error("failed to {action}: git said: {words}")]
    Failed {
        /// What was tried.
        action: &'static str,
        /// Its exit status, none when a signal ended it.
        code: Option<i32>,
        /// Its own words, scrubbed.
        words: String,
    },
}
