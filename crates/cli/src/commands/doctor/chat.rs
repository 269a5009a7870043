//! Chat: whether the tokens are of the right kind and known.

use chat::slack::{Settings, Slack, Token};

use super::finding::Finding;
use super::subject::Subject;
use crate::commands::secret;

/// Where the tokens stand.
pub(super) const BOT_TOKEN: &str = "PINNACE_SLACK_BOT_TOKEN";
pub(super) const APP_TOKEN: &str = "PINNACE_SLACK_APP_TOKEN";

pub(super) async fn look(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(bot) = secret(BOT_TOKEN) else {
        return vec![Finding::warning(
            "no chat: PINNACE_SLACK_BOT_TOKEN is not set, so people are asked on the page and at the terminal only",
            "`pinnace chat manifest slack` makes an app; none is needed to go without",
        )];
    };
    let mut found = Vec::new();
    let app = secret(APP_TOKEN);
    for (token, variable, begins) in [(Some(&bot), BOT_TOKEN, "xoxb-"), (app.as_ref(), APP_TOKEN, "xapp-")] {
        if token.is_some_and(|token| !token.starts_with(begins)) {
            let what = format!("{variable} does not begin with `{begins}`: it is a token of another kind");
            found.push(Finding::broken(
                what,
                "take the tokens from the app's pages: the bot's begins with xoxb-, the app's with xapp-",
            ));
        }
    }
    let asked = async {
        let slack = Slack::new(Settings::new(Token::new(bot), app.map(Token::new)))?;
        slack.identity().await.map(|_| ())
    };
    found.push(match asked.await {
        Ok(()) => Finding::well("Slack knows us"),
        Err(error) => Finding::broken(subject.clean(&error.to_string()), "renew the token, or install the app again"),
    });
    found
}
