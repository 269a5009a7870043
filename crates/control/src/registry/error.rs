//! Why a build could not be resolved, and what to do about it.

use std::time::Duration;

use model::Digest;

/// No answer that can be pinned. The texts are for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The registry does not have it.
    #[error(
        "image {image} not found in the registry {registry} ({answer}); did the build push it, and under this name?"
    )]
    NotFound {
        /// What was asked for.
        image: String,
        /// Host asked.
        registry: String,
        /// Status and, where there is one, the registry's own code.
        answer: String,
    },
    /// The registry does not show it to us.
    #[error("the registry {registry} does not show us {image}: {reason}")]
    Unauthorized {
        /// What was asked for.
        image: String,
        /// Host asked.
        registry: String,
        /// Which step failed and what to do.
        reason: String,
    },
    /// Asked too often.
    #[error("the registry {registry} has had too many questions{}; it is asked again later", wait(*retry_after))]
    RateLimited {
        /// Host asked.
        registry: String,
        /// How long it wants to be left alone, where it says so.
        retry_after: Option<Duration>,
    },
    /// No connection, or an answer that means nothing.
    #[error("the registry {registry} can't be asked: {reason}")]
    Unreachable {
        /// Host asked.
        registry: String,
        /// What happened.
        reason: String,
    },
    /// No whole answer in time.
    #[error("the registry {registry} did not answer within {} s; is it reachable from this server?", waited.as_secs_f32())]
    Timeout {
        /// Host asked.
        registry: String,
        /// How long it had.
        waited: Duration,
    },
    /// The content is not what was said.
    #[error("{image} was said to be {said}, the registry gives {found}: {reason}")]
    DigestMismatch {
        /// What was asked for.
        image: String,
        /// The digest that the sender, or the registry's own header, named.
        said: Digest,
        /// The digest of the content that came.
        found: Digest,
        /// What that usually means.
        reason: &'static str,
    },
    /// A chart, a signature, an attestation or something else that no node can run.
    #[error("{image} is not a container image but `{media_type}`; announce the image's own tag or digest")]
    NotAnImage {
        /// What was asked for.
        image: String,
        /// What it is.
        media_type: String,
    },
    /// An image or something else, where a chart should be.
    #[error("{chart} is no chart but `{media_type}`: push it with `helm push`")]
    NotAChart {
        /// What was asked for.
        chart: String,
        /// What it is.
        media_type: String,
    },
    /// The answer is longer than any manifest may be.
    #[error("the registry {registry} answers {image} with more than {limit} bytes; that is more than is read of one")]
    TooLarge {
        /// What was asked for.
        image: String,
        /// Host asked.
        registry: String,
        /// What is read at most.
        limit: usize,
    },
    /// What we were given to ask with can't be used.
    #[error("{reason}")]
    Setup {
        /// What is wrong with it.
        reason: String,
    },
}

impl ResolveError {
    /// Whether asking again later may help without anybody changing anything.
    ///
    /// So with `NotFound` too, for a while: registries show a push to everybody only after some seconds.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NotFound { .. } | Self::RateLimited { .. } | Self::Unreachable { .. } | Self::Timeout { .. } => true,
            Self::Unauthorized { .. }
            | Self::DigestMismatch { .. }
            | Self::NotAnImage { .. }
            | Self::NotAChart { .. }
            | Self::TooLarge { .. }
            | Self::Setup { .. } => false,
        }
    }
}

fn wait(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |wait| format!(" and wants {} s of rest", wait.as_secs()))
}
