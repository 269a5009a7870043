//! What may be set about an operator.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use secrets::Redactor;

use super::clock::Clock;
use super::work::random;
use crate::local::Images;
use crate::rds::Login;

/// What may be set about an operator.
#[derive(Clone)]
pub struct Settings {
    /// The one namespace that is looked after; none for the whole cluster.
    pub namespace: Option<String>,
    /// How many objects ask the API server at once.
    pub at_once: usize,
    /// Who it is among all who would do the same: the name of its pod or machine, and something random.
    pub identity: String,
    /// How long another waits before it takes the place of one that says nothing any more.
    pub lease: Duration,
    /// The images of the servers that it starts.
    pub images: Images,
    /// The volume that backups are kept on.
    pub backups: Backups,
    /// How Amazon is asked.
    pub aws: Aws,
    /// Learns what is secret, so that no line of ours tells it.
    pub redactor: Redactor,
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
            identity: format!("{}-{}", host(), random().unwrap_or_default()),
            lease: Duration::from_secs(15),
            images: Images::default(),
            backups: Backups::default(),
            aws: Aws::default(),
            redactor: Redactor::new(),
            clock: Clock::default(),
            reached_at: BTreeMap::new(),
        }
    }
}

/// The volume that backups are kept on, in the operator's own namespace.
#[derive(Debug, Clone)]
pub struct Backups {
    /// Its size, as in `20Gi`.
    pub size: String,
    /// Its StorageClass; none for the cluster's own.
    pub class: Option<String>,
}

impl Default for Backups {
    fn default() -> Self {
        Self { size: "20Gi".to_owned(), class: None }
    }
}

/// How Amazon is asked, where a database does not say otherwise.
#[derive(Clone)]
pub struct Aws {
    /// The region, as in `eu-central-1`.
    pub region: Option<String>,
    /// The group of subnets that instances lie in.
    pub subnet_group: Option<String>,
    /// The security groups that say who may connect.
    pub security_groups: Vec<String>,
    /// Who we are, where the Secret `aws` in the operator's own namespace does not say it.
    pub login: Login,
    /// Where it is asked; none for its usual address.
    pub endpoint: Option<String>,
    /// How often it is asked how far something is.
    pub asked_every: Duration,
}

impl Default for Aws {
    fn default() -> Self {
        Self {
            region: None,
            subnet_group: None,
            security_groups: Vec::new(),
            login: Login::default(),
            endpoint: None,
            asked_every: Duration::from_secs(20),
        }
    }
}

/// In a pod it is the pod's name.
fn host() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").map(|name| name.trim().to_owned()).unwrap_or_default()
}
