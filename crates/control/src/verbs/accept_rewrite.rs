//! A person accepts that the history of the config repo was rewritten.

use config_repo::MirrorError;
use model::{CommitId, PersonName};

use crate::Control;
use crate::authorize::Act;
use crate::problem::{Problem, ProblemCode};

impl Control {
    /// Goes on from the rewritten branch. `new` is the head that the trouble named: another one is refused, so that nobody
    /// accepts what they have not seen. The old commits are kept in the mirror, and nothing that was proven is undone.
    pub async fn accept_rewrite(&self, new: &str, person: &PersonName) -> Result<CommitId, Problem> {
        self.allowed(person, Act::AcceptRewrite)?;
        let new: CommitId = new.parse().map_err(|error: model::InvalidCommitId| {
            Problem::new(ProblemCode::Invalid, error.to_string(), "give the whole id of the new head")
        })?;
        let inner = &self.inner;
        match inner.mirror.fetch().await {
            Err(MirrorError::HistoryRewritten { new: seen, .. }) if seen == new => {}
            Err(MirrorError::HistoryRewritten { new: seen, .. }) => {
                let what = format!("the rewritten branch is at {seen}, and not at {new}");
                return Err(Problem::new(ProblemCode::Invalid, what, "look at what is there now, and accept that"));
            }
            Err(error) => return Err(Problem::new(ProblemCode::Unavailable, error.to_string(), "")),
            Ok(_) => {
                let what = "the history of the config repo was not rewritten";
                return Err(Problem::new(ProblemCode::TooLate, what, "there is nothing to accept"));
            }
        }
        let accepted = inner.mirror.accept_rewrite(&new).await;
        accepted.map_err(|error| Problem::new(ProblemCode::Unavailable, error.to_string(), "try again"))?;
        tracing::warn!(%person, commit = %new, "a rewritten history was accepted");
        inner.git_trouble.replace(None);
        inner.read_config().await;
        inner.look_at_repo_again().await;
        inner.wakes.changed();
        Ok(new)
    }
}
