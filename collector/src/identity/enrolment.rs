//! The enrolment endpoint: a token and a certificate request in, a certificate out.

use super::Authority;
use crate::store::{Store, StoreError, TokenUse};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
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
    /// The authority's certificate, DER.
    pub authority: String,
    /// Its id.
    pub agent: String,
    /// Its site.
    pub site: String,
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

fn refuse(status: StatusCode, why: impl Into<String>) -> Response {
    (status, Json(Refused { error: why.into() })).into_response()
}

/// `POST /api/v1/enrol`. Mount it on the HTTPS router with [`EnrolState`] as state.
pub async fn enrol(State(state): State<EnrolState>, Json(request): Json<EnrolRequest>) -> Response {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // The store blocks on the disk.
    match tokio::task::spawn_blocking(move || decide(&state, &request, now)).await {
        Ok(Ok(response)) => Json(response).into_response(),
        Ok(Err((status, why))) => refuse(status, why),
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "the collector failed; see its log"),
    }
}

fn decide(state: &EnrolState, request: &EnrolRequest, now: Duration) -> Result<EnrolResponse, (StatusCode, String)> {
    let bad = |why: &str| (StatusCode::BAD_REQUEST, why.to_owned());
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let nanos = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
    if !is_name(&request.agent) {
        return Err(bad("an agent's name is 1 to 64 letters, digits, dots, hyphens and underscores"));
    }
    if seconds.abs_diff(request.clock) > MAX_CLOCK_OFFSET.as_secs() {
        let offset = i128::from(request.clock) - i128::from(seconds);
        return Err(bad(&format!(
            "the agent's clock differs by {offset} s from the collector's: set it, then enrol again"
        )));
    }
    let secret = STANDARD.decode(&request.secret).map_err(|_| bad("the secret is not base64"))?;
    let csr = STANDARD.decode(&request.request).map_err(|_| bad("the certificate request is not base64"))?;
    let agent = AgentId::new(&request.agent);
    let (certificate, key) = state
        .authority
        .sign_agent(&csr, &agent, seconds, state.certificate_lifetime)
        .map_err(|e| bad(&format!("the certificate request is of no use: {e}")))?;
    let lifetime = state.certificate_lifetime;
    let until = now.saturating_add(lifetime);
    let digest = Sha256::digest(&secret);
    let matches = |stored: &[u8]| bool::from(stored.ct_eq(&digest));
    let until_nanos = i64::try_from(until.as_nanos()).unwrap_or(i64::MAX);
    let taken = state.store.use_token(&request.token, &matches, &agent, &key, until_nanos, nanos);
    let (outcome, site) = taken.map_err(|e: StoreError| (StatusCode::SERVICE_UNAVAILABLE, e.to_string()))?;
    let refused = |why: &str| Err((StatusCode::FORBIDDEN, why.to_owned()));
    match outcome {
        TokenUse::Taken => {}
        TokenUse::Expired => {
            return refused("the token has expired: make a new one with `picket-collector token create`");
        }
        TokenUse::UsedUp => {
            return refused("the token is used up: make a new one with `picket-collector token create`");
        }
        TokenUse::Unknown => return refused("the collector knows no such token"),
        TokenUse::NameTaken => {
            let why = format!("an agent named {agent} is enrolled already: choose another with --name");
            return Err((StatusCode::CONFLICT, why));
        }
    }
    Ok(EnrolResponse {
        certificate: STANDARD.encode(&certificate),
        authority: STANDARD.encode(state.authority.certificate()),
        agent: request.agent.clone(),
        site: site.as_str().to_owned(),
        collectors: state.collectors.clone(),
        not_after: i64::try_from(until.as_secs()).unwrap_or(i64::MAX),
        signer: STANDARD.encode(&state.signer),
    })
}

/// Names go into file names, certificates and pages, so they are plain.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(plain) && !name.starts_with('.')
}
