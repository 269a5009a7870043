//! The stages of a pin (design section 3). Each carries exactly what is valid in it.

use crate::{CommitId, PersonName, PinNumber, Surface};

/// Where a pin is. The comments say where each goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The build is known; what it would do is not. To `Proposed` or `Ended`.
    Received,
    /// What it would do is known. To `Asked` or `Approved`.
    Proposed,
    /// People were asked. To `Approved` or `Ended`.
    Asked,
    /// Enough people, or a policy, said yes. To `Claimed`, when the slot is free.
    Approved,
    /// It holds the instance's candidate slot. To `Rendered`, back to `Proposed`, or `Ended`.
    Claimed,
    /// Rendered. To `DryRun` or `Ended`.
    Rendered,
    /// The dry run passed. To `Inventoried`.
    DryRun,
    /// The inventory is written, and it is being applied: from here on failure means dropping. To `Watching` or `Dropping`.
    Inventoried {
        /// What its next step waits for, in words; empty while nothing is waited for.
        waiting_for: String,
    },
    /// Applied, and watched until proven. To `Verified` or `Dropping`.
    Watching {
        /// Milliseconds observed so far.
        observed_ms: u64,
        /// What is waited for, in words.
        waiting_for: String,
    },
    /// Proven. To `Committed`.
    Verified,
    /// The commit exists here. To `Recorded`, `HeadMoved` or `Dropping`.
    Committed,
    /// Someone else's commit came first: rule G. To `Verified`, `Rendered`, `Recorded` or `Dropping`.
    HeadMoved {
        /// The HEAD that was seen.
        head: CommitId,
    },
    /// The commit is on the remote. To `Ended`.
    Recorded,
    /// The candidate is dropped; the cluster converges back. To `Ended`, or `Recorded` when a push got through after all.
    Dropping(DropReason),
    /// Over.
    Ended(Outcome),
}

/// Why a candidate is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DropReason {
    /// It does not work; the pin's `failure` says why.
    Failed,
    /// A newer pin takes its place.
    Superseded(PinNumber),
    /// A person stopped it.
    Cancelled(PersonName, Surface),
    /// A person committed another value meanwhile.
    OtherWon {
        /// Their commit.
        commit: CommitId,
        /// Who.
        author: String,
    },
    /// The config repo moved too often while it was verified.
    TooManyRounds,
}

/// How a pin ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It runs, was proven, and is recorded in git.
    Done {
        /// The commit that records it.
        commit: CommitId,
    },
    /// It can't be done; nothing was touched.
    Refused {
        /// Why.
        why: String,
    },
    /// A person said no.
    Rejected {
        /// Who.
        by: PersonName,
        /// Why.
        reason: Option<String>,
    },
    /// Nobody answered in time.
    Expired,
    /// A newer pin took its place before anything was touched.
    Superseded {
        /// The newer one.
        by: PinNumber,
    },
    /// A person stopped it before anything was touched.
    Cancelled {
        /// Who.
        by: PersonName,
    },
    /// The candidate was dropped and the cluster converged back.
    Dropped {
        /// Why.
        reason: DropReason,
        /// The verified commit that it is back on.
        to: Option<CommitId>,
        /// Whether that works.
        healthy: bool,
        /// What is seen, in words.
        seen: String,
    },
}

impl Stage {
    /// Whether it waits for people or for its turn, with nothing touched yet.
    pub fn waits(&self) -> bool {
        matches!(self, Self::Received | Self::Proposed | Self::Asked | Self::Approved)
    }

    /// Whether it is a candidate that is not proven yet.
    pub fn in_flight(&self) -> bool {
        matches!(self, Self::Claimed | Self::Rendered | Self::DryRun | Self::Inventoried { .. } | Self::Watching { .. })
    }

    /// Whether it holds the instance's candidate slot.
    pub fn holds_claim(&self) -> bool {
        !self.waits() && !matches!(self, Self::Ended(_))
    }

    /// Whether the outside has been touched in a first round.
    pub(super) fn touched(&self) -> bool {
        self.holds_claim() && !matches!(self, Self::Claimed | Self::Rendered | Self::DryRun)
    }

    /// The stage's name, for metrics, the API and the page's styles.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Proposed => "proposed",
            Self::Asked => "asked",
            Self::Approved => "approved",
            Self::Claimed => "candidate",
            Self::Rendered => "rendered",
            Self::DryRun => "dry-run",
            Self::Inventoried { .. } => "inventoried",
            Self::Watching { .. } => "watching",
            Self::Verified => "verified",
            Self::Committed => "committed",
            Self::HeadMoved { .. } => "head-moved",
            Self::Recorded => "recorded",
            Self::Dropping(_) => "dropping",
            Self::Ended(outcome) => outcome.name(),
        }
    }
}

impl Outcome {
    /// The outcome's name, for metrics, the API and the page's styles.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::Refused { .. } => "refused",
            Self::Rejected { .. } => "rejected",
            Self::Expired => "expired",
            Self::Superseded { .. } => "superseded",
            Self::Cancelled { .. } => "cancelled",
            Self::Dropped { .. } => "dropped",
        }
    }
}
