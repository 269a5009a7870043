//! What the JSON API says, in types of its own: fields are only ever added.

use chat::wording::{self, StepState};
use control::{DriftLine, InstanceView, Part};
use model::{ImageRef, Pin};
use serde::{Deserialize, Serialize};
use store::{BuildRow, BuildState, PinRecord};

/// A pin.
#[derive(Debug, Serialize)]
pub(crate) struct PinWire {
    number: u64,
    instance: String,
    kind: &'static str,
    stage: &'static str,
    ended: bool,
    headline: String,
    sentence: String,
    from: Option<ImageWire>,
    to: ImageWire,
    opened_at: String,
    since: String,
    opened_by: Option<String>,
    approvals: Vec<String>,
    ask: Option<AskWire>,
    commit: Option<String>,
    failure: Option<FailureWire>,
    /// Names what people are asked; send it back with an answer.
    shown: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<StepWire>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal: Option<ProposalWire>,
}

/// An image.
#[derive(Debug, Serialize)]
pub(crate) struct ImageWire {
    reference: String,
    version: String,
    digest: Option<String>,
}

#[derive(Debug, Serialize)]
struct AskWire {
    approvers: Vec<String>,
    quorum: u32,
    until: String,
}

#[derive(Debug, Serialize)]
struct FailureWire {
    sentence: String,
    technical: String,
    object: String,
    log: Vec<String>,
}

#[derive(Debug, Serialize)]
struct StepWire {
    name: &'static str,
    state: &'static str,
    at: Option<String>,
    detail: Option<String>,
}

#[derive(Debug, Serialize)]
struct ProposalWire {
    base: String,
    render_hash: String,
    git_diff: String,
    rendered_diff: String,
    commits: Vec<CommitWire>,
}

#[derive(Debug, Serialize)]
struct CommitWire {
    commit: String,
    author: String,
    subject: String,
}

/// An instance.
#[derive(Debug, Serialize)]
pub(crate) struct InstanceWire {
    instance: String,
    state: &'static str,
    sentence: String,
    context: String,
    namespace: String,
    version: Option<ImageWire>,
    verified_commit: Option<String>,
    verified_at: Option<String>,
    lock: Option<LockWire>,
    /// What is no longer in git and held back until a person confirms.
    held: Vec<String>,
    /// Names what is held; send it back to confirm it.
    held_shown: Option<String>,
    open_pin: Option<u64>,
    last_pin: Option<u64>,
}

#[derive(Debug, Serialize)]
struct LockWire {
    by: String,
    why: String,
    at: String,
}

/// A difference between desired and live.
#[derive(Debug, Serialize)]
pub(crate) struct DriftWire {
    object: String,
    field: String,
    desired: String,
    live: String,
    by: String,
}

/// A part that the tool needs.
#[derive(Debug, Serialize)]
pub(crate) struct PartWire {
    name: String,
    trouble: Option<String>,
}

/// A build.
#[derive(Debug, Serialize)]
pub(crate) struct BuildWire {
    build: i64,
    project: String,
    image: String,
    tag: Option<String>,
    digest: Option<String>,
    state: &'static str,
    why: Option<String>,
    received_at: String,
}

/// What an acting call may carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ActWire {
    /// Which instance, for what is no pin's.
    #[serde(default)]
    pub instance: String,
    /// Why; people are told.
    #[serde(default)]
    pub reason: String,
    /// The ask that is answered, as `shown` named it; without it the one that there is.
    #[serde(default)]
    pub shown: String,
}

/// A commit that somebody accepts.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CommitIdWire {
    pub commit: String,
}

/// A one-time link, traded for a token.
#[derive(Debug, Deserialize)]
pub(crate) struct LinkWire {
    pub link: String,
}

/// A session.
#[derive(Debug, Serialize)]
pub(crate) struct SessionWire {
    pub person: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl PinWire {
    /// A pin in a list.
    pub(crate) fn brief(pin: &Pin) -> Self {
        Self {
            number: pin.number.0,
            instance: pin.instance.to_string(),
            kind: match pin.kind {
                model::PinKind::Pin => "pin",
                model::PinKind::Unpin { .. } => "unpin",
            },
            stage: pin.stage.name(),
            ended: pin.ended(),
            headline: wording::headline(pin),
            sentence: wording::sentence(pin),
            from: pin.from().map(ImageWire::of),
            to: ImageWire::of(pin.to()),
            opened_at: pin.opened_at.to_string(),
            since: pin.since.to_string(),
            opened_by: pin.opened_by.as_ref().map(ToString::to_string),
            approvals: pin.approvals.iter().map(|approval| approval.by.to_string()).collect(),
            ask: pin.ask.as_ref().map(AskWire::of),
            commit: pin.commit.as_ref().map(ToString::to_string),
            failure: pin.failure.as_ref().map(FailureWire::of),
            shown: None,
            steps: Vec::new(),
            proposal: None,
        }
    }

    /// A pin with its steps and diffs.
    pub(crate) fn whole(record: &PinRecord) -> Self {
        Self {
            shown: Some(chat::ButtonValue::of(&record.id, &record.pin).nonce),
            steps: wording::timed_steps(&record.pin, &record.facts).into_iter().map(StepWire::of).collect(),
            proposal: record.pin.proposal.as_ref().map(ProposalWire::of),
            ..Self::brief(&record.pin)
        }
    }
}

impl ImageWire {
    fn of(image: &ImageRef) -> Self {
        let digest = image.digest.as_ref().map(ToString::to_string);
        Self { reference: image.to_string(), version: image.version().to_owned(), digest }
    }
}

impl AskWire {
    fn of(ask: &model::Ask) -> Self {
        let approvers = ask.approvers.iter().map(ToString::to_string).collect();
        Self { approvers, quorum: ask.quorum, until: ask.until.to_string() }
    }
}

impl FailureWire {
    fn of(report: &model::FailureReport) -> Self {
        let model::FailureReport { sentence, technical, object, log } = report.clone();
        Self { sentence, technical, object, log }
    }
}

impl StepWire {
    fn of(step: wording::Step) -> Self {
        let state = match step.state {
            StepState::Done => "done",
            StepState::Now => "now",
            StepState::NotReached => "not-reached",
            StepState::Failed => "failed",
        };
        Self { name: step.name, state, at: step.at.map(|at| at.to_string()), detail: step.detail }
    }
}

impl ProposalWire {
    fn of(proposal: &model::Proposal) -> Self {
        let commits = proposal.commits.iter().map(|line| CommitWire {
            commit: line.commit.to_string(),
            author: line.author.clone(),
            subject: line.subject.clone(),
        });
        Self {
            base: proposal.base.to_string(),
            render_hash: proposal.render_hash.clone(),
            git_diff: proposal.git_diff.clone(),
            rendered_diff: proposal.rendered_diff.clone(),
            commits: commits.collect(),
        }
    }
}

impl InstanceWire {
    /// An instance as the page shows it.
    pub(crate) fn of(view: &InstanceView) -> Self {
        let verified = view.state.verified.as_ref();
        let lock = view.state.lock.as_ref();
        Self {
            instance: view.id.to_string(),
            state: crate::pages::Shape::from(view.mark).name(),
            sentence: view.now.clone(),
            context: view.context.clone(),
            namespace: view.namespace.clone(),
            version: verified.and_then(|verified| verified.image.as_ref()).map(ImageWire::of),
            verified_commit: verified.map(|verified| verified.commit.to_string()),
            verified_at: verified.map(|verified| verified.at.to_string()),
            lock: lock.map(|lock| LockWire { by: lock.by.to_string(), why: lock.why.clone(), at: lock.at.to_string() }),
            held_shown: (!view.state.prune_held.is_empty()).then(|| control::shown_prune(&view.state.prune_held)),
            held: view.state.prune_held.clone(),
            open_pin: view.open.as_ref().map(|pin| pin.number.0),
            last_pin: view.last.map(|pin| pin.0),
        }
    }
}

impl From<DriftLine> for DriftWire {
    fn from(line: DriftLine) -> Self {
        let DriftLine { object, field, desired, live, by } = line;
        Self { object, field, desired, live, by }
    }
}

impl From<Part> for PartWire {
    fn from(part: Part) -> Self {
        Self { name: part.name, trouble: part.trouble }
    }
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
            state,
            why,
            received_at: row.received_at.to_string(),
        }
    }
}
