//! A broker, and requests to its management API.

use std::error::Error as _;
use std::fmt;
use std::sync::Once;
use std::time::Duration;

use reqwest::{Certificate, Client, Method, Response, StatusCode, redirect};
use secrets::{Secret, clip, in_address};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::error::RabbitError;

/// How long a request may take, with its answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// The largest answer: the policies of one virtual host are far below.
const MOST_BYTES: usize = 4 << 20;
/// What is told of the broker's words.
const LONGEST_WORDS: usize = 500;

/// A broker of RabbitMQ, with a user that has the tag `administrator`.
pub struct Server {
    client: Client,
    /// Without a slash at its end.
    base: String,
    username: String,
    password: Secret<String>,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

/// How the management API says that something is not right.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Complaint {
    error: String,
    reason: Value,
}

/// What came back.
struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

impl Server {
    /// A broker by the address of its management API, as in `https://rabbit.example:15671`. `ca` is a PEM file's content: authorities that prove
    /// who it is, besides those that everybody knows.
    pub fn new(
        management_url: &str,
        username: &str,
        password: Secret<String>,
        ca: Option<&[u8]>,
    ) -> Result<Self, RabbitError> {
        let base = base(management_url)?;
        let client = client(ca)?;
        Ok(Self { client, base, username: username.to_owned(), password })
    }

    /// Reads something; none when it is not there.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<Option<T>, RabbitError> {
        let action = "say what is there";
        let answer = self.ask(Method::GET, path, None, action).await?;
        match answer.status {
            StatusCode::NOT_FOUND => self.is_not_there(&answer).map(|()| None),
            StatusCode::OK => {
                let read = serde_json::from_slice(&answer.body);
                read.map(Some).map_err(|error| self.strange(format!("{}: {error}", path.join("/"))))
            }
            _ => Err(self.refused(&answer, action)),
        }
    }

    /// Writes something.
    pub(crate) async fn put(&self, path: &[&str], body: &Value, action: &str) -> Result<(), RabbitError> {
        let answer = self.ask(Method::PUT, path, Some(body), action).await?;
        if answer.status.is_success() { Ok(()) } else { Err(self.refused(&answer, action)) }
    }

    /// Takes something away that may be gone already.
    pub(crate) async fn delete(&self, path: &[&str], action: &str) -> Result<(), RabbitError> {
        let answer = self.ask(Method::DELETE, path, None, action).await?;
        match answer.status {
            StatusCode::NOT_FOUND => self.is_not_there(&answer),
            status if status.is_success() => Ok(()),
            _ => Err(self.refused(&answer, action)),
        }
    }

    async fn ask(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
        action: &str,
    ) -> Result<Answer, RabbitError> {
        let path: Vec<String> = path.iter().map(|part| in_address(part)).collect();
        let mut request = self.client.request(method, format!("{}/api/{}", self.base, path.join("/")));
        request = request.basic_auth(&self.username, Some(self.password.expose()));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answering = async { self.bounded(request.send().await.map_err(|error| self.unreachable(&error))?).await };
        let answer = tokio::time::timeout(ANSWERS_WITHIN, answering).await.map_err(|_| RabbitError::Slow {
            action: action.to_owned(),
            server: self.to_string(),
            after: ANSWERS_WITHIN,
        })??;
        self.usual(answer)
    }

    async fn bounded(&self, mut response: Response) -> Result<Answer, RabbitError> {
        let (status, mut body) = (response.status(), Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(self.strange(format!("more than {MOST_BYTES} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, body })
    }

    /// What any request may be answered with.
    fn usual(&self, answer: Answer) -> Result<Answer, RabbitError> {
        let status = answer.status;
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(RabbitError::Login {
                server: self.to_string(),
                username: self.username.clone(),
                why: words(&answer),
            }),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                Err(RabbitError::Unreachable { server: self.to_string(), why: words(&answer) })
            }
            _ if status.is_server_error() => {
                Err(RabbitError::Unreachable { server: self.to_string(), why: words(&answer) })
            }
            _ if status.is_redirection() => Err(self.strange(format!("it leads elsewhere, with status {status}"))),
            _ => Ok(answer),
        }
    }

    /// A wrong address is "not found" too, but not in the words of RabbitMQ. Taken for an empty broker it would be filled in vain.
    fn is_not_there(&self, answer: &Answer) -> Result<(), RabbitError> {
        let complaint: Complaint = serde_json::from_slice(&answer.body).unwrap_or_default();
        let is_known = ["Object Not Found", "not_found"].contains(&complaint.error.as_str());
        if is_known { Ok(()) } else { Err(self.strange(words(answer))) }
    }

    fn refused(&self, answer: &Answer, action: &str) -> RabbitError {
        RabbitError::Refused { server: self.to_string(), action: action.to_owned(), why: words(answer) }
    }

    fn strange(&self, why: String) -> RabbitError {
        RabbitError::Strange { server: self.to_string(), why }
    }

    fn unreachable(&self, error: &reqwest::Error) -> RabbitError {
        RabbitError::Unreachable { server: self.to_string(), why: innermost(error) }
    }
}

fn base(management_url: &str) -> Result<String, RabbitError> {
    let wrong = |why: &str| RabbitError::Setup(format!("`managementUrl` {why}; write it as http://rabbit:15672"));
    // What is no address may hold a password: it is not repeated.
    let address = Url::parse(management_url).map_err(|error| wrong(&format!("is no address ({error})")))?;
    if !["http", "https"].contains(&address.scheme()) || address.host().is_none() {
        return Err(wrong("does not begin with http:// or https:// and a host"));
    }
    if !address.username().is_empty() || address.password().is_some() {
        return Err(wrong("holds a login, which has keys of its own"));
    }
    if address.query().is_some() || address.fragment().is_some() {
        return Err(wrong("ends in what is no path"));
    }
    let base = address.as_str().trim_end_matches('/');
    Ok(base.strip_suffix("/api").unwrap_or(base).to_owned())
}

fn client(ca: Option<&[u8]>) -> Result<Client, RabbitError> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error means that the program chose one already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    let mut builder = Client::builder().redirect(redirect::Policy::none()).http1_only().referer(false).no_proxy();
    builder = builder.user_agent("pinnace");
    if let Some(pem) = ca {
        let found = Certificate::from_pem_bundle(pem).ok().filter(|found| !found.is_empty());
        let wrong = || RabbitError::Setup("what proves who it is (`ca`) holds no PEM certificate".to_owned());
        builder = builder.tls_certs_merge(found.ok_or_else(wrong)?);
    }
    builder.build().map_err(|error| RabbitError::Setup(innermost(&error)))
}

/// What the broker says, in one line.
fn words(answer: &Answer) -> String {
    let complaint: Complaint = serde_json::from_slice(&answer.body).unwrap_or_default();
    let reason = match &complaint.reason {
        Value::Null => complaint.error,
        Value::String(reason) => reason.clone(),
        other => other.to_string(),
    };
    let line: Vec<&str> = reason.split_whitespace().collect();
    let status = answer.status.as_u16();
    if line.is_empty() {
        format!("status {status}")
    } else {
        clip(&format!("{} ({status})", line.join(" ")), LONGEST_WORDS)
    }
}

/// The innermost cause. The outer ones only repeat the address.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut said = error.to_string();
    while let Some(inner) = cause {
        (said, cause) = (inner.to_string(), inner.source());
    }
    clip(&said, LONGEST_WORDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_with_and_without_what_belongs_to_the_api() {
        for given in
            ["http://rabbit:15672", "http://rabbit:15672/", "http://rabbit:15672/api", "http://rabbit:15672/api/"]
        {
            assert_eq!(base(given).unwrap(), "http://rabbit:15672");
        }
        assert_eq!(base("https://example.org/mq/").unwrap(), "https://example.org/mq");
    }

    #[test]
    fn what_is_no_address_is_told_and_no_password_with_it() {
        let told = |given: &str| base(given).unwrap_err().to_string();
        assert!(told("rabbit:15672").contains("does not begin with http://"));
        assert!(told("amqp://rabbit").contains("does not begin with http://"));
        assert!(told("http://rabbit/?a=b").contains("ends in what is no path"));
        for given in ["http://admin:hunter2@rabbit:15672", "admin:hunter2@rabbit"] {
            assert!(!told(given).contains("hunter2"), "{}", told(given));
        }
        assert!(matches!(client(Some(b"no certificate")), Err(RabbitError::Setup(_))));
    }
}
