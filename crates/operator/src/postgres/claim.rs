//! Whose a database or a role is, as its comment says: two objects never share one.

use std::fmt;

const BEGIN: &str = "pinnace.dev/owned-by: ";

/// The object that a database is of: `<cluster>/<namespace>/<name>`. The cluster is the uid of its namespace `kube-system`, so that an
/// object that is made again under its name, after a disaster, finds what is its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim(String);

impl Claim {
    /// Of an object in a namespace of a cluster.
    pub fn of(cluster: &str, namespace: &str, name: &str) -> Self {
        Self(format!("{cluster}/{namespace}/{name}"))
    }

    /// Whether both are of one cluster.
    pub(crate) fn is_of_the_cluster_of(&self, other: &Self) -> bool {
        self.0.split('/').next() == other.0.split('/').next()
    }

    /// What a comment says.
    pub(crate) fn read(comment: &str) -> Option<Self> {
        comment.lines().find_map(|line| line.strip_prefix(BEGIN)).map(|of| Self(of.trim().to_owned()))
    }

    /// The comment that says so.
    pub(crate) fn comment(&self) -> String {
        format!("{BEGIN}{}", self.0)
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
