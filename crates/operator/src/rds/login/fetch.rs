//! A key is fetched from where it comes from.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Client, RequestBuilder};
use secrets::{Secret, clip};
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::Serializer;

use super::source::{Source, Token};
use super::{Credentials, Held};
use crate::rds::client::{FORM, domain};
use crate::rds::error::{Complaint, RdsError};
use crate::rds::http::{self, Failed};
use crate::rds::xml;

/// The version of the service that gives a key for a token.
const VERSION: &str = "2011-06-15";
/// It goes over the network.
const ANSWERS_WITHIN: Duration = Duration::from_secs(15);
/// It is beside us, or not there at all.
const BESIDE_WITHIN: Duration = Duration::from_secs(3);
/// For so many seconds what proves that we are on the machine holds.
const PROOF_LASTS: &str = "60";

/// Fetches a key; none where the machine has no role, or nobody tells it one.
pub(super) async fn fetch(source: &Source, region: &str) -> Result<Option<Held>, RdsError> {
    let client = http::client()?;
    match source {
        Source::ServiceAccount { role, token, session, endpoint } => {
            let usual = || Url::parse(&format!("https://sts.{region}.{}/", domain(region)));
            let endpoint = endpoint.clone().map_or_else(usual, Ok);
            let endpoint =
                endpoint.map_err(|error| RdsError::Setup(format!("the region {region} gives no address: {error}")))?;
            let from = Origin(format!("the role {role} of the ServiceAccount"));
            let form = assume(role, session, &file(token, &from).await?);
            let request = client.post(endpoint).header("content-type", FORM).body(form.expose().clone());
            assumed(&from, from.ask(request, ANSWERS_WITHIN).await?).map(Some)
        }
        Source::Container { url, token } => {
            let from = Origin(format!("the host beside the container, {url}"));
            let token = match token {
                None => None,
                Some(Token::Text(text)) => Some(text.clone()),
                Some(Token::File(path)) => Some(file(path, &from).await?),
            };
            let mut request = client.get(url.clone());
            if let Some(token) = token {
                request = request.header("authorization", token.expose());
            }
            told(&from, &from.good(request).await?).map(Some)
        }
        Source::Machine { endpoint } => machine(&client, endpoint).await,
    }
}

/// IMDSv2: who asks first gets a proof that it is on the machine.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>
async fn machine(client: &Client, endpoint: &Url) -> Result<Option<Held>, RdsError> {
    let from = Origin(format!("the machine's metadata, {endpoint}"));
    let at = |path: &str| endpoint.join(path).map_err(|error| from.failed(error.to_string(), false));
    let proof = client.put(at("latest/api/token")?).header("x-aws-ec2-metadata-token-ttl-seconds", PROOF_LASTS);
    let proof = match from.good(proof).await {
        Ok(proof) => proof,
        // This is no machine of Amazon's.
        Err(error) => {
            tracing::debug!(%error, "no role of a machine");
            return Ok(None);
        }
    };
    let proof = String::from_utf8(proof).map_err(|error| from.failed(error.to_string(), false))?;
    let get = |url: Url| client.get(url).header("x-aws-ec2-metadata-token", &proof);
    let (status, names) = from.ask(get(at("latest/meta-data/iam/security-credentials/")?), BESIDE_WITHIN).await?;
    let names = String::from_utf8_lossy(&names);
    let Some(name) = names.lines().next().filter(|name| status == 200 && !name.is_empty()) else { return Ok(None) };
    told(&from, &from.good(get(at(&format!("latest/meta-data/iam/security-credentials/{name}"))?)).await?).map(Some)
}

/// Where a key comes from, in words.
struct Origin(String);

impl Origin {
    fn failed(&self, why: String, is_transient: bool) -> RdsError {
        RdsError::NoKey { from: self.0.clone(), why, is_transient }
    }

    async fn ask(&self, request: RequestBuilder, within: Duration) -> Result<(u16, Vec<u8>), RdsError> {
        http::answered(request, within).await.map_err(|failed| match failed {
            Failed::Unreachable(why) => self.failed(why, true),
            Failed::TooLarge(why) => self.failed(why, false),
        })
    }

    /// The body of a good answer of somebody beside us.
    async fn good(&self, request: RequestBuilder) -> Result<Vec<u8>, RdsError> {
        let (status, body) = self.ask(request, BESIDE_WITHIN).await?;
        if status == 200 {
            return Ok(body);
        }
        let said = clip(String::from_utf8_lossy(&body).trim(), 200);
        Err(self.failed(format!("status {status}: {said}"), status == 429 || status >= 500))
    }
}

/// The file is read each time: what is in it ends, and is written anew.
async fn file(path: &Path, from: &Origin) -> Result<Secret<String>, RdsError> {
    let text = tokio::fs::read_to_string(path).await;
    let text =
        text.map_err(|error| from.failed(format!("its token {} can't be read: {error}", path.display()), false))?;
    Ok(Secret::new(text.trim().to_owned()))
}

fn assume(role: &str, session: &str, token: &Secret<String>) -> Secret<String> {
    let mut form = Serializer::new(String::new());
    form.append_pair("Action", "AssumeRoleWithWebIdentity").append_pair("Version", VERSION);
    form.append_pair("RoleArn", role).append_pair("RoleSessionName", session);
    form.append_pair("WebIdentityToken", token.expose());
    Secret::new(form.finish())
}

fn assumed(from: &Origin, (status, body): (u16, Vec<u8>)) -> Result<Held, RdsError> {
    let answer = xml::read(&body)
        .map_err(|why| from.failed(format!("status {status}, and its answer can't be read: {why}"), status >= 500))?;
    if let Some(Complaint { code, message }) = Complaint::read(&answer) {
        let is_transient = status >= 500 || code.starts_with("Throttling") || code == "IDPCommunicationError";
        return Err(from.failed(format!("{message} ({code})"), is_transient));
    }
    let found = answer.at(&["AssumeRoleWithWebIdentityResult", "Credentials"]);
    let found = found.ok_or_else(|| from.failed(format!("status {status}, and its answer holds no key"), false))?;
    let text = |name: &str| found.text_of(name).to_owned();
    held(
        from,
        Told {
            access_key_id: text("AccessKeyId"),
            secret_access_key: text("SecretAccessKey"),
            token: text("SessionToken"),
            expiration: text("Expiration"),
        },
    )
}

/// A key as hosts beside us tell it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    access_key_id: String,
    secret_access_key: String,
    token: String,
    expiration: String,
}

fn told(from: &Origin, body: &[u8]) -> Result<Held, RdsError> {
    // What is wrong with it is said by its place alone: a key may be in it.
    let told = serde_json::from_slice(body).map_err(|error| {
        from.failed(format!("its answer is no key (line {}, column {})", error.line(), error.column()), false)
    })?;
    held(from, told)
}

fn held(from: &Origin, told: Told) -> Result<Held, RdsError> {
    let until = told.expiration.parse::<Timestamp>();
    let until = until.map_err(|error| from.failed(format!("its key ends at no time: {error}"), false))?;
    let credentials = Credentials {
        access_key: told.access_key_id,
        secret_key: Secret::new(told.secret_access_key),
        session_token: Some(Secret::new(told.token)),
    };
    Ok(Held { credentials, until })
}
