//! A fleet pin.

use chat::wording;
use control::FleetView;
use model::{FleetPlace, Pin, Tally};
use serde::Serialize;

use super::image::ImageWire;
use super::pin::FailureWire;

/// A fleet pin.
#[derive(Debug, Serialize)]
pub(crate) struct FleetWire {
    number: u64,
    project: String,
    environment: String,
    state: &'static str,
    ended: bool,
    headline: String,
    sentence: String,
    to: ImageWire,
    /// The versions that its instances come from, the most widespread first.
    from: Vec<FromWire>,
    /// How many instances are pinned at a time.
    size: u32,
    /// For how many seconds nothing is begun after a wave that holds.
    pause_seconds: u64,
    waves: WavesWire,
    instances: TallyWire,
    opened_at: String,
    approvals: Vec<String>,
    /// What failed first.
    failure: Option<FirstFailureWire>,
    /// Names what people are asked; send it back with an answer.
    shown: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pins: Vec<FleetPinWire>,
}

#[derive(Debug, Serialize)]
struct FromWire {
    version: String,
    instances: usize,
}

#[derive(Debug, Serialize)]
struct WavesWire {
    begun: usize,
    all: usize,
}

/// How many instances are where.
#[derive(Debug, Serialize)]
struct TallyWire {
    all: usize,
    preparing: usize,
    asked: usize,
    waiting: usize,
    running: usize,
    done: usize,
    failed: usize,
    left_out: usize,
}

#[derive(Debug, Serialize)]
struct FirstFailureWire {
    pin: u64,
    instance: String,
    #[serde(flatten)]
    report: FailureWire,
}

/// One of its pins, in short: `/api/v1/pins/{number}` has the whole.
#[derive(Debug, Serialize)]
struct FleetPinWire {
    number: u64,
    instance: String,
    place: &'static str,
    stage: &'static str,
    sentence: String,
}

impl FleetWire {
    /// A fleet pin in a list.
    pub(crate) fn brief(view: &FleetView) -> Self {
        let (fleet, pins) = (&view.fleet, &view.pins);
        let waves = fleet.waves(pins);
        let mut approvals: Vec<String> = fleet.approvals.iter().map(|given| given.by.to_string()).collect();
        approvals.dedup();
        Self {
            number: fleet.number.0,
            project: fleet.project.to_string(),
            environment: fleet.environment.to_string(),
            state: fleet.state(),
            ended: fleet.ended,
            headline: wording::fleet_headline(fleet, pins),
            sentence: wording::fleet_sentence(fleet, pins),
            to: ImageWire::of(&fleet.build.image),
            from: wording::fleet_versions(pins)
                .into_iter()
                .map(|(version, instances)| FromWire { version, instances })
                .collect(),
            size: fleet.size,
            pause_seconds: fleet.pause_ms / 1000,
            waves: WavesWire { begun: waves.begun, all: waves.all },
            instances: TallyWire::of(view.tally, pins.len()),
            opened_at: fleet.opened_at.to_string(),
            approvals,
            failure: fleet.first_failed(pins).and_then(FirstFailureWire::of),
            shown: view.shown.clone(),
            pins: Vec::new(),
        }
    }

    /// A fleet pin with its pins.
    pub(crate) fn whole(view: &FleetView) -> Self {
        Self { pins: view.pins.iter().map(FleetPinWire::of).collect(), ..Self::brief(view) }
    }
}

impl TallyWire {
    fn of(tally: Tally, all: usize) -> Self {
        let Tally { preparing, asked, waiting, running, done, failed, left_out } = tally;
        Self { all, preparing, asked, waiting, running, done, failed, left_out }
    }
}

impl FirstFailureWire {
    fn of(pin: &Pin) -> Option<Self> {
        let report = FailureWire::of(pin.failure.as_ref()?);
        Some(Self { pin: pin.number.0, instance: pin.instance.to_string(), report })
    }
}

impl FleetPinWire {
    fn of(pin: &Pin) -> Self {
        Self {
            number: pin.number.0,
            instance: pin.instance.to_string(),
            place: FleetPlace::of(pin).name(),
            stage: pin.stage.name(),
            sentence: wording::fleet_pin(pin),
        }
    }
}
