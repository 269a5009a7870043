//! What the remote asks us for. None of it is ever in argv, in `Debug` or in an error.

use std::fmt;
use std::path::PathBuf;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes over the text, without blanks around it (files often end with a line feed).
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// How we prove to the remote who we are, and the remote to us who it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    pub(crate) token: Option<Token>,
    pub(crate) ssh: Option<Ssh>,
    pub(crate) ca_file: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) user: String,
    pub(crate) token: Secret,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ssh {
    pub(crate) key: PathBuf,
    pub(crate) known_hosts: String,
}

impl Credentials {
    /// None: a file remote, or one that anybody may read.
    pub fn none() -> Self {
        Self::default()
    }

    /// A token for `https://`. The user's name matters to few hosts; GitHub Apps want `x-access-token`, GitLab `oauth2`.
    pub fn token(user: &str, token: Secret) -> Self {
        Self { token: Some(Token { user: user.to_owned(), token }), ..Self::default() }
    }

    /// A private key file for `ssh://`, and the lines of a `known_hosts` file: no other host key is believed.
    pub fn ssh(key: PathBuf, known_hosts: &str) -> Self {
        Self { ssh: Some(Ssh { key, known_hosts: known_hosts.to_owned() }), ..Self::default() }
    }

    /// Believes the authorities of this PEM file instead of the system's.
    #[must_use]
    pub fn with_ca_file(mut self, file: PathBuf) -> Self {
        self.ca_file = Some(file);
        self
    }
}
