//! The databases that are made for an App.

use cluster::Autoscaled;
use serde_json::Value;

use super::is_owned_by;
use crate::driver::{OperatorError, Work};
use crate::objects::name_of;
use crate::resource::is_left_alone;

/// The databases that are made for it.
pub(crate) async fn databases(work: &mut Work, databases: &[Value]) -> Result<(), OperatorError> {
    for database in databases {
        let key = work.ours_beside(database["kind"].as_str().unwrap_or_default(), name_of(database));
        // One of others is refused, whatever it says.
        let live = work.other(&key);
        let is_skipped = live.is_some_and(|live| is_left_alone(&live) && is_owned_by(&live, work.uid()));
        if !is_skipped {
            work.keep(database, &Autoscaled::default()).await?;
        }
    }
    Ok(())
}
