//! Requests to the Query API of RDS, signed.

use std::time::Duration;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::Client as Http;
use secrets::Secret;
use url::Url;
use url::form_urlencoded::Serializer;

use super::error::{Complaint, NOT_FOUND, RdsError};
use super::http::{self, Failed};
use super::login::Credentials;
use super::xml::{self, Element};
use crate::driver::Clock;

/// The version of the API.
const VERSION: &str = "2014-10-31";
pub(super) const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
/// How long a request may take, with its answer. Creating is begun within it, and goes on for minutes.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

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
        let usual = format!("https://rds.{region}.{}/", domain(region));
        let wrong = |why: &str| RdsError::Setup(format!("its address {why}; write it as {usual}"));
        let endpoint = Url::parse(endpoint.unwrap_or(&usual)).map_err(|error| wrong(&error.to_string()))?;
        let is_loopback = ["127.0.0.1", "[::1]", "localhost"].contains(&endpoint.host_str().unwrap_or_default());
        // The password of a new instance is in a request.
        if endpoint.scheme() != "https" && !(endpoint.scheme() == "http" && is_loopback) {
            return Err(wrong("has to begin with https://"));
        }
        Ok(Self { http: http::client()?, endpoint, region: region.to_owned(), credentials, clock })
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
        let mut request = self.http.post(self.endpoint.clone()).header("content-type", FORM);
        for (name, value) in self.signature(&body)? {
            request = request.header(name, value);
        }
        let answer = http::answered(request.body(body.expose().clone()), ANSWERS_WITHIN).await;
        let (status, bytes) = answer.map_err(|failed| match failed {
            Failed::Unreachable(why) => unreachable(why),
            Failed::TooLarge(why) => RdsError::Strange(why),
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

    /// The headers that prove who we are.
    fn signature(&self, body: &Secret<String>) -> Result<Vec<(String, String)>, RdsError> {
        let wrong = |error: &dyn std::fmt::Display| RdsError::Setup(format!("a request can't be signed: {error}"));
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

/// What the names of a region's services end with.
pub(super) fn domain(region: &str) -> &'static str {
    if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}
