//! Findings and alerts: lists, acknowledge, mute.

use super::view::{FindingPage, FindingView};
use super::{ApiError, App, Caller, Problem};
use crate::desk::findings::{self, Filter, FindingRow};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use picket_event::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Which findings, and how many.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FindingQuery {
    /// Only this entity.
    pub entity: Option<String>,
    /// Only those of this state: `open` or `all` (default `all`).
    pub state: Option<String>,
    /// Rows at most, 1 to 1000 (default 100).
    pub limit: Option<u32>,
    /// Rows to leave out at the start.
    pub offset: Option<u32>,
}

/// Rows of a page when the caller does not say.
pub const PAGE: u32 = 100;
/// Rows of a page at most.
pub const MAX_PAGE: u32 = 1000;

/// RFC 3339 of nanoseconds since 1970.
#[must_use]
pub fn rfc3339(nanos: i64) -> String {
    Timestamp::from_nanos(nanos).to_string()
}

impl FindingView {
    /// A stored row as it is shown at a time.
    #[must_use]
    pub fn of(row: FindingRow, now: i64) -> Self {
        let muted = row.muted_until.filter(|until| *until > now);
        let state = match (row.alert, &row.acknowledged, muted) {
            (_, Some(_), _) => "acknowledged",
            (true, None, Some(_)) => "muted",
            _ => "open",
        };
        let (at, by) = row.acknowledged.unzip();
        Self {
            id: row.id,
            time: rfc3339(row.time),
            entity: row.entity,
            counterpart: row.counterpart,
            site: row.site,
            kind: row.kind,
            alert: row.alert,
            count: row.count,
            p_value: row.p_value,
            risk: row.risk,
            reasons: serde_json::from_str(&row.reasons).unwrap_or_default(),
            evidence: serde_json::from_str(&row.evidence).unwrap_or_default(),
            state: state.to_owned(),
            acknowledged_by: by,
            acknowledged_at: at.map(rfc3339),
            note: row.note,
            muted_until: muted.map(rfc3339),
        }
    }
}

/// Findings that pass a query, as the API and the page list them.
///
/// # Errors
/// [`ApiError`] for a state nobody knows, or when the store fails.
pub async fn find(app: &App, query: FindingQuery, alerts_only: bool) -> Result<FindingPage, ApiError> {
    let now = app.now();
    let open_at = match query.state.as_deref() {
        None | Some("all") => None,
        Some("open") => Some(now),
        Some(_) => return Err(ApiError::bad("state is `open` or `all`")),
    };
    app.desk
        .run(move |db| {
            let limit = query.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
            let entity = query.entity.as_deref();
            let filter = Filter { alerts_only, open_at, entity, limit, offset: query.offset.unwrap_or(0) };
            let rows = findings::list(db, &filter)?;
            let findings = rows.into_iter().map(|row| FindingView::of(row, now)).collect();
            Ok(FindingPage { total: findings::count(db, &filter)?, findings })
        })
        .await
}

/// Findings, latest first.
#[utoipa::path(get, path = "/api/v1/findings", tag = "findings", params(FindingQuery),
    responses((status = 200, body = FindingPage), (status = 401, body = Problem)))]
pub async fn findings(
    State(app): State<App>,
    Query(query): Query<FindingQuery>,
) -> Result<Json<FindingPage>, ApiError> {
    find(&app, query, false).await.map(Json)
}

/// Alerts, latest first.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "findings", params(FindingQuery),
    responses((status = 200, body = FindingPage), (status = 401, body = Problem)))]
pub async fn list(State(app): State<App>, Query(query): Query<FindingQuery>) -> Result<Json<FindingPage>, ApiError> {
    find(&app, query, true).await.map(Json)
}

/// One finding or alert.
#[utoipa::path(get, path = "/api/v1/findings/{id}", tag = "findings", params(("id" = String, Path)),
    responses((status = 200, body = FindingView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn get(State(app): State<App>, Path(id): Path<String>) -> Result<Json<FindingView>, ApiError> {
    one(&app, id).await.map(Json)
}

/// One finding by its id.
///
/// # Errors
/// 404 where there is none.
pub async fn one(app: &App, id: String) -> Result<FindingView, ApiError> {
    let now = app.now();
    let row = app.desk.run(move |db| Ok(findings::get(db, &id)?)).await?;
    row.map(|row| FindingView::of(row, now)).ok_or_else(|| ApiError::not_found("finding"))
}

/// What a person says when acknowledging.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// A note of up to 2000 characters.
    #[serde(default)]
    pub note: String,
}

/// Acknowledges an alert. Doing it again changes nothing.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/acknowledge", tag = "findings", params(("id" = String, Path)),
    request_body = Acknowledgement,
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn acknowledge(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json(body): Json<Acknowledgement>,
) -> Result<StatusCode, ApiError> {
    acknowledge_as(&app, caller, id, body.note).await.map(|()| StatusCode::NO_CONTENT)
}

/// Acknowledges in a caller's name.
///
/// # Errors
/// 400 for a note that is too long, 404 where there is no such alert.
pub async fn acknowledge_as(app: &App, caller: Caller, id: String, note: String) -> Result<(), ApiError> {
    if note.chars().count() > 2000 {
        return Err(ApiError::bad("the note is longer than 2000 characters"));
    }
    let now = app.now();
    let done = app.desk.change(move |db| Ok(findings::acknowledge(db, &id, &caller.name, &note, now)?)).await?;
    done.then_some(()).ok_or_else(|| ApiError::not_found("alert"))
}

/// Until when to mute.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mute {
    /// RFC 3339, in the future, at most a year ahead.
    pub until: String,
}

/// Mutes alerts of the same entity and kind until a time; they come back by themselves.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/mute", tag = "findings", params(("id" = String, Path)), request_body = Mute,
    responses((status = 204), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub async fn mute(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json(body): Json<Mute>,
) -> Result<StatusCode, ApiError> {
    let until = Timestamp::parse(&body.until)
        .map_err(|_| ApiError::bad("until is no RFC 3339 time such as 2030-01-31T00:00:00Z"))?;
    mute_as(&app, caller, id, until.nanos()).await.map(|()| StatusCode::NO_CONTENT)
}

const YEAR: i64 = 366 * 86_400 * 1_000_000_000;

/// Mutes in a caller's name.
///
/// # Errors
/// 400 for a time that is past or more than a year ahead, 404 where there is no such alert.
pub async fn mute_as(app: &App, caller: Caller, id: String, until: i64) -> Result<(), ApiError> {
    let now = app.now();
    if until <= now || until > now.saturating_add(YEAR) {
        return Err(ApiError::bad("until must lie in the future, at most a year ahead"));
    }
    let done = app.desk.change(move |db| Ok(findings::mute(db, &id, until, &caller.name, now)?)).await?;
    done.then_some(()).ok_or_else(|| ApiError::not_found("alert"))
}
