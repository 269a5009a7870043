//! One question to one registry: the request, logging in when told to, and the answer within its bounds.

use std::time::Duration;

use model::ImageRef;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, LINK, RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use serde::Deserialize;

use super::access::{Access, Base};
use super::error::ResolveError;
use super::manifest::{ACCEPTED, Answer};
use super::token::{Challenge, Proof};

pub(super) struct Exchange<'a> {
    pub(super) client: &'a Client,
    pub(super) base: &'a Base,
    pub(super) access: &'a Access,
    pub(super) image: &'a ImageRef,
}

/// The distribution specification asks registries to take manifests of up to 4 MiB.
const LONGEST_MANIFEST: usize = 4 << 20;
/// An error's body is only read for its code.
const LONGEST_ERROR: usize = 64 << 10;
const MOST_REDIRECTS: usize = 3;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client that follows few redirects, never from TLS to plain text. `reqwest` drops the login at another host.
pub(super) fn client(base: &Base, access: &Access) -> Result<Client, ResolveError> {
    let setup = |reason: String| ResolveError::Setup { reason };
    let follow = redirect::Policy::custom(|attempt| {
        let downgrade =
            attempt.url().scheme() == "http" && attempt.previous().iter().any(|url| url.scheme() == "https");
        if downgrade {
            attempt.error("redirected from https to http")
        } else if attempt.previous().len() > MOST_REDIRECTS {
            attempt.error("redirected too often")
        } else {
            attempt.follow()
        }
    });
    let builder = Client::builder()
        .user_agent(concat!("pinnace/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .referer(false)
        .redirect(follow);
    let builder = match &access.ca_pem {
        Some(pem) => builder.tls_certs_merge(certificates(pem)?),
        // A machine without any CA certificates can still ask a loopback registry.
        None if base.is_plain() && base.is_loopback() => builder.tls_certs_only([]),
        None => builder,
    };
    let builder = if base.is_loopback() { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| setup(format!("no connection can be prepared: {}", causes(&error))))
}

fn certificates(pem: &[u8]) -> Result<Vec<reqwest::Certificate>, ResolveError> {
    let wrong = || ResolveError::Setup { reason: "the registry's `ca` holds no PEM certificate".to_owned() };
    let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| wrong())?;
    if certificates.is_empty() { Err(wrong()) } else { Ok(certificates) }
}

impl Exchange<'_> {
    /// The manifest's bytes and what the registry says of them.
    pub(super) async fn manifest(&self) -> Result<Answer, ResolveError> {
        let by = match (&self.image.tag, &self.image.digest) {
            (Some(tag), _) => tag.as_str(),
            (None, Some(digest)) => digest.as_str(),
            (None, None) => "latest",
        };
        let below = format!("v2/{}/manifests/{by}", self.image.repository.path());
        self.get(&below, ACCEPTED, LONGEST_MANIFEST).await
    }

    /// What stands at an address of the registry, logged in where it wants that.
    pub(super) async fn get(&self, below: &str, accept: &str, limit: usize) -> Result<Answer, ResolveError> {
        let url = self.base.url(below)?;
        let response = self.send(&url, accept, &Proof::Nothing).await?;
        let response = if response.status() == StatusCode::UNAUTHORIZED {
            let challenge = self.challenge(&response)?;
            let proof = self.answer(&challenge).await?;
            self.send(&url, accept, &proof).await?
        } else {
            response
        };
        self.check(response, limit).await
    }

    async fn send(&self, url: &Url, accept: &str, proof: &Proof) -> Result<Response, ResolveError> {
        let request = self.client.get(url.clone()).header(ACCEPT, accept);
        proof.put_on(request).send().await.map_err(|error| self.failed(&error))
    }

    fn challenge(&self, response: &Response) -> Result<Challenge, ResolveError> {
        // Only the registry itself may say where its users' passwords go.
        if !self.base.same_origin(response.url()) {
            return Err(self.unauthorized(format!(
                "it sent us on to {}, which wants a login",
                response.url().host_str().unwrap_or_default()
            )));
        }
        let values = response.headers().get_all(WWW_AUTHENTICATE);
        Challenge::choose(values.iter().filter_map(|value| value.to_str().ok())).ok_or_else(|| {
            self.unauthorized("it wants a login and does not say how (no `WWW-Authenticate`)".to_owned())
        })
    }

    async fn check(&self, response: Response, limit: usize) -> Result<Answer, ResolveError> {
        let status = response.status();
        let headers = response.headers().clone();
        if status == StatusCode::OK {
            let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::to_owned);
            let body = self.bounded(response, limit).await?;
            return Ok(Answer {
                content_type: text(CONTENT_TYPE.as_str()),
                said: text("docker-content-digest").and_then(|said| said.parse().ok()),
                link: text(LINK.as_str()),
                body,
            });
        }
        Err(self.refusal(status, &headers, &self.code(response).await))
    }

    /// What a status other than 200 means, at the registry and at its token service alike.
    pub(super) fn refusal(&self, status: StatusCode, headers: &HeaderMap, code: &str) -> ResolveError {
        let registry = self.base.name();
        let answer = format!("{}{code}", status.as_u16());
        match status {
            StatusCode::NOT_FOUND => ResolveError::NotFound { image: self.image.to_string(), registry, answer },
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => self.unauthorized(match &self.access.credentials {
                None => {
                    format!(
                        "it wants a login ({answer}) and none is configured: name one as its `auth` under `registries` in pinnace.yaml (some say so of what does not exist)"
                    )
                }
                Some(login) => {
                    format!(
                        "it refuses the user `{}` ({answer}); is the password right, and may the user pull?",
                        login.user
                    )
                }
            }),
            StatusCode::TOO_MANY_REQUESTS => {
                ResolveError::RateLimited { registry, retry_after: headers.get(RETRY_AFTER).and_then(seconds) }
            }
            _ => ResolveError::Unreachable { registry, reason: format!("it answered {answer}") },
        }
    }

    /// The registry's own code (`MANIFEST_UNKNOWN`), for the message.
    pub(super) async fn code(&self, response: Response) -> String {
        #[derive(Deserialize)]
        struct Envelope {
            errors: Vec<Entry>,
        }
        #[derive(Deserialize)]
        struct Entry {
            code: String,
        }
        let Ok(body) = self.bounded(response, LONGEST_ERROR).await else { return String::new() };
        let code =
            serde_json::from_slice::<Envelope>(&body).ok().and_then(|envelope| envelope.errors.into_iter().next());
        let plain = |code: &String| code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && code.len() <= 40;
        code.map(|entry| entry.code).filter(plain).map_or_else(String::new, |code| format!(" {code}"))
    }

    /// A body of at most so many bytes.
    pub(super) async fn bounded(&self, response: Response, limit: usize) -> Result<Vec<u8>, ResolveError> {
        bounded(response, limit).await.map_err(|unread| match unread {
            Unread::TooLarge => {
                ResolveError::TooLarge { image: self.image.to_string(), registry: self.base.name(), limit }
            }
            Unread::Broken(error) => self.failed(&error),
        })
    }

    pub(super) fn unauthorized(&self, reason: String) -> ResolveError {
        ResolveError::Unauthorized { image: self.image.to_string(), registry: self.base.name(), reason }
    }

    pub(super) fn failed(&self, error: &reqwest::Error) -> ResolveError {
        let mut reason = causes(error);
        if reason.contains("UnknownIssuer") {
            reason.push_str("; name the registry's `ca` in pinnace.yaml if it has its own");
        }
        ResolveError::Unreachable { registry: self.base.name(), reason }
    }
}

/// Why a body was not read to its end.
pub(crate) enum Unread {
    TooLarge,
    Broken(reqwest::Error),
}

/// A body of at most so many bytes: the one place where answers of others are read.
pub(crate) async fn bounded(mut response: Response, limit: usize) -> Result<Vec<u8>, Unread> {
    let announced = response.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |announced| announced > limit) {
        return Err(Unread::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Unread::Broken)? {
        if body.len() + chunk.len() > limit {
            return Err(Unread::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Only the form in seconds; a date would need a clock that agrees with theirs.
fn seconds(value: &HeaderValue) -> Option<Duration> {
    value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// The innermost cause in words. The outer ones only repeat the address.
pub(crate) fn causes(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string().chars().filter(|c| !c.is_control()).take(300).collect()
}
