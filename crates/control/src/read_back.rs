//! A database that was lost is begun anew with what git holds: every pin that was recorded, and the locks that came with
//! unpins. What ran is found in the inventories, when each instance is looked at.

use config_repo::CommitInfo;
use model::{
    Build, BuildChart, Decider, Fact, ImageRef, InstanceFact, InstanceId, PinKind, PinNumber, Proposal, Timestamp,
};
use store::{NewPin, ReadBack};

use crate::effects::{APPROVED_TRAILER, INSTANCE_TRAILER, LOCKED_TRAILER, NUMBER_TRAILER, PIN_TRAILER, UNPINS_TRAILER};
use crate::inner::Inner;
use crate::trouble::Trouble;

/// So many of the newest recorded pins are read back.
const MOST: usize = 10_000;

impl Inner {
    /// Reads the recorded pins back into a database that holds none.
    pub(crate) async fn read_back(&self) -> Result<(), Trouble> {
        if !self.store.is_empty().await? {
            return Ok(());
        }
        let commits = self.mirror.commits_with_trailer(PIN_TRAILER, &self.mirror.head(), MOST).await?;
        let mut pins: Vec<ReadBack> = commits.iter().rev().filter_map(|(info, message)| pin(info, message)).collect();
        lock_unpinned(&mut pins, &commits);
        if !pins.is_empty() {
            tracing::info!(pins = pins.len(), "the database is empty: recorded pins are read back from git");
        }
        Ok(self.store.read_back(pins).await?)
    }
}

/// The pin that a commit records. One that says too little of it is passed over.
fn pin(info: &CommitInfo, message: &str) -> Option<ReadBack> {
    let id = info.trailer(PIN_TRAILER)?.parse().ok()?;
    let instance: InstanceId = info.trailer(INSTANCE_TRAILER)?.parse().ok()?;
    let image = line(message, "Now: ")?;
    let kind = match info.trailer(UNPINS_TRAILER).and_then(|of| of.parse().ok()) {
        Some(of) => PinKind::Unpin { of: PinNumber(of) },
        None => PinKind::Pin,
    };
    let proposal = Proposal {
        base: info.parents.first().unwrap_or(&info.id).clone(),
        from: line(message, "Before: "),
        from_chart: chart(message, "Before chart: "),
        render_hash: String::new(),
        git_diff: String::new(),
        rendered_diff: String::new(),
        commits: Vec::new(),
    };
    let number = info.trailer(NUMBER_TRAILER).and_then(|number| number.parse().ok());
    let worked = InstanceFact::ReadBack { commit: info.id.clone(), image: image.clone() };
    let facts =
        vec![Fact::Proposed(Box::new(proposal)), Fact::ReadBack { commit: info.id.clone(), by: approved_by(info) }];
    Some(ReadBack {
        pin: NewPin {
            id,
            instance,
            kind,
            build: Build { image, chart: chart(message, "Now chart: "), announced: None },
            by: None,
        },
        number: number.map(PinNumber),
        facts,
        instance_facts: vec![worked],
        at: Timestamp(info.date_seconds.saturating_mul(1000)),
    })
}

fn line(message: &str, begins: &str) -> Option<ImageRef> {
    message.lines().find_map(|line| line.strip_prefix(begins)?.trim().parse().ok())
}

/// `web 1.5.0 sha256:...`, with `alone` after it where the image was left alone.
fn chart(message: &str, begins: &str) -> Option<BuildChart> {
    let line = message.lines().find_map(|line| line.strip_prefix(begins))?;
    let mut words = line.split_whitespace();
    let (name, version) = (words.next()?.to_owned(), words.next()?.to_owned());
    Some(BuildChart { name, version, digest: words.next()?.parse().ok()?, alone: words.next() == Some("alone") })
}

fn approved_by(info: &CommitInfo) -> Vec<Decider> {
    let all = info.trailers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(APPROVED_TRAILER));
    all.filter_map(|(_, by)| decider(by)).collect()
}

fn decider(text: &str) -> Option<Decider> {
    match text.strip_prefix("policy ") {
        Some(policy) => policy.parse().ok().map(Decider::Policy),
        None => text.parse().ok().map(Decider::Person),
    }
}

/// An instance whose newest record is an unpin is locked (design 9.9). That somebody unlocked it since stands nowhere.
fn lock_unpinned(pins: &mut [ReadBack], commits: &[(CommitInfo, String)]) {
    let mut seen: Vec<InstanceId> = Vec::new();
    for pin in pins.iter_mut().rev() {
        if seen.contains(&pin.pin.instance) {
            continue;
        }
        seen.push(pin.pin.instance.clone());
        let record = commits.iter().find(|(info, _)| info.trailer(PIN_TRAILER) == Some(pin.pin.id.as_str()));
        let Some((info, _)) = record.filter(|(info, _)| info.trailer(LOCKED_TRAILER).is_some()) else { continue };
        let Some(by) = approved_by(info).pop() else { continue };
        let why = format!("unpinned in commit {}, as git says", info.id.short());
        pin.instance_facts.push(InstanceFact::Locked { by, why });
    }
}
