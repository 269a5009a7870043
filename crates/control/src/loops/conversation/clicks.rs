//! A click in chat becomes the same verb that the page calls; what had no effect is told to the clicker alone.

use chat::wording::{Refusal, refusal};
use chat::{Action, ButtonValue, ChatService, Interaction};
use model::{FleetNumber, InstanceId, PersonName, Surface};
use store::{PinRecord, StoreError};

use crate::problem::Problem;
use crate::trial;
use crate::verbs::{shown_fleet, shown_prune};
use crate::{Answer, Control};

/// What a button belongs to.
enum Pressed {
    Pin(Box<PinRecord>),
    Fleet(FleetNumber),
    /// Objects that the guard holds back in an instance.
    Held(InstanceId),
}

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
        let found = self.pressed(&click.value).await.ok().flatten();
        let (pressed, shown) = found.ok_or_else(|| no(&Refusal::NotOurs))?;
        if matches!(action, Action::Approve | Action::Reject | Action::ConfirmPrune) && shown != click.value.nonce {
            return Err(no(&Refusal::AskedAgain));
        }
        let done = match &pressed {
            Pressed::Pin(record) => self.carry_out(click, record, person).await,
            Pressed::Fleet(number) => self.carry_out_fleet(click, *number, person).await,
            Pressed::Held(instance) => self.carry_out_held(click, instance, person).await,
        };
        done.map_err(|problem| no(&Refusal::Because { why: &problem.to_string() }))
    }

    /// What the button belongs to, and what is shown of it now.
    async fn pressed(&self, value: &ButtonValue) -> Result<Option<(Pressed, String)>, StoreError> {
        let store = &self.inner.store;
        if let Some(record) = store.pin_by_id(&value.pin).await? {
            let shown = ButtonValue::of(&record.id, &record.pin).nonce;
            return Ok(Some((Pressed::Pin(Box::new(record)), shown)));
        }
        let Some(record) = store.fleet_by_id(&value.pin).await? else { return self.pressed_held(value).await };
        let number = record.fleet.number;
        let pins = store.pins_of_fleet(number).await?;
        let pins: Vec<_> = pins.into_iter().map(|record| record.pin).collect();
        Ok(Some((Pressed::Fleet(number), shown_fleet(&pins))))
    }

    /// The same of objects that are held back: who holds anything is asked, the button names it by a hash.
    async fn pressed_held(&self, value: &ButtonValue) -> Result<Option<(Pressed, String)>, StoreError> {
        let all = self.inner.store.instances().await?;
        let found = all.iter().find_map(|(id, state)| {
            let is_it = state.prune_held_since.is_some_and(|since| trial::held_key(id, since) == value.pin);
            is_it.then(|| (Pressed::Held(id.clone()), shown_prune(&state.prune_held)))
        });
        Ok(found)
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
            // A link: the browser went there already. The other one is no pin's.
            Action::Details | Action::ConfirmPrune => Ok(()),
        }
    }

    async fn carry_out_held(
        &self,
        click: &Interaction,
        instance: &InstanceId,
        person: &PersonName,
    ) -> Result<(), Problem> {
        match click.action {
            Action::ConfirmPrune => self.confirm_prune(instance, person, Some(&click.value.nonce)).await,
            // Its message has no such buttons.
            _ => Ok(()),
        }
    }

    async fn carry_out_fleet(
        &self,
        click: &Interaction,
        number: FleetNumber,
        person: &PersonName,
    ) -> Result<(), Problem> {
        let answer = Answer::by(person, Surface::Chat).to(&click.value.nonce);
        match click.action {
            Action::Approve => self.approve_fleet(number, answer).await.map(drop),
            Action::Reject => self.reject_fleet(number, answer).await.map(drop),
            Action::Cancel => self.cancel_fleet(number, person, Surface::Chat).await.map(drop),
            // A fleet pin's message has no such buttons.
            Action::Retry | Action::Unpin | Action::Unlock | Action::ConfirmPrune | Action::Details => Ok(()),
        }
    }
}

/// In a shared channel people of other workspaces see our buttons; their ids mean nothing here.
async fn same_workspace(service: &ChatService, team: &str) -> bool {
    match service {
        ChatService::Slack(slack) => slack.identity().await.is_ok_and(|us| us.team == team),
    }
}
