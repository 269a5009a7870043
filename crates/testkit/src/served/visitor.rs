//! What people do with a server, over the same HTTP that they use for real.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};

use super::ServedError;

/// How long one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// Somebody at their browser.
#[derive(Debug)]
pub struct Visitor {
    http: Client,
    url: String,
    cookie: String,
}

impl Visitor {
    /// Somebody uses their one-time link.
    pub(super) async fn sign_in(url: &str, link: &str) -> Result<Self, ServedError> {
        let mut visitor = Self { http: client()?, url: url.to_owned(), cookie: String::new() };
        let answer = visitor.post("/sign-in", &[("link", link), ("next", "/")]).await?;
        let cookie = answer.headers().get("set-cookie").and_then(|value| value.to_str().ok()).unwrap_or_default();
        cookie.split(';').next().unwrap_or_default().clone_into(&mut visitor.cookie);
        Ok(visitor)
    }

    /// Presses a button of a pin.
    pub async fn press(&self, pin: u64, verb: &str) -> Result<(), ServedError> {
        self.post(&format!("/pins/{pin}/{verb}"), &[]).await?;
        Ok(())
    }

    /// Presses a button of an instance.
    pub async fn press_instance(&self, instance: &str, verb: &str) -> Result<(), ServedError> {
        self.post(&format!("/instances/{verb}"), &[("instance", instance)]).await?;
        Ok(())
    }

    /// Looks at a page or an address of the API; how many bytes came.
    pub async fn look(&self, path: &str) -> Result<usize, ServedError> {
        let request = self.http.get(format!("{}{path}", self.url)).header("cookie", &self.cookie);
        let answer = good(request, &format!("get {path}")).await?;
        Ok(answer.bytes().await.map_err(ServedError::http("read a page"))?.len())
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<Response, ServedError> {
        let body: Vec<String> =
            form.iter().map(|(name, value)| format!("{name}={}", secrets::in_address(value))).collect();
        let request = self
            .http
            .post(format!("{}{path}", self.url))
            .header("origin", &self.url)
            .header("cookie", &self.cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.join("&"));
        good(request, &format!("post {path}")).await
    }
}

/// What people and CI speak HTTP with.
pub(super) fn client() -> Result<Client, ServedError> {
    // A second provider in one process is not needed, and the first stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().redirect(redirect::Policy::none()).timeout(ANSWER_WITHIN).build();
    client.map_err(ServedError::http("begin"))
}

/// What `/metrics` at this port says, as text.
pub(super) async fn metrics(port: u16) -> Result<String, ServedError> {
    let answer = good(client()?.get(format!("http://127.0.0.1:{port}/metrics")), "read the metrics").await?;
    answer.text().await.map_err(ServedError::http("read the metrics"))
}

/// Sends it; an answer other than yes is an error.
pub(super) async fn good(request: RequestBuilder, action: &str) -> Result<Response, ServedError> {
    let answer = request.send().await.map_err(ServedError::http(action))?;
    let status = answer.status();
    if status.is_success() || status == StatusCode::SEE_OTHER {
        return Ok(answer);
    }
    let text = answer.text().await.unwrap_or_default();
    Err(ServedError::Refused { request: action.to_owned(), said: format!("{status}: {}", secrets::clip(&text, 2000)) })
}
