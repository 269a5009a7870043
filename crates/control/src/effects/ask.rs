//! Who decides: the policy where the rule is `auto` and no lock is on, the person who wanted an unpin, else people are asked.

use config_repo::{Instance, Rule};
use model::{Decider, Fact, Pin, PolicyName, Stage};
use store::PinRecord;

use super::Done;
use crate::inner::Inner;
use crate::trouble::Trouble;

pub(super) async fn perform(inner: &Inner, record: &PinRecord) -> Result<Done, Trouble> {
    let pin = &record.pin;
    let instance = inner.instance(&pin.instance)?;
    supersede_older(inner, pin).await?;
    let locked = inner.store.instance(&pin.instance).await?.lock.is_some();
    if let Some(policy) = policy(&instance, pin, locked)? {
        return Ok(Fact::Approved { by: Decider::Policy(policy), surface: None }.into());
    }
    let config = inner.config();
    let place = &pin.instance.environment;
    let Some(environment) = config.environments.get(place) else {
        return Err(Trouble::Impossible(format!("environment `{place}` is no longer in pinnace.yaml")));
    };
    let approvers = config.approver_names(place);
    if approvers.is_empty() {
        return Err(Trouble::Impossible(format!("nobody may approve in `{place}`: name approvers in pinnace.yaml")));
    }
    let until = inner.clock.now().plus(environment.ask_expires);
    let mut facts = vec![Fact::Asked { approvers: approvers.clone(), quorum: environment.quorum, until }];
    // Who clicks "unpin" and may decide has decided; the others of a quorum are asked. Asked again, because the config
    // repo moved, they are asked like everybody: what they decided about is not what would happen.
    let again = record.facts.iter().any(|recorded| matches!(recorded.fact, Fact::Asked { .. }));
    let decided = pin.opened_by.iter().filter(|person| !again && approvers.contains(person));
    facts.extend(decided.map(|person| Fact::Approved { by: Decider::Person(person.clone()), surface: None }));
    Ok(Done { facts, instance_facts: Vec::new() })
}

fn policy(instance: &Instance, pin: &Pin, locked: bool) -> Result<Option<PolicyName>, Trouble> {
    if instance.rule != Rule::Auto || locked || pin.opened_by.is_some() {
        return Ok(None);
    }
    "auto".parse().map(Some).map_err(|error: model::InvalidName| Trouble::Impossible(error.to_string()))
}

/// One open ask for an instance: a newer build takes the place of what waits for people. What they approved already gives
/// way only to a newer one that they approve as well.
async fn supersede_older(inner: &Inner, pin: &Pin) -> Result<(), Trouble> {
    for older in inner.store.open_pins_of(&pin.instance).await? {
        let asked = older.pin.stage.waits() && older.pin.stage != Stage::Approved && older.pin.opened_by.is_none();
        if older.pin.number < pin.number && asked {
            inner.supersede(&older, pin.number).await?;
        }
    }
    Ok(())
}
