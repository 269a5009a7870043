//! What people and CI do with a server, over the same HTTP that they use for real.

use model::Timestamp;
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};
use serde_json::json;
use webhooks::SigningKey;

use super::ServedError;

/// Somebody at their browser, and CI with its signing key.
#[derive(Debug)]
pub struct Visitor {
    http: Client,
    url: String,
    cookie: String,
    key: SigningKey,
    deliveries: u32,
}

impl Visitor {
    /// Somebody uses their one-time link.
    pub async fn sign_in(url: &str, link: &str, key: SigningKey) -> Result<Self, ServedError> {
        let http = Client::builder().redirect(redirect::Policy::none()).build();
        let http = http.map_err(|source| ServedError::Http { action: "begin".to_owned(), source })?;
        let mut visitor = Self { http, url: url.to_owned(), cookie: String::new(), key, deliveries: 0 };
        let answer = visitor.post("/sign-in", &[("link", link), ("next", "/")]).await?;
        let cookie = answer.headers().get("set-cookie").and_then(|value| value.to_str().ok()).unwrap_or_default();
        cookie.split(';').next().unwrap_or_default().clone_into(&mut visitor.cookie);
        Ok(visitor)
    }

    /// CI announces a build of a project, signed.
    pub async fn announce(
        &mut self,
        project: &str,
        repository: &str,
        tag: &str,
        message: &str,
    ) -> Result<(), ServedError> {
        self.deliveries += 1;
        let body = json!({
            "image": repository, "tag": tag, "commit": "5f0c1e9a7b", "branch": "main", "author": "Bo",
            "message": message,
        })
        .to_string();
        let delivery = format!("delivery-{}-{}", std::process::id(), self.deliveries);
        let headers = webhooks::sign(&self.key, &delivery, now(), body.as_bytes());
        let mut request = self.http.post(format!("{}/hooks/build/{project}", self.url)).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        good(request, "announce a build").await?;
        Ok(())
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

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<Response, ServedError> {
        let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
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

async fn good(request: RequestBuilder, action: &str) -> Result<Response, ServedError> {
    let answer = request.send().await;
    let answer = answer.map_err(|source| ServedError::Http { action: action.to_owned(), source })?;
    let status = answer.status();
    if status.is_success() || status == StatusCode::SEE_OTHER {
        return Ok(answer);
    }
    let text = answer.text().await.unwrap_or_default();
    Err(ServedError::Refused { request: action.to_owned(), said: format!("{status}: {}", secrets::clip(&text, 2000)) })
}

fn escaped(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    value.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn now() -> Timestamp {
    control::Clock::system().now()
}
