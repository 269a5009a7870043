//! Commits that say something in a trailer, with their whole message: what was recorded is read back from them.

use model::CommitId;

use super::history::{FIELDS, FORMAT, parse_commit};
use super::{CommitInfo, Mirror, MirrorError, explain};
use crate::git::GitError;

/// No answer is longer: 10,000 messages of 1,600 bytes.
const MESSAGES_BYTES: usize = 16 << 20;

impl Mirror {
    /// The newest commits up to `to` whose messages hold this trailer, at most `max`, newest first, each with its message.
    pub async fn commits_with_trailer(
        &self,
        key: &str,
        to: &CommitId,
        max: usize,
    ) -> Result<Vec<(CommitInfo, String)>, MirrorError> {
        let _in_place = self.in_place().await;
        let call = self.local("log", "read the history").at_most(MESSAGES_BYTES);
        let format = format!("{FORMAT}%x00%B");
        let call = call.args(["-z", &format, "--no-notes", "--no-decorate", "--no-color", "--no-mailmap"]);
        let grep = [format!("--max-count={max}"), "--fixed-strings".to_owned(), format!("--grep={key}: ")];
        let text = match call.args(grep).outside([to.as_str()]).text().await {
            Ok(text) => text,
            Err(error @ GitError::Failed { .. }) => return Err(self.about(to, error).await),
            Err(error) => return Err(explain::local(error)),
        };
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let fields: Vec<&str> = text.strip_suffix('\0').unwrap_or(&text).split('\0').collect();
        let mut found = Vec::new();
        for commit in fields.chunks(FIELDS + 1) {
            let (facts, message) = commit.split_at(FIELDS.min(commit.len()));
            let info = parse_commit(facts)?;
            if info.trailer(key).is_some() {
                found.push((info, message.concat()));
            }
        }
        Ok(found)
    }
}
