//! Looking: what the page, the API and the command line show.

use std::collections::{BTreeMap, BTreeSet};

use config_repo::{Config, Instance};
use model::{FleetNumber, InstanceId, InstanceState, Pin, PinNumber, Stage, Tally};
use store::FleetRecord;

use crate::Control;
use crate::apps::{AppView, AppsView};
use crate::problem::{Problem, ProblemCode};
use crate::verbs::shown_fleet;
use crate::views::{DriftLine, FleetView, InstanceView, Mark, Overview, Part, PinView};

/// Pins that a page lists at a time.
const PAGE: u32 = 50;
/// Fleet pins that a page lists at a time: each has hundreds of pins.
pub const FLEETS_A_PAGE: usize = 10;

impl Control {
    /// The first page: what waits for people, and every instance, worst first.
    pub async fn overview(&self) -> Result<Overview, Problem> {
        // Three questions for all instances, and not three for each.
        let mut states = self.inner.store.instances().await?;
        let last = self.inner.store.last_ended().await?;
        let open = self.inner.store.open_pins().await?;
        let mut leading: BTreeMap<&InstanceId, &Pin> = BTreeMap::new();
        for pin in open.iter().map(|record| &record.pin) {
            let rank = |pin: &Pin| (pin.holds_claim(), pin.number);
            leading.entry(&pin.instance).and_modify(|best| *best = max_by(best, pin, rank)).or_insert(pin);
        }
        let config = self.inner.config();
        let configured: Vec<Whereabouts> = config.instances().into_iter().map(Whereabouts::from).collect();
        let is_configured: BTreeSet<&InstanceId> = configured.iter().map(|place| &place.id).collect();
        let left = states.iter().filter(|(id, state)| state.left && !is_configured.contains(id));
        let left: Vec<Whereabouts> = left.map(|(id, _)| Whereabouts::former(&config, id)).collect();
        let view = |configured: Whereabouts| {
            let state = states.remove(&configured.id).unwrap_or_default();
            let open = leading.get(&configured.id).map(|pin| (*pin).clone());
            let last = last.get(&configured.id).copied();
            let waiting = self.inner.waiting.of(&configured.id);
            let apps = self.inner.apps.brief(&configured.id);
            viewed(configured, state, Doing { open, last, waiting, apps })
        };
        let mut instances: Vec<InstanceView> = configured.into_iter().chain(left).map(view).collect();
        instances.sort_by(|a, b| (a.mark, &a.id).cmp(&(b.mark, &b.id)));
        let mut waiting: Vec<Pin> = open.into_iter().map(|record| record.pin).filter(is_asked_alone).collect();
        waiting.sort_by_key(|pin| pin.since);
        let fleets = self.open_fleets().await?;
        Ok(Overview { waiting, fleets, instances, parts: self.parts().await })
    }

    /// One instance, without asking its cluster.
    pub async fn instance_view(&self, id: &InstanceId) -> Result<InstanceView, Problem> {
        let state = self.inner.store.instance(id).await?;
        let configured = self.whereabouts(id, &state)?;
        let open = self.inner.store.open_pins_of(id).await?;
        let open = open.into_iter().map(|record| record.pin).max_by_key(|pin| (pin.holds_claim(), pin.number));
        let last = self.inner.store.last_ended_of(id).await?;
        let waiting = self.inner.waiting.of(id);
        Ok(viewed(configured, state, Doing { open, last, waiting, apps: self.inner.fit(self.inner.apps.of(id)) }))
    }

    /// One pin with all its facts.
    pub async fn pin_view(&self, number: PinNumber) -> Result<PinView, Problem> {
        let record = self.record(number).await?;
        let commit_url = record.pin.commit.as_ref().and_then(|commit| {
            self.inner.settings.commit_url.as_ref().map(|url| url.replace("{commit}", commit.as_str()))
        });
        Ok(PinView { pin: record.pin, facts: record.facts, commit_url })
    }

    /// One fleet pin with its pins.
    pub async fn fleet_view(&self, number: FleetNumber) -> Result<FleetView, Problem> {
        let (record, pins) = self.fleet_record(number).await?;
        Ok(fleet_viewed(record, pins))
    }

    /// The fleet pins before the given one, newest first, as many as a page lists.
    pub async fn fleets(&self, before: Option<FleetNumber>) -> Result<Vec<FleetView>, Problem> {
        self.with_pins(self.inner.store.fleets(before, u32::try_from(FLEETS_A_PAGE).unwrap_or(u32::MAX)).await?).await
    }

    async fn open_fleets(&self) -> Result<Vec<FleetView>, Problem> {
        self.with_pins(self.inner.store.open_fleets().await?).await
    }

    async fn with_pins(&self, records: Vec<FleetRecord>) -> Result<Vec<FleetView>, Problem> {
        let mut views = Vec::new();
        for record in records {
            let pins = self.inner.store.pins_of_fleet(record.fleet.number).await?;
            views.push(fleet_viewed(record, pins.into_iter().map(|record| record.pin).collect()));
        }
        Ok(views)
    }

    /// The pins of an instance, or of all, newest first.
    pub async fn pins(&self, id: Option<&InstanceId>, before: Option<PinNumber>) -> Result<Vec<Pin>, Problem> {
        let records = self.inner.store.pins(id, before, PAGE).await?;
        Ok(records.into_iter().map(|record| record.pin).collect())
    }

    /// Asks the cluster what differs from what is desired, and who made it so.
    pub async fn drift(&self, id: &InstanceId) -> Result<Vec<DriftLine>, Problem> {
        self.known(id)?;
        self.inner.drift(id).await.map_err(|trouble| {
            let what = format!("what differs in {id} can't be seen: {trouble}");
            Problem::new(ProblemCode::Unavailable, what, "try again")
        })
    }

    /// The tool's own parts and what is wrong with them.
    pub async fn parts(&self) -> Vec<Part> {
        let part = |name: &str, trouble: Option<String>| Part { name: name.to_owned(), trouble };
        vec![
            part("database", self.inner.store.healthy().await.err().map(|error| error.to_string())),
            part("git", self.inner.git_trouble.get()),
            part(&self.inner.settings.config_file, self.inner.configuration.trouble()),
            part("Pinnace", self.inner.broken.trouble()),
        ]
    }

    /// Where an instance is: as configured, or as far as it is known of one that git has no longer.
    fn whereabouts(&self, id: &InstanceId, state: &InstanceState) -> Result<Whereabouts, Problem> {
        let config = self.inner.config();
        if state.left && config.instance(id).is_none() {
            return Ok(Whereabouts::former(&config, id));
        }
        self.known(id).map(Whereabouts::from)
    }

    /// The instance, if it is configured.
    pub(crate) fn known(&self, id: &InstanceId) -> Result<config_repo::Instance, Problem> {
        self.inner.config().instance(id).ok_or_else(|| {
            let what = format!("there is no {id} in pinnace.yaml");
            Problem::new(ProblemCode::NotFound, what, "the overview lists the instances that there are")
        })
    }
}

fn fleet_viewed(FleetRecord { fleet, facts, .. }: FleetRecord, pins: Vec<Pin>) -> FleetView {
    let shown = fleet.is_asked(&pins).then(|| shown_fleet(&pins));
    FleetView { tally: Tally::of(&pins), fleet, facts, pins, shown }
}

/// What a fleet's ask does not cover is asked by itself: a pin that changed after the fleet was begun.
pub(crate) fn is_asked_alone(pin: &Pin) -> bool {
    pin.stage == Stage::Asked && (pin.fleet.is_none() || pin.released)
}

/// Where an instance is.
struct Whereabouts {
    id: InstanceId,
    context: String,
    namespace: String,
}

impl From<Instance> for Whereabouts {
    fn from(Instance { id, context, namespace, .. }: Instance) -> Self {
        Self { id, context, namespace }
    }
}

impl Whereabouts {
    /// Its environment is all that the config still tells of it.
    fn former(config: &Config, id: &InstanceId) -> Self {
        let context = config.environments.get(&id.environment).map(|environment| environment.context.clone());
        Self { id: id.clone(), context: context.unwrap_or_default(), namespace: String::new() }
    }
}

fn max_by<'a>(one: &'a Pin, other: &'a Pin, rank: impl Fn(&Pin) -> (bool, PinNumber)) -> &'a Pin {
    if rank(other) > rank(one) { other } else { one }
}

/// What an instance is doing.
struct Doing {
    open: Option<Pin>,
    last: Option<PinNumber>,
    waiting: Option<String>,
    apps: AppsView,
}

fn viewed(configured: Whereabouts, state: InstanceState, doing: Doing) -> InstanceView {
    let Doing { open, last, waiting, apps } = doing;
    let mark = mark(&state, open.as_ref(), &apps);
    // What failed before is said until it works.
    let waiting = waiting.filter(|_| state.head_failure.is_none() && state.install_failure.is_none());
    let at_rest =
        || waiting.map_or_else(|| at_rest(&state, &apps), |waiting| format!("git's newest commit is tried: {waiting}"));
    let now = open.as_ref().map_or_else(at_rest, chat::wording::sentence);
    let Whereabouts { id, context, namespace } = configured;
    InstanceView { id, context, namespace, state, mark, now, apps, open, last }
}

fn mark(state: &model::InstanceState, open: Option<&Pin>, apps: &AppsView) -> Mark {
    match open {
        Some(pin) if pin.unrecorded().is_some() => Mark::Attention,
        Some(pin) if matches!(pin.stage, Stage::Dropping(_)) => Mark::Attention,
        Some(pin) if pin.stage == Stage::Asked => Mark::Waiting,
        Some(_) => Mark::Pinning,
        None if state.install_failure.is_some() => Mark::Failed,
        None if state.head_failure.is_some() => head_mark(state),
        None if in_error(apps).is_some() => Mark::Failed,
        None if quarantine(state).is_some() => Mark::Attention,
        None if !state.drift.is_empty() => Mark::Drifted,
        None if !state.prune_held.is_empty() => Mark::Attention,
        None if state.lock.is_some() => Mark::Locked,
        None if state.verified.is_none() => Mark::Unknown,
        None => Mark::Healthy,
    }
}

/// Held on what works, people have to look at git; what does not work in the cluster comes first.
fn head_mark(state: &model::InstanceState) -> Mark {
    let works = |failed: &model::FailedHead| {
        failed.head.held_on.is_some() && failed.back.as_ref().is_none_or(|back| back.healthy)
    };
    if state.head_failure.as_ref().is_some_and(works) { Mark::Attention } else { Mark::Failed }
}

/// What of the verified commit is left out.
fn quarantine(state: &InstanceState) -> Option<&model::Quarantine> {
    state.quarantine(&state.verified.as_ref()?.commit)
}

/// An App that somebody has to look at.
fn in_error(apps: &AppsView) -> Option<&AppView> {
    apps.worst().filter(|app| app.is_in_error())
}

fn at_rest(state: &model::InstanceState, apps: &AppsView) -> String {
    if let Some(why) = &state.install_failure {
        return format!("the first install does not work: {why}");
    }
    if let Some(failed) = &state.head_failure {
        return chat::wording::failed_head(failed);
    }
    let lock = state.lock.as_ref().map(|lock| format!("; automatic pins are off, by {}: {}", lock.by, lock.why));
    let lock = lock.unwrap_or_default();
    if state.left {
        return format!("{}{lock}", chat::wording::left(&state.prune_held));
    }
    if let Some(app) = in_error(apps) {
        return format!("the App {} can't go on: {}{lock}", app.name, app.message);
    }
    if !state.prune_held.is_empty() {
        return format!("{}{lock}", chat::wording::prune_held(&state.prune_held));
    }
    if let Some(quarantine) = quarantine(state) {
        return format!("{}{lock}", chat::wording::quarantined(quarantine));
    }
    if let Some(found) = state.drift.values().next() {
        return format!("{}{lock}", chat::wording::drifted(found));
    }
    match &state.verified {
        Some(verified) => format!("nothing in progress; commit {} was proven{lock}", verified.commit.short()),
        None => format!("not installed yet{lock}"),
    }
}
