//! Agents and the tokens they enrol with.

use super::view::AgentView;
use super::{ApiError, App, Caller, Problem};
use crate::desk::audit::{self, Change};
use crate::identity::{self, EnrolRequest, EnrolResponse, LeaveRequest};
use crate::serve::Peer;
use crate::store::AgentStatus;
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

/// One agent.
#[utoipa::path(get, path = "/api/v1/agents/{name}", tag = "agents", params(("name" = String, Path)),
    responses((status = 200, body = AgentView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn one(State(app): State<App>, Path(name): Path<String>) -> Result<Json<AgentView>, ApiError> {
    let agents = app.fleet.agents().await?;
    agents.into_iter().find(|agent| agent.name == name).map(Json).ok_or_else(|| ApiError::not_found("agent"))
}

/// What a person may do with an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Let a pending one in.
    Approve,
    /// Turn a pending one away.
    Reject,
    /// Shut one out.
    Revoke,
    /// Remove the notes that its identity was seen twice.
    Settle,
}

/// Does what a person decided, and writes it into the audit log. 404 where the agent is not in a state for it.
///
/// # Errors
/// Those of the store.
pub async fn decide(app: &App, caller: Caller, verdict: Verdict, name: String) -> Result<StatusCode, ApiError> {
    use AgentStatus::{Active, Pending, Rejected, Revoked};
    let id = name.clone();
    let (action, done) = match verdict {
        Verdict::Approve => ("agent.approve", app.fleet.turn(id, &[Pending], Active).await?),
        Verdict::Reject => ("agent.reject", app.fleet.turn(id, &[Pending], Rejected).await?),
        Verdict::Revoke => ("agent.revoke", app.fleet.turn(id, &[Active, Pending], Revoked).await?),
        Verdict::Settle => ("agent.settle", app.fleet.settle(id).await?),
    };
    record(app, caller, action, name, done).await
}

/// Lets a pending agent in.
#[utoipa::path(post, path = "/api/v1/agents/{name}/approve", tag = "agents", params(("name" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn approve(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    decide(&app, caller, Verdict::Approve, name).await
}

/// Turns a pending agent away; its name is free again.
#[utoipa::path(post, path = "/api/v1/agents/{name}/reject", tag = "agents", params(("name" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn reject(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    decide(&app, caller, Verdict::Reject, name).await
}

/// Shuts an agent out for good; a live connection ends within five seconds.
#[utoipa::path(post, path = "/api/v1/agents/{name}/revoke", tag = "agents", params(("name" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn revoke(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    decide(&app, caller, Verdict::Revoke, name).await
}

/// Removes the notes that an agent's identity was seen twice, once that is explained or ended.
#[utoipa::path(post, path = "/api/v1/agents/{name}/settle", tag = "agents", params(("name" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn settle(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    decide(&app, caller, Verdict::Settle, name).await
}

/// A group for an agent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    /// The group; empty for none.
    pub group: String,
}

/// Puts an agent into another group, whose policy it gets.
#[utoipa::path(post, path = "/api/v1/agents/{name}/group", tag = "agents", params(("name" = String, Path)),
    request_body = NewGroup,
    responses((status = 204), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn set_group(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Json(NewGroup { group }): Json<NewGroup>,
) -> Result<StatusCode, ApiError> {
    if !is_plain(&group) {
        return Err(ApiError::bad("a group is at most 64 letters, digits, `.`, `_` or `-`"));
    }
    let done = app.fleet.set_group(name.clone(), group).await?;
    record(&app, caller, "agent.group", name, done).await
}

async fn record(
    app: &App,
    caller: Caller,
    action: &'static str,
    name: String,
    done: bool,
) -> Result<StatusCode, ApiError> {
    if !done {
        let state = match action {
            "agent.approve" | "agent.reject" => "agent of this name that waits for approval",
            "agent.group" => "agent",
            "agent.settle" => "agent of this name whose identity was seen twice",
            _ => "active agent of this name",
        };
        return Err(ApiError::not_found(state));
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
    /// The group its agents belong to, whose policy they get.
    #[serde(default)]
    pub group: String,
    /// Whether a person approves each agent before it may connect.
    #[serde(default)]
    pub by_person: bool,
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
    /// The group its agents belong to.
    pub group: String,
    /// Whether a person approves each agent.
    pub by_person: bool,
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
    if !is_plain(&body.site) || !is_plain(&body.group) {
        return Err(ApiError::bad("a site or group is at most 64 letters, digits, `.`, `_` or `-`"));
    }
    let detail = format!("site {} group {} uses {}", body.site, body.group, body.uses.unwrap_or(1));
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

/// Whether a text may be the name of a site or group.
pub(super) fn is_plain(name: &str) -> bool {
    name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// Removes an enrolment token; agents that enrolled with it stay.
#[utoipa::path(delete, path = "/api/v1/enrolment-tokens/{id}", tag = "agents", params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn remove_enrolment(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    if !app.fleet.remove_token(id.clone()).await? {
        return Err(ApiError::not_found("enrolment token"));
    }
    let time = app.now();
    let write = app.desk.change(move |db| {
        let change = Change { time, actor: &caller.name, action: "enrolment_token.remove", subject: &id, detail: "" };
        Ok(audit::append(db, &change)?)
    });
    write.await.map(|()| StatusCode::NO_CONTENT)
}

/// Gives an agent's identity up; the agent's key proves that it is the agent who asks.
#[utoipa::path(post, path = "/api/v1/leave", tag = "agents", request_body = LeaveRequest, security(()),
    responses((status = 204), (status = 400), (status = 403), (status = 429, body = Problem)))]
pub async fn leave(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    Json(request): Json<LeaveRequest>,
) -> Result<StatusCode, Response> {
    let key = format!("enrol {}", peer.0);
    if !app.attempt(&key) {
        let slow = "too many requests from this address: wait a minute";
        return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, slow).into_response());
    }
    let agent = identity::leave(app.enrol.clone(), request).await?;
    app.succeeded(&key);
    let name = agent.to_string();
    app.fleet.put_out(agent).await.map_err(IntoResponse::into_response)?;
    let caller = Caller { name: name.clone(), role: super::Role::Viewer };
    record(&app, caller, "agent.leave", name, true).await.map_err(IntoResponse::into_response)
}

/// Enrols an agent: a token's secret and a signing request for a certificate.
#[utoipa::path(post, path = "/api/v1/enrol", tag = "agents", request_body = EnrolRequest, security(()),
    responses((status = 200, body = EnrolResponse), (status = 400), (status = 403), (status = 429, body = Problem)))]
pub async fn enrol(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    Json(request): Json<EnrolRequest>,
) -> Response {
    let key = format!("enrol {}", peer.0);
    if !app.attempt(&key) {
        let slow = "too many enrolments from this address: wait a minute";
        return ApiError::new(StatusCode::TOO_MANY_REQUESTS, slow).into_response();
    }
    let answer = identity::enrol(State(app.enrol.clone()), Some(Extension(peer)), Json(request)).await;
    // Hundreds of hosts may share one address; who guesses secrets fails.
    if answer.status().is_success() {
        app.succeeded(&key);
    }
    answer
}
