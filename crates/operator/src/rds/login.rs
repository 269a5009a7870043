//! Who we are to Amazon: a key that was given, or a role whose key is fetched and ends after some time.
//!
//! Where it comes from is what Amazon's own programs look at, in their order: a key in the environment, the role of a ServiceAccount (IRSA), the
//! role that a pod or a container is given (EKS Pod Identity, ECS), the role of the machine (IMDSv2).
//! <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>

mod fetch;
mod source;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use secrets::{Redactor, Secret};
use tokio::sync::Mutex;

use super::error::RdsError;
use source::Source;

/// A key that ends so soon is fetched anew.
const FETCHED_BEFORE: SignedDuration = SignedDuration::from_mins(5);

/// A key, as requests are signed with it.
#[derive(Clone)]
pub struct Credentials {
    /// The key's name.
    pub access_key: String,
    /// The key.
    pub secret_key: Secret<String>,
    /// What goes with a key that ends soon.
    pub session_token: Option<Secret<String>>,
}

/// Where our key comes from.
#[derive(Clone, Default)]
pub struct Login(Option<Kind>);

#[derive(Clone)]
enum Kind {
    Key(Credentials),
    Role(Arc<Role>),
    /// What the environment says can't be used: why not. It may be meant for somebody else.
    Unusable(String),
}

/// A role, and the key that it has now.
struct Role {
    source: Source,
    held: Mutex<Option<Held>>,
}

/// A key that ends.
struct Held {
    credentials: Credentials,
    until: Timestamp,
}

impl Login {
    /// What the environment says, by the names that Amazon's programs know. What can't be used of it is told when a key is wanted.
    pub fn from_environment(get: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        if let (Some(access_key), Some(secret_key)) = (get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY")) {
            let (secret_key, session_token) = (Secret::new(secret_key), get("AWS_SESSION_TOKEN").map(Secret::new));
            return Self(Some(Kind::Key(Credentials { access_key, secret_key, session_token })));
        }
        let role = |source| Kind::Role(Arc::new(Role { source, held: Mutex::new(None) }));
        match Source::from_environment(get) {
            Ok(source) => Self(source.map(role)),
            Err(why) => Self(Some(Kind::Unusable(why))),
        }
    }

    /// The key; none where nothing gives one. What is secret in it is told to the redactor.
    pub async fn credentials(
        &self,
        region: &str,
        now: Timestamp,
        redactor: &Redactor,
    ) -> Result<Option<Credentials>, RdsError> {
        let credentials = match &self.0 {
            None => return Ok(None),
            Some(Kind::Unusable(why)) => return Err(RdsError::Setup(why.clone())),
            Some(Kind::Key(credentials)) => Some(credentials.clone()),
            Some(Kind::Role(role)) => role.credentials(region, now).await?,
        };
        if let Some(Credentials { secret_key, session_token, .. }) = &credentials {
            for secret in [Some(secret_key), session_token.as_ref()].into_iter().flatten() {
                redactor.register(secret.expose());
            }
        }
        Ok(credentials)
    }
}

impl Role {
    /// Of several that ask at once, one fetches.
    async fn credentials(&self, region: &str, now: Timestamp) -> Result<Option<Credentials>, RdsError> {
        let mut held = self.held.lock().await;
        let lasts = |held: &Held| held.until.duration_since(now);
        if let Some(held) = held.as_ref().filter(|held| lasts(held) > FETCHED_BEFORE) {
            return Ok(Some(held.credentials.clone()));
        }
        match (fetch::fetch(&self.source, region).await, held.as_ref()) {
            (Ok(None), _) => Ok(None),
            (Ok(Some(fetched)), _) => {
                let credentials = fetched.credentials.clone();
                *held = Some(fetched);
                Ok(Some(credentials))
            }
            // It is good for a while yet.
            (Err(error), Some(held)) if lasts(held).is_positive() => {
                tracing::warn!(%error, "the key for Amazon could not be fetched anew; the one before still holds");
                Ok(Some(held.credentials.clone()))
            }
            (Err(error), _) => Err(error),
        }
    }
}
