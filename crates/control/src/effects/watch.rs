//! Watching what was applied until it is proven, or shown not to work.

use std::collections::BTreeSet;
use std::mem::Discriminant;
use std::time::Duration;

use cluster::{Applied, ClusterClient, Freshness, KindKey, ObjectKey, Snapshot, Watcher};
use config_repo::Instance;
use health::{Baseline, Cause, Decision, Failure, Judgement, LogSource, Verdict, Watch};
use model::{Fact, FailureReport, InstanceId, PinNumber, Stage};
use render::Rendered;
use store::PinRecord;
use tokio::time::Instant;

use super::Done;
use crate::candidate::Candidate;
use crate::converge::{Place, keys};
use crate::inner::Inner;
use crate::trouble::Trouble;

/// Lines of a failing container that people are shown.
const LOG_LINES: u32 = 20;
/// A container's lines are evidence, not the verdict: they are not waited for longer.
const LOG_WITHIN: Duration = Duration::from_secs(3);
/// A watch that has just begun knows no restarts; it is given this long to see.
const SIGHTED_WITHIN: Duration = Duration::from_secs(5);
/// Without news the world is looked at again after this long.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// So often what people change while it is watched is taken back.
const MOST_REPAIRS: usize = 3;
/// What they changed is cut here.
const LONGEST_EDITS: usize = 500;

/// How a watch ended.
pub(crate) enum Watched {
    /// Current for the stable window.
    Passed,
    /// It does not work.
    Failed(Box<Failure>),
    /// Something else came first.
    Stopped,
}

/// What is watched for.
pub(crate) struct Goal {
    /// What is looked at.
    pub keys: Vec<ObjectKey>,
    /// What the apply answered: what is from before it is no evidence.
    pub applied: Vec<Applied>,
    /// What has to be Current; none: everything. What failed counts anyhow.
    pub needed: Option<BTreeSet<ObjectKey>>,
    /// How many objects are not applied before that.
    pub waiting: usize,
    /// For how long it has to be so.
    pub stable_for: Duration,
}

impl Goal {
    fn verdict(&self, judged: Judgement) -> Verdict {
        let Some(needed) = &self.needed else { return judged.verdict };
        let is_needed = |key: &health::ObjectKey| needed.iter().any(|needed| is_same(needed, key));
        let counts = judged.objects.into_iter().filter(|(key, verdict)| verdict.is_failed() || is_needed(key));
        let worst = counts.map(|(_, verdict)| verdict).reduce(|a, b| if b.badness() > a.badness() { b } else { a });
        worst.unwrap_or(Verdict::Current)
    }

    fn sentence(&self, verdict: &Verdict) -> String {
        match (verdict.is_current(), self.waiting) {
            (true, _) => "stays as it is for a while".to_owned(),
            (false, 0) => verdict.sentence().to_owned(),
            (false, 1) => format!("{}; 1 object waits for it", verdict.sentence()),
            (false, waiting) => format!("{}; {waiting} objects wait for it", verdict.sentence()),
        }
    }
}

fn is_same(key: &ObjectKey, judged: &health::ObjectKey) -> bool {
    key.kind.is(&judged.group, &judged.kind) && key.namespace == judged.namespace && key.name == judged.name
}

/// What to watch for, and who is told meanwhile.
pub(crate) trait Attend {
    /// What is waited for has changed. True stops the watch.
    async fn waiting(&mut self, observed: Duration, sentence: &str, seen: &Snapshot) -> Result<bool, Trouble>;
    /// The instance was woken. True stops the watch.
    async fn woken(&mut self) -> Result<bool, Trouble>;
}

pub(super) async fn perform(inner: &Inner, record: &PinRecord) -> Result<Done, Trouble> {
    let candidate = inner.recorded_candidate(&record.pin).await?;
    let place = inner.place(&record.pin.instance, &candidate.rendered).await?;
    inner.applied_again(&place, &candidate.rendered).await?;
    let mut attend = OfPin::of(inner, record);
    match inner.watch(&place, &candidate.rendered, &mut attend).await? {
        Watched::Passed => proven(inner, record, &place, &candidate).await,
        Watched::Failed(failure) => Err(Trouble::Failed(Box::new(inner.report(&place.cluster, &failure).await))),
        Watched::Stopped => Err(Trouble::LookAgain),
    }
}

/// What was seen to work counts when it is still what was applied. What somebody changed meanwhile is taken back, and
/// watched anew; who keeps changing it is not fought for ever.
async fn proven(inner: &Inner, record: &PinRecord, place: &Place, candidate: &Candidate) -> Result<Done, Trouble> {
    let edits = inner.edits(place, &candidate.rendered).await?;
    if !edits.is_empty() {
        let edits = secrets::clip(&edits.join("; "), LONGEST_EDITS);
        if times_applied(record) > MOST_REPAIRS {
            let why = format!("it was changed again and again while it was watched: {edits}");
            return Err(Trouble::Impossible(why));
        }
        let report = inner.apply_all(place, &candidate.rendered, "apply again").await?;
        if report.changed() > 0 {
            let mut notes: Vec<String> = report.notes.iter().map(|note| inner.redacted(note)).collect();
            notes.push(inner.redacted(&format!("changed while it was watched, and taken back: {edits}")));
            return Ok(Fact::Applied { changed: report.changed(), objects: report.objects(), notes }.into());
        }
    }
    Ok(Fact::Verified { render_hash: candidate.hash(), commit_date: inner.clock.now() }.into())
}

/// How often this render was applied.
fn times_applied(record: &PinRecord) -> usize {
    let facts = record.facts.iter().rev().map(|recorded| &recorded.fact);
    let this_render = facts.take_while(|fact| !matches!(fact, Fact::Rendered { .. } | Fact::RenderMoved { .. }));
    this_render.filter(|fact| matches!(fact, Fact::Applied { .. })).count()
}

/// A pin attends by recording what it waits for. It stops when a fact took it elsewhere, and gives way at once to a newer
/// pin that is approved: the lane is busy with this watch, so nobody else would see to that.
pub(super) struct OfPin<'a> {
    inner: &'a Inner,
    record: PinRecord,
    /// The stage that it attends in.
    stage: Discriminant<Stage>,
    last: String,
}

impl<'a> OfPin<'a> {
    pub(super) fn of(inner: &'a Inner, record: &PinRecord) -> Self {
        Self { inner, stage: std::mem::discriminant(&record.pin.stage), record: record.clone(), last: String::new() }
    }
}

impl Attend for OfPin<'_> {
    async fn waiting(&mut self, observed: Duration, sentence: &str, _seen: &Snapshot) -> Result<bool, Trouble> {
        if sentence == self.last {
            return Ok(false);
        }
        sentence.clone_into(&mut self.last);
        let fact = Fact::Watched {
            observed_ms: u64::try_from(observed.as_millis()).unwrap_or(u64::MAX),
            waiting_for: self.inner.redacted(sentence),
        };
        match self.inner.append(&self.record, &[fact], &[]).await {
            Ok(pin) => self.record.pin = pin,
            Err(_) => return self.woken().await,
        }
        Ok(false)
    }

    async fn woken(&mut self) -> Result<bool, Trouble> {
        if let Some(record) = self.inner.store.pin(self.record.pin.number).await? {
            self.record = record;
        }
        if std::mem::discriminant(&self.record.pin.stage) != self.stage {
            return Ok(true);
        }
        let Some(newer) = self.newer_approved().await? else { return Ok(false) };
        self.inner.supersede(&self.record, newer).await?;
        Ok(true)
    }
}

impl OfPin<'_> {
    async fn newer_approved(&self) -> Result<Option<PinNumber>, Trouble> {
        let own = &self.record.pin;
        let open = self.inner.store.open_pins_of(&own.instance).await?;
        let newer = open.iter().map(|record| &record.pin).filter(|pin| pin.stage == Stage::Approved);
        Ok(newer.map(|pin| pin.number).filter(|number| *number > own.number).max())
    }
}

impl Inner {
    /// Watches a set until it is proven, fails, or something else comes first. Driven by what the cluster reports; the
    /// timer only serves the stable window and the deadline.
    pub(crate) async fn watch(
        &self,
        place: &Place,
        rendered: &Rendered,
        attend: &mut impl Attend,
    ) -> Result<Watched, Trouble> {
        let (_, stable_for) = self.limits(&place.instance.id)?;
        let before = self.last_applied.of(&place.instance.id);
        let goal = Goal { keys: keys(rendered), applied: before.applied, needed: None, waiting: 0, stable_for };
        self.watch_for(place, &goal, attend).await
    }

    /// Watches what was applied until it is what is wanted.
    pub(crate) async fn watch_for(
        &self,
        place: &Place,
        goal: &Goal,
        attend: &mut impl Attend,
    ) -> Result<Watched, Trouble> {
        let id = &place.instance.id;
        let (deadline, _) = self.limits(id)?;
        let keys: Vec<ObjectKey> = goal.keys.iter().filter(|key| !key.kind.is_secret()).cloned().collect();
        let watcher = self.watcher(&place.instance, &place.cluster, &keys).await;
        let mut changes = watcher.changes_of(&keys);
        let mut woken = self.wakes.instance(id);
        let baseline = self.last_applied.of(id).baseline;
        let mut watch = Watch::new(deadline, goal.stable_for);
        // Whether the watch was seen to tell what is new a moment ago.
        let (mut looked, mut fresh) = (None, false);
        loop {
            changes.mark_unchanged();
            let snapshot = watcher.snapshot(&keys);
            let now = Instant::now();
            if snapshot.healthy_stream {
                let since = looked.map_or(Duration::ZERO, |at| now.duration_since(at));
                looked = Some(now);
                let verdict = goal.verdict(snapshot.judge(&goal.applied, &baseline, &self.config().health));
                let decision = watch.observe(&verdict, since);
                if rests_on_time(&decision) && !fresh {
                    match watcher.freshness(&goal.applied, &snapshot, &self.config().health).await? {
                        Freshness::Current => {}
                        Freshness::Older => {
                            fresh = true;
                            continue;
                        }
                        Freshness::Silent => {
                            // Nor was it seen to stay as it was: that begins anew.
                            watch.observe(&Verdict::Unknown("its watch told nothing".to_owned()), Duration::ZERO);
                            looked = None;
                            continue;
                        }
                    }
                }
                fresh = false;
                match decision {
                    Decision::Passed => return Ok(Watched::Passed),
                    Decision::Failed(failure) => return Ok(Watched::Failed(Box::new(failure))),
                    Decision::Wait => {}
                }
                let sentence = goal.sentence(&verdict);
                if attend.waiting(watch.observed(), &sentence, &snapshot).await? {
                    return Ok(Watched::Stopped);
                }
            } else {
                // Blind time counts for nothing.
                looked = None;
                if attend.waiting(watch.observed(), &blind(&snapshot), &snapshot).await? {
                    return Ok(Watched::Stopped);
                }
            }
            tokio::select! {
                () = changes.changed() => {}
                _ = woken.changed() => if attend.woken().await? { return Ok(Watched::Stopped) },
                () = tokio::time::sleep(watch.look_again_in().clamp(Duration::from_millis(1), LOOK_AGAIN)) => {}
            }
        }
    }

    /// The watches of an instance, with the kinds of these objects among them.
    pub(crate) async fn watcher(&self, instance: &Instance, cluster: &ClusterClient, keys: &[ObjectKey]) -> Watcher {
        let kinds: BTreeSet<KindKey> = keys.iter().map(|key| key.kind.clone()).collect();
        let kinds: Vec<KindKey> = kinds.into_iter().collect();
        let watcher = self.clusters.watcher(&instance.id, cluster, &instance.namespace, &kinds).await;
        self.apps.note(&instance.id, &watcher, cluster, keys);
        watcher
    }

    pub(crate) fn limits(&self, id: &InstanceId) -> Result<(Duration, Duration), Trouble> {
        let config = self.config();
        let environment = config.environments.get(&id.environment);
        let gone = || Trouble::Impossible(format!("environment `{}` is no longer in pinnace.yaml", id.environment));
        environment.map(|known| (known.deadline, known.stable_for)).ok_or_else(gone)
    }

    /// Counts restarts from now on: those from before the first write say nothing about what comes.
    pub(crate) async fn note_baseline(&self, place: &Place, rendered: &Rendered) {
        let baseline = self.restarts(place, rendered).await;
        self.last_applied.change(&place.instance.id, |before| before.baseline = baseline);
    }

    /// Counts restarts from the candidate's first write on, whichever process made it: the inventory knows what had
    /// restarted before.
    pub(super) async fn recall_baseline(&self, place: &Place, rendered: &Rendered) -> Result<(), Trouble> {
        let stored = place.cluster.known_inventory(&place.instance.id).await?;
        let mark = stored.and_then(|stored| stored.inventory.candidate);
        let mark = mark.filter(|mark| mark.render_hash == rendered.hash.to_string());
        match mark.and_then(|mark| mark.restarts) {
            Some(baseline) => self.last_applied.change(&place.instance.id, |before| before.baseline = baseline),
            None => self.note_baseline(place, rendered).await,
        }
        Ok(())
    }

    /// How often containers restarted up to now.
    pub(super) async fn restarts(&self, place: &Place, rendered: &Rendered) -> Baseline {
        let keys: Vec<ObjectKey> = keys(rendered).into_iter().filter(|key| !key.kind.is_secret()).collect();
        self.watcher(&place.instance, &place.cluster, &keys).await.sighted(&keys, SIGHTED_WITHIN).await.baseline()
    }

    /// After a restart nobody knows what the apply answered: applying the same again says so, and changes nothing.
    async fn applied_again(&self, place: &Place, rendered: &Rendered) -> Result<(), Trouble> {
        if self.last_applied.of(&place.instance.id).render_hash != rendered.hash.to_string() {
            self.recall_baseline(place, rendered).await?;
            self.apply_all(place, rendered, "apply").await?;
        }
        Ok(())
    }

    /// The failure as people are shown it, with the failing container's last lines.
    pub(crate) async fn report(&self, cluster: &ClusterClient, failure: &Failure) -> FailureReport {
        let log = match &failure.logs_of {
            None => Vec::new(),
            Some(of) => self.last_lines(cluster, of).await,
        };
        FailureReport {
            sentence: self.redacted(&failure.sentence),
            technical: self.redacted(&failure.technical),
            object: format!("{}/{}", failure.object.kind, failure.object.name),
            log,
        }
    }

    /// The last lines of a container, as people may see them.
    pub(crate) async fn last_lines(&self, cluster: &ClusterClient, of: &LogSource) -> Vec<String> {
        let read = cluster.logs(&of.namespace, &of.pod, &of.container, of.previous, LOG_LINES);
        match tokio::time::timeout(LOG_WITHIN, read).await {
            Ok(Ok(text)) => text.lines().map(|line| self.redacted(line)).collect(),
            Ok(Err(error)) => vec![format!("(no lines: {})", self.redacted(&error.to_string()))],
            Err(_) => vec!["(no lines: the cluster did not hand them out in time)".to_owned()],
        }
    }
}

/// Whether it follows from what was not seen for some time: a watch that tells nothing must not be why.
fn rests_on_time(decision: &Decision) -> bool {
    match decision {
        Decision::Passed => true,
        Decision::Failed(failure) => failure.cause == Cause::DeadlineExceeded,
        Decision::Wait => false,
    }
}

fn blind(snapshot: &Snapshot) -> String {
    match snapshot.trouble.first() {
        Some(trouble) => format!("the cluster can't be seen, so the clock is stopped: {trouble}"),
        None => "the cluster is being looked at".to_owned(),
    }
}
