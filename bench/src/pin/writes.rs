//! The cluster's own record of what the server asked of it.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use testkit::Shop;
use testkit::shop::Fault;

/// One answered request of the server.
#[derive(Debug)]
pub(super) struct Request {
    /// When it was answered.
    pub(super) at: Duration,
    /// The kind that was written in the instance's namespace; none for reads, dry runs and the inventory.
    pub(super) written: Option<String>,
}

/// All of the server's requests, by the audit log.
pub(super) fn read(shop: &Shop) -> Result<Vec<Request>, Fault> {
    let path = shop.cluster.audit_log().ok_or("the cluster keeps no audit log")?;
    let account = format!("system:serviceaccount:{}:", shop.place.own_namespace);
    let text = fs::read_to_string(path)?;
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ours = lines.filter(|line| line["user"]["username"].as_str().is_some_and(|name| name.starts_with(&account)));
    Ok(ours.filter_map(|line| request(&line, &shop.place.namespace)).collect())
}

fn request(line: &Value, namespace: &str) -> Option<Request> {
    let at: jiff::Timestamp = line["stageTimestamp"].as_str()?.parse().ok()?;
    let dry = line["requestURI"].as_str()?.contains("dryRun");
    let writes = matches!(line["verb"].as_str()?, "patch" | "create" | "update");
    let here = line["objectRef"]["namespace"] == namespace;
    let written =
        (writes && here && !dry).then(|| line["objectRef"]["resource"].as_str().unwrap_or_default().to_owned());
    Some(Request { at: Duration::from_micros(u64::try_from(at.as_microsecond()).ok()?), written })
}
