//! Requests to the Query API of RDS, signed.

use std::error::Error as _;
use std::sync::Once;
use std::time::Duration;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::{Client as Http, Response, redirect};
use secrets::{Secret, clip};
use url::Url;
use url::form_urlencoded::Serializer;

use super::error::{Complaint, NOT_FOUND, RdsError};
use super::xml::{self, Element};
use crate::driver::Clock;

/// The version of the API.
const VERSION: &str = "2014-10-31";
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
/// How long a request may take, with its answer. Creating is begun within it, and goes on for minutes.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);
/// The largest answer: that about one instance is far below.
const MOST_BYTES: usize = 2 << 20;

/// Who we are.
#[derive(Clone)]
pub struct Credentials {
    /// The key's name.
    pub access_key: String,
    /// The key.
    pub secret_key: Secret<String>,
    /// What goes with a key that ends soon.
    pub session_token: Option<Secret<String>>,
}

/// RDS in one region.
pub struct Client {
    http: Http,
    endpoint: Url,
    region: String,
    credentials: Credentials,
    /// A signature holds for minutes.
    clock: Clock,
}

impl Client {
    /// RDS in a region, at its usual address or at one of one's own network.
    pub fn new(region: &str, credentials: Credentials, endpoint: Option<&str>, clock: Clock) -> Result<Self, RdsError> {
        let is_region = !region.is_empty() && region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !is_region {
            return Err(RdsError::Setup("the region is none: write it as eu-central-1".to_owned()));
        }
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let usual = format!("https://rds.{region}.{domain}/");
        let wrong = |why: &str| RdsError::Setup(format!("its address {why}; write it as {usual}"));
        let endpoint = Url::parse(endpoint.unwrap_or(&usual)).map_err(|error| wrong(&error.to_string()))?;
        let is_loopback = ["127.0.0.1", "[::1]", "localhost"].contains(&endpoint.host_str().unwrap_or_default());
        // The password of a new instance is in a request.
        if endpoint.scheme() != "https" && !(endpoint.scheme() == "http" && is_loopback) {
            return Err(wrong("has to begin with https://"));
        }
        Ok(Self { http: http()?, endpoint, region: region.to_owned(), credentials, clock })
    }

    /// Asks for something; none when it is not there. `action` is told of what goes wrong.
    pub(super) async fn ask(
        &self,
        name: &str,
        parameters: &[(String, String)],
        action: &str,
    ) -> Result<Option<Element>, RdsError> {
        let body = form(name, parameters);
        let unreachable = |why: String| RdsError::Unreachable { action: action.to_owned(), why };
        let answering = self.send(&body);
        let answer = tokio::time::timeout(ANSWERS_WITHIN, answering).await;
        let slow = |_| unreachable(format!("it took longer than {} s", ANSWERS_WITHIN.as_secs()));
        let (status, bytes) = answer.map_err(slow)?.map_err(|failed| match failed {
            Failed::Signing(why) => RdsError::Setup(why),
            Failed::Sending(error) => unreachable(innermost(&error)),
            Failed::TooLarge => RdsError::Strange(format!("its answer has more than {MOST_BYTES} bytes")),
        })?;
        let read = xml::read(&bytes);
        if (200..300).contains(&status) {
            return read.map(Some).map_err(|why| RdsError::Strange(format!("its answer can't be read: {why}")));
        }
        match read.ok().as_ref().and_then(Complaint::read) {
            Some(complaint) if NOT_FOUND.contains(&complaint.code.as_str()) => Ok(None),
            Some(complaint) => Err(complaint.into_error(status, action)),
            None if status == 429 || status >= 500 => Err(unreachable(format!("status {status}"))),
            None => Err(RdsError::Strange(format!("status {status} without its words"))),
        }
    }

    async fn send(&self, body: &Secret<String>) -> Result<(u16, Vec<u8>), Failed> {
        let mut request = self.http.post(self.endpoint.clone()).header("content-type", FORM);
        for (name, value) in self.signature(body)? {
            request = request.header(name, value);
        }
        let mut answer: Response = request.body(body.expose().clone()).send().await.map_err(Failed::Sending)?;
        let (status, mut bytes) = (answer.status().as_u16(), Vec::new());
        while let Some(chunk) = answer.chunk().await.map_err(Failed::Sending)? {
            if bytes.len() + chunk.len() > MOST_BYTES {
                return Err(Failed::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((status, bytes))
    }

    /// The headers that prove who we are.
    fn signature(&self, body: &Secret<String>) -> Result<Vec<(String, String)>, Failed> {
        let wrong = |error: &dyn std::fmt::Display| Failed::Signing(format!("a request can't be signed: {error}"));
        let Credentials { access_key, secret_key, session_token } = &self.credentials;
        let token = session_token.as_ref().map(|token| token.expose().clone());
        let identity =
            aws_credential_types::Credentials::new(access_key, secret_key.expose(), token, None, "pinnace").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("rds")
            .time(self.clock.now().into())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| wrong(&error))?
            .into();
        let headers = [("content-type", FORM)].into_iter();
        let bytes = SignableBody::Bytes(body.expose().as_bytes());
        let request = SignableRequest::new("POST", self.endpoint.as_str(), headers, bytes);
        let signed = sign(request.map_err(|error| wrong(&error))?, &parameters).map_err(|error| wrong(&error))?;
        let (instructions, _) = signed.into_parts();
        Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

fn form(name: &str, parameters: &[(String, String)]) -> Secret<String> {
    let mut form = Serializer::new(String::new());
    form.append_pair("Action", name).append_pair("Version", VERSION);
    form.extend_pairs(parameters);
    Secret::new(form.finish())
}

enum Failed {
    Signing(String),
    Sending(reqwest::Error),
    TooLarge,
}

fn http() -> Result<Http, RdsError> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error means that the program chose one already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    let builder = Http::builder().redirect(redirect::Policy::none()).http1_only().referer(false).user_agent("pinnace");
    builder.build().map_err(|error| RdsError::Setup(innermost(&error)))
}

/// The innermost cause. The outer ones only repeat the address.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut said = error.to_string();
    while let Some(inner) = cause {
        (said, cause) = (inner.to_string(), inner.source());
    }
    clip(&said, 500)
}
