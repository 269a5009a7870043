//! A build as its table has it.

use model::Timestamp;

use super::{BuildId, BuildRow, BuildState};
use crate::StoreError;

#[derive(Debug, sqlx::FromRow)]
pub(super) struct Row {
    id: i64,
    project: String,
    sender: String,
    announcement: String,
    received_at: i64,
    state: String,
    attempts: i64,
    retry_at: i64,
    why: Option<String>,
    digest: Option<String>,
    superseded_by: Option<i64>,
}

impl TryFrom<Row> for BuildRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let unreadable = |why: String| StoreError::Unreadable { what: format!("build {}", row.id), why };
        let state = match row.state.as_str() {
            "received" => BuildState::Received {
                attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
                why: row.why,
                retry_at: Timestamp(row.retry_at),
            },
            "resolved" => BuildState::Resolved {
                digest: row.digest.unwrap_or_default().parse().map_err(|why| unreadable(format!("{why}")))?,
            },
            "unknown" => BuildState::Unknown { why: row.why.unwrap_or_default() },
            "superseded" => BuildState::Superseded { by: BuildId(row.superseded_by.unwrap_or_default()) },
            other => return Err(unreadable(format!("its state is `{other}`"))),
        };
        Ok(Self {
            id: BuildId(row.id),
            project: row.project.parse().map_err(|why| unreadable(format!("{why}")))?,
            sender: row.sender,
            announcement: serde_json::from_str(&row.announcement).map_err(|why| unreadable(why.to_string()))?,
            received_at: Timestamp(row.received_at),
            state,
        })
    }
}
