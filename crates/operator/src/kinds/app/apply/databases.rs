//! The databases that are made for an App.

use cluster::Autoscaled;
use serde_json::Value;

use crate::driver::{OperatorError, Work};
use crate::objects::name_of;
use crate::resource::is_left_alone;

/// The databases that are made for it.
pub(crate) async fn databases(work: &mut Work, databases: &[Value]) -> Result<(), OperatorError> {
    for database in databases {
        let key = work.ours_beside(database["kind"].as_str().unwrap_or_default(), name_of(database));
        if work.other(&key).as_ref().is_none_or(|live| !is_left_alone(live)) {
            work.keep(database, &Autoscaled::default()).await?;
        }
    }
    Ok(())
}
