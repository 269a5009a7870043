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
    let judged = gits_own_words(&words, &url);
    let said = |any: &[&str]| any.iter().any(|part| judged.contains(part));
    if said(TOO_BIG) || judged.trim() == DIED_SILENTLY {
        MirrorError::RepositoryTooBig { url }
    } else if disk_is_full(&judged) {
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

/// Leaves out what others chose: the remote's messages and the address could hold any of the words below.
fn gits_own_words(words: &str, url: &RemoteUrl) -> String {
    let own: Vec<&str> = words.lines().filter(|line| !line.starts_with("remote:")).collect();
    own.join("\n").replace(url.for_git(), "").replace(&url.to_string(), "").replace(url.path(), "")
}

/// What git says when it ran into the limit that we set for the length of a file.
const TOO_BIG: &[&str] = &["died of signal 25", "File too large"];
/// The helper that stores what comes in was killed by that limit before it could say so.
const DIED_SILENTLY: &str = "fatal: fetch-pack: invalid index-pack output";
// The order of the checks above matters: ssh ends each of its failures with "Could not read from remote repository".
const HOST_KEY: &[&str] =
    &["Host key verification failed", "REMOTE HOST IDENTIFICATION HAS CHANGED", "host key is known"];
const CERTIFICATE: &[&str] = &[
    "certificate verification",
    "certificate problem",
    "certificate subject name",
    "SSL certificate",
    "certificate verify",
    "certificate file",
];
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
    const FULL: &[&str] = &["No space left on device", "Disk quota exceeded"];
    let ours = |line: &&str| !line.starts_with("remote:");
    words.lines().filter(ours).any(|line| FULL.iter().any(|sign| line.contains(sign)))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(words: &str) -> MirrorError {
        let url = "https://git.example/certificate problem/not found.git".replace(' ', "%20").parse().unwrap();
        explain_words(url, "fetch", words.to_owned())
    }

    #[test]
    fn the_words_of_hosts_lead_to_the_right_next_step() {
        let at = "fatal: unable to access 'https://git.example/certificate%20problem/not%20found.git/': ";
        let auth = explained("remote: Invalid username or password.\nfatal: Authentication failed for 'https://x/'");
        assert!(matches!(auth, MirrorError::Auth { .. }), "{auth}");
        let down = explained(&format!("{at}Could not resolve host: git.example"));
        assert!(matches!(down, MirrorError::Unreachable { .. }), "{down}");
        let cut = explained(&format!("{at}GnuTLS recv error (-110): The TLS connection was non-properly terminated."));
        assert!(matches!(cut, MirrorError::Unreachable { .. }), "{cut}");
        let name = explained(&format!("{at}SSL: no alternative certificate subject name matches target host name 'x'"));
        assert!(matches!(name, MirrorError::Certificate { .. }), "{name}");
        let full =
            explained("fatal: write error: No space left on device\nfatal: fetch-pack: invalid index-pack output");
        assert!(matches!(full, MirrorError::DiskFull { .. }), "{full}");
        let theirs = explained("remote: fatal: write error: No space left on device\nfatal: early EOF");
        assert!(matches!(theirs, MirrorError::Unreachable { .. }), "{theirs}");
        let denied = explained("git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.");
        assert!(matches!(denied, MirrorError::Auth { .. }), "{denied}");
        let gone = explained("ERROR: Repository not found.\nfatal: Could not read from remote repository.");
        assert!(matches!(gone, MirrorError::NotFound { .. }), "{gone}");
    }

    #[test]
    fn what_a_remote_says_can_not_choose_the_error() {
        let odd = explained("remote: Host key verification failed, certificate problem\nfatal: early EOF");
        assert!(matches!(odd, MirrorError::Unreachable { .. }), "{odd}");
    }
}
