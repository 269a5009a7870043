//! What git's words mean. Git has no codes for these: its messages in the C locale are what there is.

use crate::git::GitError;

use super::remote::Remote;
use super::{MirrorError, RemoteUrl};

impl Remote {
    /// What a failed talk with the remote means.
    pub(super) fn explain(&self, error: GitError) -> MirrorError {
        let url = self.url.clone();
        match error {
            GitError::TimedOut { action, after } => MirrorError::Timeout { url, action, after },
            GitError::Failed { action, words, .. } => explain_words(url, action, words),
            other => MirrorError::Git(other),
        }
    }
}

fn explain_words(url: RemoteUrl, action: &'static str, words: String) -> MirrorError {
    let said = |any: &[&str]| any.iter().any(|part| words.contains(part));
    if disk_is_full(&words) {
        MirrorError::DiskFull { words }
    } else if said(HOST_KEY) {
        MirrorError::HostKey { url, words }
    } else if said(CERTIFICATE) {
        MirrorError::Certificate { url, words }
    } else if said(AUTH) {
        MirrorError::Auth { url, words }
    } else if said(NOT_FOUND) {
        MirrorError::NotFound { url, words }
    } else if said(REDIRECTED) {
        MirrorError::Redirected { url, words }
    } else if said(UNREACHABLE) {
        MirrorError::Unreachable { url, words }
    } else {
        MirrorError::Git(GitError::Failed { action, code: None, words })
    }
}

// The order of the checks above matters: ssh ends each of its failures with "Could not read from remote repository".
const HOST_KEY: &[&str] =
    &["Host key verification failed", "REMOTE HOST IDENTIFICATION HAS CHANGED", "host key is known"];
const CERTIFICATE: &[&str] =
    &["certificate", "SSL: no alternative", "SSL peer", "CAfile", "TLS connection was non-properly", "SSL_ERROR"];
const AUTH: &[&str] = &[
    "Authentication failed",
    "could not read Username",
    "could not read Password",
    "Permission denied (",
    "Permission to ",
    "Invalid username or",
    "returned error: 401",
    "returned error: 403",
    "Load key ",
    "UNPROTECTED PRIVATE KEY",
];
const NOT_FOUND: &[&str] =
    &["does not appear to be a git repository", "not found", "returned error: 404", "does not exist", "No such file"];
const REDIRECTED: &[&str] =
    &["returned error: 301", "returned error: 302", "returned error: 307", "returned error: 308"];
const UNREACHABLE: &[&str] = &[
    "Could not resolve host",
    "Could not resolve hostname",
    "Connection refused",
    "Connection reset",
    "Connection timed out",
    "Connection closed",
    "No route to host",
    "Network is unreachable",
    "Failed to connect",
    "Couldn't connect",
    "unable to access",
    "Operation too slow",
    "early EOF",
    "hung up unexpectedly",
    "RPC failed",
    "kex_exchange_identification",
    "Could not read from remote repository",
];

/// A failure of a run that talked to nobody.
pub(super) fn local(error: GitError) -> MirrorError {
    match error {
        GitError::Failed { words, .. } if disk_is_full(&words) => MirrorError::DiskFull { words },
        GitError::Failed { words, .. } if tells_of_damage(&words) => MirrorError::Corrupt { words },
        other => MirrorError::Git(other),
    }
}

/// Our disk, that is: what the remote says of its own comes with a mark.
fn disk_is_full(words: &str) -> bool {
    let ours = |line: &&str| !line.starts_with("remote:");
    words.lines().filter(ours).any(|line| {
        line.contains("No space left on device")
            || line.contains("Disk quota exceeded")
            || line.contains("File too large")
    })
}

pub(super) fn tells_of_damage(words: &str) -> bool {
    const DAMAGE: &[&str] = &[
        "corrupt",
        "is empty",
        "unable to read tree",
        "unable to read sha1",
        "bad object",
        "missing blob",
        "missing tree",
        "missing commit",
        "not a git repository",
        "packfile",
        "inflate",
        "could not parse commit",
        "bad config",
    ];
    DAMAGE.iter().any(|sign| words.contains(sign))
}
