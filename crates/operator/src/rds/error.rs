//! What can go wrong with Amazon RDS.

use super::xml::Element;
use crate::claim::Claim;

/// Each says what failed, and what to do where somebody has to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RdsError {
    /// The address or the login can't be used.
    #[error("RDS can't be asked: {0}")]
    Setup(String),
    /// No key to ask with.
    #[error("there is no login for Amazon now: no key can be had from {from}: {why}")]
    NoKey {
        /// Where it comes from.
        from: String,
        /// Why not.
        why: String,
        /// Whether it may be well by itself later.
        is_transient: bool,
    },
    /// No answer, or none in time. Worth waiting for.
    #[error("RDS can't be reached to {action}: {why}")]
    Unreachable {
        /// What was to be done.
        action: String,
        /// Why not.
        why: String,
    },
    /// Too many requests of this account. Worth waiting for, and longer each time.
    #[error("RDS is asked too much by this account to {action} now ({why}): it is tried again")]
    Throttled {
        /// What was to be done.
        action: String,
        /// Its words.
        why: String,
    },
    /// The instance is at something else. Worth waiting for.
    #[error("RDS can't {action} while the instance is at something else: {why}")]
    Busy {
        /// What was to be done.
        action: String,
        /// Its words.
        why: String,
    },
    /// Who we are, or what we may do.
    #[error(
        "RDS does not let us {action}: {why}; look at the operator's login and at the policy that says what it may do"
    )]
    Login {
        /// What was to be done.
        action: String,
        /// Its words.
        why: String,
    },
    /// The account has no more room.
    #[error(
        "RDS does not {action}, because a limit of the account is reached: {why}; delete what nobody needs, or ask Amazon for more"
    )]
    Quota {
        /// What was to be done.
        action: String,
        /// Its words.
        why: String,
    },
    /// It refuses what it was told.
    #[error("RDS refuses to {action}: {why}")]
    Refused {
        /// What was to be done.
        action: String,
        /// Its code and its words.
        why: String,
    },
    /// What answers is not RDS.
    #[error("what answers is not RDS: {0}")]
    Strange(String),
    /// Somebody else's.
    #[error("the instance {id} is that of {by} already: two objects can't share it, so name another")]
    Claimed {
        /// Its name.
        id: String,
        /// Whose it is.
        by: Claim,
    },
    /// It is there, and nobody's.
    #[error(
        "the instance {id} is there already and was not made by Pinnace: give it the tag `{tag}` with the value `{wanted}` to hand it over"
    )]
    NotOurs {
        /// Its name.
        id: String,
        /// The tag.
        tag: &'static str,
        /// Whose it was to be.
        wanted: Claim,
    },
    /// A change that RDS does not know.
    #[error("the instance {id} can't get {what}: {help}")]
    Impossible {
        /// Its name.
        id: String,
        /// What was wanted.
        what: String,
        /// What to do.
        help: &'static str,
    },
    /// It is not to be deleted.
    #[error("the instance {id} is protected from being deleted: say `deletionProtection: false` first")]
    Protected {
        /// Its name.
        id: String,
    },
}

impl RdsError {
    /// Whether it may be well by itself later.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Throttled { .. }
                | Self::Busy { .. }
                | Self::NoKey { is_transient: true, .. }
        )
    }
}

/// Codes of what is not there.
pub(crate) const NOT_FOUND: &[&str] =
    &["DBInstanceNotFound", "DBInstanceNotFoundFault", "DBSnapshotNotFound", "DBSnapshotNotFoundFault"];

/// How RDS says that something is not right.
pub(crate) struct Complaint {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Complaint {
    pub(crate) fn read(answer: &Element) -> Option<Self> {
        let error = answer.child("Error")?;
        Some(Self { code: error.text_of("Code").to_owned(), message: error.text_of("Message").to_owned() })
    }

    /// What it comes to.
    pub(crate) fn into_error(self, status: u16, action: &str) -> RdsError {
        let Self { code, message } = self;
        let (action, why) = (action.to_owned(), format!("{message} ({code})"));
        match code.trim_end_matches("Fault") {
            "Throttling"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "TooManyRequestsException"
            | "SlowDown"
            | "RequestThrottled"
            | "BandwidthLimitExceeded" => RdsError::Throttled { action, why },
            "InvalidDBInstanceState" | "InvalidDBSnapshotState" | "StorageOptimization" => {
                RdsError::Busy { action, why }
            }
            "AccessDenied"
            | "AccessDeniedException"
            | "UnauthorizedOperation"
            | "OptInRequired"
            | "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "RequestExpired"
            | "NotAuthorized" => RdsError::Login { action, why },
            "InstanceQuotaExceeded" | "StorageQuotaExceeded" | "SnapshotQuotaExceeded" => {
                RdsError::Quota { action, why }
            }
            "InternalFailure" | "ServiceUnavailable" | "InternalError" | "RequestTimeout" => {
                RdsError::Unreachable { action, why }
            }
            // No machine of the class is free just now.
            "InsufficientDBInstanceCapacity" => RdsError::Busy { action, why },
            _ if status >= 500 => RdsError::Unreachable { action, why },
            _ => RdsError::Refused { action, why },
        }
    }
}
