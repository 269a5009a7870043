//! One call of the Web API: token in the header, bounded in time and size, told apart by what may have happened.

use std::collections::HashMap;
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use super::{NAME, Token};
use crate::ChatError;

/// The largest answer: a page of 200 messages of ours is far below.
const MOST_BYTES: usize = 8 << 20;
/// What is waited when Slack doesn't say.
const USUAL_WAIT: Duration = Duration::from_secs(30);

/// The arguments of a call. Methods that read take forms only.
pub(super) enum Body<'a> {
    Form(&'a [(&'a str, &'a str)]),
    Json(&'a Value),
}

/// The Web API of one workspace.
#[derive(Debug)]
pub(super) struct Api {
    http: reqwest::Client,
    base: url::Url,
    bot_token: Token,
    time: Duration,
    /// Methods that Slack does not want to hear for a while.
    quiet: Mutex<HashMap<&'static str, Instant>>,
}

#[derive(Deserialize)]
struct Verdict {
    ok: bool,
    #[serde(default)]
    error: String,
    #[serde(default)]
    response_metadata: Hints,
}

#[derive(Deserialize, Default)]
struct Hints {
    #[serde(default)]
    messages: Vec<String>,
}

impl Api {
    pub(super) fn new(base: &str, bot_token: Token, time: Duration) -> Result<Self, ChatError> {
        let set_up = |why: String| ChatError::SetUp { service: NAME, why };
        let mut base = url::Url::parse(base).map_err(|fault| set_up(format!("`{base}` is no address: {fault}")))?;
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        if bot_token.as_str().starts_with("xapp-") {
            let why = "the app's token (xapp-) stands where the bot's (xoxb-) belongs; swap them";
            return Err(set_up(why.to_owned()));
        }
        Ok(Self { http: client().map_err(set_up)?, base, bot_token, time, quiet: Mutex::default() })
    }

    pub(super) async fn call<T: DeserializeOwned>(&self, method: &'static str, body: Body<'_>) -> Result<T, ChatError> {
        self.call_as(&self.bot_token, method, body).await
    }

    /// A call with a token of its own.
    pub(super) async fn call_as<T: DeserializeOwned>(
        &self,
        token: &Token,
        method: &'static str,
        body: Body<'_>,
    ) -> Result<T, ChatError> {
        self.may_call(method)?;
        let sent = tokio::time::timeout(self.time, self.send(token, method, body)).await;
        let (status, wait, bytes) = sent.unwrap_or_else(|slow| Err(no_answer(method, slow)))?;
        if status == reqwest::StatusCode::TOO_MANY_REQUESTS {
            return Err(self.hush(method, wait));
        }
        if !status.is_success() {
            return Err(strange(method, format!("status {}", status.as_u16())));
        }
        let not_json = |_| strange(method, "something that is not the documented JSON".to_owned());
        let verdict: Verdict = serde_json::from_slice(&bytes).map_err(not_json)?;
        match verdict.error.as_str() {
            _ if verdict.ok => serde_json::from_slice(&bytes).map_err(not_json),
            "ratelimited" | "rate_limited" => Err(self.hush(method, wait)),
            // Slack says these when it does not know itself.
            "internal_error" | "fatal_error" | "request_timeout" | "service_unavailable" => {
                Err(strange(method, format!("its own fault `{}`", short(&verdict.error))))
            }
            _ => Err(refused(method, &verdict)),
        }
    }

    /// A web socket at this address, by the same client: the same TLS, proxies and limits.
    pub(super) fn get(&self, address: url::Url) -> reqwest::RequestBuilder {
        self.http.get(address)
    }

    /// Whether the API is spoken to without TLS: only a Slack of tests is.
    pub(super) fn is_plain(&self) -> bool {
        self.base.scheme() == "http"
    }

    async fn send(
        &self,
        token: &Token,
        method: &'static str,
        body: Body<'_>,
    ) -> Result<(reqwest::StatusCode, Duration, Vec<u8>), ChatError> {
        let address = self.base.join(method).map_err(|fault| no_answer(method, fault))?;
        let (kind, body) = match body {
            Body::Json(value) => ("application/json; charset=utf-8", value.to_string()),
            Body::Form(fields) => ("application/x-www-form-urlencoded", form(fields)),
        };
        let request = self.http.post(address).bearer_auth(token.as_str());
        let request = request.header(reqwest::header::CONTENT_TYPE, kind).body(body);
        let failed = |fault: reqwest::Error| no_answer(method, fault.without_url());
        let mut answer = request.send().await.map_err(failed)?;
        let after = answer.headers().get(reqwest::header::RETRY_AFTER);
        let after = after.and_then(|seconds| seconds.to_str().ok()?.trim().parse().ok());
        let wait = after.map_or(USUAL_WAIT, Duration::from_secs);
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > MOST_BYTES {
                return Err(strange(method, format!("more than {MOST_BYTES} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((answer.status(), wait, bytes))
    }

    /// A method that Slack limited is not called again before its time, whoever asks.
    fn may_call(&self, method: &'static str) -> Result<(), ChatError> {
        let until = self.quiet.lock().unwrap_or_else(PoisonError::into_inner).get(method).copied();
        match until.and_then(|until| until.checked_duration_since(Instant::now())) {
            Some(after) if !after.is_zero() => Err(ChatError::RateLimited { service: NAME, method, after }),
            _ => Ok(()),
        }
    }

    fn hush(&self, method: &'static str, after: Duration) -> ChatError {
        let mut quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        quiet.insert(method, Instant::now() + after.min(Duration::from_hours(1)));
        ChatError::RateLimited { service: NAME, method, after }
    }
}

fn client() -> Result<reqwest::Client, String> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error means that the program chose one already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .http1_only()
        .user_agent("pinnace")
        .build()
        .map_err(|fault| format!("no HTTP client can be made: {fault}"))
}

fn form(fields: &[(&str, &str)]) -> String {
    let filled = fields.iter().filter(|(_, value)| !value.is_empty());
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(filled).finish()
}

fn no_answer(method: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ChatError {
    ChatError::NoAnswer { service: NAME, method, source: source.into() }
}

fn strange(method: &'static str, what: String) -> ChatError {
    ChatError::Strange { service: NAME, method, what }
}

fn refused(method: &'static str, verdict: &Verdict) -> ChatError {
    // Which field it is about: Slack names it here and nowhere else.
    let detail = verdict.response_metadata.messages.first().map(|first| format!(" ({})", short(first)));
    ChatError::Refused {
        service: NAME,
        method,
        code: short(&verdict.error),
        detail: detail.unwrap_or_default(),
        hint: hint(&verdict.error),
    }
}

fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

fn hint(code: &str) -> &'static str {
    match code {
        "channel_not_found" | "not_in_channel" => "; invite the bot to the channel",
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired" => {
            "; make a new token in the app's settings and give it to the server"
        }
        "missing_scope" | "not_allowed_token_type" => "; compare the app with `pinnace chat manifest` and reinstall it",
        "is_archived" => "; name another channel in `pinnace.yaml`",
        _ => "",
    }
}
