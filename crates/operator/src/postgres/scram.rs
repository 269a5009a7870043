//! What PostgreSQL keeps of a password (RFC 5803), made here: the password itself is in no statement, and so in no log of the server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrets::Secret;
use sha2::{Digest as _, Sha256};

/// As PostgreSQL has it by default. Our passwords are random, so more would protect nothing.
const ITERATIONS: u32 = 4096;

/// The verifier of a random password, always the same, so that what holds it does not change from pass to pass. Its salt follows from the password,
/// which nobody can try out.
pub fn stable_verifier(password: &Secret<String>) -> String {
    let digest = hmac(password.expose().as_bytes(), b"pinnace.dev/salt");
    let mut salt = [0; 16];
    salt.iter_mut().zip(digest).for_each(|(salt, byte)| *salt = byte);
    verifier(password.expose(), salt)
}

/// The verifier of a password of ASCII, which SASLprep (RFC 4013) leaves as it is.
pub(crate) fn verifier(password: &str, salt: [u8; 16]) -> String {
    let salted = salted(password.as_bytes(), &salt);
    let stored_key = Sha256::digest(hmac(&salted, b"Client Key"));
    let server_key = hmac(&salted, b"Server Key");
    let base64 = |bytes: &[u8]| STANDARD.encode(bytes);
    format!("SCRAM-SHA-256${ITERATIONS}:{}${}:{}", base64(&salt), base64(&stored_key), base64(&server_key))
}

/// PBKDF2 with one block.
fn salted(password: &[u8], salt: &[u8]) -> [u8; 32] {
    let mut last = hmac(password, &[salt, &1_u32.to_be_bytes()].concat());
    let mut salted = last;
    for _ in 1..ITERATIONS {
        last = hmac(password, &last);
        salted.iter_mut().zip(last).for_each(|(sum, byte)| *sum ^= byte);
    }
    salted
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    // A key of any length is good.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(text);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stable_one_is_the_same_for_one_password_and_another_for_another() {
        let of = |password: &str| stable_verifier(&Secret::new(password.to_owned()));
        assert_eq!(of("one"), of("one"));
        let salt = |verifier: String| verifier.split('$').nth(1).unwrap().to_owned();
        assert_ne!(salt(of("one")), salt(of("two")));
    }

    #[test]
    fn it_is_what_the_example_of_rfc_7677_comes_to() {
        let salt = [91, 109, 153, 104, 157, 18, 53, 142, 236, 160, 75, 20, 18, 54, 250, 129];
        let keys = "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
        assert_eq!(verifier("pencil", salt), format!("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==${keys}"));
    }
}
