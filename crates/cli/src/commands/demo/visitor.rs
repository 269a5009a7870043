//! What people and CI do in the demo, over the same HTTP that they use for real.

use anyhow::{Context as _, bail};
use model::Timestamp;
use reqwest::{Client, Response, StatusCode, redirect};
use serde_json::json;
use webhooks::SigningKey;

/// Ann at her browser, and CI with its signing key.
pub(super) struct Visitor {
    http: Client,
    url: String,
    cookie: String,
    key: SigningKey,
    deliveries: u32,
}

impl Visitor {
    /// Ann uses her one-time link.
    pub(super) async fn sign_in(url: &str, link: &str, key: SigningKey) -> anyhow::Result<Self> {
        let http = Client::builder().redirect(redirect::Policy::none()).build()?;
        let mut visitor = Self { http, url: url.to_owned(), cookie: String::new(), key, deliveries: 0 };
        let answer = visitor.post("/sign-in", &[("link", link), ("next", "/")]).await?;
        let cookie = answer.headers().get("set-cookie").context("signing in set no cookie")?;
        cookie.to_str()?.split(';').next().unwrap_or_default().clone_into(&mut visitor.cookie);
        Ok(visitor)
    }

    /// CI announces a build, signed.
    pub(super) async fn announce(&mut self, repository: &str, tag: &str, message: &str) -> anyhow::Result<()> {
        self.deliveries += 1;
        let body = json!({
            "image": repository, "tag": tag, "commit": "5f0c1e9a7b", "branch": "main", "author": "Bo",
            "message": message,
        })
        .to_string();
        let delivery = format!("demo-{}-{}", std::process::id(), self.deliveries);
        let headers = webhooks::sign(&self.key, &delivery, now(), body.as_bytes());
        let mut request = self.http.post(format!("{}/hooks/build/shop", self.url)).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        good(request.send().await?, "announcing a build").await?;
        Ok(())
    }

    /// Ann presses a button of a pin.
    pub(super) async fn press(&self, pin: u64, verb: &str) -> anyhow::Result<()> {
        self.post(&format!("/pins/{pin}/{verb}"), &[]).await?;
        Ok(())
    }

    /// Ann presses a button of the shop.
    pub(super) async fn press_instance(&self, verb: &str) -> anyhow::Result<()> {
        self.post(&format!("/instances/{verb}"), &[("instance", "shop/demo")]).await?;
        Ok(())
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> anyhow::Result<Response> {
        let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let request = self
            .http
            .post(format!("{}{path}", self.url))
            .header("origin", &self.url)
            .header("cookie", &self.cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.join("&"));
        good(request.send().await?, path).await
    }
}

async fn good(answer: Response, what: &str) -> anyhow::Result<Response> {
    let status = answer.status();
    if status.is_success() || status == StatusCode::SEE_OTHER {
        return Ok(answer);
    }
    let text = answer.text().await.unwrap_or_default();
    bail!("{what}: the server answered {status}: {}", secrets::clip(&text, 2000))
}

fn escaped(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    value.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn now() -> Timestamp {
    control::Clock::system().now()
}
