//! Messages about what happens to an instance apart from its pins: a pushed commit that does not work, what is left out of one, objects that
//! go only when a person says so, differences that are left so. Each is posted once, and edited until it is over.

use std::time::Duration;

use chat::wording::HeldView;
use chat::{ChatService, Message};
use model::{FailedHead, HeldPrune, InstanceFact, InstanceId, LeftDrift, PinId, Quarantine, Recorded, Timestamp};
use store::{SentMessage, StoreError};

use super::messages::{NotSaid, Thread, channel, hash, say};
use crate::inner::Inner;
use crate::trial;
use crate::verbs::shown_prune;

/// What is to be said.
struct Notice {
    key: PinId,
    since: Timestamp,
    message: Message,
    is_over: bool,
    /// What a second message about the same is edited into.
    pointer: String,
}

/// Posts and edits what is not as it should be. When something could not be said: how long to wait.
pub(super) async fn bring_up_to_date(inner: &Inner, service: &ChatService) -> Result<Option<Duration>, StoreError> {
    let mut later: Option<Duration> = None;
    for id in inner.noticed.all() {
        inner.noticed.look(&id, of_one(inner, service, &id, &mut later)).await?;
    }
    Ok(later)
}

/// What is to be said of one instance; whether that is over.
async fn of_one(
    inner: &Inner,
    service: &ChatService,
    id: &InstanceId,
    later: &mut Option<Duration>,
) -> Result<bool, StoreError> {
    let Some(channel) = channel(inner, id) else { return Ok(true) };
    let facts = inner.store.instance_facts(id).await?;
    let mut is_over = true;
    let notices = [
        failed(inner, id, &facts),
        quarantined(inner, id, &facts),
        held(inner, id, &facts),
        differs(inner, id, &facts),
    ];
    for notice in notices.into_iter().flatten() {
        match tell(inner, service, &channel, &notice).await? {
            Ok(()) => is_over &= notice.is_over,
            Err(trouble) => {
                is_over = false;
                tracing::warn!(instance = %id, trouble = %inner.redacted(&trouble.what), "chat was not told; it is tried again");
                *later = Some(later.map_or(trouble.after, |before| before.min(trouble.after)));
            }
        }
    }
    Ok(is_over)
}

fn url(inner: &Inner, id: &InstanceId) -> String {
    format!("{}/i/{id}", inner.settings.base_url)
}

fn failed(inner: &Inner, id: &InstanceId, facts: &[Recorded<InstanceFact>]) -> Option<Notice> {
    let (failed, ended) = FailedHead::newest(facts)?;
    let show_log = inner.config().projects.get(&id.project).is_none_or(|project| project.chat_logs);
    Some(Notice {
        key: trial::key(id, &failed.head.head),
        since: failed.at,
        message: chat::wording::head_message(id, &failed, ended.as_ref(), &url(inner, id), show_log),
        is_over: ended.is_some(),
        pointer: chat::wording::head_pointer(id),
    })
}

fn quarantined(inner: &Inner, id: &InstanceId, facts: &[Recorded<InstanceFact>]) -> Option<Notice> {
    let (quarantine, ended) = Quarantine::newest(facts)?;
    Some(Notice {
        key: trial::quarantine_key(id, &quarantine.commit),
        since: quarantine.at,
        message: chat::wording::quarantine_message(id, &quarantine, ended.as_ref(), &url(inner, id)),
        is_over: ended.is_some(),
        pointer: chat::wording::quarantine_pointer(id),
    })
}

fn held(inner: &Inner, id: &InstanceId, facts: &[Recorded<InstanceFact>]) -> Option<Notice> {
    let held = HeldPrune::newest(facts)?;
    let (key, shown) = (trial::held_key(id, held.since), shown_prune(&held.objects));
    let view = HeldView { instance: id, held: &held, key: &key, shown: &shown, url: &url(inner, id) };
    Some(Notice {
        since: held.since,
        message: chat::wording::held_message(&view),
        is_over: held.is_over,
        pointer: chat::wording::held_pointer(id),
        key,
    })
}

fn differs(inner: &Inner, id: &InstanceId, facts: &[Recorded<InstanceFact>]) -> Option<Notice> {
    let left = LeftDrift::newest(facts)?;
    Some(Notice {
        key: trial::drift_key(id, left.since),
        since: left.since,
        message: chat::wording::left_drift_message(id, &left, &url(inner, id)),
        is_over: left.is_over,
        pointer: chat::wording::left_drift_pointer(id),
    })
}

async fn tell(
    inner: &Inner,
    service: &ChatService,
    channel: &str,
    notice: &Notice,
) -> Result<Result<(), NotSaid>, StoreError> {
    let Notice { key, since, message, is_over, pointer } = notice;
    let (hash, sent) = (hash(message), inner.store.notice(key, service.name()).await?);
    // What nobody was told about and is over needs no message any more.
    if sent.as_ref().map_or(*is_over, |sent| sent.content_hash == hash) {
        return Ok(Ok(()));
    }
    let pointer = Message { paragraphs: vec![pointer.clone()], summary: pointer.clone(), ..Message::default() };
    let thread = Thread { key: key.clone(), since: *since, pointer };
    match say(inner, service, channel, &thread, message, sent.as_ref()).await {
        Ok(at) => {
            let sent = SentMessage { channel: at.channel, key: at.message, content_hash: hash };
            inner.store.save_notice(key, service.name(), &sent, inner.clock.now()).await?;
            Ok(Ok(()))
        }
        Err(trouble) => Ok(Err(trouble)),
    }
}
