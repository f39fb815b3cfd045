//! An agent gives its identity up.
//!
//! What proves that it is the agent is a signing request whose subject says so: it is signed by the agent's key, and
//! good for as long as clocks may differ.

use super::enrolment::{Denied, EnrolState, check_clock, refuse};
use crate::store::{AgentStatus, StoreError};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use picket_event::AgentId;
use rcgen::{CertificateSigningRequestParams, DnType, DnValue, PublicKeyData};
use rustls::pki_types::CertificateSigningRequestDer;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::time::{SystemTime, UNIX_EPOCH};

/// What an agent sends.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaveRequest {
    /// Who it is.
    pub agent: String,
    /// Certificate signing request, DER, in base64: its common name is `leave AGENT CLOCK`.
    pub request: String,
    /// The agent's clock, seconds since 1970.
    pub clock: i64,
}

/// Ends the identity; answers the agent whose connections are to end, or the refusal.
pub async fn leave(state: EnrolState, request: LeaveRequest) -> Result<AgentId, Response> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    match tokio::task::spawn_blocking(move || decide(&state, &request, now)).await {
        Ok(Ok(agent)) => Ok(agent),
        Ok(Err((status, why))) => Err(refuse(status, why)),
        Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
    }
}

fn decide(state: &EnrolState, request: &LeaveRequest, now: i64) -> Result<AgentId, Denied> {
    let bad = |why: &str| (StatusCode::BAD_REQUEST, why.to_owned());
    check_clock(request.clock, now)?;
    let der = STANDARD.decode(&request.request).map_err(|_| bad("the request is not base64"))?;
    // This checks the request's own signature, so the key's owner wrote the subject.
    let signed = CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(der.as_slice()))
        .map_err(|_| bad("the request is not signed by its key"))?;
    let said = signed.params.distinguished_name.get(&DnType::CommonName);
    let said = said.map_or("", |value| match value {
        DnValue::Utf8String(text) => text.as_str(),
        DnValue::PrintableString(text) => text.as_str(),
        _ => "",
    });
    if said != format!("leave {} {}", request.agent, request.clock) {
        return Err(bad("the request says something else"));
    }
    let key = Sha256::digest(signed.public_key.der_bytes());
    let agent = AgentId::new(&request.agent);
    let failed = |e: StoreError| (StatusCode::SERVICE_UNAVAILABLE, e.to_string());
    let known = state.store.agent(&agent).map_err(failed)?.filter(|known| known.key == key.as_slice());
    let Some(known) = known else {
        return Err((StatusCode::FORBIDDEN, "the collector knows no such agent with this key".to_owned()));
    };
    match known.status {
        AgentStatus::Revoked => Err((StatusCode::FORBIDDEN, format!("{agent} is revoked already"))),
        AgentStatus::Left | AgentStatus::Rejected => Ok(agent),
        AgentStatus::Active | AgentStatus::Pending => {
            let from = [AgentStatus::Active, AgentStatus::Pending];
            state.store.turn(&agent, &from, AgentStatus::Left).map_err(failed)?;
            tracing::info!(%agent, "left");
            Ok(agent)
        }
    }
}
