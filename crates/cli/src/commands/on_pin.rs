//! What `approve`, `reject`, `cancel` and `retry` share: one pin or fleet pin, one verb, and what came of it.

use std::io::{Write as _, stderr};
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::remote::{Client, FleetShown, PinShown, Problem, Remote, Wait, read};

/// A pin or a fleet pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Pin(u64),
    Fleet(u64),
}

/// A pin or a fleet pin, and how to go on.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct OnPin {
    /// The number of a pin, as in 117, or of a fleet pin, as in F7
    #[arg(value_name = "PIN|FLEET", value_parser = target)]
    on: Target,
    #[command(flatten)]
    wait: Wait,
    #[command(flatten)]
    remote: Remote,
}

/// A pin's number as people write it.
pub(super) fn number(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    digits.parse().map_err(|_| {
        "a pin has a number, as in 117, and a fleet pin one as in F7; `pinnace pins` and `pinnace fleets` list them"
            .to_owned()
    })
}

/// A pin's or a fleet pin's number as people write it.
pub(super) fn target(text: &str) -> Result<Target, String> {
    match text.parse::<model::FleetNumber>() {
        Ok(fleet) => Ok(Target::Fleet(fleet.0)),
        Err(_) => number(text).map(Target::Pin),
    }
}

/// What counts as a success of a verb: the stages of a pin, the states of a fleet pin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) pin: &'static [&'static str],
    pub(super) fleet: &'static [&'static str],
}

impl OnPin {
    /// Answers an ask: the one that was shown, or the one that there is when this looks.
    pub(super) fn answer(
        &self,
        verb: &str,
        shown: Option<&str>,
        reason: &str,
        wanted: Wanted,
    ) -> anyhow::Result<ExitCode> {
        self.remote.run(async |client| {
            let now = match self.on {
                Target::Pin(pin) => {
                    let pin: PinShown = read(&client.get(&format!("/pins/{pin}")).await?)?;
                    let _ = writeln!(stderr(), "{verb} #{}: {} {}", pin.number, pin.instance, pin.versions());
                    pin.shown
                }
                Target::Fleet(fleet) => {
                    let fleet: FleetShown = read(&client.get(&format!("/fleets/{fleet}")).await?)?;
                    let _ = writeln!(stderr(), "{verb} F{}: {}", fleet.number, fleet.what());
                    fleet.shown
                }
            };
            // Nothing is shown while nobody is asked: then the server says so.
            let shown = shown.map(str::to_owned).or(now).unwrap_or_default();
            self.post(&client, verb, json!({"shown": shown, "reason": reason}), wanted).await
        })
    }

    /// Does something that needs no more words.
    pub(super) fn act(&self, verb: &str, wanted: Wanted) -> anyhow::Result<ExitCode> {
        self.remote.run(async |client| self.post(&client, verb, json!({}), wanted).await)
    }

    async fn post(&self, client: &Client, verb: &str, body: Value, wanted: Wanted) -> Result<ExitCode, Problem> {
        let (remote, wait) = (&self.remote, &self.wait);
        let fleet = match self.on {
            Target::Pin(pin) => return post(remote, wait, client, (pin, verb), body, wanted.pin).await,
            Target::Fleet(fleet) => fleet,
        };
        let said = client.post(&format!("/fleets/{fleet}/{verb}"), &body).await?;
        let fleet: FleetShown = read(&said)?;
        remote.print(&said, || Ok(format!("{}: {}\n", fleet.headline, fleet.sentence)))?;
        // What was said no to is over for who said it, also while its pins are told.
        if !wait.wanted() && wanted.fleet.contains(&fleet.state.as_str()) {
            return Ok(ExitCode::SUCCESS);
        }
        wait.then_fleet(client, fleet.number, wanted.fleet).await
    }
}

/// Does something with a pin, prints what came of it, and waits where that is wanted. What was tried anew is another pin.
pub(super) async fn post(
    remote: &Remote,
    wait: &Wait,
    client: &Client,
    (pin, verb): (u64, &str),
    body: Value,
    wanted: &[&str],
) -> Result<ExitCode, Problem> {
    let said = client.post(&format!("/pins/{pin}/{verb}"), &body).await?;
    let pin: PinShown = read(&said)?;
    remote.print(&said, || Ok(format!("{}: {}\n", pin.headline, pin.sentence)))?;
    if pin.ended && !wait.wanted() {
        return Ok(ExitCode::SUCCESS);
    }
    wait.then(client, pin.number, wanted).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_named_as_people_write_it() {
        assert_eq!(number("117"), Ok(117));
        assert_eq!(number("#117"), Ok(117));
        assert!(number("shop/prod").unwrap_err().contains("pinnace pins"));
        assert_eq!(
            (target("F7"), target("f7"), target("#7")),
            (Ok(Target::Fleet(7)), Ok(Target::Fleet(7)), Ok(Target::Pin(7)))
        );
        assert!(target("Fleet").is_err());
    }
}
