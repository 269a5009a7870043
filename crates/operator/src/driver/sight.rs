//! Waiting until all is seen that the operator looks after, and saying what is in the way.

use std::time::Duration;

use cluster::{ClusterError, KindKey, Watcher};
use tokio::sync::watch;
use tokio::time::Instant;

use super::{MADE, Shared};
use crate::kinds::CONTROLLERS;

/// When it is said that something can't be seen, and how often again.
const TOLD: Telling = Telling { first: Duration::from_secs(5), again: Duration::from_secs(30) };

#[derive(Clone, Copy)]
struct Telling {
    first: Duration,
    again: Duration,
}

/// A kind that is not seen, and why, as far as that is known.
type Unseen = (KindKey, Option<ClusterError>);

impl Shared {
    /// Waits until all kinds are seen, so that nothing is taken for absent that is only not listed yet.
    pub(super) async fn sees_everything(&self) {
        let kinds = MADE.iter().map(|(version, kind)| KindKey::new(version, kind));
        let kinds = kinds.chain([KindKey::new("v1", "Secret")]);
        let kinds = kinds.chain(CONTROLLERS.iter().map(super::Controller::key));
        let kinds: Vec<KindKey> = kinds.chain(Watcher::always_watched()).collect();
        let unseen = || -> Vec<Unseen> {
            let unseen = kinds.iter().filter(|kind| self.watcher.keys(kind).is_none());
            unseen.map(|kind| (kind.clone(), self.watcher.trouble(kind))).collect()
        };
        let tell = |unseen: &[Unseen]| tracing::warn!("{}", in_words(unseen, self.client.command_for_rights()));
        until_seen(self.watcher.changes(), unseen, tell, TOLD).await;
    }
}

/// Comes back when nothing is unseen any more. A kind that is tried again is a change each time: it puts off no telling.
async fn until_seen(
    mut changes: watch::Receiver<u64>,
    unseen: impl Fn() -> Vec<Unseen>,
    mut tell: impl FnMut(&[Unseen]),
    times: Telling,
) {
    let mut told_at = Instant::now() + times.first;
    loop {
        changes.mark_unchanged();
        let unseen = unseen();
        if unseen.is_empty() {
            return;
        }
        if Instant::now() >= told_at {
            tell(&unseen);
            told_at = Instant::now() + times.again;
        }
        // Either is a reason to look again.
        drop(tokio::time::timeout_at(told_at, changes.changed()).await);
    }
}

/// What can't be seen, why, and what to do.
fn in_words(unseen: &[Unseen], command: &str) -> String {
    let one = |(kind, why): &Unseen| {
        let why = match why {
            // The remedy is said once, for all of them.
            Some(ClusterError::Forbidden { verb, resource, .. }) => format!("not allowed to {verb} {resource}"),
            Some(error) => error.to_string(),
            None => "no answer yet".to_owned(),
        };
        format!("{} ({why})", kind.kind)
    };
    let all = unseen.iter().map(one).collect::<Vec<_>>().join(", ");
    let is_refused = |(_, why): &Unseen| matches!(why, Some(ClusterError::Forbidden { .. }));
    let remedy = if unseen.iter().any(is_refused) {
        format!("; give it its rights: {command} | kubectl apply -f -")
    } else {
        String::new()
    };
    format!("nothing is looked after yet: it can't be seen what there is of {all}{remedy}")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::sync::mpsc;

    use super::*;

    fn unseen(kind: &str, why: Option<ClusterError>) -> Unseen {
        (KindKey::new("v1", kind), why)
    }

    fn refused(resource: &str) -> ClusterError {
        ClusterError::Forbidden {
            verb: "list".to_owned(),
            resource: resource.to_owned(),
            namespace: None,
            command: "pinnace operator rbac".to_owned(),
        }
    }

    #[test]
    fn kinds_that_may_not_be_seen_are_all_named_with_the_one_command_that_helps() {
        let all = [
            unseen("Role", Some(refused("roles.rbac"))),
            unseen("Service", Some(refused("services"))),
            unseen("Job", None),
        ];
        assert_eq!(
            in_words(&all, "pinnace operator rbac"),
            "nothing is looked after yet: it can't be seen what there is of Role (not allowed to list roles.rbac), Service (not allowed to list \
             services), Job (no answer yet); give it its rights: pinnace operator rbac | kubectl apply -f -"
        );
        assert!(!in_words(&all[2..], "pinnace operator rbac").contains("rights"));
    }

    #[tokio::test]
    async fn what_can_not_be_seen_is_told_again_and_again_whatever_else_changes_meanwhile() {
        let (sender, changes) = watch::channel(0);
        // Streams that are tried again tell that all the time.
        let busy = tokio::spawn(async move {
            loop {
                sender.send_modify(|n| *n += 1);
                tokio::task::yield_now().await;
            }
        });
        let (tell, mut told) = mpsc::unbounded_channel();
        let is_seen = AtomicBool::new(false);
        let look = || if is_seen.load(Ordering::Relaxed) { vec![] } else { vec![unseen("Role", None)] };
        let times = Telling { first: Duration::from_millis(5), again: Duration::from_millis(10) };
        let tell = |all: &[Unseen]| tell.send(all.len()).unwrap_or_default();
        let hears = async {
            let twice = [told.recv().await, told.recv().await];
            is_seen.store(true, Ordering::Relaxed);
            twice
        };
        let all = async { tokio::join!(until_seen(changes, look, tell, times), hears) };
        let ((), twice) = tokio::time::timeout(Duration::from_mins(1), all).await.unwrap();
        assert_eq!(twice, [Some(1), Some(1)]);
        busy.abort();
    }
}
