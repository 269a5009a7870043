//! What people are shown, as data: the page, the API and the command line render these and nothing else.

use crate::apps::AppsView;
use model::{CommitId, Fact, Fleet, FleetFact, InstanceId, InstanceState, Pin, PinNumber, Recorded, Tally};

/// One pin with all that happened to it.
#[derive(Debug, Clone)]
pub struct PinView {
    /// Its state.
    pub pin: Pin,
    /// Its facts, oldest first.
    pub facts: Vec<Recorded<Fact>>,
    /// Where its commit can be read, if the config repo has a page.
    pub commit_url: Option<String>,
}

/// A fleet pin and its pins.
#[derive(Debug, Clone)]
pub struct FleetView {
    /// Its state.
    pub fleet: Fleet,
    /// Its facts, oldest first.
    pub facts: Vec<Recorded<FleetFact>>,
    /// The pins of its instances, in their order.
    pub pins: Vec<Pin>,
    /// How many of them are where.
    pub tally: Tally,
    /// Names what people are asked about, to answer exactly that ([`crate::shown_fleet`]); none while they are not asked.
    pub shown: Option<String>,
}

/// One instance at a glance.
#[derive(Debug, Clone)]
pub struct InstanceView {
    /// Which.
    pub id: InstanceId,
    /// The kube context that it runs in.
    pub context: String,
    /// The namespace that it runs in.
    pub namespace: String,
    /// What is known of it: verified commit, lock.
    pub state: InstanceState,
    /// Its state in a word, for the mark, the filter and the order: worst first.
    pub mark: Mark,
    /// What it is doing now, or why it is not well, in words.
    pub now: String,
    /// How those of its objects stand that are of our own kinds.
    pub apps: AppsView,
    /// The open pin that matters most: the candidate, else the newest that waits.
    pub open: Option<Pin>,
    /// The pin that ended last.
    pub last: Option<PinNumber>,
}

/// An object that is in the cluster, is not ours, and that git has for an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoptable {
    /// `Kind/name`.
    pub object: String,
    /// Its uid: what is agreed to is this very object.
    pub uid: String,
    /// The tools that own its fields (`helm`, `kubectl-client-side-apply`).
    pub managers: Vec<String>,
    /// What taking it over would change, our marks apart; empty: nothing.
    pub changes: Vec<DriftLine>,
}

/// What differs between the verified commit, HEAD, and the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The verified commit; none before the first install.
    pub verified: Option<CommitId>,
    /// The config repo's HEAD.
    pub head: CommitId,
    /// From the verified commit to HEAD, of the instance's files.
    pub git: String,
    /// From the verified commit to HEAD, of the objects; Secret values are masks.
    pub rendered: String,
    /// From the verified commit to what is live.
    pub live: Vec<DriftLine>,
}

/// What trying HEAD would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The verified commit; none before the first install.
    pub verified: Option<CommitId>,
    /// The HEAD that was planned.
    pub head: CommitId,
    /// Hash of what it renders to.
    pub hash: String,
    /// Whether that was proven already.
    pub is_proven: bool,
    /// What would be done with each object.
    pub objects: Vec<PlannedObject>,
    /// What others would have to do before, in words.
    pub waits: Vec<String>,
}

/// What would be done with one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedObject {
    /// Which (`Deployment shop/web`).
    pub object: String,
    /// `create`, `change`, `replace`, `keep`, `run` (a hook), `prune`, `hold` (would go, and waits for a person) or `refuse`.
    pub action: &'static str,
    /// Why, where that has to be said.
    pub why: String,
    /// What would change, from what is live; values of Secrets are never shown.
    pub changes: Vec<DriftLine>,
    /// Names what would change, with what is not shown of it.
    pub digest: String,
}

impl Plan {
    /// Whether anything would be done, or refused.
    pub fn differs(&self) -> bool {
        self.objects.iter().any(|object| object.action != "keep")
    }
}

/// A difference between desired and live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriftLine {
    /// `Kind/name`.
    pub object: String,
    /// The field's path; Secret values are never shown.
    pub field: String,
    /// What is desired.
    pub desired: String,
    /// What is live.
    pub live: String,
    /// By whom: "by kubectl-edit at 14:02".
    pub by: String,
}

/// The state of an instance in a word, worst first (`reference/screens.md` 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Someone must act.
    Failed,
    /// Runs but is not recorded, or stuck.
    Attention,
    /// People are asked.
    Waiting,
    /// A pin is under way.
    Pinning,
    /// Live differs from desired.
    Drifted,
    /// Automatic pins are off.
    Locked,
    /// The cluster can't be seen.
    Unknown,
    /// All well.
    Healthy,
}

impl Mark {
    /// Every mark, worst first.
    pub const ALL: [Self; 8] = [
        Self::Failed,
        Self::Attention,
        Self::Waiting,
        Self::Pinning,
        Self::Drifted,
        Self::Locked,
        Self::Unknown,
        Self::Healthy,
    ];

    /// The word beside the shape.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "Failed",
            Self::Attention => "Needs attention",
            Self::Waiting => "Waiting for approval",
            Self::Pinning => "Pinning",
            Self::Drifted => "Drifted",
            Self::Locked => "Locked",
            Self::Unknown => "Unknown",
            Self::Healthy => "Healthy",
        }
    }
}

/// The first page.
#[derive(Debug, Clone)]
pub struct Overview {
    /// What waits for people, oldest first, but for what they are asked about as a fleet.
    pub waiting: Vec<Pin>,
    /// The fleet pins that are under way, oldest first.
    pub fleets: Vec<FleetView>,
    /// Every instance, worst first.
    pub instances: Vec<InstanceView>,
    /// The tool's own parts.
    pub parts: Vec<Part>,
}

/// A part that the tool needs: git, registry, chat, a cluster, the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// What is wrong with it; none when all is well.
    pub trouble: Option<String>,
}
