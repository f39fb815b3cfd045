//! The enrolment endpoint: a token and a certificate request in, a certificate out.

use super::Authority;
use crate::serve::Peer;
use crate::store::{Admission, AgentStatus, Applicant, Store, StoreError, TokenUse};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use picket_event::AgentId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use subtle::ConstantTimeEq;

/// Characters of an agent's name at most.
const MAX_NAME: usize = 64;
/// How far an agent's clock may be off: beyond it a certificate would not be valid there.
const MAX_CLOCK_OFFSET: Duration = Duration::from_secs(50 * 60);

/// What the endpoint needs.
#[derive(Clone)]
pub struct EnrolState {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The authority.
    pub authority: Arc<Authority>,
    /// Where agents send events, `host:port`; a host left out (`:8740`) is the one the agent enrolled at.
    pub collectors: Vec<String>,
    /// How long an agent's certificate lasts.
    pub certificate_lifetime: Duration,
    /// Public half (Ed25519) of the key that signs bundles; empty where there is none.
    pub signer: Vec<u8>,
}

impl std::fmt::Debug for EnrolState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnrolState").field("collectors", &self.collectors).finish_non_exhaustive()
    }
}

/// What an agent sends. Bytes are base64.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolRequest {
    /// Public part of the token.
    pub token: String,
    /// Its secret.
    pub secret: String,
    /// The name the agent asks for.
    pub agent: String,
    /// Certificate signing request, DER.
    pub request: String,
    /// The agent's clock, seconds since 1970.
    pub clock: i64,
}

/// What an agent gets. Bytes are base64.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EnrolResponse {
    /// Its certificate, DER.
    pub certificate: String,
    /// The certificate of the authority the collector shows itself under, DER.
    pub authority: String,
    /// Every authority to trust, that one first: another is there while the authority is being changed.
    pub authorities: Vec<String>,
    /// Its id.
    pub agent: String,
    /// Its site.
    pub site: String,
    /// Its group.
    pub group: String,
    /// Whether a person has yet to approve it; until then it is not let in.
    pub pending: bool,
    /// Where to send events.
    pub collectors: Vec<String>,
    /// End of the certificate, seconds since 1970.
    pub not_after: i64,
    /// Public half of the key that signs bundles.
    pub signer: String,
}

#[derive(Debug, Serialize)]
struct Refused {
    error: String,
}

pub(super) type Denied = (StatusCode, String);

pub(super) fn refuse(status: StatusCode, why: impl Into<String>) -> Response {
    (status, Json(Refused { error: why.into() })).into_response()
}

/// `POST /api/v1/enrol`. Mount it on the HTTPS router with [`EnrolState`] as state.
pub async fn enrol(
    State(state): State<EnrolState>,
    peer: Option<Extension<Peer>>,
    Json(request): Json<EnrolRequest>,
) -> Response {
    let from = peer.map_or_else(String::new, |Extension(peer)| peer.0.to_string());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // The store blocks on the disk.
    match tokio::task::spawn_blocking(move || decide(&state, &request, &from, now)).await {
        Ok(Ok(response)) => Json(response).into_response(),
        Ok(Err((status, why))) => refuse(status, why),
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "the collector failed; see its log"),
    }
}

fn decide(state: &EnrolState, request: &EnrolRequest, from: &str, now: Duration) -> Result<EnrolResponse, Denied> {
    let bad = |why: &str| (StatusCode::BAD_REQUEST, why.to_owned());
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
    if !is_name(&request.agent) {
        return Err(bad("an agent's name is 1 to 64 letters, digits, dots, hyphens and underscores"));
    }
    check_clock(request.clock, seconds)?;
    let secret = STANDARD.decode(&request.secret).map_err(|_| bad("the secret is not base64"))?;
    let csr = STANDARD.decode(&request.request).map_err(|_| bad("the certificate request is not base64"))?;
    let agent = AgentId::new(&request.agent);
    let lifetime = state.certificate_lifetime;
    let signed = state.authority.sign_agent(&csr, &agent, seconds, lifetime);
    let (certificate, key) = signed.map_err(|e| bad(&format!("the certificate request is of no use: {e}")))?;
    let until = now.saturating_add(lifetime);
    let digest = Sha256::digest(&secret);
    let matches = |stored: &[u8]| bool::from(stored.ct_eq(&digest));
    let applicant =
        Applicant { agent: &agent, key: &key, address: from, certificate_until: nanos(until), now: nanos(now) };
    let taken = state.store.use_token(&request.token, &matches, &applicant);
    let (outcome, admission) = taken.map_err(|e: StoreError| (StatusCode::SERVICE_UNAVAILABLE, e.to_string()))?;
    denied(outcome, &agent)?;
    tracing::info!(%agent, from, status = admission.status.name(), "enrolled");
    Ok(response(state, &certificate, &agent, &admission, until))
}

fn denied(outcome: TokenUse, agent: &AgentId) -> Result<(), Denied> {
    let anew = "make a new one with `picket-collector token create`";
    let (status, why) = match outcome {
        TokenUse::Taken => return Ok(()),
        TokenUse::Expired => (StatusCode::FORBIDDEN, format!("the token has expired: {anew}")),
        TokenUse::UsedUp => (StatusCode::FORBIDDEN, format!("the token is used up: {anew}")),
        TokenUse::Unknown => (StatusCode::FORBIDDEN, "the collector knows no such token".to_owned()),
        TokenUse::NameTaken => {
            (StatusCode::CONFLICT, format!("an agent named {agent} is enrolled already: choose another with --name"))
        }
        TokenUse::Revoked => {
            (StatusCode::FORBIDDEN, format!("{agent} is revoked: un-enrol this host, then enrol it under a new name"))
        }
    };
    Err((status, why))
}

fn response(
    state: &EnrolState,
    certificate: &[u8],
    agent: &AgentId,
    admission: &Admission,
    until: Duration,
) -> EnrolResponse {
    let authorities: Vec<String> = state.authority.certificates().iter().map(|der| STANDARD.encode(der)).collect();
    EnrolResponse {
        certificate: STANDARD.encode(certificate),
        authority: authorities.first().cloned().unwrap_or_default(),
        authorities,
        agent: agent.as_str().to_owned(),
        site: admission.site.as_str().to_owned(),
        group: admission.group.clone(),
        pending: admission.status == AgentStatus::Pending,
        collectors: state.collectors.clone(),
        not_after: i64::try_from(until.as_secs()).unwrap_or(i64::MAX),
        signer: STANDARD.encode(&state.signer),
    }
}

/// An agent whose clock is far off would take its certificate for one that is not valid.
pub(super) fn check_clock(theirs: i64, ours: i64) -> Result<(), Denied> {
    if ours.abs_diff(theirs) <= MAX_CLOCK_OFFSET.as_secs() {
        return Ok(());
    }
    let offset = i128::from(theirs) - i128::from(ours);
    let why = format!("the agent's clock differs by {offset} s from the collector's: set it, then try again");
    Err((StatusCode::BAD_REQUEST, why))
}

/// Names go into file names, certificates and pages, so they are plain.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(plain) && !name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f54_a_clock_that_is_far_off_is_refused_with_the_offset() {
        assert!(check_clock(10_000, 10_000).is_ok() && check_clock(7_001, 10_000).is_ok());
        let (status, why) = check_clock(10_000 - 86_400, 10_000).unwrap_err();
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(why.contains("differs by -86400 s"), "{why}");
        assert!(check_clock(i64::MIN, i64::MAX).is_err());
    }

    #[test]
    fn names_are_plain() {
        assert!(is_name("press-1.hall_2") && is_name("a"));
        for name in ["", ".hidden", "a b", "a/b", "ä", &"a".repeat(65)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
