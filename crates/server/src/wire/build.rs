//! A build.

use serde::Serialize;
use store::{BuildRow, BuildState};

/// A build.
#[derive(Debug, Serialize)]
pub(crate) struct BuildWire {
    build: i64,
    project: String,
    image: String,
    tag: Option<String>,
    digest: Option<String>,
    /// The chart's version that goes with it, or alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    chart: Option<String>,
    state: &'static str,
    why: Option<String>,
    received_at: String,
}

impl From<BuildRow> for BuildWire {
    fn from(row: BuildRow) -> Self {
        let (state, digest, why) = match row.state {
            BuildState::Received { why, .. } => ("received", None, why),
            BuildState::Resolved { digest } => ("resolved", Some(digest), None),
            BuildState::Unknown { why } => ("unknown", None, Some(why)),
            BuildState::Superseded { by } => ("superseded", None, Some(format!("build {} is newer", by.0))),
        };
        let announced = row.announcement;
        Self {
            build: row.id.0,
            project: row.project.to_string(),
            image: announced.image.to_string(),
            tag: announced.tag.map(|tag| tag.to_string()),
            digest: digest.or(announced.digest).map(|digest| digest.to_string()),
            chart: announced.chart.map(|chart| format!("{} {}", chart.name, chart.version)),
            state,
            why,
            received_at: row.received_at.to_string(),
        }
    }
}
