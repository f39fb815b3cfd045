//! Secrets: making them, keeping digests of them, comparing in constant time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The system could not give random bytes, or the password could not be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no random bytes; try again, and look at the machine's kernel log")]
pub struct NoRandomness;

/// `count` random bytes as URL-safe text.
///
/// # Errors
/// [`NoRandomness`] when the system gives none.
pub fn random_text(count: usize) -> Result<String, NoRandomness> {
    let mut bytes = vec![0u8; count];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// SHA-256, what is kept of a secret of high entropy.
#[must_use]
pub fn digest(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// Whether a presented secret has the kept digest; the time taken does not tell how much of it fits.
#[must_use]
pub fn matches(secret: &str, kept: &[u8]) -> bool {
    digest(secret).ct_eq(kept).into()
}

/// A new API token: its public id and the whole text, which is shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// The part that names it in lists and the audit log.
    pub id: String,
    /// All of it: `picket_ID.SECRET`.
    pub text: String,
}

const TOKEN_PREFIX: &str = "picket_";

/// Makes an API token of 256 random bits.
///
/// # Errors
/// [`NoRandomness`] when the system gives none.
pub fn new_token() -> Result<NewToken, NoRandomness> {
    let id = random_text(9)?;
    let text = format!("{TOKEN_PREFIX}{id}.{}", random_text(32)?);
    Ok(NewToken { id, text })
}

/// The id of a token's text.
#[must_use]
pub fn token_id(text: &str) -> Option<&str> {
    text.strip_prefix(TOKEN_PREFIX)?.split_once('.').map(|(id, _)| id)
}

/// Shortest password taken, in characters (NIST SP 800-63B asks for 8 at least, and for no rule of composition).
pub const MIN_PASSWORD: usize = 12;
/// Longest password taken, in bytes: hashing a longer one would be the caller's lever on our CPU.
pub const MAX_PASSWORD: usize = 1024;

/// Argon2id with the crate's defaults (19 MiB, 2 passes, RFC 9106 section 4 and OWASP's floor), as a PHC string.
///
/// # Errors
/// [`NoRandomness`] when the system gives no salt.
pub fn hash_password(password: &str) -> Result<String, NoRandomness> {
    use argon2::PasswordHasher as _;
    let mut salt = [0u8; 16];
    SystemRandom::new().fill(&mut salt).map_err(|_| NoRandomness)?;
    let hash =
        argon2::Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| NoRandomness)?;
    Ok(hash.to_string())
}

/// Whether a password has a kept hash. Without one the same work is done, so that a name that does not exist takes as
/// long as a wrong password.
#[must_use]
pub fn password_matches(password: &str, kept: Option<&str>) -> bool {
    use argon2::PasswordVerifier as _;
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$jLs9DUzRyXKOSXJyqj4SIgQTYTXKdbCLCZQxiCcOrcg";
    let Ok(hash) = argon2::PasswordHash::new(kept.unwrap_or(NOBODY)) else { return false };
    let right = argon2::Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
    right && kept.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_named_and_matched() {
        let token = new_token().unwrap();
        assert_eq!(token_id(&token.text), Some(token.id.as_str()));
        assert!(matches(&token.text, &digest(&token.text)));
        assert!(!matches(&format!("{}x", token.text), &digest(&token.text)));
        assert_eq!(token_id("picket_abc"), None);
        assert_eq!(token_id("other_abc.def"), None);
        assert_ne!(new_token().unwrap().text, token.text);
    }

    #[test]
    fn passwords_are_hashed_with_their_own_salt() {
        let hash = hash_password("correct horse battery").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(password_matches("correct horse battery", Some(&hash)));
        assert!(!password_matches("wrong horse battery", Some(&hash)));
        assert!(!password_matches("correct horse battery", None));
        assert!(!password_matches("x", Some("no hash")));
        assert_ne!(hash_password("correct horse battery").unwrap(), hash);
    }
}
