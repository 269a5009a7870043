//! The cluster's own record of what the server asked of it.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::Path;

use serde_json::Value;

/// One answered request of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `get`, `list`, `watch`, `patch`, `create`, `update`, `delete`.
    pub verb: String,
    /// `deployments`; empty for what is about none.
    pub resource: String,
    /// The object's name; empty for lists and watches.
    pub name: String,
    /// Nothing was to be written.
    pub dry_run: bool,
    /// The HTTP status of the answer.
    pub code: u64,
}

impl Request {
    /// Whether it wrote, or tried to.
    pub fn writes(&self) -> bool {
        !self.dry_run && matches!(self.verb.as_str(), "patch" | "create" | "update" | "delete")
    }

    /// What it is counted as: `patch deployments, dry run`.
    pub fn sort(&self) -> String {
        let dry = if self.dry_run { ", dry run" } else { "" };
        format!("{} {}{dry}", self.verb, self.resource)
    }
}

/// Requests of this user after a place in the audit log, and the place where the next ones begin. A watch stands in the log
/// when it ends.
pub(crate) fn read(log: &Path, user: &str, from: u64) -> io::Result<(Vec<Request>, u64)> {
    let mut file = File::open(log)?;
    file.seek(SeekFrom::Start(from))?;
    let (mut found, mut place, mut line) = (Vec::new(), from, String::new());
    let mut lines = BufReader::new(file);
    loop {
        line.clear();
        let length = lines.read_line(&mut line)?;
        if !line.ends_with('\n') {
            return Ok((found, place));
        }
        place += u64::try_from(length).unwrap_or_default();
        if let Ok(entry) = serde_json::from_str::<Value>(&line)
            && entry["user"]["username"].as_str().is_some_and(|name| name.starts_with(user))
        {
            found.push(request(&entry));
        }
    }
}

fn request(entry: &Value) -> Request {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let object = &entry["objectRef"];
    Request {
        verb: text(&entry["verb"]),
        resource: text(&object["resource"]),
        name: text(&object["name"]),
        dry_run: entry["requestURI"].as_str().is_some_and(|uri| uri.contains("dryRun")),
        code: entry["responseStatus"]["code"].as_u64().unwrap_or_default(),
    }
}
