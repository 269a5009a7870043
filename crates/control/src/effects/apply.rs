//! Applying the candidate, step by step.

use model::Fact;
use store::PinRecord;

use super::Done;
use super::watch::OfPin;
use crate::inner::Inner;
use crate::steps::Stepped;
use crate::trouble::Trouble;

pub(super) async fn perform(inner: &Inner, record: &PinRecord) -> Result<Done, Trouble> {
    let candidate = inner.recorded_candidate(&record.pin).await?;
    let place = inner.place(&record.pin.instance, &candidate.rendered).await?;
    inner.recall_baseline(&place, &candidate.rendered).await?;
    let seen = inner.check(&place, &candidate.rendered).await?;
    let mut attend = OfPin::of(inner, record);
    match inner.apply_in_steps(&place, &candidate.rendered, seen, "apply", &mut attend).await? {
        Stepped::Applied(report) => {
            let notes = report.notes.iter().map(|note| inner.redacted(note)).collect();
            Ok(Fact::Applied { changed: report.changed(), objects: report.objects(), notes }.into())
        }
        Stepped::Failed(failure) => Err(Trouble::Failed(Box::new(inner.report(&place.cluster, &failure).await))),
        Stepped::Stopped => Err(Trouble::LookAgain),
    }
}
