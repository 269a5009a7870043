//! The message of each pin: posted once, looked for after an unknown answer, edited when what it says changed.

use std::time::Duration;

use chat::{ChatError, ChatService, Message, MessageRef};
use model::{InstanceId, PinId, Timestamp};
use store::{PinRecord, SentMessage, StoreError};

use crate::backoff::backoff;
use crate::inner::Inner;
use crate::trouble::Trouble;

/// The newest pins whose messages are kept true; older ones have said their last.
const NEWEST: u32 = 40;

/// Posts and edits what is not as it should be. When something could not be said: how long to wait.
pub(super) async fn bring_up_to_date(inner: &Inner, service: &ChatService) -> Result<Option<Duration>, StoreError> {
    let mut later: Option<Duration> = None;
    for record in inner.store.pins_told_alone(NEWEST).await? {
        let Some(channel) = channel(inner, &record.pin.instance) else { continue };
        // Before there is a question there is nothing to say, unless it is the end.
        if record.pin.proposal.is_none() && !record.pin.ended() {
            continue;
        }
        let sent = inner.store.message(record.pin.number, service.name()).await?;
        // What is asked about as a fleet is told in the fleet's message.
        if sent.is_none() && record.pin.fleet.is_some() && !crate::looks::is_asked_alone(&record.pin) {
            continue;
        }
        let message = message(inner, &record).await?;
        let hash = hash(&message);
        if sent.as_ref().is_some_and(|sent| sent.content_hash == hash) {
            continue;
        }
        // What is said must be written down, or it would be said again.
        inner.store.healthy().await?;
        match say(inner, service, &channel, &Thread::of(inner, &record), &message, sent.as_ref()).await {
            Ok(at) => {
                let sent = SentMessage { channel: at.channel, key: at.message, content_hash: hash };
                inner.store.save_message(record.pin.number, service.name(), &sent, inner.clock.now()).await?;
            }
            Err(trouble) => {
                tracing::warn!(pin = %record.pin.number, trouble = %inner.redacted(&trouble.what), "chat was not told; it is tried again");
                later = Some(later.map_or(trouble.after, |before| before.min(trouble.after)));
            }
        }
    }
    Ok(later)
}

pub(super) fn channel(inner: &Inner, instance: &InstanceId) -> Option<String> {
    inner.config().projects.get(&instance.project)?.chat.clone()
}

async fn message(inner: &Inner, record: &PinRecord) -> Result<Message, StoreError> {
    let pin = &record.pin;
    let state = inner.store.instance(&pin.instance).await?;
    let config = inner.config();
    let approvers: Vec<String> =
        config.approver_names(&pin.instance.environment).iter().map(ToString::to_string).collect();
    let url = format!("{}/pins/{}", inner.settings.base_url, pin.number.0);
    let show_log = config.projects.get(&pin.instance.project).is_none_or(|project| project.chat_logs);
    Ok(chat::wording::message(&chat::wording::PinView {
        id: &record.id,
        pin,
        instance: &state,
        approvers: &approvers,
        url: Some(&url),
        confirm: false,
        show_log,
    }))
}

/// What a message is about, and by what it is found again.
pub(super) struct Thread {
    pub(super) key: PinId,
    /// No message about it is older.
    pub(super) since: Timestamp,
    /// What a copy of it is edited into.
    pub(super) pointer: Message,
}

impl Thread {
    fn of(inner: &Inner, record: &PinRecord) -> Self {
        let url = format!("{}/pins/{}", inner.settings.base_url, record.pin.number.0);
        let pointer = Message::pointer(record.pin.number, Some(&url));
        Self { key: record.id.clone(), since: record.pin.opened_at, pointer }
    }
}

pub(super) fn hash(message: &Message) -> String {
    use sha2::{Digest, Sha256};
    // The debug form holds every field and changes with any of them; it is compared and never read.
    let digest = Sha256::digest(format!("{message:?}").as_bytes());
    digest.iter().take(16).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

pub(super) struct NotSaid {
    pub(super) what: String,
    pub(super) after: Duration,
}

impl From<ChatError> for NotSaid {
    fn from(error: ChatError) -> Self {
        Self { after: error.retry_after().unwrap_or_else(|| backoff(3)), what: error.to_string() }
    }
}

impl From<crate::Injected> for NotSaid {
    fn from(injected: crate::Injected) -> Self {
        Self { what: injected.to_string(), after: backoff(1) }
    }
}

impl From<Trouble> for NotSaid {
    fn from(trouble: Trouble) -> Self {
        Self { what: trouble.to_string(), after: backoff(3) }
    }
}

pub(super) async fn say(
    inner: &Inner,
    service: &ChatService,
    channel: &str,
    thread: &Thread,
    message: &Message,
    sent: Option<&SentMessage>,
) -> Result<MessageRef, NotSaid> {
    if let Some(sent) = sent {
        let at = MessageRef { channel: sent.channel.clone(), message: sent.key.clone() };
        let edit = || async { Ok::<_, SayError>(service.edit(&at, message).await?) };
        match inner.barrier.around("edit chat message", edit).await {
            Ok(()) => return Ok(at),
            Err(SayError::Chat(error)) if error.message_is_gone() => {}
            Err(error) => return Err(error.into()),
        }
    } else if let Some(at) = find(service, channel, thread, message).await? {
        return Ok(at);
    }
    let post = || async { Ok::<_, SayError>(service.post(channel, message, &thread.key).await?) };
    let at = inner.barrier.around("post chat message", post).await?;
    // Until this is known the post is not: whoever comes after an error looks for it, and for its copies.
    let copies = service.find(channel, &thread.key, thread.since).await?;
    point(service, thread, copies.into_iter().filter(|other| *other != at)).await?;
    Ok(at)
}

/// Makes other messages of a thread pointers to the one that is kept: a post may have been done twice on its way.
async fn point(
    service: &ChatService,
    thread: &Thread,
    others: impl Iterator<Item = MessageRef>,
) -> Result<(), NotSaid> {
    for other in others {
        service.edit(&other, &thread.pointer).await?;
    }
    Ok(())
}

/// A message of this thread that was posted before: by a process that died, or by a call whose answer was lost. The newest is
/// the one that is edited, the others become pointers to it.
async fn find(
    service: &ChatService,
    channel: &str,
    thread: &Thread,
    message: &Message,
) -> Result<Option<MessageRef>, NotSaid> {
    let found = service.find(channel, &thread.key, thread.since).await?;
    let mut found = found.into_iter();
    let Some(kept) = found.next() else { return Ok(None) };
    point(service, thread, found).await?;
    service.edit(&kept, message).await?;
    Ok(Some(kept))
}

enum SayError {
    Chat(ChatError),
    Injected(crate::Injected),
}

impl From<ChatError> for SayError {
    fn from(error: ChatError) -> Self {
        Self::Chat(error)
    }
}

impl From<crate::Injected> for SayError {
    fn from(injected: crate::Injected) -> Self {
        Self::Injected(injected)
    }
}

impl From<SayError> for NotSaid {
    fn from(error: SayError) -> Self {
        match error {
            SayError::Chat(error) => error.into(),
            SayError::Injected(injected) => injected.into(),
        }
    }
}
