//! Announced builds: the registry is asked what each really is, and pins are opened where the project runs.

use std::time::Duration;

use model::{Build, Digest, ImageRef, PinKind};
use store::{BuildRow, BuildState, NewPin, OpenedPin, StoreError};

use crate::Control;
use crate::backoff::backoff;
use crate::inner::Inner;
use crate::registry::ResolveError;

/// How many announcements are taken in hand at a time.
const BATCH: u32 = 200;
/// A registry may show a new tag late: it is asked this often before the build is recorded as unknown.
const MOST_ATTEMPTS_NOT_FOUND: u32 = 5;
/// Without a signal the loop looks again after this long.
const TICK: Duration = Duration::from_secs(30);

pub(super) async fn run(control: Control) {
    loop {
        let idle = match resolve_due(&control).await {
            Ok(worked) => !worked,
            Err(error) => {
                tracing::warn!(%error, "builds could not be read");
                true
            }
        };
        if idle {
            wait(&control).await;
        }
    }
}

async fn wait(control: &Control) {
    let now = control.inner.clock.now();
    let retry = control.inner.store.next_build_retry().await.ok().flatten();
    let pause = retry.map_or(TICK, |at| at.since(now).min(TICK)).max(Duration::from_millis(20));
    tokio::select! {
        () = control.inner.wakes.builds.notified() => {}
        () = tokio::time::sleep(pause) => {}
    }
}

/// Takes what is due in hand, coalesced: of builds of one project that say the same, one asks the registry.
async fn resolve_due(control: &Control) -> Result<bool, StoreError> {
    let rows = control.inner.store.builds_to_resolve(control.inner.clock.now(), BATCH).await?;
    let worked = !rows.is_empty();
    for row in rows {
        resolve(control, row).await?;
    }
    Ok(worked)
}

async fn resolve(control: &Control, row: BuildRow) -> Result<(), StoreError> {
    let (store, now) = (&control.inner.store, control.inner.clock.now());
    let attempts = attempts(&row.state) + 1;
    let announced = &row.announcement;
    match control.inner.resolve(&announced.image, announced.tag.as_ref(), announced.digest.as_ref()).await {
        Ok(digest) => {
            let opened = store.build_resolved_into(row.id, &digest, pins(control, &row, &digest).await?, now).await?;
            for number in opened.into_iter().map(OpenedPin::number) {
                if let Some(record) = store.pin(number).await? {
                    tracing::info!(pin = %number, instance = %record.pin.instance, "a build is here");
                    control.inner.wakes.wake(&record.pin.instance);
                }
            }
        }
        Err(error) if gives_up(&error, attempts) => {
            tracing::warn!(%error, project = %row.project, "a build is unknown and not asked about");
            store.build_unknown(row.id, &error.to_string(), now).await?;
        }
        Err(error) => {
            store.build_retry(row.id, &error.to_string(), now.plus(backoff(attempts)), attempts).await?;
        }
    }
    control.inner.wakes.changed();
    Ok(())
}

fn attempts(state: &BuildState) -> u32 {
    match state {
        BuildState::Received { attempts, .. } => *attempts,
        _ => 0,
    }
}

fn gives_up(error: &ResolveError, attempts: u32) -> bool {
    match error {
        ResolveError::NotFound { .. } => attempts >= MOST_ATTEMPTS_NOT_FOUND,
        ResolveError::DigestMismatch { .. } | ResolveError::NotAnImage { .. } => true,
        _ => false,
    }
}

/// One pin for each instance of the project that never met this digest: announcing it again asks nobody again, and a
/// person can still pin it.
async fn pins(control: &Control, row: &BuildRow, digest: &Digest) -> Result<Vec<NewPin>, StoreError> {
    let announced = &row.announcement;
    let image =
        ImageRef { repository: announced.image.clone(), tag: announced.tag.clone(), digest: Some(digest.clone()) };
    let build = Build { image, announced: Some(announced.clone()) };
    let instances = control.inner.config().instances();
    let mut pins = Vec::new();
    for instance in instances.into_iter().filter(|instance| instance.id.project == row.project) {
        if control.inner.store.was_pinned(&instance.id, digest).await? {
            continue;
        }
        let Ok(id) = Inner::new_pin_id() else { continue };
        pins.push(NewPin { id, instance: instance.id, kind: PinKind::Pin, build: build.clone(), by: None });
    }
    Ok(pins)
}
