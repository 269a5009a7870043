//! What RabbitMQ keeps of a password, made here: the password itself is in no request, and so in no log of the broker.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrets::Secret;
use sha2::{Digest as _, Sha256};

use super::error::RabbitError;

/// How RabbitMQ calls this form.
pub(crate) const ALGORITHM: &str = "rabbit_password_hashing_sha256";
/// How many bytes of the hash are its salt.
const SALT: usize = 4;

/// A hash of a password with a random salt, as `password_hash` of a user has it.
pub fn hash(password: &Secret<String>) -> Result<String, RabbitError> {
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).map_err(|error| RabbitError::Random(error.to_string()))?;
    Ok(STANDARD.encode(salted(password, &salt)))
}

/// A hash of a random password, always the same, so that what holds it does not change from pass to pass. Its salt follows from the password.
pub fn stable_hash(password: &Secret<String>) -> String {
    let digest = Sha256::new().chain_update("pinnace.dev/salt").chain_update(password.expose()).finalize();
    STANDARD.encode(salted(password, digest.get(..SALT).unwrap_or_default()))
}

/// Whether a hash is that of a password.
pub(crate) fn is_of(hash: &str, algorithm: &str, password: &Secret<String>) -> bool {
    let Ok(bytes) = STANDARD.decode(hash) else { return false };
    let Some(salt) = bytes.get(..SALT) else { return false };
    algorithm == ALGORITHM && bytes == salted(password, salt)
}

fn salted(password: &Secret<String>, salt: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(password.expose());
    [salt, &hash.finalize()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_the_example_in_the_manual_of_rabbitmq_comes_to() {
        let (password, hash) = (Secret::new("test12".to_owned()), "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR");
        assert!(is_of(hash, ALGORITHM, &password));
        assert!(!is_of(hash, "rabbit_password_hashing_sha512", &password));
        assert!(!is_of(hash, ALGORITHM, &Secret::new("test13".to_owned())));
        assert!(["", "AAAA", "no base64 at all"].iter().all(|hash| !is_of(hash, ALGORITHM, &password)));
    }

    #[test]
    fn a_hash_is_another_each_time() {
        let password = Secret::new("pass word".to_owned());
        let (one, two) = (hash(&password).unwrap(), hash(&password).unwrap());
        assert_ne!(one, two);
        assert!(is_of(&one, ALGORITHM, &password) && is_of(&two, ALGORITHM, &password));
        assert_eq!(stable_hash(&password), stable_hash(&password));
        assert!(is_of(&stable_hash(&password), ALGORITHM, &password));
    }
}
