//! What every handler is given.

use std::collections::BTreeMap;
use std::sync::Arc;

use control::Control;
use model::ProjectName;
use tokio::sync::{Semaphore, watch};
use webhooks::SenderKeys;

use crate::assets::Assets;
use crate::glance::Glance;
use crate::metrics::Metrics;
use crate::settings::ServerSettings;

/// Bodies of hooks that are read at a time: bounds the memory that strangers can fill.
const HOOKS_AT_A_TIME: usize = 128;
/// Pages that follow what happens at a time; each browser holds one.
const LIVE_AT_A_TIME: usize = 512;

/// Shared by all requests. Clones are cheap.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

pub(crate) struct Shared {
    pub control: Control,
    pub senders: BTreeMap<ProjectName, SenderKeys>,
    pub push_keys: SenderKeys,
    pub public_read: bool,
    pub slack_signing_secret: Option<chat::slack::Token>,
    /// The socket of the demo's desk.
    pub demo_desk: Option<std::path::PathBuf>,
    pub assets: Assets,
    pub glance: Glance,
    pub metrics: Metrics,
    pub hook_slots: Semaphore,
    pub live_slots: Arc<Semaphore>,
    /// When this process began, in the ids of the live stream.
    pub started: i64,
    /// Turns true when the server stops: live streams end by it.
    pub stopping: watch::Receiver<bool>,
}

impl App {
    pub(crate) fn new(control: Control, settings: ServerSettings, stopping: watch::Receiver<bool>) -> Self {
        Self(Arc::new(Shared {
            started: control.now().0,
            control,
            senders: settings.senders,
            push_keys: settings.push_keys,
            public_read: settings.public_read,
            slack_signing_secret: settings.slack_signing_secret,
            demo_desk: settings.demo_desk,
            assets: Assets::embedded(),
            glance: Glance::default(),
            metrics: Metrics::new(),
            hook_slots: Semaphore::new(HOOKS_AT_A_TIME),
            live_slots: Arc::new(Semaphore::new(LIVE_AT_A_TIME)),
            stopping,
        }))
    }
}

impl std::ops::Deref for App {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}
