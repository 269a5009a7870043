//! Logging in, as registries ask for it: with the password, or with a token that another service gives for it.

use http_auth::parse_challenges;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{RequestBuilder, StatusCode, Url};
use serde::Deserialize;

use super::access::Credentials;
use super::error::ResolveError;
use super::exchange::Exchange;

/// What a registry wants to see.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password.
    Basic,
    /// A token from that address.
    Bearer { realm: String, service: Option<String> },
}

impl Challenge {
    /// Of all that is offered: a token rather than the password, which then goes only to the token service.
    pub(super) fn choose<'a>(values: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut basic = None;
        for value in values {
            let Ok(challenges) = parse_challenges(value) else { continue };
            for challenge in challenges {
                let param = |name: &str| {
                    challenge.params.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.to_unescaped())
                };
                if challenge.scheme.eq_ignore_ascii_case("bearer")
                    && let Some(realm) = param("realm")
                {
                    return Some(Self::Bearer { realm, service: param("service") });
                }
                if challenge.scheme.eq_ignore_ascii_case("basic") {
                    basic = Some(Self::Basic);
                }
            }
        }
        basic
    }
}

/// What a request shows of us.
pub(super) enum Proof {
    Nothing,
    Password(Credentials),
    Token(HeaderValue),
}

impl Proof {
    pub(super) fn put_on(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Nothing => request,
            Self::Password(login) => request.basic_auth(&login.user, Some(login.password.expose())),
            Self::Token(header) => request.header(AUTHORIZATION, header.clone()),
        }
    }
}

const LONGEST_TOKEN: usize = 64 << 10;

impl Exchange<'_> {
    pub(super) async fn answer(&self, challenge: &Challenge) -> Result<Proof, ResolveError> {
        match (challenge, &self.access.credentials) {
            (Challenge::Basic, Some(login)) => Ok(Proof::Password(login.clone())),
            (Challenge::Basic, None) => Err(self.unauthorized(
                "it wants a login and none is configured: name one as its `auth` under `registries` in pinnace.yaml"
                    .to_owned(),
            )),
            (Challenge::Bearer { realm, service }, _) => self.token(realm, service.as_deref()).await,
        }
    }

    async fn token(&self, realm: &str, service: Option<&str>) -> Result<Proof, ResolveError> {
        let mut url = self.token_service(realm)?;
        if let Some(service) = service {
            url.query_pairs_mut().append_pair("service", service);
        }
        url.query_pairs_mut().append_pair("scope", &format!("repository:{}:pull", self.image.repository.path()));
        let proof = self.access.credentials.clone().map_or(Proof::Nothing, Proof::Password);
        let response = proof.put_on(self.client.get(url)).send().await.map_err(|error| self.failed(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        match status {
            StatusCode::OK => self.read_token(&self.bounded(response, LONGEST_TOKEN).await?),
            // The token service has no images: its 404 is not the image's.
            StatusCode::NOT_FOUND => Err(self.unauthorized("its token service answers 404".to_owned())),
            _ => Err(self.refusal(status, &headers, &self.code(response).await)),
        }
    }

    /// A password never leaves in plain text for a registry that is asked with TLS.
    fn token_service(&self, realm: &str) -> Result<Url, ResolveError> {
        let wrong = || self.unauthorized("it names a token service that is no https address".to_owned());
        let url = Url::parse(realm).map_err(|_| wrong())?;
        let plain_is_fine = self.base.is_plain() && url.scheme() == "http";
        if url.scheme() == "https" || plain_is_fine { Ok(url) } else { Err(wrong()) }
    }

    fn read_token(&self, body: &[u8]) -> Result<Proof, ResolveError> {
        #[derive(Deserialize)]
        struct Given {
            token: Option<String>,
            access_token: Option<String>,
        }
        let unusable = || self.unauthorized("its token service gives no token that can be used".to_owned());
        let given: Given = serde_json::from_slice(body).map_err(|_| unusable())?;
        let token = given.token.or(given.access_token).filter(|token| !token.is_empty()).ok_or_else(unusable)?;
        let mut header = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| unusable())?;
        header.set_sensitive(true);
        Ok(Proof::Token(header))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(values: &[&str]) -> Option<Challenge> {
        Challenge::choose(values.iter().copied())
    }

    #[test]
    fn a_token_is_preferred_to_the_password() {
        let bearer = r#"Bearer realm="https://auth.example/token",service="registry.example",scope="x""#;
        let want = Challenge::Bearer {
            realm: "https://auth.example/token".to_owned(),
            service: Some("registry.example".to_owned()),
        };
        assert_eq!(choose(&[r#"Basic realm="x""#, bearer]), Some(want));
        assert_eq!(choose(&[r#"basic realm="Registry Realm""#]), Some(Challenge::Basic));
        for nothing in
            [&[][..], &["Digest realm=\"x\""], &["Bearer service=\"x\""], &["Bearer realm=\"x"], &["\u{7f}é"]]
        {
            assert_eq!(choose(nothing), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_challenge_is_read_or_left(values in proptest::collection::vec("[ -~]{0,60}|(Bearer|Basic) realm=[ -~]{0,40}", 0..4)) {
            let _ = Challenge::choose(values.iter().map(String::as_str));
        }
    }
}
