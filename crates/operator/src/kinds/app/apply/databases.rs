//! The databases that are made for an App.

use cluster::Autoscaled;
use serde_json::Value;

use super::is_owned_by;
use crate::driver::{OperatorError, Work};
use crate::objects::name_of;
use crate::resource::Metadata;

/// The databases that are made for it.
pub(crate) async fn databases(work: &mut Work, databases: &[Value]) -> Result<(), OperatorError> {
    for database in databases {
        let key = work.ours_beside(database["kind"].as_str().unwrap_or_default(), name_of(database));
        let is_left_alone = work.other(&key).is_some_and(|live| {
            let metadata = Metadata::of(&live);
            // One of others is refused, whatever it says.
            (metadata.is_skipped() || metadata.is_let_go()) && is_owned_by(&live, work.uid())
        });
        if !is_left_alone {
            work.keep(database, &Autoscaled::default()).await?;
        }
    }
    Ok(())
}
