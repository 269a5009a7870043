//! Who sent it? Answered from headers and raw bytes alone, before anything of the body is parsed.

use base64::Engine as _;
use model::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use crate::headers::{HeaderFault, Headers};
use crate::keys::{BASE64, SenderKeys};

/// A request whose sender is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The same for a repeated delivery: `webhook-id`, or for a bearer call without one `sha256:` and the body's hash.
    ///
    /// So a bearer call repeated word for word within the remembered days counts as the same; who wants the same
    /// words heard again sends a `webhook-id` of its own (the CI run's number).
    pub id: String,
    /// How the sender proved itself.
    pub sender: SenderKind,
}

/// How a sender proved itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderKind {
    /// By a signature over id, time and body.
    Signed,
    /// By a token scoped to the project.
    Bearer,
}

/// Why a request is not let in: for our log. What the sender may know is [`Rejection::public`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A header is repeated or no text.
    #[error("a header can't be read")]
    Header(#[source] HeaderFault),
    /// Neither a signature nor a token.
    #[error("neither `webhook-signature` nor `Authorization` is there")]
    NoProof,
    /// A signature came for a project without a signing secret.
    #[error("signed, but this project has no signing secret")]
    NoSigningKey,
    /// A token came for a project without tokens.
    #[error("bearer token sent, but this project has none")]
    NoBearerToken,
    /// The id is missing, too long, or would make the signed text ambiguous.
    #[error("`webhook-id` is missing or is not 1 to {LONGEST_ID} visible characters without a dot")]
    BadId,
    /// The time is missing or is no number of seconds.
    #[error("`webhook-timestamp` is missing or is not seconds since 1970")]
    BadTimestamp,
    /// The time is too far from ours: a replay, or a clock that is wrong.
    #[error(
        "`webhook-timestamp` is {seconds_off} s from our clock, at most {WINDOW_SECONDS} s are taken: a replay, or a clock is wrong"
    )]
    OutsideWindow {
        /// Theirs minus ours.
        seconds_off: i64,
    },
    /// No signature of a kind that we know.
    #[error("`webhook-signature` holds no readable `v1` signature")]
    NoKnownSignature,
    /// No signature fits any secret.
    #[error("no signature fits a signing secret of this project")]
    WrongSignature,
    /// Not `Bearer` and a token.
    #[error("`Authorization` is not `Bearer` and a token")]
    NotBearer,
    /// No such token.
    #[error("the bearer token is none of this project's")]
    WrongToken,
}

impl Rejection {
    /// What the sender is told: the same for every reason, so that nobody learns which part was right.
    pub const fn public() -> &'static str {
        "not authenticated: sign the request (webhook-id, webhook-timestamp, webhook-signature) with this project's \
         secret, or send one of its tokens as `Authorization: Bearer`; the server's log says what failed"
    }
}

impl From<HeaderFault> for Rejection {
    fn from(fault: HeaderFault) -> Self {
        Self::Header(fault)
    }
}

const WINDOW_SECONDS: i64 = 300;
const LONGEST_ID: usize = 200;
const LONGEST_TOKEN: usize = 1024;
/// More than a sender in the middle of changing its secret ever needs, few enough to bound the work.
const MOST_SIGNATURES: usize = 16;

/// Says whether the request comes from a sender of the project that `keys` belong to.
///
/// A request that carries a signature stands or falls with it: a token beside it does not help.
pub fn authenticate(
    headers: &Headers<'_>,
    body: &[u8],
    keys: &SenderKeys,
    now: Timestamp,
) -> Result<Delivery, Rejection> {
    let id = headers.at_most_one("webhook-id")?;
    let timestamp = headers.at_most_one("webhook-timestamp")?;
    let signatures = headers.at_most_one("webhook-signature")?;
    let authorization = headers.at_most_one("authorization")?;
    match (signatures, authorization) {
        (Some(signatures), _) => signed(id, timestamp, signatures, body, keys, now),
        (None, Some(authorization)) => bearer(id, authorization, body, keys),
        (None, None) => Err(Rejection::NoProof),
    }
}

fn signed(
    id: Option<&str>,
    timestamp: Option<&str>,
    signatures: &str,
    body: &[u8],
    keys: &SenderKeys,
    now: Timestamp,
) -> Result<Delivery, Rejection> {
    if keys.signing.is_empty() {
        return Err(Rejection::NoSigningKey);
    }
    // A dot would let one signed text be cut into id, time and body in two ways.
    let id = id.filter(|id| id_is_valid(id) && !id.contains('.')).ok_or(Rejection::BadId)?;
    let timestamp = timestamp.ok_or(Rejection::BadTimestamp)?;
    check_window(timestamp, now)?;
    let given: Vec<[u8; 32]> = readable(signatures);
    if given.is_empty() {
        return Err(Rejection::NoKnownSignature);
    }
    // Every pair is compared, so that the time taken does not say which one fits.
    let fits = keys.signing.iter().fold(Choice::from(0), |fits, key| {
        let ours = key.mac(id, timestamp, body);
        given.iter().fold(fits, |fits, theirs| fits | theirs.ct_eq(&ours))
    });
    if bool::from(fits) {
        Ok(Delivery { id: id.to_owned(), sender: SenderKind::Signed })
    } else {
        Err(Rejection::WrongSignature)
    }
}

fn id_is_valid(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
}

fn check_window(timestamp: &str, now: Timestamp) -> Result<(), Rejection> {
    // Eleven digits reach the year 5138; signs and spaces, which `parse` would take, are no digits.
    let digits = (1..=11).contains(&timestamp.len()) && timestamp.bytes().all(|b| b.is_ascii_digit());
    let theirs: i64 = timestamp.parse().ok().filter(|_| digits).ok_or(Rejection::BadTimestamp)?;
    let seconds_off = theirs.saturating_sub(now.seconds());
    if (-WINDOW_SECONDS..=WINDOW_SECONDS).contains(&seconds_off) {
        Ok(())
    } else {
        Err(Rejection::OutsideWindow { seconds_off })
    }
}

/// The `v1` signatures of the header; other versions are left out, as Standard Webhooks asks.
fn readable(signatures: &str) -> Vec<[u8; 32]> {
    signatures
        .split(' ')
        .filter_map(|signature| signature.strip_prefix("v1,"))
        .take(MOST_SIGNATURES)
        .filter_map(|encoded| BASE64.decode(encoded).ok()?.try_into().ok())
        .collect()
}

fn bearer(id: Option<&str>, authorization: &str, body: &[u8], keys: &SenderKeys) -> Result<Delivery, Rejection> {
    let token = authorization
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim_start_matches(' '))
        .filter(|token| (1..=LONGEST_TOKEN).contains(&token.len()))
        .ok_or(Rejection::NotBearer)?;
    if keys.bearer_hashes.is_empty() {
        return Err(Rejection::NoBearerToken);
    }
    if !keys.know_token(token) {
        return Err(Rejection::WrongToken);
    }
    let id = match id {
        Some(id) if id_is_valid(id) => id.to_owned(),
        Some(_) => return Err(Rejection::BadId),
        None => body_id(body),
    };
    Ok(Delivery { id, sender: SenderKind::Bearer })
}

fn body_id(body: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(body).iter().fold("sha256:".to_owned(), |mut id, byte| {
        // Writing to a text can't fail.
        let _ = write!(id, "{byte:02x}");
        id
    })
}

#[cfg(test)]
mod tests;
