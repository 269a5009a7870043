//! What an address needs before its handler runs.

/// Who may call an address. Every route declares one; there is no default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Anybody: signing in, the page's own files, probes.
    Public,
    /// Who is signed in, and anybody where the page may be read without: looking.
    Read,
    /// Who is signed in: acting. What the person may do is asked of `control` by the verb.
    SignedIn,
    /// A sender of the project in the path, proven by its keys: the handler's first act, since it needs the body.
    Sender,
    /// Slack, proven by its signature: the handler's first act, since it needs the body.
    Slack,
    /// Who reaches the metrics listener, which is not the page's.
    Metrics,
}

impl Permission {
    /// Whether the request proves itself by what it carries, so that a browser's cookie plays no part.
    pub(crate) fn proves_itself(self) -> bool {
        matches!(self, Self::Sender | Self::Slack | Self::Metrics)
    }
}
