//! What CI and people do to a shop Pinnace, over the same HTTP that they use for real.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kube::config::{KubeConfigOptions, Kubeconfig};
use model::Timestamp;
use reqwest::{Client, Response, StatusCode, redirect};
use serde_json::json;
use webhooks::SigningKey;

use super::Fault;
use crate::DevCluster;

/// For tests and benchmarks on loopback only.
const SIGNING_KEY: &str = "whsec_cGlubmFjZS10ZXN0LXNpZ25pbmcta2V5LTEyMzQ=";

/// The file that names the senders.
pub(super) fn senders() -> String {
    format!("senders: {{shop: {{signing: [{SIGNING_KEY}]}}}}\n")
}

/// CI, which signs what it announces.
#[derive(Debug)]
pub struct Announcer {
    http: Client,
    url: String,
    image: String,
    key: SigningKey,
    delivered: AtomicU64,
    answered: AtomicU64,
}

impl Announcer {
    pub(super) fn new(url: &str, image: &str) -> Result<Self, Fault> {
        Ok(Self {
            http: Client::builder().timeout(Duration::from_mins(1)).build()?,
            url: format!("{url}/hooks/build/shop"),
            image: image.to_owned(),
            key: SigningKey::parse(SIGNING_KEY).map_err(|error| error.to_string())?,
            delivered: AtomicU64::new(0),
            answered: AtomicU64::new(0),
        })
    }

    /// How many announcements were answered with success.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Announces a build; how long the answer took. An answer other than 2xx is an error.
    pub async fn announce(&self, tag: &str, commit: &str) -> Result<Duration, Fault> {
        let body = json!({
            "image": self.image, "tag": tag, "commit": commit, "branch": "main", "author": "Bo",
            "message": "Show prices with tax",
        });
        let body = body.to_string();
        let delivery = format!("d{}-{}", std::process::id(), self.delivered.fetch_add(1, Ordering::Relaxed));
        let mut request = self.http.post(&self.url);
        for (name, value) in webhooks::sign(&self.key, &delivery, now(), body.as_bytes()) {
            request = request.header(name, value);
        }
        let began = Instant::now();
        let answer = request.body(body).send().await?;
        let status = answer.status();
        let said = answer.text().await?;
        let took = began.elapsed();
        if !status.is_success() {
            return Err(format!("{status}: {said}").into());
        }
        self.answered.fetch_add(1, Ordering::Relaxed);
        Ok(took)
    }
}

/// Ann at her browser.
#[derive(Debug)]
pub(super) struct Person {
    http: Client,
    url: String,
    cookie: String,
}

impl Person {
    pub(super) fn nobody(url: &str) -> Result<Self, Fault> {
        let http = Client::builder().redirect(redirect::Policy::none()).timeout(Duration::from_mins(1)).build()?;
        Ok(Self { http, url: url.to_owned(), cookie: String::new() })
    }

    /// Uses a one-time link.
    pub(super) async fn sign_in(&mut self, link: &str) -> Result<(), Fault> {
        let answer = self.send("/sign-in", &[("link", link), ("next", "/")]).await?;
        let cookie = answer.headers().get("set-cookie").ok_or("signing in set no cookie")?;
        cookie.to_str()?.split(';').next().unwrap_or_default().clone_into(&mut self.cookie);
        Ok(())
    }

    /// Presses a button.
    pub(super) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<(), Fault> {
        self.send(path, form).await.map(drop)
    }

    async fn send(&self, path: &str, form: &[(&str, &str)]) -> Result<Response, Fault> {
        let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let request = self
            .http
            .post(format!("{}{path}", self.url))
            .header("origin", &self.url)
            .header("cookie", &self.cookie)
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(body.join("&")).send().await?;
        let status = answer.status();
        if status.is_success() || status == StatusCode::SEE_OTHER {
            return Ok(answer);
        }
        Err(format!("{path}: {status}: {}", answer.text().await.unwrap_or_default()).into())
    }
}

fn escaped(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    value.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The admin's own client.
pub(super) async fn kube(cluster: &DevCluster) -> Result<kube::Client, Fault> {
    let file = Kubeconfig::read_from(cluster.kubeconfig())?;
    let config = kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
    Ok(kube::Client::try_from(config)?)
}
