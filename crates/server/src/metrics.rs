//! What Prometheus reads: counted here as it happens, or read from the database when it is asked for.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::app::App;

type Labels = Vec<(&'static str, String)>;

/// The numbers.
pub(crate) struct Metrics {
    registry: Registry,
    builds: Family<Labels, Counter>,
    hook_seconds: Histogram,
    pins: Family<Labels, Gauge<i64, AtomicI64>>,
    unrecorded: Gauge<i64, AtomicI64>,
    waiting_seconds: Gauge<i64, AtomicI64>,
    renders: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("pinnace");
        let builds = Family::<Labels, Counter>::default();
        registry.register("builds", "Announced builds by what became of the request", builds.clone());
        let hook_seconds = Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0, 3.0, 10.0]);
        registry.register("hook_seconds", "Time until an announcement was answered", hook_seconds.clone());
        let pins = Family::<Labels, Gauge<i64, AtomicI64>>::default();
        registry.register("open_pins", "Pins that have not ended, by stage", pins.clone());
        let unrecorded = Gauge::default();
        registry.register("unrecorded_pins", "Pins that run and are not yet recorded in git", unrecorded.clone());
        let waiting_seconds = Gauge::default();
        registry.register("longest_ask_seconds", "How long the oldest open ask waits", waiting_seconds.clone());
        let renders = Counter::default();
        registry.register("renders", "How often manifests were rendered since the start", renders.clone());
        Self { registry, builds, hook_seconds, pins, unrecorded, waiting_seconds, renders }
    }

    /// An announcement was answered.
    pub(crate) fn announced(&self, became: &str, took: Duration) {
        self.builds.get_or_create(&vec![("became", became.to_owned())]).inc();
        self.hook_seconds.observe(took.as_secs_f64());
    }

    async fn read(&self, app: &App) -> Result<(), store::StoreError> {
        let open = app.control.store().open_pins().await?;
        self.pins.clear();
        let (mut unrecorded, mut oldest) = (0, app.control.now());
        for record in &open {
            self.pins.get_or_create(&vec![("stage", record.pin.stage.name().to_owned())]).inc();
            unrecorded += i64::from(record.pin.unrecorded().is_some());
            if record.pin.stage == model::Stage::Asked {
                oldest = oldest.min(record.pin.since);
            }
        }
        self.unrecorded.set(unrecorded);
        self.renders.inner().store(app.control.renders(), Ordering::Relaxed);
        let waits = app.control.now().since(oldest).as_secs();
        self.waiting_seconds.set(i64::try_from(waits).unwrap_or(i64::MAX));
        Ok(())
    }
}

/// `GET /metrics`, on its own listener.
pub(crate) async fn show(State(app): State<App>) -> Response {
    if let Err(error) = app.metrics.read(&app).await {
        tracing::warn!(%error, "metrics could not be read");
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let mut text = String::new();
    if encode(&mut text, &app.metrics.registry).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
