//! What was pruned, each with its manifest: for people who want it back. The newest of each instance are kept, for a while.

use model::{CommitId, InstanceId, PersonName, Timestamp};

use crate::error::failed_to;
use crate::{Store, StoreError, numbers};

const KEEP: &str = "keep what is pruned";
const READ: &str = "read what was pruned";

/// So many are kept of one instance,
const MOST: i64 = 200;
/// and none for longer than ninety days.
const LONGEST_MS: i64 = 90 * 24 * 60 * 60 * 1000;
/// No longer manifest is kept: it is said in its place.
const LONGEST_MANIFEST: usize = 64 << 10;

/// An object that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPruned {
    /// `Kind/name`.
    pub object: String,
    /// Its uid: the same object is kept once.
    pub uid: String,
    /// The commit that no longer has it.
    pub commit: CommitId,
    /// Who let it go, where the guard held it.
    pub confirmed_by: Option<PersonName>,
    /// As it was live, without what may be secret.
    pub manifest: String,
}

/// An object that went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruned {
    /// Names this one among all that were pruned.
    pub number: u64,
    /// `Kind/name`.
    pub object: String,
    /// The commit that no longer has it.
    pub commit: CommitId,
    /// Who let it go, where the guard held it.
    pub confirmed_by: Option<PersonName>,
    /// As it was live, the values of Secrets masked.
    pub manifest: String,
    /// When.
    pub at: Timestamp,
}

type Row = (i64, String, String, Option<String>, String, i64);

impl Store {
    /// Keeps what is about to be deleted. What is too old, or too much, is forgotten.
    pub async fn keep_pruned(
        &self,
        instance: &InstanceId,
        mut new: NewPruned,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        if new.manifest.len() > LONGEST_MANIFEST {
            new.manifest = format!("# longer than {LONGEST_MANIFEST} bytes: it is in git, before {}\n", new.commit);
        }
        let name = instance.to_string();
        self.write(KEEP, move |conn| {
            Box::pin(async move {
                let number = numbers::next(conn, "pruned", KEEP).await?;
                // Deleting is repeated after an unknown answer: it is the same object.
                sqlx::query(
                    "INSERT INTO pruned (number, instance, object, uid, commit_id, confirmed_by, manifest, at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                     ON CONFLICT (instance, uid) DO UPDATE SET at = excluded.at",
                )
                .bind(number)
                .bind(&name)
                .bind(new.object)
                .bind(new.uid)
                .bind(new.commit.as_str())
                .bind(new.confirmed_by.map(|by| by.to_string()))
                .bind(new.manifest)
                .bind(at.0)
                .execute(&mut *conn)
                .await
                .map_err(failed_to(KEEP))?;
                sqlx::query(
                    "DELETE FROM pruned WHERE at < $2 OR (instance = $1 AND number <= (
                         SELECT number FROM pruned WHERE instance = $1 ORDER BY number DESC LIMIT 1 OFFSET $3))",
                )
                .bind(&name)
                .bind(at.0.saturating_sub(LONGEST_MS))
                .bind(MOST)
                .execute(&mut *conn)
                .await
                .map(|_| ())
                .map_err(failed_to(KEEP))
            })
        })
        .await
    }

    /// What was pruned of an instance and is still kept, newest first.
    pub async fn pruned(&self, instance: &InstanceId) -> Result<Vec<Pruned>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT number, object, commit_id, confirmed_by, manifest, at FROM pruned
             WHERE instance = $1 ORDER BY number DESC",
        )
        .bind(instance.to_string())
        .fetch_all(&mut *self.reader().await?)
        .await
        .map_err(failed_to(READ))?;
        rows.into_iter().map(read).collect()
    }
}

fn read((number, object, commit, by, manifest, at): Row) -> Result<Pruned, StoreError> {
    let unreadable = |why: String| StoreError::Unreadable { what: format!("what was pruned as {number}"), why };
    Ok(Pruned {
        number: u64::try_from(number).unwrap_or_default(),
        object,
        commit: commit.parse().map_err(|why: model::InvalidCommitId| unreadable(why.to_string()))?,
        confirmed_by: by
            .map(|by| by.parse())
            .transpose()
            .map_err(|why: model::InvalidName| unreadable(why.to_string()))?,
        manifest,
        at: Timestamp(at),
    })
}
