//! One pass over a Redis: what it refers to, what it should be, its objects, its status.

use std::time::Duration;

use secrets::Secret;

use super::validate::{Place, validate};
use super::{Redis, RedisSpec, apply, dereference, status};
use crate::crd::OfKind as _;
use crate::driver::{Controller, Next, OperatorError, Work, random};
use crate::standing::Standing;

/// How they are looked after.
pub(crate) const CONTROLLER: Controller =
    Controller { kind: RedisSpec::KIND.kind, reconcile: |work| Box::pin(reconcile(work)) };

/// A server that is there is asked again after so long.
const ASKED_AGAIN_AFTER: Duration = Duration::from_mins(10);
/// What is not watched is looked for again after so long.
const LOOKED_FOR_AGAIN_AFTER: Duration = Duration::from_secs(10);

async fn reconcile(work: &mut Work) -> Result<Next, OperatorError> {
    let redis = Redis::read(&work.object)?;
    if work.is_deleted() {
        return Ok(Next::WhenChanged);
    }
    if work.is_skipped(&redis.metadata).await? {
        return Ok(Next::WhenChanged);
    }
    let (standing, result) = match steps(work, &redis).await {
        Ok(standing) => (standing, Ok(())),
        Err(error) if work.passes_over(&error) => return Err(error),
        Err(error) => (Standing::of_error(&error), Err(error)),
    };
    work.write_status(&status::of(&redis, &standing, work.now())).await?;
    result?;
    let is_watched = redis.spec.external.is_none();
    Ok(match standing {
        Standing::Ready if is_watched => Next::WhenChanged,
        Standing::Ready => Next::After(ASKED_AGAIN_AFTER),
        _ => Next::After(LOOKED_FOR_AGAIN_AFTER),
    })
}

async fn steps(work: &mut Work, redis: &Redis) -> Result<Standing, OperatorError> {
    let seen = dereference::read(work, redis).await?;
    let checked = match validate(redis, &seen, Secret::new(random()?)) {
        Ok(checked) => checked,
        Err(problem) => return Ok(problem.standing()),
    };
    if let Place::External { host, port, database } = &checked.place {
        let password = checked.password.as_ref().map(|password| work.shared.key.mask(password.expose().as_bytes()));
        let fingerprint = format!("{:?} {host}:{port} {database} {password:?}", redis.metadata.generation);
        if work.is_fresh(&fingerprint, ASKED_AGAIN_AFTER) {
            return Ok(Standing::Ready);
        }
        let standing = apply::apply(work, &checked).await?;
        work.is_done(fingerprint);
        return Ok(standing);
    }
    apply::apply(work, &checked).await
}
