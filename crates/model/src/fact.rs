//! What is appended to the database: facts about a pin and facts about an instance.
//!
//! Facts are the stored format itself, so they are serialised here and nowhere twice. A field is only ever added, with a
//! default; a variant is never renamed.

use serde::{Deserialize, Serialize};

use crate::{
    Build, BuildChart, CommitId, Decider, Effect, FleetNumber, ImageRef, InstanceId, PersonName, PinNumber, Surface,
    Timestamp,
};

/// Which twin it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinKind {
    /// A build is pinned.
    Pin,
    /// The version before that pin is pinned again.
    Unpin {
        /// The pin whose effect is taken back.
        of: PinNumber,
    },
}

/// A commit of the config repo, as people are shown it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitLine {
    /// Its id.
    pub commit: CommitId,
    /// Who wrote it.
    pub author: String,
    /// The first line of its message.
    pub subject: String,
}

/// What the pin would do, computed against one commit. People are asked about exactly this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The commit that the edit was made on.
    pub base: CommitId,
    /// What the files said before.
    pub from: Option<ImageRef>,
    /// The chart's version that they said, where the build has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_chart: Option<BuildChart>,
    /// Hash of the canonical rendered candidate; Secret values enter as keyed hashes.
    pub render_hash: String,
    /// Change of the files, as a unified diff.
    pub git_diff: String,
    /// Change of the rendered objects since the last applied state, Secret values masked.
    pub rendered_diff: String,
    /// Commits by others that nobody deployed yet and that would go along.
    pub commits: Vec<CommitLine>,
}

/// Why an instance failed, with the evidence that people are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureReport {
    /// One sentence in words.
    pub sentence: String,
    /// The Kubernetes words, for the fold "technical details".
    pub technical: String,
    /// `Kind/name` of the failing object.
    pub object: String,
    /// Last lines of the failing container, scrubbed.
    pub log: Vec<String>,
}

/// A fact about one pin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub enum Fact {
    /// The pin exists.
    Opened {
        /// Its number for people.
        number: PinNumber,
        /// Where.
        instance: InstanceId,
        /// Pin or unpin.
        kind: PinKind,
        /// What would run.
        build: Box<Build>,
        /// The person who wanted it; none when a sender announced the build.
        by: Option<PersonName>,
    },
    /// It is one of a fleet pin's: people are asked about all of them at once, and it waits for its wave.
    InFleet {
        /// Which.
        fleet: FleetNumber,
    },
    /// The wave that it belongs to begins.
    Released,
    /// What it would do is known. A second one replaces the first and asks again.
    Proposed(Box<Proposal>),
    /// It can't be done and nothing was touched.
    Refused {
        /// Why, and what to do next.
        why: String,
    },
    /// People were asked.
    Asked {
        /// Who may answer.
        approvers: Vec<PersonName>,
        /// How many of them must approve.
        quorum: u32,
        /// When the ask expires.
        until: Timestamp,
    },
    /// Someone, or a policy, said yes.
    Approved {
        /// Who.
        by: Decider,
        /// Where a person said it.
        surface: Option<Surface>,
    },
    /// Someone said no.
    Rejected {
        /// Who.
        by: PersonName,
        /// Where.
        surface: Surface,
        /// Why, if they said.
        reason: Option<String>,
    },
    /// Nobody answered in time.
    Expired,
    /// A newer pin takes its place.
    Superseded {
        /// The newer one.
        by: PinNumber,
    },
    /// A person stopped it.
    Cancelled {
        /// Who.
        by: PersonName,
        /// Where.
        surface: Surface,
    },
    /// An effect is about to be performed: the intent, so that a restart looks before it repeats.
    Began {
        /// Which.
        effect: Effect,
    },
    /// An effect could not be done now. It is tried again; nothing is lost.
    Delayed {
        /// Which.
        effect: Effect,
        /// What the other side said, in words.
        reason: String,
        /// When it is tried again.
        again_at: Timestamp,
    },
    /// The instance's one candidate slot is this pin's.
    Claimed,
    /// The candidate was rendered.
    Rendered {
        /// The commit that the edit was made on.
        base: CommitId,
        /// Hash of the canonical rendered objects.
        render_hash: String,
        /// How many objects.
        objects: u32,
    },
    /// The whole set passed the dry run.
    DryRun {
        /// What could not be checked yet, and why.
        unchecked: Vec<String>,
    },
    /// The inventory holds the candidate's objects.
    Inventoried,
    /// Every object is applied.
    Applied {
        /// How many were created or changed.
        changed: u32,
        /// How many there are.
        objects: u32,
        /// What was noticed and left alone: fields of other controllers, changes taken back.
        notes: Vec<String>,
    },
    /// What is waited for, while it is watched.
    Watched {
        /// Milliseconds that the cluster was really observed since it was applied.
        observed_ms: u64,
        /// What is waited for, in words.
        waiting_for: String,
    },
    /// Seen Current for the stable window.
    Verified {
        /// Hash of what was verified.
        render_hash: String,
        /// The date that the commit will carry.
        commit_date: Timestamp,
    },
    /// It does not work, from the evidence.
    Failed(Box<FailureReport>),
    /// The commit exists in the mirror.
    Committed {
        /// Its id.
        commit: CommitId,
        /// Its parent, which the push is leased on.
        parent: CommitId,
    },
    /// Someone else's commit came first.
    HeadMoved {
        /// The new HEAD.
        head: CommitId,
    },
    /// The edit was redone on the new HEAD and renders to what was verified.
    Rebased {
        /// The new base.
        base: CommitId,
    },
    /// The edit was redone on the new HEAD and other parts changed: it is verified again.
    RenderMoved {
        /// The new base.
        base: CommitId,
        /// The new hash.
        render_hash: String,
    },
    /// A person wrote the same value: theirs counts as the record.
    RecordedByOther {
        /// Their commit, or the HEAD that holds it.
        commit: CommitId,
        /// Who wrote it.
        author: String,
    },
    /// A person wrote another value: theirs wins.
    OtherWon {
        /// Their commit, or the HEAD that holds it.
        commit: CommitId,
        /// Who wrote it.
        author: String,
    },
    /// The commit was seen on the remote's branch.
    Pushed {
        /// Its id.
        commit: CommitId,
    },
    /// The database was lost, and this is known of the pin from its commit in git.
    ReadBack {
        /// The commit that records it.
        commit: CommitId,
        /// Who approved it.
        by: Vec<Decider>,
    },
    /// The inventory names the verified commit, and what the candidate no longer has is pruned.
    Settled {
        /// How many objects went.
        pruned: u32,
        /// What the guard holds back until a named person confirms.
        held: Vec<String>,
    },
    /// The candidate was dropped and the cluster converged back.
    ConvergedBack {
        /// The verified commit that it is back on; none when there never was one.
        to: Option<CommitId>,
        /// Whether that works.
        healthy: bool,
        /// What is seen, in words.
        seen: String,
    },
}

/// A fact with its place: what the database hands back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded<F> {
    /// When it was appended.
    pub at: Timestamp,
    /// The fact.
    pub fact: F,
}
