//! The facts of a pin as people read them: what happened, when, by whom, where.

use model::{Fact, PinKind, Recorded, Timestamp};

use super::when::When;

/// One fact in a line.
pub(crate) struct AuditLine {
    pub at: When,
    /// Who did it; empty for Pinnace itself.
    pub who: String,
    pub what: String,
}

/// The facts of a pin, oldest first. Repeated looks while it is watched are left out but for the last.
pub(crate) fn of_pin(facts: &[Recorded<Fact>], now: Timestamp) -> Vec<AuditLine> {
    let mut lines = Vec::new();
    for (index, recorded) in facts.iter().enumerate() {
        let repeated = matches!(recorded.fact, Fact::Watched { .. })
            && matches!(facts.get(index + 1).map(|next| &next.fact), Some(Fact::Watched { .. }));
        if !repeated {
            let (who, what) = words(&recorded.fact);
            lines.push(AuditLine { at: When::new(recorded.at, now), who, what });
        }
    }
    lines
}

/// Who, and what, where the pin stands beside it.
pub(crate) fn brief(fact: &Fact) -> (String, String) {
    match fact {
        Fact::Opened { build, by, kind, .. } => {
            let version = build.version();
            let what = match kind {
                PinKind::Pin => format!("{version} arrived"),
                PinKind::Unpin { of } => format!("wanted {version} back, in place of pin {of}"),
            };
            (by.as_ref().map(ToString::to_string).unwrap_or_default(), what)
        }
        Fact::Pushed { commit } => (String::new(), format!("proven and recorded as {}", commit.short())),
        fact => words(fact),
    }
}

/// Who, and what.
pub(crate) fn words(fact: &Fact) -> (String, String) {
    let nobody = String::new;
    match fact {
        Fact::Opened { build, by, .. } => {
            let who = by.as_ref().map(ToString::to_string).unwrap_or_default();
            (who, format!("wanted {}", build.image))
        }
        Fact::Approved { by, surface } => (by.to_string(), format!("approved{}", on(surface.as_ref()))),
        Fact::Rejected { by, surface, reason } => {
            let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            (by.to_string(), format!("rejected{}{reason}", on(Some(surface))))
        }
        Fact::Cancelled { by, surface } => (by.to_string(), format!("cancelled{}", on(Some(surface)))),
        Fact::RecordedByOther { commit, author } => {
            (author.clone(), format!("committed the same value ({}): it counts as the record", commit.short()))
        }
        Fact::OtherWon { commit, author } => (author.clone(), format!("committed another value ({})", commit.short())),
        fact => (nobody(), by_itself(fact)),
    }
}

fn on(surface: Option<&model::Surface>) -> String {
    surface.map(|surface| format!(" on {surface}")).unwrap_or_default()
}

fn by_itself(fact: &Fact) -> String {
    match fact {
        Fact::Proposed(proposal) => {
            format!(
                "worked out what would change on commit {} (render {})",
                proposal.base.short(),
                proposal.render_hash
            )
        }
        Fact::Refused { why } => format!("can't be done: {why}"),
        Fact::Asked { approvers, quorum, until } => {
            let names = approvers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            format!("asked {names}; {quorum} must approve until {}", When::new(*until, *until).full())
        }
        Fact::Expired => "nobody answered in time".to_owned(),
        Fact::Superseded { by } => format!("pin {by} takes its place"),
        Fact::Began { effect } => format!("began: {effect}"),
        Fact::Delayed { effect, reason, again_at } => {
            format!("{effect} can't be done now: {reason}; again at {}", When::new(*again_at, *again_at).full())
        }
        Fact::Claimed => "took the instance's candidate slot".to_owned(),
        Fact::Rendered { base, render_hash, objects } => {
            format!("rendered {objects} objects on {} (render {render_hash})", base.short())
        }
        Fact::DryRun { unchecked } if unchecked.is_empty() => "the dry run passed".to_owned(),
        Fact::DryRun { unchecked } => format!("the dry run passed; not checked: {}", unchecked.join("; ")),
        Fact::Inventoried => "the inventory holds the candidate".to_owned(),
        Fact::Applied { changed, objects, .. } => format!("applied: {changed} of {objects} objects changed"),
        Fact::Watched { waiting_for, .. } if waiting_for.is_empty() => "watched".to_owned(),
        Fact::Watched { waiting_for, .. } => format!("watched; waited for {waiting_for}"),
        Fact::Verified { render_hash, .. } => {
            format!("proven: seen Current for the whole window (render {render_hash})")
        }
        Fact::Failed(report) => format!("failed: {}", report.sentence),
        Fact::InFleet { fleet } => format!("is one of fleet pin {fleet}"),
        Fact::Released => "its wave began".to_owned(),
        fact => in_git(fact),
    }
}

fn in_git(fact: &Fact) -> String {
    match fact {
        Fact::Committed { commit, .. } => format!("committed {}", commit.short()),
        Fact::HeadMoved { head } => format!("another commit came first: {}", head.short()),
        Fact::Rebased { base } => format!("the edit was redone on {}; the render is the same", base.short()),
        Fact::RenderMoved { base, .. } => format!("the edit was redone on {}; other parts changed", base.short()),
        Fact::Pushed { commit } => format!("seen on the remote's branch: {}", commit.short()),
        Fact::Settled { pruned, held } if held.is_empty() => format!("settled; {pruned} objects pruned"),
        Fact::Settled { pruned, held } => format!("settled; {pruned} objects pruned, held back: {}", held.join(", ")),
        Fact::ConvergedBack { to, healthy, seen } => {
            let to = to.as_ref().map_or_else(|| "nothing".to_owned(), |to| to.short().to_owned());
            let healthy = if *healthy { "healthy" } else { "unhealthy" };
            format!("converged back to {to}: {healthy}{}{seen}", if seen.is_empty() { "" } else { "; " })
        }
        _ => String::new(),
    }
}
