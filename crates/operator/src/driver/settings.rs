//! What may be set about an operator.

use std::collections::BTreeMap;

use super::clock::Clock;
use crate::local::Images;

/// What may be set about an operator.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The one namespace that is looked after; none for the whole cluster.
    pub namespace: Option<String>,
    /// How many objects ask the API server at once.
    pub at_once: usize,
    /// The images of the servers that it starts.
    pub images: Images,
    /// What tells the time of day.
    pub clock: Clock,
    /// Where servers are reached from here, by the `host:port` that apps reach them at: for an operator that runs outside of the cluster.
    pub reached_at: BTreeMap<String, (String, u16)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            namespace: None,
            at_once: 32,
            images: Images::default(),
            clock: Clock::default(),
            reached_at: BTreeMap::new(),
        }
    }
}
