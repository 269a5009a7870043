//! A code host says that somebody pushed to the config repo. It is a hint to fetch and nothing more: what is there, git says.
//!
//! Each host has its own way to prove itself (`reference/interfaces.md` 5.2). Which one it is shows in the headers; one that is
//! there must be right, whatever stands beside it.

use model::Timestamp;
use subtle::{Choice, ConstantTimeEq as _};

use crate::headers::Headers;
use crate::keys::SenderKeys;
use crate::verify::{Rejection, authenticate};

/// How a host signs: the header, and what stands before the hexadecimal HMAC-SHA256 of the body.
struct Scheme {
    header: &'static str,
    prefix: &'static str,
}

/// GitHub (and Gitea, which sends it too), Bitbucket, Gitea, Forgejo.
const SIGNED: [Scheme; 4] = [
    Scheme { header: "x-hub-signature-256", prefix: "sha256=" },
    Scheme { header: "x-hub-signature", prefix: "sha256=" },
    Scheme { header: "x-gitea-signature", prefix: "" },
    Scheme { header: "x-forgejo-signature", prefix: "" },
];
/// GitLab's token, as it is.
const GITLAB: &str = "x-gitlab-token";

/// Says whether a push was announced by a host that knows one of these keys.
///
/// Without a header of a code host it is held to [`authenticate`]: a signature of Standard Webhooks, or a bearer token.
pub fn authenticate_push(
    headers: &Headers<'_>,
    body: &[u8],
    keys: &SenderKeys,
    now: Timestamp,
) -> Result<(), Rejection> {
    // A signature of Standard Webhooks is the strictest: it stands for a time as well.
    if headers.at_most_one("webhook-signature")?.is_some() {
        return authenticate(headers, body, keys, now).map(drop);
    }
    let mut signed = false;
    for Scheme { header, prefix } in SIGNED {
        if let Some(signature) = headers.at_most_one(header)? {
            // Gitea says the same thing in several headers. All of them must be right.
            fits(signature, prefix, body, keys)?;
            signed = true;
        }
    }
    if signed {
        return Ok(());
    }
    match headers.at_most_one(GITLAB)? {
        Some(token) => knows(token, keys),
        None => authenticate(headers, body, keys, now).map(drop),
    }
}

fn fits(signature: &str, prefix: &str, body: &[u8], keys: &SenderKeys) -> Result<(), Rejection> {
    if keys.signing.is_empty() {
        return Err(Rejection::NoSigningKey);
    }
    let given = signature.strip_prefix(prefix).and_then(from_hex).ok_or(Rejection::NoKnownSignature)?;
    // Every key is compared, so that the time taken does not say which one fits.
    let fits = keys.signing.iter().fold(Choice::from(0), |fits, key| fits | key.body_mac(body).ct_eq(&given));
    if bool::from(fits) { Ok(()) } else { Err(Rejection::WrongSignature) }
}

fn knows(token: &str, keys: &SenderKeys) -> Result<(), Rejection> {
    if keys.bearer_hashes.is_empty() {
        return Err(Rejection::NoBearerToken);
    }
    if keys.know_token(token) { Ok(()) } else { Err(Rejection::WrongToken) }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use crate::{SigningKey, sign, token_hash};

    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);
    const BODY: &[u8] = b"{\"ref\":\"refs/heads/main\"}";
    /// `printf '{"ref":"refs/heads/main"}' | openssl dgst -sha256 -hmac 'a secret of the host'`
    const MAC: &str = "eef03a188b990a70860445de014de2cace9d8996f1afbc152b0d256e45be1d71";

    fn keys() -> SenderKeys {
        let key = SigningKey::parse("a secret of the host").unwrap();
        SenderKeys { signing: vec![key], bearer_hashes: vec![token_hash("a token of the host")] }
    }

    fn told(headers: &[(&str, &str)], keys: &SenderKeys) -> Result<(), Rejection> {
        let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        authenticate_push(&headers, BODY, keys, NOW)
    }

    #[test]
    fn each_host_proves_itself_in_its_own_way() {
        let sha256 = format!("sha256={MAC}");
        for headers in [
            vec![("X-Hub-Signature-256", sha256.as_str())],
            vec![("X-Hub-Signature", sha256.as_str())],
            vec![("X-Gitea-Signature", MAC), ("X-Hub-Signature-256", sha256.as_str())],
            vec![("X-Forgejo-Signature", MAC)],
            vec![("X-Gitlab-Token", "a token of the host")],
            vec![("Authorization", "Bearer a token of the host")],
        ] {
            assert_eq!(told(&headers, &keys()), Ok(()), "{headers:?}");
        }
        let signed = sign(&keys().signing[0], "d1", NOW, BODY);
        let signed: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(told(&signed, &keys()), Ok(()));
    }

    #[test]
    fn what_is_wrong_is_not_saved_by_what_is_right_beside_it() {
        let (wrong, right) = ("0".repeat(64), format!("sha256={MAC}"));
        let other = format!("sha256={wrong}");
        let token = ("X-Gitlab-Token", "a token of the host");
        for (headers, rejection) in [
            (
                vec![("X-Gitea-Signature", wrong.as_str()), ("X-Hub-Signature-256", right.as_str())],
                Rejection::WrongSignature,
            ),
            (vec![("X-Hub-Signature-256", other.as_str()), token], Rejection::WrongSignature),
            (vec![("X-Hub-Signature-256", "sha1=0000"), token], Rejection::NoKnownSignature),
            (vec![("webhook-signature", "v1,AAAA"), token], Rejection::BadId),
            (vec![("X-Gitlab-Token", "another")], Rejection::WrongToken),
            (vec![], Rejection::NoProof),
        ] {
            assert_eq!(told(&headers, &keys()), Err(rejection), "{headers:?}");
        }
    }

    #[test]
    fn without_keys_nobody_is_let_in() {
        let nobody = SenderKeys::default();
        assert_eq!(told(&[("X-Hub-Signature-256", &format!("sha256={MAC}"))], &nobody), Err(Rejection::NoSigningKey));
        assert_eq!(told(&[("X-Gitlab-Token", "")], &nobody), Err(Rejection::NoBearerToken));
        assert_eq!(told(&[], &nobody), Err(Rejection::NoProof));
    }
}
