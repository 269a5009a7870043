//! What facts are called in errors.

use crate::Fact;

pub(super) fn name(fact: &Fact) -> &'static str {
    match fact {
        Fact::Opened { .. } => "opened",
        Fact::InFleet { .. } => "in-fleet",
        Fact::Released => "released",
        Fact::Proposed(_) => "proposed",
        Fact::Refused { .. } => "refused",
        Fact::Asked { .. } => "asked",
        Fact::Approved { .. } => "approved",
        Fact::Rejected { .. } => "rejected",
        Fact::Expired => "expired",
        Fact::Superseded { .. } => "superseded",
        Fact::Cancelled { .. } => "cancelled",
        Fact::Began { .. } => "began",
        Fact::Delayed { .. } => "delayed",
        Fact::Claimed => "claimed",
        Fact::Rendered { .. } => "rendered",
        Fact::DryRun { .. } => "dry-run",
        Fact::Inventoried => "inventoried",
        Fact::Applied { .. } => "applied",
        Fact::Watched { .. } => "watched",
        Fact::Verified { .. } => "verified",
        Fact::Failed(_) => "failed",
        Fact::Committed { .. } => "committed",
        Fact::HeadMoved { .. } => "head-moved",
        Fact::Rebased { .. } => "rebased",
        Fact::RenderMoved { .. } => "render-moved",
        Fact::RecordedByOther { .. } => "recorded-by-other",
        Fact::OtherWon { .. } => "other-won",
        Fact::Pushed { .. } => "pushed",
        Fact::ReadBack { .. } => "read-back",
        Fact::Settled { .. } => "settled",
        Fact::ConvergedBack { .. } => "converged-back",
    }
}
