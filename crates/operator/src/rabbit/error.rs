//! What can go wrong with a broker of RabbitMQ.

use std::time::Duration;

use crate::claim::Claim;
use crate::reach::hint;

/// Each says what failed, and what to do where somebody has to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RabbitError {
    /// The address of the management API, or what proves who it is, can't be used.
    #[error("the broker can't be asked: {0}")]
    Setup(String),
    /// No answer. Worth waiting for.
    #[error("the broker {server} can't be reached: {why}{}", hint(server, why))]
    Unreachable {
        /// Its address.
        server: String,
        /// Why not.
        why: String,
    },
    /// It took too long. Worth waiting for.
    #[error("the broker {server} took longer than {} s to {action}", after.as_secs())]
    Slow {
        /// What was to be done.
        action: String,
        /// Its address.
        server: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// What answers is no management API.
    #[error(
        "{server} does not answer as the management API of RabbitMQ does ({why}): write the address of that API, as in http://rabbit:15672, \
         and enable the plugin rabbitmq_management"
    )]
    Strange {
        /// Its address.
        server: String,
        /// What came.
        why: String,
    },
    /// The broker does not take the administrator's login.
    #[error(
        "the broker {server} refuses the login of `{username}` ({why}): its password was changed, or it has no tag `administrator`; write the \
         right login into the Secret that names it"
    )]
    Login {
        /// Its address.
        server: String,
        /// Who it was.
        username: String,
        /// The broker's words.
        why: String,
    },
    /// The broker refused what it was told.
    #[error("the broker {server} refuses to {action}: {why}")]
    Refused {
        /// Its address.
        server: String,
        /// What was to be done.
        action: String,
        /// The broker's words.
        why: String,
    },
    /// Somebody else's.
    #[error(
        "the virtual host \"{vhost}\" is that of {by} already: two objects can't share it, so name another; is it not that object's any more, \
         {}",
        handed_over(wanted)
    )]
    Claimed {
        /// Its name.
        vhost: String,
        /// Whose it is.
        by: Claim,
        /// Whose it was to be.
        wanted: Claim,
    },
    /// It is there, and nobody's.
    #[error(
        "the virtual host \"{vhost}\" is there already and was not made by Pinnace: name another, or {}; then policies that it has and `policies` \
         does not name are taken away",
        handed_over(wanted)
    )]
    NotOurs {
        /// Its name.
        vhost: String,
        /// Whose it was to be.
        wanted: Claim,
    },
    /// A user that has another use.
    #[error("the user \"{username}\" is there already and {why}: name another in `username`")]
    UserInUse {
        /// Its name.
        username: String,
        /// What it is used for.
        why: String,
    },
    /// No random numbers can be had.
    #[error("no random numbers can be had for the salt of a password: {0}")]
    Random(String),
}

fn handed_over(wanted: &Claim) -> String {
    format!("hand it over by the description `{}` on the broker", wanted.comment())
}

impl RabbitError {
    /// Whether it may be well by itself later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Slow { .. } | Self::Random(_))
    }
}
