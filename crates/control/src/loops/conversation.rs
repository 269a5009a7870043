//! Chat: every pin and every fleet pin has one message, edited through its life; clicks become verbs. A chat that is down stops no pin.

mod clicks;
mod fleets;
mod messages;
mod notices;

use std::time::Duration;

use chat::ChatService;
use store::StoreError;
use tokio::sync::mpsc;

use super::until_writable::until_writable;
use crate::Control;
use crate::inner::Inner;

/// Changes within this time become one edit.
const COALESCE: Duration = Duration::from_millis(150);
/// Without a signal the messages are looked over again after this long.
const TICK: Duration = Duration::from_secs(30);
/// Clicks that wait for their turn. A chat service shows a person a warning when there is no room.
const CLICKS: usize = 256;

/// Keeps the messages true: level-triggered, so that what could not be said is said later.
pub(super) async fn tell(control: Control) {
    let Some(service) = control.inner.chat.as_ref() else { return };
    control.inner.recall_notices().await;
    loop {
        let pause = match bring_up_to_date(&control.inner, service).await {
            Ok(None) => TICK,
            Ok(Some(later)) => later,
            Err(error) => {
                tracing::warn!(%error, "chat messages could not be looked over");
                until_writable(&control, "chat").await;
                continue;
            }
        };
        tokio::select! {
            () = control.inner.wakes.chat.notified() => tokio::time::sleep(COALESCE).await,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn bring_up_to_date(inner: &Inner, service: &ChatService) -> Result<Option<Duration>, StoreError> {
    let pins = messages::bring_up_to_date(inner, service).await?;
    let fleets = fleets::bring_up_to_date(inner, service).await?;
    let notices = notices::bring_up_to_date(inner, service).await?;
    Ok(pins.into_iter().chain(fleets).chain(notices).min())
}

impl Inner {
    /// What the process before may not have told yet.
    async fn recall_notices(&self) {
        match self.store.instances_with_notices().await {
            Ok(ids) => ids.iter().for_each(|id| self.noticed.note(id, true)),
            Err(error) => tracing::warn!(%error, "instances that chat is told about could not be looked up"),
        }
    }
}

/// Turns clicks into verbs, each by itself, so that a slow one delays no other.
pub(super) async fn listen(control: Control) {
    let Some(service) = control.inner.chat.as_ref() else { return };
    let (sender, mut clicks) = mpsc::channel(CLICKS);
    let handling = async {
        while let Some(click) = clicks.recv().await {
            let control = control.clone();
            tokio::spawn(async move { control.clicked(click).await });
        }
    };
    // Without Socket Mode nobody listens here, and clicks come over HTTP.
    tokio::join!(service.listen(sender), handling);
}
