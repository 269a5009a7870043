//! Whose a database, a role or a virtual host is, as it says itself: two objects never share one.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::hex::hex;

const BEGIN: &str = "pinnace.dev/owned-by: ";

/// What a tag of RabbitMQ begins with that says so.
const TAG: &str = "pinnace.dev/owned-by:";
/// RabbitMQ's tags have so many characters at most, and give those that are not ASCII back as others.
const LONGEST_TAG: usize = 255;

/// The object that a database or a virtual host is of: `<cluster>/<namespace>/<name>`. The cluster is the uid of its namespace `kube-system`, so that an
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

    /// The same as a tag. One that can't be told is a hash.
    pub(crate) fn tag(&self) -> String {
        let whole = format!("{TAG}{}", self.0);
        if whole.len() <= LONGEST_TAG && whole.is_ascii() {
            whole
        } else {
            format!("{TAG}{}", hex(&Sha256::digest(&self.0), 40))
        }
    }

    /// What a value says that stands alone, as that of a tag of Amazon's.
    pub(crate) fn of_value(value: &str) -> Option<Self> {
        (!value.is_empty()).then(|| Self(value.to_owned()))
    }

    /// What a tag says.
    pub(crate) fn of_tag(tag: &str) -> Option<Self> {
        tag.strip_prefix(TAG).map(|of| Self(of.to_owned()))
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
