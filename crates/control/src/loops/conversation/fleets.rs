//! The message of each fleet pin: one for all its instances, posted when all of them are asked about or somebody decided.

use std::time::Duration;

use chat::{ChatService, Message};
use model::{Pin, Tally};
use store::{FleetRecord, SentMessage, StoreError};

use super::messages::{NotSaid, Thread, hash, say};
use crate::inner::Inner;
use crate::noticed::Told;
use crate::verbs::shown_fleet;

/// The newest fleet pins whose messages are kept true; older ones have said their last.
const NEWEST: u32 = 20;
/// Where only the counts changed, the message is edited no more often than this: services limit how often it may be.
const COUNTS: Duration = Duration::from_secs(3);

/// Posts and edits what is not as it should be. When something is to be said later: how long to wait.
pub(super) async fn bring_up_to_date(inner: &Inner, service: &ChatService) -> Result<Option<Duration>, StoreError> {
    let mut later: Option<Duration> = None;
    for record in inner.store.fleets(None, NEWEST).await? {
        let number = record.fleet.number;
        if inner.fleets_told.of(number).is_some_and(|told| told.over) {
            continue;
        }
        let wait = match tell(inner, service, &record).await? {
            Ok(wait) => wait,
            Err(trouble) => {
                tracing::warn!(fleet = %number, trouble = %inner.redacted(&trouble.what), "chat was not told; it is tried again");
                Some(trouble.after)
            }
        };
        later = later.into_iter().chain(wait).min();
    }
    Ok(later)
}

async fn tell(
    inner: &Inner,
    service: &ChatService,
    record: &FleetRecord,
) -> Result<Result<Option<Duration>, NotSaid>, StoreError> {
    let fleet = &record.fleet;
    let Some(channel) = inner.config().projects.get(&fleet.project).and_then(|project| project.chat.clone()) else {
        return Ok(Ok(None));
    };
    let pins = inner.store.pins_of_fleet(fleet.number).await?;
    let pins: Vec<Pin> = pins.into_iter().map(|record| record.pin).collect();
    let sent = inner.store.notice(&record.id, service.name()).await?;
    if sent.is_none() && !is_worth_a_message(record, &pins) {
        return Ok(Ok(None));
    }
    let message = message(inner, record, &pins);
    let (hash, now) = (hash(&message), inner.clock.now());
    let told = Told { header: message.header.clone(), at: now, over: fleet.ended };
    if sent.as_ref().is_some_and(|sent| sent.content_hash == hash) {
        if fleet.ended {
            inner.fleets_told.note(fleet.number, told);
        }
        return Ok(Ok(None));
    }
    let before = inner.fleets_told.of(fleet.number).filter(|before| before.header == message.header && !fleet.ended);
    let wait = before.and_then(|before| COUNTS.checked_sub(now.since(before.at))).filter(|wait| !wait.is_zero());
    if wait.is_some() {
        return Ok(Ok(wait));
    }
    // What is said must be written down, or it would be said again.
    inner.store.healthy().await?;
    match say(inner, service, &channel, &thread(record), &message, sent.as_ref()).await {
        Ok(at) => {
            let sent = SentMessage { channel: at.channel, key: at.message, content_hash: hash };
            inner.store.save_notice(&record.id, service.name(), &sent, now).await?;
            inner.fleets_told.note(fleet.number, told);
            Ok(Ok(None))
        }
        Err(trouble) => Ok(Err(trouble)),
    }
}

/// Whether there is something to say: the whole question, a decision of people or of a policy, or an end.
fn is_worth_a_message(record: &FleetRecord, pins: &[Pin]) -> bool {
    let tally = Tally::of(pins);
    let decided = tally.waiting + tally.running + tally.done + tally.failed > 0;
    tally.preparing == 0 || decided || record.fleet.stopped.is_some()
}

fn message(inner: &Inner, record: &FleetRecord, pins: &[Pin]) -> Message {
    let (fleet, config) = (&record.fleet, inner.config());
    let approvers: Vec<String> = config.approver_names(&fleet.environment).iter().map(ToString::to_string).collect();
    let url = format!("{}/fleets/{}", inner.settings.base_url, fleet.number.0);
    chat::wording::fleet_message(&chat::wording::FleetMessage {
        id: &record.id,
        fleet,
        pins,
        shown: &shown_fleet(pins),
        approvers: &approvers,
        url: Some(&url),
        // One press moves hundreds: it asks once more, where that of a single pin does not.
        confirm: true,
        show_log: config.projects.get(&fleet.project).is_none_or(|project| project.chat_logs),
    })
}

fn thread(record: &FleetRecord) -> Thread {
    let summary = chat::wording::fleet_pointer(&record.fleet);
    let pointer = Message { paragraphs: vec![summary.clone()], summary, ..Message::default() };
    Thread { key: record.id.clone(), since: record.fleet.opened_at, pointer }
}
