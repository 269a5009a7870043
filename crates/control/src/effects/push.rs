//! Pushing the commit, leased on its parent. After an answer that is not known it is looked for by its trailer.

use config_repo::PushOutcome;
use model::{CommitId, Fact};
use store::PinRecord;

use super::Done;
use super::commit::PIN_TRAILER;
use crate::inner::Inner;
use crate::trouble::Trouble;

pub(super) async fn perform(inner: &Inner, record: &PinRecord) -> Result<Done, Trouble> {
    let pin = &record.pin;
    let (Some(commit), Some(candidate)) = (&pin.commit, &pin.candidate) else { return Err(Trouble::LookAgain) };
    let push = || async { Ok::<_, Trouble>(inner.mirror.push(commit, &candidate.base).await?) };
    match inner.barrier.around("push commit", push).await? {
        PushOutcome::Pushed => Ok(Fact::Pushed { commit: commit.clone() }.into()),
        PushOutcome::HeadMoved => {
            let head = inner.mirror.fetch().await?.head;
            Ok(match recorded_as(inner, record, &head).await? {
                Some(commit) => Fact::Pushed { commit },
                None => Fact::HeadMoved { head },
            }
            .into())
        }
        PushOutcome::Refused { reason } => Err(Trouble::Wait(format!("the config repo refuses the commit: {reason}"))),
    }
}

/// This pin's commit on the branch, if an earlier push got through whose answer was lost. Only commits newer than what
/// the pin began with can be its own.
pub(super) async fn recorded_as(
    inner: &Inner,
    record: &PinRecord,
    head: &CommitId,
) -> Result<Option<CommitId>, Trouble> {
    let Some(proposal) = &record.pin.proposal else { return Ok(None) };
    Ok(inner.mirror.find_by_trailer(PIN_TRAILER, record.id.as_str(), &proposal.base, head).await?)
}
