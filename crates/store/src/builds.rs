//! The inbox of announced builds: durable before its sender is answered, resolved at the registry afterwards.

mod rows;

use model::{Announcement, Digest, ProjectName, Timestamp};
use sqlx::SqliteConnection;

use crate::error::{failed_to, unwritable};
use crate::{OpenedPin, Opening, Store, StoreError, fleets, numbers, pins};
use rows::Row;

const RECEIVE: &str = "take in the build";
const RESOLVE: &str = "note what became of a build";
const READ: &str = "read the builds";

/// A build's key in the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BuildId(pub i64);

/// What a sender announced.
#[derive(Debug, Clone)]
pub struct NewBuild {
    /// The project that it was announced for.
    pub project: ProjectName,
    /// Which sender.
    pub sender: String,
    /// The sender's own id of this delivery: the same one again is the same build.
    pub delivery: String,
    /// What it says.
    pub announcement: Announcement,
    /// When it came in.
    pub at: Timestamp,
}

/// The answer to a delivery: it is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The build.
    pub build: BuildId,
    /// Whether the delivery had been taken in before.
    pub duplicate: bool,
}

/// A build in the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildRow {
    /// Its key.
    pub id: BuildId,
    /// The project.
    pub project: ProjectName,
    /// Who announced it.
    pub sender: String,
    /// What was announced.
    pub announcement: Announcement,
    /// When it came in.
    pub received_at: Timestamp,
    /// What became of it.
    pub state: BuildState,
}

/// What became of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildState {
    /// It waits for the registry's answer.
    Received {
        /// How often the registry was asked.
        attempts: u32,
        /// What it said last.
        why: Option<String>,
        /// When it is asked next.
        retry_at: Timestamp,
    },
    /// The registry has it.
    Resolved {
        /// Its digest.
        digest: Digest,
    },
    /// The registry does not have it: never asked about.
    Unknown {
        /// What the registry said.
        why: String,
    },
    /// A newer one came before it was resolved.
    Superseded {
        /// The newer one.
        by: BuildId,
    },
}

impl Store {
    /// Takes in a delivery. When this comes back it is on disk; the same delivery again gives the same build.
    pub async fn receive(&self, received: NewBuild) -> Result<Receipt, StoreError> {
        self.write(RECEIVE, move |conn| Box::pin(async move { insert(conn, &received).await })).await
    }

    /// The builds that the registry is to be asked about now, oldest first.
    pub async fn builds_to_resolve(&self, now: Timestamp, most: u32) -> Result<Vec<BuildRow>, StoreError> {
        let rows = sqlx::query_as::<_, Row>(
            "SELECT * FROM builds WHERE state = 'received' AND retry_at <= $1 ORDER BY id LIMIT $2",
        );
        let rows = rows.bind(now.0).bind(i64::from(most)).fetch_all(&mut *self.reader().await?).await;
        Ok(readable(rows.map_err(failed_to(READ))?))
    }

    /// When the registry is to be asked next, about any build.
    pub async fn next_build_retry(&self) -> Result<Option<Timestamp>, StoreError> {
        let next: Option<i64> = sqlx::query_scalar("SELECT MIN(retry_at) FROM builds WHERE state = 'received'")
            .fetch_one(&mut *self.reader().await?)
            .await
            .map_err(failed_to(READ))?;
        Ok(next.map(Timestamp))
    }

    /// The registry has the build. A build that is settled already stays as it is: the first answer counts.
    pub async fn build_resolved(&self, id: BuildId, digest: &Digest, at: Timestamp) -> Result<(), StoreError> {
        let digest = digest.clone();
        self.change_build(move || resolved(id, &digest, at)).await
    }

    /// The same, and opens the pins that follow from it, all or nothing: a crash in between can't lose or repeat one.
    /// A build that is settled already opens none.
    pub async fn build_resolved_into(
        &self,
        id: BuildId,
        digest: &Digest,
        opening: Opening,
        at: Timestamp,
    ) -> Result<Vec<OpenedPin>, StoreError> {
        let digest = digest.clone();
        self.write(RESOLVE, move |conn| {
            Box::pin(async move {
                let settled = resolved(id, &digest, at).execute(&mut *conn).await.map_err(failed_to(RESOLVE))?;
                let mut opened = Vec::new();
                if settled.rows_affected() == 1 {
                    for pin in opening.pins {
                        opened.push(pins::open(conn, pin, at).await?);
                    }
                    for fleet in opening.fleets {
                        opened.extend(fleets::open(conn, fleet, at).await?);
                    }
                }
                Ok(opened)
            })
        })
        .await
    }

    /// The registry does not have the build, and it is not asked again.
    pub async fn build_unknown(&self, id: BuildId, why: &str, at: Timestamp) -> Result<(), StoreError> {
        let why = why.to_owned();
        self.change_build(move || {
            sqlx::query(
                "UPDATE builds SET state = 'unknown', why = $3, updated_at = $2 WHERE id = $1 AND state = 'received'",
            )
            .bind(id.0)
            .bind(at.0)
            .bind(why)
        })
        .await
    }

    /// A newer build makes asking the registry about this one needless.
    pub async fn build_superseded(&self, id: BuildId, by: BuildId, at: Timestamp) -> Result<(), StoreError> {
        self.builds_superseded(vec![(id, by)], at).await
    }

    /// The same of many, each with its newer one, in one write.
    pub async fn builds_superseded(&self, pairs: Vec<(BuildId, BuildId)>, at: Timestamp) -> Result<(), StoreError> {
        self.write(RESOLVE, move |conn| {
            Box::pin(async move {
                for (id, by) in pairs {
                    superseded(id, by, at).execute(&mut *conn).await.map_err(failed_to(RESOLVE))?;
                }
                Ok(())
            })
        })
        .await
    }

    /// The registry gave no answer, or not yet the build: it is asked again then.
    pub async fn build_retry(
        &self,
        id: BuildId,
        why: &str,
        again_at: Timestamp,
        attempts: u32,
    ) -> Result<(), StoreError> {
        let why = why.to_owned();
        self.change_build(move || {
            sqlx::query("UPDATE builds SET why = $3, retry_at = $2, attempts = $4 WHERE id = $1 AND state = 'received'")
                .bind(id.0)
                .bind(again_at.0)
                .bind(why)
                .bind(i64::from(attempts))
        })
        .await
    }

    /// The newest builds, of one project or of all, before the given one.
    pub async fn builds(
        &self,
        project: Option<&ProjectName>,
        before: Option<BuildId>,
        most: u32,
    ) -> Result<Vec<BuildRow>, StoreError> {
        let query = match project {
            None => sqlx::query_as::<_, Row>("SELECT * FROM builds WHERE id < $1 ORDER BY id DESC LIMIT $2"),
            Some(_) => sqlx::query_as("SELECT * FROM builds WHERE id < $1 AND project = $3 ORDER BY id DESC LIMIT $2"),
        };
        let query = query.bind(before.map_or(i64::MAX, |id| id.0)).bind(i64::from(most));
        let query = match project {
            None => query,
            Some(project) => query.bind(project.as_str().to_owned()),
        };
        Ok(readable(query.fetch_all(&mut *self.reader().await?).await.map_err(failed_to(READ))?))
    }

    /// Forgets the ids of deliveries that came in before then, and says how many. The builds stay.
    pub async fn forget_deliveries(&self, older_than: Timestamp) -> Result<u64, StoreError> {
        const FORGET: &str = "forget old deliveries";
        self.write(FORGET, move |conn| {
            Box::pin(async move {
                let forgotten =
                    sqlx::query("DELETE FROM deliveries WHERE at < $1").bind(older_than.0).execute(conn).await;
                Ok(forgotten.map_err(failed_to(FORGET))?.rows_affected())
            })
        })
        .await
    }

    async fn change_build<Q>(&self, query: Q) -> Result<(), StoreError>
    where
        Q: FnOnce() -> Query + Send + 'static,
    {
        self.write(RESOLVE, move |conn| {
            Box::pin(async move { query().execute(conn).await.map(|_| ()).map_err(failed_to(RESOLVE)) })
        })
        .await
    }
}

type Query = sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

fn resolved(id: BuildId, digest: &Digest, at: Timestamp) -> Query {
    sqlx::query(
        "UPDATE builds SET state = 'resolved', digest = $3, why = NULL, updated_at = $2
         WHERE id = $1 AND state = 'received'",
    )
    .bind(id.0)
    .bind(at.0)
    .bind(digest.to_string())
}

fn superseded(id: BuildId, by: BuildId, at: Timestamp) -> Query {
    sqlx::query(
        "UPDATE builds SET state = 'superseded', superseded_by = $3, updated_at = $2
         WHERE id = $1 AND state = 'received'",
    )
    .bind(id.0)
    .bind(at.0)
    .bind(by.0)
}

async fn insert(conn: &mut SqliteConnection, new: &NewBuild) -> Result<Receipt, StoreError> {
    if let Some(build) = delivered(conn, new).await? {
        return Ok(Receipt { build, duplicate: true });
    }
    let id = numbers::next(conn, "build", RECEIVE).await?;
    sqlx::query(
        "INSERT INTO builds (id, project, sender, announcement, received_at, state, attempts, retry_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, 'received', 0, $5, $5)",
    )
    .bind(id)
    .bind(new.project.as_str())
    .bind(&new.sender)
    .bind(serde_json::to_string(&new.announcement).map_err(unwritable(RECEIVE))?)
    .bind(new.at.0)
    .execute(&mut *conn)
    .await
    .map_err(failed_to(RECEIVE))?;
    sqlx::query("INSERT INTO deliveries (project, sender, delivery, build, at) VALUES ($1, $2, $3, $4, $5)")
        .bind(new.project.as_str())
        .bind(&new.sender)
        .bind(&new.delivery)
        .bind(id)
        .bind(new.at.0)
        .execute(conn)
        .await
        .map_err(failed_to(RECEIVE))?;
    Ok(Receipt { build: BuildId(id), duplicate: false })
}

/// The build that this delivery brought before.
async fn delivered(conn: &mut SqliteConnection, new: &NewBuild) -> Result<Option<BuildId>, StoreError> {
    let build: Option<i64> =
        sqlx::query_scalar("SELECT build FROM deliveries WHERE project = $1 AND sender = $2 AND delivery = $3")
            .bind(new.project.as_str())
            .bind(&new.sender)
            .bind(&new.delivery)
            .fetch_optional(conn)
            .await
            .map_err(failed_to(RECEIVE))?;
    Ok(build.map(BuildId))
}

/// One that can't be read stops no other.
fn readable(rows: Vec<Row>) -> Vec<BuildRow> {
    rows.into_iter()
        .filter_map(|row| BuildRow::try_from(row).inspect_err(|error| tracing::error!(%error, "left out a build")).ok())
        .collect()
}
