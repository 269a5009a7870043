//! The message about a pushed commit that does not work: posted once, edited until it is over.

use std::time::Duration;

use chat::{ChatService, Message};
use model::{CommitId, FailedHead, InstanceId};
use store::{SentMessage, StoreError};

use super::messages::{NotSaid, Thread, channel, hash, say};
use crate::inner::Inner;
use crate::trial;

/// Posts and edits what is not as it should be. When something could not be said: how long to wait.
pub(super) async fn bring_up_to_date(inner: &Inner, service: &ChatService) -> Result<Option<Duration>, StoreError> {
    let mut later: Option<Duration> = None;
    for id in inner.failed_heads.all() {
        let newest = FailedHead::newest(&inner.store.instance_facts(&id).await?);
        let (Some((failed, ended)), Some(channel)) = (newest, channel(inner, &id)) else {
            inner.failed_heads.note(&id, false);
            continue;
        };
        match tell(inner, service, &channel, &id, &failed, ended.as_ref()).await? {
            Ok(()) if ended.is_some() => inner.failed_heads.note(&id, false),
            Ok(()) => {}
            Err(trouble) => {
                tracing::warn!(instance = %id, trouble = %trouble.what, "chat was not told; it is tried again");
                later = Some(later.map_or(trouble.after, |before| before.min(trouble.after)));
            }
        }
    }
    Ok(later)
}

async fn tell(
    inner: &Inner,
    service: &ChatService,
    channel: &str,
    id: &InstanceId,
    failed: &FailedHead,
    ended: Option<&CommitId>,
) -> Result<Result<(), NotSaid>, StoreError> {
    let key = trial::key(id, &failed.head.head);
    let url = format!("{}/i/{id}", inner.settings.base_url);
    let show_log = inner.config().projects.get(&id.project).is_none_or(|project| project.chat_logs);
    let message = chat::wording::head_message(id, failed, ended, &url, show_log);
    let (hash, sent) = (hash(&message), inner.store.notice(&key, service.name()).await?);
    // What nobody was told about and is over needs no message any more.
    if sent.as_ref().map_or(ended.is_some(), |sent| sent.content_hash == hash) {
        return Ok(Ok(()));
    }
    let summary = chat::wording::head_pointer(id);
    let pointer = Message { paragraphs: vec![summary.clone()], summary, ..Message::default() };
    let thread = Thread { key: key.clone(), since: failed.at, pointer };
    match say(inner, service, channel, &thread, &message, sent.as_ref()).await {
        Ok(at) => {
            let sent = SentMessage { channel: at.channel, key: at.message, content_hash: hash };
            inner.store.save_notice(&key, service.name(), &sent, inner.clock.now()).await?;
            Ok(Ok(()))
        }
        Err(trouble) => Ok(Err(trouble)),
    }
}
