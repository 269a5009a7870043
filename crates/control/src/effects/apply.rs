//! Applying the candidate.

use model::Fact;
use store::PinRecord;

use super::Done;
use crate::inner::Inner;
use crate::trouble::Trouble;

pub(super) async fn perform(inner: &Inner, record: &PinRecord) -> Result<Done, Trouble> {
    let candidate = inner.recorded_candidate(&record.pin).await?;
    let place = inner.place(&record.pin.instance, &candidate.rendered).await?;
    inner.recall_baseline(&place, &candidate.rendered).await?;
    let report = inner.apply_all(&place, &candidate.rendered, "apply").await?;
    let notes = report.notes.iter().map(|note| inner.redacted(note)).collect();
    Ok(Fact::Applied { changed: report.changed(), objects: report.objects(), notes }.into())
}
