//! CI, which announces builds to a server over the same HTTP that it uses for real.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::json;
use tokio::task::JoinSet;
use webhooks::SigningKey;

use super::ServedError;
use super::visitor::{client, good};

/// So many announce at a time where there are many.
pub const SENDERS: usize = 32;
/// CI's signing key; servers of tests and the demo listen on loopback only.
const SIGNING_KEY: &str = "whsec_cGlubmFjZS1kZW1vLXNpZ25pbmcta2V5LTEyMzQ=";

/// The file that names the senders: CI for this project.
pub(super) fn senders(project: &str) -> String {
    format!("senders: {{{project}: {{signing: [{SIGNING_KEY}]}}}}\npush: {{signing: [{SIGNING_KEY}]}}\n")
}

/// The host of the config repo says that somebody pushed.
pub(super) async fn pushed(url: &str) -> Result<(), ServedError> {
    let delivery = format!("push-{}", control::Clock::system().now().0);
    let mut request = client()?.post(format!("{url}/hooks/push"));
    for (name, value) in webhooks::sign(&signing_key(), &delivery, control::Clock::system().now(), b"{}") {
        request = request.header(name, value);
    }
    good(request.body("{}"), "say that somebody pushed").await.map(drop)
}

/// CI of one project, which signs what it announces.
#[derive(Debug)]
pub struct Announcer {
    http: Client,
    url: String,
    repository: String,
    key: SigningKey,
    delivered: AtomicU64,
    answered: AtomicU64,
}

impl Announcer {
    /// CI that pushes to this repository.
    pub(super) fn new(url: &str, project: &str, repository: &str) -> Result<Self, ServedError> {
        Ok(Self {
            http: client()?,
            url: format!("{url}/hooks/build/{project}"),
            repository: repository.to_owned(),
            key: signing_key(),
            delivered: AtomicU64::new(0),
            answered: AtomicU64::new(0),
        })
    }

    /// How many announcements were answered with success.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Announces a build; how long the answer took. An answer other than 2xx is an error.
    pub async fn announce(&self, tag: &str, commit: &str, message: &str) -> Result<Duration, ServedError> {
        let body = json!({
            "image": self.repository, "tag": tag, "commit": commit, "branch": "main", "author": "Bo",
            "message": message,
        });
        let body = body.to_string();
        let delivery = format!("delivery-{}-{}", std::process::id(), self.delivered.fetch_add(1, Ordering::Relaxed));
        let mut request = self.http.post(&self.url);
        for (name, value) in webhooks::sign(&self.key, &delivery, control::Clock::system().now(), body.as_bytes()) {
            request = request.header(name, value);
        }
        let action = "announce a build";
        let began = Instant::now();
        let answer = good(request.body(body), action).await?;
        answer.bytes().await.map_err(ServedError::http(action))?;
        let took = began.elapsed();
        self.answered.fetch_add(1, Ordering::Relaxed);
        Ok(took)
    }

    /// Announces many builds, [`SENDERS`] at a time, each with a commit of its own and the tag for its number; how long
    /// each answer took.
    pub async fn announce_many(
        self: &Arc<Self>,
        which: Range<usize>,
        tag: impl Fn(usize) -> String + Clone + Send + 'static,
    ) -> Result<Vec<Duration>, ServedError> {
        let mut senders = JoinSet::new();
        for sender in 0..SENDERS {
            let (ci, which, tag) = (Arc::clone(self), which.clone(), tag.clone());
            senders.spawn(async move {
                let mut answered = Vec::new();
                for at in which.skip(sender).step_by(SENDERS) {
                    answered.push(ci.announce(&tag(at), &format!("{at:040x}"), "Show prices with tax").await?);
                }
                Ok(answered)
            });
        }
        let mut answered = Vec::new();
        while let Some(done) = senders.join_next().await {
            answered.extend(done.map_err(io::Error::other).map_err(ServedError::io("announce many builds"))??);
        }
        Ok(answered)
    }
}

fn signing_key() -> SigningKey {
    SigningKey::parse(SIGNING_KEY).expect("the constant is a key")
}
