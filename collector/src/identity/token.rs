//! Making enrolment tokens.

use super::{Authority, IdentityError};
use crate::store::{Store, StoreError, TokenRecord};
use picket_event::Site;
use picket_event::wire::EnrolmentToken;
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// What a new token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// The site its agents get; empty for none.
    pub site: Site,
    /// The group its agents get; empty for none.
    pub group: String,
    /// Whether a person approves each agent before it may connect.
    pub by_person: bool,
    /// How long it lasts.
    pub lifetime: Duration,
    /// How many agents it enrols.
    pub uses: u32,
    /// Where agents reach enrolment, `host:port`.
    pub addresses: Vec<String>,
}

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no random bytes.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Makes a token: its text, shown once, and its record. `now` is nanoseconds since 1970.
///
/// # Errors
/// [`TokenError`].
pub fn create_token(
    store: &dyn Store,
    authority: &Authority,
    request: &TokenRequest,
    now: i64,
) -> Result<(String, TokenRecord), TokenError> {
    let mut random = [0u8; 38];
    SystemRandom::new().fill(&mut random).map_err(|_| IdentityError::Random)?;
    let mut secret = [0u8; 32];
    secret.copy_from_slice(&random[..32]);
    let id: String = random[32..].iter().map(|byte| format!("{byte:02x}")).collect();
    let lifetime = i64::try_from(request.lifetime.as_nanos()).unwrap_or(i64::MAX);
    let record = TokenRecord {
        id: id.clone(),
        digest: Sha256::digest(secret).to_vec(),
        site: request.site.clone(),
        group: request.group.clone(),
        by_person: request.by_person,
        created_at: now,
        expires_at: now.saturating_add(lifetime),
        uses_left: request.uses,
    };
    store.add_token(&record)?;
    let addresses = request.addresses.clone();
    let token = EnrolmentToken { id, secret, authority: authority.fingerprint(), addresses };
    Ok((token.to_text(), record))
}
