//! What is appended to the database about an instance, apart from any one pin. Stored as [`crate::Fact`]s are.

use serde::{Deserialize, Serialize};

use crate::{CommitId, CommitLine, Decider, FailureReport, ImageRef, PersonName, PinNumber};

/// A HEAD that people pushed and that does not work in an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadFailure {
    /// The HEAD that was tried.
    pub head: CommitId,
    /// The newest commit up to there that touched the instance: whom people would ask.
    pub by: CommitLine,
    /// Hash of what it renders to; none when it does not render.
    pub render_hash: Option<String>,
    /// Why it does not work.
    pub failure: FailureReport,
    /// Whether anything of it reached the cluster.
    pub touched: bool,
    /// The verified commit that the instance is held on; none where it follows HEAD.
    pub held_on: Option<CommitId>,
}

/// An object of a pushed commit that can't be applied: it is left out while the rest proceeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedObject {
    /// Its API group.
    #[serde(default)]
    pub group: String,
    /// Its kind; empty where that can't be told.
    #[serde(default)]
    pub kind: String,
    /// Its name; empty where that can't be told.
    #[serde(default)]
    pub name: String,
    /// Where it stands: file and line.
    pub place: String,
    /// Why it can't be applied.
    pub why: String,
}

impl QuarantinedObject {
    /// `ConfigMap/settings`, as far as that can be told.
    pub fn label(&self) -> String {
        if self.kind.is_empty() || self.name.is_empty() {
            "an object".to_owned()
        } else {
            format!("{}/{}", self.kind, self.name)
        }
    }
}

/// An object that differed from what is desired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftFound {
    /// `Kind/name`.
    pub object: String,
    /// Which fields differed and by whom, in words (`data.GREETING by kubectl-edit at 14:02`), or that it was gone.
    pub what: Vec<String>,
    /// What was done.
    pub done: DriftDone,
    /// The fields with what differed, as far as it is kept: what a person can have written to git.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<DriftedField>,
}

/// A field that differed. Values are JSON; one that is long, or may be secret, is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftedField {
    /// Where, as an edit of the manifest names it; none where it has no such place.
    pub path: Option<String>,
    /// What was desired; none: nothing.
    pub desired: Option<String>,
    /// What was live; none: nothing.
    pub live: Option<String>,
    /// Whether both are kept.
    pub kept: bool,
}

/// What a person had us write to the config repo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Who.
    pub by: PersonName,
    /// What, in words (`drift of ConfigMap/settings`).
    pub what: String,
    /// The commit.
    pub commit: CommitId,
    /// The branch of its own that it is on, to be reviewed; none: the branch that is deployed from.
    pub branch: Option<String>,
}

/// What was done about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftDone {
    /// It was made equal again.
    Repaired,
    /// The rule says to tell and no more.
    Reported,
    /// It was repaired again and again; somebody else keeps changing it, so it is left to people.
    GivenUp,
}

/// A fact about an instance, apart from any one pin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub enum InstanceFact {
    /// This commit was seen Current.
    Verified {
        /// The commit.
        commit: CommitId,
        /// Hash of what it renders to.
        render_hash: String,
        /// The project's image in it.
        image: Option<ImageRef>,
        /// The pin that brought it; none for a first install.
        pin: Option<PinNumber>,
    },
    /// The database was lost, and git says that this was recorded here: it was seen Current then.
    ReadBack {
        /// The commit.
        commit: CommitId,
        /// The project's image in it.
        image: ImageRef,
    },
    /// The first install was tried and does not work yet.
    InstallFailed {
        /// The commit that was tried.
        commit: Option<CommitId>,
        /// What is wrong, in words.
        why: String,
    },
    /// What people pushed was tried and does not work, or can't be tried: HEAD is no candidate any more until it changes or
    /// somebody wants it tried again.
    HeadFailed(Box<HeadFailure>),
    /// Some objects of a pushed commit can't be applied, and the instance follows HEAD: they are left out, and stay as they are in
    /// the cluster. None of them: all of that commit can be applied after all.
    Quarantined {
        /// The commit that was tried.
        commit: CommitId,
        /// The newest commit up to there that touched the instance: whom people would ask.
        by: CommitLine,
        /// Each object.
        objects: Vec<QuarantinedObject>,
    },
    /// After a HEAD that failed, the instance was made equal to the verified commit again.
    HeldBack {
        /// The verified commit.
        to: CommitId,
        /// Whether that works.
        healthy: bool,
        /// What is seen, in words.
        seen: String,
    },
    /// A person wants what failed tried again.
    RetryWanted {
        /// Who.
        by: PersonName,
    },
    /// A person wants objects taken over that are there and not ours: exactly these.
    AdoptWanted {
        /// Who.
        by: PersonName,
        /// Each, as `Kind/name`, with its uid.
        objects: Vec<(String, String)>,
    },
    /// Live differed from desired, and what was done about it.
    Drifted(Box<DriftFound>),
    /// What differed in this object, and was left so, no longer does.
    DriftGone {
        /// `Kind/name`.
        object: String,
    },
    /// A person wants exactly this plan carried out, differences that the rule leaves to people with it.
    SyncWanted {
        /// Who.
        by: PersonName,
        /// The number of the plan.
        plan: u64,
        /// Hash of what it renders to.
        render_hash: String,
    },
    /// A plan was carried out, or something else is desired by now.
    Synced {
        /// The number of the plan.
        plan: u64,
    },
    /// A person had something written to the config repo.
    Written(Written),
    /// What nothing desires any more and the guard holds back until a named person confirms, as `Kind/name: why`. None of them:
    /// nothing is held any more.
    PruneHeld {
        /// Each object.
        objects: Vec<String>,
    },
    /// A person lets go what the guard holds: exactly this.
    PruneConfirmed {
        /// Who.
        by: PersonName,
        /// As it was held.
        objects: Vec<String>,
    },
    /// Git has the instance no longer. These objects run on until a named person confirms that they go.
    Left {
        /// Each object, as `Kind/name`.
        objects: Vec<String>,
    },
    /// Git has it again.
    Returned,
    /// Git has it no longer and nothing of it is left in the cluster: what was known of it ends here.
    Removed {
        /// How many objects went.
        objects: u32,
    },
    /// Automatic pins are off.
    Locked {
        /// Who did it.
        by: Decider,
        /// Why.
        why: String,
    },
    /// Automatic pins are on again.
    Unlocked {
        /// Who did it.
        by: PersonName,
    },
}
