//! A click in chat becomes the same verb that the page calls; what had no effect is told to the clicker alone.

use chat::wording::{Refusal, refusal};
use chat::{Action, ButtonValue, ChatService, Interaction};
use model::{PersonName, Surface};
use store::PinRecord;

use crate::problem::Problem;
use crate::{Answer, Control};

impl Control {
    /// Carries out what a person clicked in chat. The click was acknowledged already.
    pub async fn clicked(&self, click: Interaction) {
        let Some(service) = self.inner.chat.as_ref() else { return };
        let Err(sentence) = self.act(service, &click).await else { return };
        let whispered = service.whisper(&click.message.channel, &click.user, &sentence).await;
        if let Err(error) = whispered {
            tracing::warn!(%error, "a clicker could not be told why nothing was done");
        }
    }

    /// The sentence for the clicker when nothing was done.
    async fn act(&self, service: &ChatService, click: &Interaction) -> Result<(), String> {
        let action = click.action;
        let no = |why: &Refusal<'_>| refusal(action, why);
        if !same_workspace(service, &click.team).await {
            return Err(no(&Refusal::OtherWorkspace));
        }
        let config = self.inner.config();
        let account = format!("{}: {}", service.name(), click.user);
        let Some((person, _)) = config.person_by_slack(&click.user) else {
            return Err(no(&Refusal::Stranger { account: &account }));
        };
        let record = self.pin_of(&click.value).await.ok_or_else(|| no(&Refusal::NotOurs))?;
        let shown = ButtonValue::of(&record.id, &record.pin);
        if matches!(action, Action::Approve | Action::Reject) && shown != click.value {
            return Err(no(&Refusal::AskedAgain));
        }
        self.carry_out(click, &record, person)
            .await
            .map_err(|problem| no(&Refusal::Because { why: &problem.to_string() }))
    }

    async fn pin_of(&self, value: &ButtonValue) -> Option<PinRecord> {
        self.inner.store.pin_by_id(&value.pin).await.ok().flatten()
    }

    async fn carry_out(&self, click: &Interaction, record: &PinRecord, person: &PersonName) -> Result<(), Problem> {
        let (number, instance) = (record.pin.number, &record.pin.instance);
        let answer = Answer::by(person, Surface::Chat).to(&click.value.nonce);
        match click.action {
            Action::Approve => self.approve(number, answer).await.map(drop),
            Action::Reject => self.reject(number, answer).await.map(drop),
            Action::Cancel => self.cancel(number, person, Surface::Chat).await.map(drop),
            Action::Retry if record.pin.ended() => self.pin_again(number, person).await.map(drop),
            Action::Retry => self.retry(number, person).await.map(drop),
            Action::Unpin => self.unpin(instance, person, "").await.map(drop),
            Action::Unlock => self.unlock(instance, person).await,
            // A link: the browser went there already.
            Action::Details => Ok(()),
        }
    }
}

/// In a shared channel people of other workspaces see our buttons; their ids mean nothing here.
async fn same_workspace(service: &ChatService, team: &str) -> bool {
    match service {
        ChatService::Slack(slack) => slack.identity().await.is_ok_and(|us| us.team == team),
    }
}
