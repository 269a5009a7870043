//! The data folder: there, ours to write, with room.

use std::path::Path;

use super::finding::Finding;
use super::subject::Subject;

/// Below this the server soon has to stop.
const LITTLE: u64 = 1 << 30;

pub(super) fn look(subject: &Subject<'_>) -> Vec<Finding> {
    let folder = &subject.args.data;
    if !folder.is_dir() {
        let what = format!("the data folder {} is not there yet", folder.display());
        return vec![Finding::warning(what, "`pinnace serve` makes it; name another with --data")];
    }
    let shown = folder.display();
    let mut found = Vec::new();
    found.push(match tempfile::tempfile_in(folder) {
        Ok(_) => Finding::well(format!("the data folder {shown} can be written to")),
        Err(error) => Finding::broken(
            format!("the data folder {shown} can't be written to: {error}"),
            "give it to the user that the server runs as",
        ),
    });
    found.extend(room(folder));
    found
}

fn room(folder: &Path) -> Option<Finding> {
    let facts = rustix::fs::statvfs(folder).ok()?;
    let free = facts.f_bavail.saturating_mul(facts.f_frsize);
    let text = format!("{} MiB are free there", free >> 20);
    let todo = "make room: when the disk is full the server changes nothing more anywhere, and says so";
    Some(if free < LITTLE { Finding::warning(text, todo) } else { Finding::well(text) })
}
