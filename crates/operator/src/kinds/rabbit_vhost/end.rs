//! What becomes of a virtual host when its object is deleted.

use jiff::{SignedDuration, Timestamp};

use super::crd::VhostDeletion;
use super::validate::{Problem, server, validate};
use super::{RabbitVhost, apply, dereference, status};
use crate::driver::{Next, OperatorError, Work};
use crate::resource::LET_GO_ANNOTATION;
use crate::standing::Standing;

/// Holds an object that is deleted until its virtual host went as it says.
const FINALIZER: &str = "pinnace.dev/data";
/// So long a broker that can't be asked is tried again: a broker that is gone must not hold a namespace for ever.
const TRIED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// The finalizer stands where something is to be done at the end, and nowhere else.
pub(crate) async fn guard(work: &mut Work, vhost: &RabbitVhost) -> Result<(), OperatorError> {
    work.set_finalizer(FINALIZER, vhost.spec.deletion == VhostDeletion::Drop).await
}

/// Deletes it where that is wanted, and lets the object go.
pub(crate) async fn end(work: &mut Work, vhost: &RabbitVhost) -> Result<Next, OperatorError> {
    if !work.has_finalizer(FINALIZER) {
        return Ok(Next::WhenChanged);
    }
    if !vhost.metadata.is_let_go() && vhost.spec.deletion == VhostDeletion::Drop {
        let tried = match taken_away(work, vhost).await {
            Ok(None) => None,
            Ok(Some(problem)) => Some((problem.to_string(), Ok(Next::WhenChanged))),
            Err(error) if error.is_of_api_server() => return Err(error),
            Err(error) => Some((error.to_string(), Err(error))),
        };
        if let Some((why, result)) = tried {
            if !is_overdue(work) {
                let message = format!(
                    "its virtual host is to be deleted, and that can't be done now: {why}. It is tried again for an hour; to let it go and keep the \
                     virtual host: kubectl annotate rabbitvhost {} {LET_GO_ANNOTATION}=true",
                    vhost.metadata.name
                );
                let standing = Standing::Waits { reason: "Deleting", message };
                work.write_status(&status::of(vhost, &standing, work.now())).await?;
                return result;
            }
            tracing::warn!(vhost = %work.key, why, "the object goes, and its virtual host stays on the broker: it could not be deleted for an hour");
        }
    }
    work.set_finalizer(FINALIZER, false).await?;
    Ok(Next::WhenChanged)
}

fn is_overdue(work: &Work) -> bool {
    let deleted =
        work.object.pointer("/metadata/deletionTimestamp").and_then(|at| at.as_str()?.parse::<Timestamp>().ok());
    deleted.is_some_and(|at| work.now().duration_since(at) >= TRIED_FOR)
}

/// Nothing when it is gone; else what is in the way.
async fn taken_away(work: &mut Work, vhost: &RabbitVhost) -> Result<Option<Problem>, OperatorError> {
    if let Some(server) = server(vhost).filter(|server| server.owner.is_some()) {
        // A broker of its own goes with its object; what is left is its volume.
        let claim = work.beside("v1", "PersistentVolumeClaim", &server.claim_name());
        work.delete_made(&claim, Some(&server.name)).await?;
        return Ok(None);
    }
    let seen = dereference::read(work, vhost).await?;
    let made = secrets::Secret::new(crate::driver::random()?);
    match validate(vhost, &seen, &work.shared.cluster.clone(), made) {
        Ok(checked) => apply::gone_from_broker(work, &checked).await.map(|()| None),
        // A Secret that is not there may be on its way back.
        Err(problem @ Problem::Admin(_)) => Ok(Some(problem)),
        // Of one like that nothing was ever made.
        Err(_) => Ok(None),
    }
}
