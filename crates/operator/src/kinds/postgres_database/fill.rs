//! What a database begins with that is made anew.

use super::PostgresDatabase;
use super::backup;
use super::crd::{Backup, Restore};
use super::dereference::Reached;
use super::rds;
use crate::driver::{OperatorError, Work};
use crate::postgres::{self, Login, Wanted};
use crate::resource::Condition;
use crate::standing::Standing;

/// Why a database that is made anew is not ready yet.
pub(crate) const RESTORING: &str = "Restoring";

/// How far that is.
pub(crate) enum Filling {
    Done(Filled),
    NotYet(Standing),
}

/// What a database began with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filled {
    /// That was settled before.
    Before,
    /// It was made now, and is empty.
    Empty,
    /// Its data was there already.
    Full,
    /// It was made now, and has what this backup had. The others are known by the way, where this one is no snapshot of RDS.
    From { backup: String, known: Vec<Backup> },
}

/// A database that is made anew is filled from the last backup of its object, once, where there is one and nothing is in it.
pub(crate) async fn fill(
    work: &mut Work,
    database: &PostgresDatabase,
    wanted: &Wanted,
    reached: &Reached,
    login: &Login,
) -> Result<Filling, OperatorError> {
    if database.status.as_ref().is_some_and(|status| status.filled) {
        return Ok(Filling::Done(Filled::Before));
    }
    if database.spec.server.rds.is_some() {
        // Its instance was made from a snapshot, or it is new.
        let tag = work.memo.rds.as_ref().and_then(|asked| asked.instance.restored_from.as_deref());
        if let Some(from) = tag.and_then(|tag| rds::made_from(tag, work.uid())) {
            return Ok(Filling::Done(Filled::From { backup: from.to_owned(), known: Vec::new() }));
        }
    }
    let is_empty = {
        let _turn = work.shared.turn_on(&reached.server.to_string()).await;
        postgres::is_empty(&reached.server, wanted).await?
    };
    let is_wanted = database.spec.restore == Restore::Latest && database.spec.server.rds.is_none();
    // What a restore brings comes all at once or not at all.
    let begun = work.memo.restoring || database.status.as_ref().is_some_and(|status| is_restoring(&status.conditions));
    let known = if is_wanted { backup::known(work).await } else { Ok(Vec::new()) };
    let known = match known {
        // Data that are there need no backup.
        Err(OperatorError::DamagedRecord { .. }) if !is_empty && !begun => Vec::new(),
        known => known?,
    };
    let Some(newest) = known.last() else {
        work.memo.restoring = false;
        return Ok(Filling::Done(if is_empty { Filled::Empty } else { Filled::Full }));
    };
    // Of one that nobody could write down, its Job tells.
    if !is_empty && !begun && !backup::is_or_was_restored(work, &newest.name).await? {
        return Ok(Filling::Done(Filled::Full));
    }
    work.memo.restoring = true;
    Ok(match backup::restored(work, reached, wanted, login, &newest.name).await? {
        backup::Ran::Done(_) => Filling::Done(Filled::From { backup: newest.name.clone(), known }),
        backup::Ran::Runs(message) => Filling::NotYet(Standing::Waits { reason: RESTORING, message }),
        backup::Ran::Failed(message) => {
            // What is in it from now on was brought back by somebody else.
            work.memo.restoring = false;
            let message = format!(
                "the backup {} of {} can't be brought back: {message}. Bring it back by hand, or begin empty with `restore: never`",
                newest.name, newest.at
            );
            Filling::NotYet(Standing::Stalled { reason: "RestoreFailed", message })
        }
    })
}

fn is_restoring(conditions: &[Condition]) -> bool {
    conditions.iter().any(|one| one.reason == RESTORING)
}
