//! A pin.

use chat::wording::{self, StepState};
use model::Pin;
use serde::Serialize;
use store::PinRecord;

use super::image::ImageWire;

/// A pin.
#[derive(Debug, Serialize)]
pub(crate) struct PinWire {
    number: u64,
    instance: String,
    /// The fleet pin that it belongs to.
    fleet: Option<u64>,
    kind: &'static str,
    stage: &'static str,
    ended: bool,
    headline: String,
    sentence: String,
    from: Option<ImageWire>,
    to: ImageWire,
    /// The chart's version that is pinned, with the image or alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    chart: Option<ChartWire>,
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

#[derive(Debug, Serialize)]
struct AskWire {
    approvers: Vec<String>,
    quorum: u32,
    until: String,
}

/// A chart's version.
#[derive(Debug, Serialize)]
struct ChartWire {
    name: String,
    version: String,
    digest: String,
    /// Whether the image stays what it is.
    alone: bool,
    /// The version before.
    from: Option<String>,
}

/// Why something failed.
#[derive(Debug, Serialize)]
pub(super) struct FailureWire {
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

impl ChartWire {
    fn of(chart: &model::BuildChart, pin: &Pin) -> Self {
        Self {
            name: chart.name.clone(),
            version: chart.version.clone(),
            digest: chart.digest.to_string(),
            alone: chart.alone,
            from: pin.from_chart().map(|from| from.version.clone()),
        }
    }
}

impl PinWire {
    /// A pin in a list.
    pub(crate) fn brief(pin: &Pin) -> Self {
        Self {
            number: pin.number.0,
            instance: pin.instance.to_string(),
            fleet: pin.fleet.map(|fleet| fleet.0),
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
            chart: pin.build.chart.as_ref().map(|chart| ChartWire::of(chart, pin)),
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

impl AskWire {
    fn of(ask: &model::Ask) -> Self {
        let approvers = ask.approvers.iter().map(ToString::to_string).collect();
        Self { approvers, quorum: ask.quorum, until: ask.until.to_string() }
    }
}

impl FailureWire {
    /// What a report says.
    pub(super) fn of(report: &model::FailureReport) -> Self {
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
