//! Rule G: somebody's commit came first. The edit is redone on the new HEAD; texts are never merged, nothing is forced.

use model::{CommitId, Fact};
use store::PinRecord;

use super::{Done, push};
use crate::candidate::Candidate;
use crate::inner::Inner;
use crate::trouble::Trouble;

pub(super) async fn perform(inner: &Inner, record: &PinRecord) -> Result<Done, Trouble> {
    let pin = &record.pin;
    let instance = inner.instance(&pin.instance)?;
    let head = inner.mirror.fetch().await?.head;
    if let Some(commit) = push::recorded_as(inner, record, &head).await? {
        return Ok(Fact::Pushed { commit }.into());
    }
    let redone = Candidate::on(inner, &instance, pin, &head).await.map_err(still_runs)?;
    let verified = pin.verified.as_ref().is_some_and(|verified| verified.render_hash == redone.hash());
    let same_value = redone.changed.is_empty();
    if same_value && verified {
        let (commit, author) = last_change(inner, record, &head).await?;
        return Ok(Fact::RecordedByOther { commit, author }.into());
    }
    let before = pin.proposal.as_ref().and_then(|proposal| proposal.from.as_ref());
    let is_chart_alone = pin.build.chart.as_ref().is_some_and(|chart| chart.alone);
    let moved = !is_chart_alone && Some(&redone.from) != before || redone.from_chart.as_ref() != pin.from_chart();
    if !same_value && moved {
        let (commit, author) = last_change(inner, record, &head).await?;
        return Ok(Fact::OtherWon { commit, author }.into());
    }
    if verified {
        return Ok(Fact::Rebased { base: head }.into());
    }
    Ok(Fact::RenderMoved { render_hash: redone.hash(), base: head }.into())
}

/// What was proven keeps running; the trouble names the commit and what to do, and is looked at again.
fn still_runs(trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Impossible(why) => {
            Trouble::Impossible(format!("it runs, and can't be recorded on the new HEAD: {why}"))
        }
        other => other,
    }
}

/// The newest commit that touched this instance since the pin began, and who wrote it.
pub(super) async fn last_change(
    inner: &Inner,
    record: &PinRecord,
    head: &CommitId,
) -> Result<(CommitId, String), Trouble> {
    let instance = inner.instance(&record.pin.instance)?;
    let base = record.pin.proposal.as_ref().map(|proposal| &proposal.base);
    if let Some(newest) = inner.commits_touching(&instance, base, head, 1).await?.into_iter().next() {
        return Ok((newest.id, inner.redacted(&newest.author_name)));
    }
    let info = inner.mirror.commit_info(head).await?;
    Ok((info.id, inner.redacted(&info.author_name)))
}
