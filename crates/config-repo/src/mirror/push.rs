//! Pushing: leased, never forced, and only a commit that stands directly on the head that the remote must still have.

use model::CommitId;

use crate::git::{Finished, GitError};

use super::files::remove_stale_locks;
use super::{BranchName, Mirror, MirrorError, accepted_ref, fetched_ref};

/// What the remote did with a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushOutcome {
    /// The commit is the head of the branch there.
    Pushed,
    /// Somebody pushed in between: fetch, redo the edit on the new head.
    HeadMoved,
    /// A hook, a protection rule or missing rights: trying again changes nothing.
    Refused {
        /// In the remote's own words.
        reason: String,
    },
}

const TRIAL_REF: &str = "refs/heads/pinnace-may-push";
const ACTION: &str = "push to the config repo";

impl Mirror {
    /// Pushes a commit whose only parent is `expected`, if that is still the head of the branch there.
    ///
    /// After [`MirrorError::Timeout`] or [`MirrorError::Unreachable`] it may have arrived all the same: fetch, and look
    /// for its trailer.
    pub async fn push(&self, commit: &CommitId, expected: &CommitId) -> Result<PushOutcome, MirrorError> {
        let parents = self.commit_info(commit).await?.parents;
        if parents != [expected.clone()] {
            return Err(MirrorError::NotOnExpected { commit: commit.clone(), expected: expected.clone() });
        }
        let _working = self.inner.work.lock().await;
        let _in_place = self.in_place().await;
        remove_stale_locks(&self.inner.dir);
        let branch = self.inner.branch.full();
        let lease = format!("--force-with-lease={branch}:{expected}");
        let call = self
            .distant("push", ACTION)
            .args(["--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no", &lease])
            .outside([self.url().for_git(), &format!("{commit}:{branch}")]);
        let done = call.finish().await.map_err(|error| self.inner.remote.explain(error))?;
        let outcome = self.judge(&done, commit, expected).await?;
        if outcome == PushOutcome::Pushed {
            self.note_pushed(commit, expected).await;
        }
        Ok(outcome)
    }

    /// Asks whether a push would be let through as far as the remote says so beforehand: that it is there, and that
    /// our credentials may push. [`PushOutcome::Pushed`] means yes; nothing is changed.
    pub async fn check_push(&self) -> Result<PushOutcome, MirrorError> {
        let _working = self.inner.work.lock().await;
        let _in_place = self.in_place().await;
        let call = self.distant("push", "check the right to push").args(["--dry-run", "--porcelain", "--no-verify"]);
        // To a ref of its own that is never made: no lease is needed, and no branch can be in the way.
        let call = call.outside([self.url().for_git(), &format!("{}:{TRIAL_REF}", self.head())]);
        let done = call.finish().await.map_err(|error| self.inner.remote.explain(error))?;
        if done.status.success() {
            Ok(PushOutcome::Pushed)
        } else if lacks_rights(&done.words) {
            Ok(refused("", &done.words))
        } else {
            Err(self.inner.remote.explain(done.failed("check the right to push")))
        }
    }

    async fn judge(&self, done: &Finished, commit: &CommitId, expected: &CommitId) -> Result<PushOutcome, MirrorError> {
        let report = self.inner.remote.git.scrub(&String::from_utf8_lossy(&done.stdout));
        match verdict(&report) {
            Verdict::Pushed if done.status.success() => Ok(PushOutcome::Pushed),
            Verdict::Stale => Ok(PushOutcome::HeadMoved),
            Verdict::Rejected(why) if may_be_a_race(&why) => {
                let there = self.head_there().await?;
                Ok(match there {
                    Some(there) if there == *commit => PushOutcome::Pushed,
                    Some(there) if there == *expected => refused(&why, &done.words),
                    _ => PushOutcome::HeadMoved,
                })
            }
            Verdict::Rejected(why) if is_the_hosts_trouble(&why) => {
                let words = format!("{why}\n{}", done.words);
                Err(MirrorError::Unreachable { url: self.url().clone(), words })
            }
            Verdict::Rejected(why) => Ok(refused(&why, &done.words)),
            Verdict::Pushed | Verdict::NoReport if lacks_rights(&done.words) => Ok(refused("", &done.words)),
            Verdict::Pushed | Verdict::NoReport => Err(self.inner.remote.explain(done.failed(ACTION))),
        }
    }

    /// The head of the branch as the remote has it this moment.
    async fn head_there(&self) -> Result<Option<CommitId>, MirrorError> {
        self.branch_there(&self.inner.branch).await
    }

    /// The head of any branch as the remote has it this moment.
    pub(super) async fn branch_there(&self, branch: &BranchName) -> Result<Option<CommitId>, MirrorError> {
        let call = self.distant("ls-remote", "ask the config repo for its head");
        let call = call.args(["--quiet"]).outside([self.url().for_git(), &branch.full()]);
        let said = call.text().await.map_err(|error: GitError| self.inner.remote.explain(error))?;
        Ok(said.split_ascii_whitespace().next().and_then(|id| id.parse().ok()))
    }

    /// The remote has it: nothing that goes wrong here makes the push undone, and a fetch notes it again.
    async fn note_pushed(&self, commit: &CommitId, expected: &CommitId) {
        // A head that a person has yet to confirm is not moved from under them.
        if self.head() != *expected {
            return;
        }
        self.set_head(commit);
        for name in [fetched_ref(&self.inner.branch), accepted_ref(&self.inner.branch)] {
            if let Err(error) = self.update_ref(&name, commit).await {
                tracing::warn!(%error, %commit, "pushed, but the mirror could not note it");
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Pushed,
    Stale,
    Rejected(String),
    NoReport,
}

/// Reads the line of our one ref: `<flag>\t<from>:<to>\t<summary> (<reason>)`; the scrubber made blanks of the tabs.
pub(super) fn verdict(report: &str) -> Verdict {
    let Some(line) = report.lines().find(|line| line.contains(":refs/heads/")) else { return Verdict::NoReport };
    if !line.starts_with('!') {
        return Verdict::Pushed;
    }
    let reason = line.split_once(" (").map_or(line, |(_, reason)| reason.trim_end_matches(')'));
    if line.contains("[rejected]") {
        // Our own git refused: the lease is stale, or it does not even know the remote's head.
        return Verdict::Stale;
    }
    Verdict::Rejected(reason.to_owned())
}

/// Words by which servers tell of a lost race, but also of other trouble with the ref: the remote is asked which it was.
fn may_be_a_race(why: &str) -> bool {
    const WORDS: &[&str] = &[
        "cannot lock ref",
        "failed to update ref",
        "incorrect old value",
        "failed to lock",
        "fetch first",
        "non-fast-forward",
        "stale info",
        "reference already exists",
        "atomic",
    ];
    WORDS.iter().any(|word| why.contains(word))
}

/// The host could not store what it was sent (its disk is full, say): trying again later is right.
fn is_the_hosts_trouble(why: &str) -> bool {
    ["unpacker error", "internal error", "internal server error", "missing necessary objects"]
        .iter()
        .any(|w| why.contains(w))
}

pub(super) fn lacks_rights(words: &str) -> bool {
    const WORDS: &[&str] = &[
        "returned error: 403",
        "marked as read only",
        "Permission to ",
        "not allowed to push",
        "read-only",
        "protected",
    ];
    WORDS.iter().any(|word| words.contains(word))
}

const LONGEST_REASON: usize = 1000;

/// The remote's own words: its messages, else the reason of its refusal.
pub(super) fn refused(why: &str, words: &str) -> PushOutcome {
    let said =
        words.lines().filter_map(|line| line.strip_prefix("remote:")).map(str::trim).filter(|line| !line.is_empty());
    let mut reason: Vec<&str> = Some(why).filter(|why| !why.is_empty()).into_iter().chain(said).collect();
    if reason.is_empty() {
        reason.extend(words.lines().take(5));
    }
    PushOutcome::Refused { reason: reason.join("\n").chars().take(LONGEST_REASON).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_report_is_read_in_each_of_its_forms() {
        assert_eq!(verdict("To /r\n  abc:refs/heads/main abc..def\nDone"), Verdict::Pushed);
        assert_eq!(verdict("= abc:refs/heads/main [up to date]"), Verdict::Pushed);
        assert_eq!(verdict("! abc:refs/heads/main [rejected] (stale info)"), Verdict::Stale);
        let declined = verdict("! abc:refs/heads/main [remote rejected] (pre-receive hook declined)");
        assert_eq!(declined, Verdict::Rejected("pre-receive hook declined".into()));
        assert_eq!(verdict("fatal: no"), Verdict::NoReport);
    }

    #[test]
    fn a_refusal_is_told_in_the_remotes_words() {
        let PushOutcome::Refused { reason } =
            refused("pre-receive hook declined", "remote: no deploys on friday   \nerror: x")
        else {
            panic!("refused")
        };
        assert_eq!(reason, "pre-receive hook declined\nno deploys on friday");
    }
}
