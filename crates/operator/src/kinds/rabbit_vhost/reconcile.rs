//! One pass over a virtual host: what it refers to, what it should be, its objects, what is on the broker, its status.

use std::time::Duration;

use secrets::Secret;

use super::validate::{Checked, validate};
use super::{RabbitVhost, RabbitVhostSpec, apply, dereference, end, status};
use crate::crd::OfKind as _;
use crate::driver::{Controller, Next, OperatorError, Work, random};
use crate::local::started_anew;
use crate::rabbit::RabbitError;
use crate::standing::Standing;

/// How they are looked after.
pub(crate) const CONTROLLER: Controller =
    Controller { kind: RabbitVhostSpec::KIND.kind, reconcile: |work| Box::pin(reconcile(work)) };

/// The broker is asked again after so long, though nothing of the object changed: somebody may have changed what is there.
const ASKED_AGAIN_AFTER: Duration = Duration::from_mins(10);
/// What is not watched is looked for again after so long.
const LOOKED_FOR_AGAIN_AFTER: Duration = Duration::from_secs(10);

async fn reconcile(work: &mut Work) -> Result<Next, OperatorError> {
    let vhost = RabbitVhost::read(&work.object)?;
    if work.is_skipped(&vhost.metadata).await? {
        return Ok(Next::WhenChanged);
    }
    if work.is_deleted() {
        return end::end(work, &vhost).await;
    }
    end::guard(work, &vhost).await?;
    let (standing, result) = match steps(work, &vhost).await {
        Ok(standing) => (standing, Ok(())),
        Err(error) if work.passes_over(&error) => return Err(error),
        Err(error) => (Standing::of_error(&error), Err(error)),
    };
    work.write_status(&status::of(&vhost, &standing, work.now())).await?;
    result?;
    Ok(Next::After(if standing == Standing::Ready { ASKED_AGAIN_AFTER } else { LOOKED_FOR_AGAIN_AFTER }))
}

async fn steps(work: &mut Work, vhost: &RabbitVhost) -> Result<Standing, OperatorError> {
    let seen = dereference::read(work, vhost).await?;
    let checked = match validate(vhost, &seen, &work.shared.cluster.clone(), Secret::new(random()?)) {
        Ok(checked) => checked,
        Err(problem) => return Ok(problem.standing()),
    };
    let broker = apply::objects(work, &checked).await?;
    if broker != Standing::Ready {
        return Ok(broker);
    }
    let fingerprint = fingerprint(work, &checked);
    if work.is_fresh(&fingerprint, ASKED_AGAIN_AFTER) {
        return Ok(Standing::Ready);
    }
    let standing = match (apply::on_broker(work, &checked).await, &checked.server) {
        (Err(error @ OperatorError::Rabbit(RabbitError::Login { .. })), Some(server)) => {
            return started_anew(work, server, error).await;
        }
        (tried, _) => tried?,
    };
    if standing == Standing::Ready {
        work.is_done(fingerprint);
    }
    Ok(standing)
}

/// What the broker was asked for last. A change of it has it asked again.
fn fingerprint(work: &Work, checked: &Checked<'_>) -> String {
    let mask = |password: &Secret<String>| work.shared.key.mask(password.expose().as_bytes());
    let (admin, password) = (mask(&checked.admin_password), mask(&checked.password));
    format!("{:?} {} {admin} {password}", checked.vhost.metadata.generation, checked.management_url)
}
