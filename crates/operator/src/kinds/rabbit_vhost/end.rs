//! What becomes of a virtual host when its object is deleted.

use std::time::Duration;

use serde_json::Value;

use super::crd::VhostDeletion;
use super::validate::{Problem, server, validate};
use super::{RabbitVhost, apply, dereference, status};
use crate::driver::{Next, OperatorError, Work};
use crate::leaving;
use crate::standing::Standing;

/// A pod that is waited for may be out of sight.
const LOOKS_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// The finalizer stands where something is to be done at the end, and nowhere else.
pub(crate) async fn guard(work: &mut Work, vhost: &RabbitVhost) -> Result<(), OperatorError> {
    work.set_finalizer(leaving::FINALIZER, vhost.spec.deletion == VhostDeletion::Drop).await
}

/// Deletes it where that is wanted, and lets the object go. A broker that is gone holds a namespace for an hour at most, and what stays on it is
/// written down.
pub(crate) async fn end(work: &mut Work, vhost: &RabbitVhost) -> Result<Next, OperatorError> {
    if !work.has_finalizer(leaving::FINALIZER) {
        return Ok(Next::WhenChanged);
    }
    if vhost.metadata.is_let_go() || vhost.spec.deletion != VhostDeletion::Drop {
        return leaving::let_go(work).await;
    }
    if let Some(pod) = leaving::pod_in_the_way(work).await? {
        let message = format!("it is deleted with its virtual host, and waits until the pod {pod} of an App has ended");
        let status = waiting(work, vhost, message);
        work.write_status(&status).await?;
        return Ok(Next::After(LOOKS_AGAIN_AFTER));
    }
    let (why, result) = match taken_away(work, vhost).await {
        Ok(None) => return leaving::let_go(work).await,
        Ok(Some(problem)) => (problem.to_string(), Ok(Next::After(LOOKS_AGAIN_AFTER))),
        Err(error) if error.is_of_api_server() => return Err(error),
        Err(error) => (error.to_string(), Err(error)),
    };
    if leaving::is_overdue(work) {
        leaving::left_behind(work, &why).await?;
        return leaving::let_go(work).await;
    }
    let message = format!(
        "its virtual host is to be deleted, and that can't be done now: {why}. It is tried again for an hour; to let it go and keep the virtual host: {}",
        leaving::way_out(work)
    );
    leaving::tell(work, &message).await;
    let mut status = waiting(work, vhost, message);
    leaving::say_out_of_reach(work, &mut status, &why);
    work.write_status(&status).await?;
    result
}

fn waiting(work: &Work, vhost: &RabbitVhost, message: String) -> Value {
    status::of(vhost, &Standing::Waits { reason: leaving::REASON, message }, work.now())
}

/// Nothing when it is gone; else what is in the way.
async fn taken_away(work: &mut Work, vhost: &RabbitVhost) -> Result<Option<Problem>, OperatorError> {
    if let Some(server) = server(vhost) {
        let claim = server.claim_key(server.claim_name());
        if server.owner.is_some() {
            // A broker of its own goes with its object; what is left is its volume.
            work.delete_made(&claim, Some(&server.name)).await?;
            return Ok(None);
        }
        if leaving::is_gone(work, &server.namespace, &[server.stateful_set_key(), claim]).await? {
            return Ok(None);
        }
    }
    let seen = dereference::read(work, vhost).await?;
    let made = secrets::Secret::new(crate::driver::random()?);
    match validate(vhost, &seen, &work.shared.cluster.clone(), made) {
        Ok(checked) => apply::gone_from_broker(work, &checked).await.map(|()| None),
        // A Secret that is not there may be on its way back.
        Err(problem @ Problem::Admin(_)) => Ok(Some(problem)),
        // Of one that was never ready as it is nothing was made. One that was may have been spoilt since.
        Err(problem) => {
            let was_ready = vhost.status.as_ref().is_some_and(|status| status.connection_secret.is_some());
            Ok(was_ready.then_some(problem))
        }
    }
}
