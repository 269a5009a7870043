//! Who is asking: a session proven by a cookie (browsers) or by a bearer token (programs).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use control::{Problem, ProblemCode};
use http::{HeaderMap, HeaderValue, header};
use model::PersonName;
use store::StoreError;
use webhooks::token_hash;

use crate::app::App;

/// How long a session lasts.
pub(crate) const SESSION_LASTS: Duration = Duration::from_hours(12);

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Viewer {
    /// The person, when signed in.
    pub person: Option<PersonName>,
    /// The session's key in the database.
    pub session: Option<[u8; 32]>,
    /// How the session was proven.
    pub proof: Proof,
}

/// How a session was proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// It was not.
    None,
    /// By a browser's cookie: it comes along with whatever page sends the browser here.
    Cookie,
    /// By an `Authorization` header, which no other page can add.
    Bearer,
}

impl Viewer {
    fn nobody() -> Self {
        Self { person: None, session: None, proof: Proof::None }
    }

    /// The person, or the problem that nobody is signed in.
    pub(crate) fn signed_in(&self) -> Result<&PersonName, Problem> {
        self.person.as_ref().ok_or_else(|| {
            let next = "sign in: `pinnace sign-in NAME` on the server prints a one-time link";
            Problem::new(ProblemCode::NotAllowed, "you are not signed in", next)
        })
    }
}

/// Reads who is asking from the headers. A session of somebody who is no longer in `pinnace.yaml` is none.
pub(crate) async fn viewer(app: &App, headers: &HeaderMap) -> Result<Viewer, StoreError> {
    let (token, proof) = match (bearer(headers), cookie(headers, &cookie_name(app.control.base_url()))) {
        (Some(token), _) => (token, Proof::Bearer),
        (None, Some(token)) => (token, Proof::Cookie),
        (None, None) => return Ok(Viewer::nobody()),
    };
    let session = token_hash(token);
    Ok(match person(app, session).await? {
        Some(person) => Viewer { person: Some(person), session: Some(session), proof },
        None => Viewer::nobody(),
    })
}

/// Whose session it is now.
pub(crate) async fn person(app: &App, session: [u8; 32]) -> Result<Option<PersonName>, StoreError> {
    let person = app.control.store().session(session, app.control.now()).await?;
    Ok(person.filter(|person| app.control.config().person(person).is_some()))
}

/// Begins a session; what comes back is shown once and stored nowhere.
pub(crate) async fn begin(app: &App, person: &PersonName) -> Result<String, Problem> {
    let token = random_token()?;
    let expires = app.control.now().plus(SESSION_LASTS);
    app.control.store().create_session(token_hash(&token), person, expires).await?;
    Ok(token)
}

/// 256 random bits as text.
pub(crate) fn random_token() -> Result<String, Problem> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        let what = format!("the system gives no random numbers: {error}");
        Problem::new(ProblemCode::Unavailable, what, "check the system's random device")
    })?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The cookie that carries a session, or ends it when there is no token.
pub(crate) fn set_cookie(base_url: &str, token: Option<&str>) -> HeaderValue {
    let name = cookie_name(base_url);
    let secure = if is_https(base_url) { "; Secure" } else { "" };
    let (token, lasts) = token.map_or(("", 0), |token| (token, SESSION_LASTS.as_secs()));
    let cookie = format!("{name}={token}; Path=/; Max-Age={lasts}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).unwrap_or(HeaderValue::from_static(""))
}

/// Browsers bind a `__Host-` cookie to this host and to https. Without https the port takes part in the name, since
/// cookies do not tell ports apart and two servers on one machine would sign each other out.
fn cookie_name(base_url: &str) -> String {
    if is_https(base_url) {
        return "__Host-pinnace".to_owned();
    }
    let port = base_url.rsplit_once(':').map(|(_, port)| port).filter(|port| port.bytes().all(|b| b.is_ascii_digit()));
    format!("pinnace-{}", port.unwrap_or("80"))
}

fn is_https(base_url: &str) -> bool {
    base_url.starts_with("https://")
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(';')).find_map(|pair| {
        let (given, value) = pair.trim().split_once('=')?;
        (given == name && !value.is_empty()).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_bound_to_https_where_there_is_https() {
        let https = set_cookie("https://pinnace.example", Some("t"));
        assert_eq!(https, "__Host-pinnace=t; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure");
        let local = set_cookie("http://127.0.0.1:8080", None);
        assert_eq!(local, "pinnace-8080=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn the_right_cookie_among_others_is_read() {
        let headers = [(header::COOKIE, "a=1; pinnace-80=xyz; b=2".parse().unwrap())].into_iter().collect();
        assert_eq!(cookie(&headers, "pinnace-80"), Some("xyz"));
        assert_eq!(cookie(&headers, "pinnace-8"), None);
    }
}
