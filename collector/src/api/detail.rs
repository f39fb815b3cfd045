//! Requests for packets of a host: asked for, approved, sent by the agent, fetched.

use super::{ApiError, App, Caller, Problem};
use crate::config::Approval;
use crate::desk::audit::{self, Change};
use crate::serve::Asked;
use crate::store::{Detail, DetailState};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use picket_event::AgentId;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;
use utoipa::ToSchema;

/// Longest time packets are kept for after the approval, and before the request.
const MAX_SECONDS: u64 = 86_400;
/// Bytes of one request at most, and unless asked otherwise.
const MAX_BYTES: u64 = 1 << 30;
const DEFAULT_BYTES: u64 = 32 << 20;
/// Characters of a reason at most.
const MAX_REASON: usize = 256;

/// A request for packets.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DetailView {
    /// Its number.
    pub id: u64,
    /// The agent.
    pub agent: String,
    /// The host's address.
    pub host: String,
    /// Why.
    pub reason: String,
    /// `waiting` for an approval, `approved`, `keeping`, `complete`, `rejected`, `refused` by the agent, `expired`, `ended`.
    pub state: String,
    /// What the agent said, or nothing.
    pub words: String,
    /// Packets from this time on, RFC 3339.
    pub from: String,
    /// And before this one, once it is approved.
    pub until: Option<String>,
    /// For how long after the approval.
    pub seconds: u64,
    /// Bytes at most.
    pub most: u64,
    /// Who asked.
    pub asked_by: String,
    /// When, RFC 3339.
    pub asked_at: String,
    /// Who approved, rejected or ended it; empty before.
    pub decided_by: String,
    /// When.
    pub decided_at: Option<String>,
    /// Packets kept, as the agent says.
    pub packets: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Whether they are still stored.
    pub kept: bool,
}

impl DetailView {
    /// Whether its agent has something to do for it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        DetailState::OPEN.iter().any(|state| state.name() == self.state)
    }
}

/// A wish for packets.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDetail {
    /// The agent.
    pub agent: String,
    /// The host's address, IPv4 or IPv6.
    pub host: String,
    /// Seconds to keep packets for after the approval, up to a day.
    pub seconds: u64,
    /// Seconds back from now; the agent has what its memory holds. Default none.
    #[serde(default)]
    pub before: u64,
    /// Bytes at most, up to 1 GiB (default 32 MiB).
    pub bytes: Option<u64>,
    /// Why.
    pub reason: String,
}

/// Where to go on reading.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct From {
    #[serde(default)]
    start: u64,
}

/// The latest requests, newest first.
#[utoipa::path(get, path = "/api/v1/details", tag = "details",
    responses((status = 200, body = Vec<DetailView>), (status = 401, body = Problem)))]
pub async fn list(State(app): State<App>) -> Result<Json<Vec<DetailView>>, ApiError> {
    app.fleet.details().await.map(Json)
}

fn wanted(asked: NewDetail, caller: &Caller, now: i64) -> Result<Detail, ApiError> {
    let bad = |words: &str| Err(ApiError::bad(words));
    let Ok(host) = asked.host.parse::<IpAddr>() else { return bad("host is an IPv4 or IPv6 address") };
    if !(1..=MAX_SECONDS).contains(&asked.seconds) || asked.before > MAX_SECONDS {
        return bad("seconds is 1 to 86400, before at most 86400");
    }
    let most = asked.bytes.unwrap_or(DEFAULT_BYTES);
    if !(65_536..=MAX_BYTES).contains(&most) {
        return bad("bytes is 65536 to 1073741824");
    }
    let reason = asked.reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > MAX_REASON || reason.chars().any(char::is_control) {
        return bad("a reason of 1 to 256 characters is needed: agent and audit log keep it");
    }
    Ok(Detail {
        agent: AgentId::new(&asked.agent),
        host: host.to_canonical(),
        reason,
        from_at: now.saturating_sub(i64::try_from(asked.before * 1_000_000_000).unwrap_or(i64::MAX)),
        lasting: Duration::from_secs(asked.seconds),
        most,
        asked_by: caller.name.clone(),
        asked_at: now,
        ..Detail::default()
    })
}

/// Asks for packets of a host. Another person approves it, unless the configuration says otherwise (`detail.approval`).
#[utoipa::path(post, path = "/api/v1/details", tag = "details", request_body = NewDetail,
    responses((status = 201, body = DetailView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn ask(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<NewDetail>,
) -> Result<(StatusCode, Json<DetailView>), ApiError> {
    let wanted = wanted(body, &caller, app.now())?;
    let words = format!("packets of {} at {}: {}", wanted.host, wanted.agent, wanted.reason);
    let id = match app.fleet.ask_detail(wanted).await? {
        Asked::Entered(id) => id,
        Asked::NoAgent => return Err(ApiError::not_found("active agent of this name")),
        Asked::TooMany => return Err(ApiError::conflict("four requests are open for this agent: end one of them")),
    };
    record(&app, &caller, "detail.request", id, words).await?;
    if app.config.detail.approval == Approval::None {
        let by = "detail.approval of the configuration".to_owned();
        turn(&app, &caller, "detail.approve", id, (&[DetailState::Waiting], DetailState::Approved), by).await?;
    }
    let entered = app.fleet.detail(id).await?.ok_or_else(|| ApiError::not_found("request"))?;
    Ok((StatusCode::CREATED, Json(crate::serve::detail_view(entered))))
}

/// Approves a request that somebody else made; its agent is told at once, or when it connects.
#[utoipa::path(post, path = "/api/v1/details/{id}/approve", tag = "details", params(("id" = u64, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn approve(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<u64>,
) -> Result<StatusCode, ApiError> {
    if app.fleet.detail(id).await?.is_some_and(|detail| detail.asked_by == caller.name) {
        let words = "another person has to approve it than the one who asked (detail.approval of the configuration)";
        return Err(ApiError::new(StatusCode::FORBIDDEN, words));
    }
    let by = caller.name.clone();
    turn(&app, &caller, "detail.approve", id, (&[DetailState::Waiting], DetailState::Approved), by).await
}

/// Rejects a request that waits for an approval.
#[utoipa::path(post, path = "/api/v1/details/{id}/reject", tag = "details", params(("id" = u64, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn reject(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<u64>,
) -> Result<StatusCode, ApiError> {
    let by = caller.name.clone();
    turn(&app, &caller, "detail.reject", id, (&[DetailState::Waiting], DetailState::Rejected), by).await
}

/// Ends a request, and removes the packets that came for it. What is known of it stays.
#[utoipa::path(delete, path = "/api/v1/details/{id}", tag = "details", params(("id" = u64, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn end(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<u64>,
) -> Result<StatusCode, ApiError> {
    use DetailState::{Approved, Complete, Ended, Expired, Keeping, Refused, Waiting};
    const ANY: &[DetailState] = &[Waiting, Approved, Keeping, Complete, Refused, Expired];
    let by = caller.name.clone();
    let done = turn(&app, &caller, "detail.end", id, (ANY, Ended), by).await?;
    app.fleet.remove_detail_bytes(id).await?;
    Ok(done)
}

/// The packets that came for a request, as pcapng: some MiB from byte `start` on, nothing at the end.
#[utoipa::path(get, path = "/api/v1/details/{id}/packets", tag = "details",
    params(("id" = u64, Path), ("start" = Option<u64>, Query)),
    responses((status = 200, content_type = "application/x-pcapng"), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn packets(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<u64>,
    Query(From { start }): Query<From>,
) -> Result<Response, ApiError> {
    if start == 0 {
        fetched(&app, &caller, id).await?;
    } else {
        with_packets(&app, id).await?;
    }
    let bytes = app.fleet.detail_bytes(id, start).await?;
    Ok(([(header::CONTENT_TYPE, "application/x-pcapng")], bytes).into_response())
}

async fn with_packets(app: &App, id: u64) -> Result<Detail, ApiError> {
    let known = app.fleet.detail(id).await?.filter(|detail| detail.kept);
    known.ok_or_else(|| ApiError::not_found("request of this number with packets"))
}

/// A request whose packets somebody fetches, which the audit log keeps.
pub(crate) async fn fetched(app: &App, caller: &Caller, id: u64) -> Result<Detail, ApiError> {
    let known = with_packets(app, id).await?;
    let words = format!("packets of {} at {}, {} bytes", known.host, known.agent, known.bytes);
    record(app, caller, "detail.fetch", id, words).await?;
    Ok(known)
}

async fn turn(
    app: &App,
    caller: &Caller,
    action: &'static str,
    id: u64,
    (from, to): (&'static [DetailState], DetailState),
    by: String,
) -> Result<StatusCode, ApiError> {
    let done = app.fleet.decide_detail(id, from, to, by, app.now()).await?;
    let detail = done.ok_or_else(|| ApiError::not_found("request of this number in a state for it"))?;
    let words = format!("packets of {} at {}: {}", detail.host, detail.agent, detail.reason);
    record(app, caller, action, id, words).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn record(app: &App, caller: &Caller, action: &'static str, id: u64, detail: String) -> Result<(), ApiError> {
    let (time, actor, subject) = (app.now(), caller.name.clone(), id.to_string());
    let write = app.desk.change(move |db| {
        Ok(audit::append(db, &Change { time, actor: &actor, action, subject: &subject, detail: &detail })?)
    });
    write.await
}
