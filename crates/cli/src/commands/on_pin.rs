//! What `approve`, `reject`, `cancel` and `retry` share: one pin, one verb, and what came of it.

use std::io::{Write as _, stderr};
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::remote::{Client, PinShown, Problem, Remote, Wait, read};

/// A pin, and how to go on.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct OnPin {
    /// The pin's number, with or without its #
    #[arg(value_name = "PIN", value_parser = number)]
    pin: u64,
    #[command(flatten)]
    wait: Wait,
    #[command(flatten)]
    remote: Remote,
}

/// A pin's number as people write it.
pub(super) fn number(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    digits.parse().map_err(|_| "a pin has a number, as in 117; `pinnace pins` lists them".to_owned())
}

impl OnPin {
    /// Answers an ask: the one that was shown, or the one that there is when this looks.
    pub(super) fn answer(
        &self,
        verb: &str,
        shown: Option<&str>,
        reason: &str,
        wanted: &[&str],
    ) -> anyhow::Result<ExitCode> {
        self.remote.run(async |client| {
            let pin: PinShown = read(&client.get(&format!("/pins/{}", self.pin)).await?)?;
            let _ = writeln!(stderr(), "{verb} #{}: {} {}", pin.number, pin.instance, pin.versions());
            let shown = shown.map(str::to_owned).or(pin.shown);
            self.post(&client, verb, json!({"shown": shown, "reason": reason}), wanted).await
        })
    }

    /// Does something that needs no more words.
    pub(super) fn act(&self, verb: &str, wanted: &[&str]) -> anyhow::Result<ExitCode> {
        self.remote.run(async |client| self.post(&client, verb, json!({}), wanted).await)
    }

    async fn post(&self, client: &Client, verb: &str, body: Value, wanted: &[&str]) -> Result<ExitCode, Problem> {
        post(&self.remote, &self.wait, client, (self.pin, verb), body, wanted).await
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
    }
}
