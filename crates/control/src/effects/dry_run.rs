//! The server-side dry run of the whole set, before the first write.

use std::collections::BTreeMap;

use model::Fact;
use store::PinRecord;

use super::Done;
use crate::converge::values;
use crate::inner::Inner;
use crate::trouble::Trouble;

pub(super) async fn perform(inner: &Inner, record: &PinRecord) -> Result<Done, Trouble> {
    let candidate = inner.recorded_candidate(&record.pin).await?;
    let place = inner.place(&record.pin.instance, &candidate.rendered).await?;
    let result = place.cluster.dry_run(&place.target, &values(&candidate.rendered), &BTreeMap::new()).await?;
    if !result.refused.is_empty() {
        let lines: Vec<String> =
            result.refused.iter().map(|refused| format!("{}: {}", refused.key, refused.message)).collect();
        return Err(Trouble::Impossible(format!("the cluster would refuse it: {}", lines.join("; "))));
    }
    let unchecked = result.unchecked.iter().map(|one| format!("{}: {}", one.key, one.why)).collect();
    Ok(Fact::DryRun { unchecked }.into())
}
