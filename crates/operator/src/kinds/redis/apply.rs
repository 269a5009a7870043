//! What is written for a Redis in the cluster: the Secret that tells of it, and its server where it has one there.

use cluster::Autoscaled;

use super::build;
use super::validate::{Checked, Place};
use crate::driver::{OperatorError, Work};
use crate::local::kept;
use crate::redis_server;
use crate::standing::Standing;

/// Makes all of it as it should be, and says how it stands.
pub(crate) async fn apply(work: &mut Work, checked: &Checked<'_>) -> Result<Standing, OperatorError> {
    // First what the password is read from again, so that one that was made is made once.
    work.keep(&build::connection(checked), &Autoscaled::default()).await?;
    match (&checked.place, &checked.password) {
        (Place::Local(server), Some(password)) => {
            let images = work.shared.settings.images.clone();
            kept(work, server, || build::build(server, &checked.redis.spec, &images, password)).await
        }
        (Place::Local(_), None) => Ok(Standing::Ready),
        (Place::External { host, port, database }, password) => {
            let asked = redis_server::answers(host, *port, password.as_ref(), *database);
            asked.await?;
            Ok(Standing::Ready)
        }
    }
}
