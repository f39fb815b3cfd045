//! Agents and the tokens they enrol with.

use super::view::AgentView;
use super::{ApiError, App, Caller, Problem};
use crate::desk::audit::{self, Change};
use crate::identity::{self, EnrolRequest, EnrolResponse};
use crate::serve::Peer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Every agent with its books, connection and bytes on the wire.
#[utoipa::path(get, path = "/api/v1/agents", tag = "agents",
    responses((status = 200, body = Vec<AgentView>), (status = 401, body = Problem)))]
pub async fn list(State(app): State<App>) -> Result<Json<Vec<AgentView>>, ApiError> {
    app.fleet.agents().await.map(Json)
}

/// Shuts an agent out; a live connection ends within five seconds.
#[utoipa::path(post, path = "/api/v1/agents/{name}/revoke", tag = "agents", params(("name" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn revoke(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    let done = app.fleet.revoke(name.clone()).await?;
    record(&app, caller, "agent.revoke", name, done).await
}

async fn record(
    app: &App,
    caller: Caller,
    action: &'static str,
    name: String,
    done: bool,
) -> Result<StatusCode, ApiError> {
    if !done {
        return Err(ApiError::not_found("agent"));
    }
    let time = app.now();
    let write = app.desk.change(move |db| {
        Ok(audit::append(db, &Change { time, actor: &caller.name, action, subject: &name, detail: "" })?)
    });
    write.await.map(|()| StatusCode::NO_CONTENT)
}

/// An enrolment token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEnrolmentToken {
    /// The site its agents belong to.
    #[serde(default)]
    pub site: String,
    /// How many agents may use it, 1 to 10000 (default 1).
    pub uses: Option<u32>,
    /// How long it works, in seconds, up to 30 days (default an hour).
    pub seconds: Option<u64>,
}

/// A token that was made; it is shown this once.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct MadeEnrolmentToken {
    /// For `picket-agent enrol`.
    pub token: String,
}

/// A token without its secret.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EnrolmentTokenView {
    /// Public id.
    pub id: String,
    /// The site its agents belong to.
    pub site: String,
    /// How many agents may still use it.
    pub uses_left: u32,
    /// When it ends, RFC 3339.
    pub expires_at: String,
}

/// Every enrolment token in force.
#[utoipa::path(get, path = "/api/v1/enrolment-tokens", tag = "agents",
    responses((status = 200, body = Vec<EnrolmentTokenView>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn list_enrolment(State(app): State<App>) -> Result<Json<Vec<EnrolmentTokenView>>, ApiError> {
    app.fleet.enrolment_tokens().await.map(Json)
}

/// Makes an enrolment token: the collector's address, its authority's fingerprint, a secret.
#[utoipa::path(post, path = "/api/v1/enrolment-tokens", tag = "agents", request_body = NewEnrolmentToken,
    responses((status = 201, body = MadeEnrolmentToken), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub async fn create_enrolment(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<NewEnrolmentToken>,
) -> Result<(StatusCode, Json<MadeEnrolmentToken>), ApiError> {
    if !(1..=10_000).contains(&body.uses.unwrap_or(1)) {
        return Err(ApiError::bad("uses is 1 to 10000"));
    }
    if !(60..=30 * 86_400).contains(&body.seconds.unwrap_or(3600)) {
        return Err(ApiError::bad("seconds is 60 to 2592000"));
    }
    let named = |name: &str| name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if !named(&body.site) {
        return Err(ApiError::bad("a site is at most 64 letters, digits, `.`, `_` or `-`"));
    }
    let detail = format!("site {} uses {}", body.site, body.uses.unwrap_or(1));
    let token = app.fleet.create_enrolment_token(body).await?;
    let time = app.now();
    app.desk
        .change(move |db| {
            let change =
                Change { time, actor: &caller.name, action: "enrolment_token.add", subject: "", detail: &detail };
            Ok(audit::append(db, &change)?)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(MadeEnrolmentToken { token })))
}

/// Enrols an agent: a token's secret and a signing request for a certificate.
#[utoipa::path(post, path = "/api/v1/enrol", tag = "agents", request_body = EnrolRequest, security(()),
    responses((status = 200, body = EnrolResponse), (status = 400), (status = 403), (status = 429, body = Problem)))]
pub async fn enrol(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    Json(request): Json<EnrolRequest>,
) -> Response {
    if !app.attempt(&format!("enrol {}", peer.0)) {
        let slow = "too many enrolments from this address: wait a minute";
        return ApiError::new(StatusCode::TOO_MANY_REQUESTS, slow).into_response();
    }
    identity::enrol(State(app.enrol.clone()), Json(request)).await
}
