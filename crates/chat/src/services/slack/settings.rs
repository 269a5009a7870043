//! How to reach Slack, and how long to wait for it.

use std::fmt;
use std::time::Duration;

/// A token or signing secret: never in logs, errors or debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token as it was given to us.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into().trim().to_owned())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// How to reach Slack.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the Web API is.
    pub api: String,
    /// The bot's token (`xoxb-...`).
    pub bot_token: Token,
    /// The app's token (`xapp-...`) for Socket Mode; none when clicks come by HTTP.
    pub app_token: Option<Token>,
    /// Times that calls and connections are given.
    pub times: Times,
}

/// Times that calls and connections are given.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// A call, from connecting to its last byte.
    pub call: Duration,
    /// Between two of our pings on the socket.
    pub ping: Duration,
    /// A socket that says nothing for so long is dead.
    pub silence: Duration,
    /// The shortest wait before connecting again.
    pub least_wait: Duration,
    /// The longest.
    pub most_wait: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            call: Duration::from_secs(10),
            ping: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            least_wait: Duration::from_millis(500),
            most_wait: Duration::from_secs(30),
        }
    }
}

impl Settings {
    /// Slack itself, with these tokens.
    pub fn new(bot_token: Token, app_token: Option<Token>) -> Self {
        Self { api: "https://slack.com/api/".to_owned(), bot_token, app_token, times: Times::default() }
    }
}
