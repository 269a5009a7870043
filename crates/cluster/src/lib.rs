//! Kubernetes, as `control` sees it: connect, dry-run, apply, keep the inventory, watch, show drift, prune, read logs.
//!
//! In the life of a pin this crate comes after rendering and before the verdict. It writes to clusters and reads them; it never
//! decides whether what it sees is good (`health` does) and never knows git or the database.
//!
//! Objects are plain `serde_json::Value`s throughout, so that one object that can't be decoded never spoils its neighbours.

mod adoption;
mod apply;
mod clash;
mod client;
mod discovery;
mod drift;
mod dry_run;
mod error;
mod imprint;
pub mod inventory;
mod key;
mod key_secret;
mod lease;
mod logs;
mod made;
mod managed_fields;
mod mark;
mod objects;
mod order;
mod prune;
pub mod rbac;
mod references;
mod replicas;
pub mod setup;
mod stuck_pods;
mod take_back;
mod watch;

pub use apply::{Applied, LeftOut, Outcome};
pub use clash::{REPLACE_ANNOTATION, clashes};
pub use client::{ClusterClient, Settings, jittered, login_program};
pub use discovery::Kind;
pub use drift::{Drift, FieldDrift};
pub use dry_run::{Change, Checked, DryRun, Refusal, Unchecked};
pub use error::ClusterError;
pub use imprint::Imprint;
pub use key::{KindKey, ObjectKey};
pub use key_secret::{KEY_FILE, KeySecret};
pub use lease::Lease;
pub use logs::{MOST_BYTES, MOST_LINES};
pub use made::{Created, MADE_BY, MADE_LABEL};
pub use managed_fields::{ManagerKind, manager_kind, managers, own_entry};
pub use mark::{
    ADOPT_ANNOTATION, FIELD_MANAGER, INSTANCE_LABEL, Target, USED_ANNOTATION, has_mark, mark_of, strip_server_fields,
};
pub use order::waves;
pub use prune::{Deleted, Held, PruneCandidate, PrunePlan, decide, decide_dropped};
pub use references::{Found, PodLimits};
pub use replicas::Autoscaled;
pub use stuck_pods::update_revision;
pub use take_back::{Owned, TakenBack, to_take_back};
pub use watch::{Changes, Freshness, Snapshot, Watcher, not_before};
