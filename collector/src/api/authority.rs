//! The collector's certificate authority: what it is, and its change for another.

use super::{ApiError, App, Caller, Problem};
use crate::desk::audit::{self, Change};
use crate::identity::Rotation;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use picket_event::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How long both authorities are trusted where nothing else is said: as long as an agent's certificate lasts.
const OVERLAP: u64 = 30 * 86_400;

/// The authority.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AuthorityView {
    /// SHA-256 of the certificate of the authority in force.
    pub fingerprint: String,
    /// SHA-256 of the next one's, while the authority is being changed.
    pub next: Option<String>,
    /// When the next one takes over, RFC 3339.
    pub until: Option<String>,
    /// Active agents whose certificate is not yet of the next one: they are left behind if the overlap ends now. Empty
    /// while nothing is changed.
    pub waiting: Vec<String>,
}

/// A change of the authority.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewAuthority {
    /// A corporate authority's certificate, PEM; a new authority is made where it is left out.
    pub certificate: Option<String>,
    /// Its key, PEM.
    pub key: Option<String>,
    /// For how long both are trusted, seconds (default 30 days, as long as agents' certificates last).
    pub overlap: Option<u64>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn view(app: &App) -> Result<AuthorityView, ApiError> {
    let (fingerprint, rotation) = app.fleet.authority().await?;
    let waiting = match &rotation {
        None => Vec::new(),
        Some(rotation) => waiting(app, rotation).await?,
    };
    let until = rotation.as_ref().map(|r| Timestamp::from_nanos(r.until.saturating_mul(1_000_000_000)).to_string());
    let next = rotation.as_ref().map(|rotation| hex(&rotation.fingerprint));
    Ok(AuthorityView { fingerprint: hex(&fingerprint), next, until, waiting })
}

/// Agents renew at once where they are connected, so those left are known by a certificate older than the change.
async fn waiting(app: &App, rotation: &Rotation) -> Result<Vec<String>, ApiError> {
    app.fleet.waiting(rotation.began).await
}

/// The authority in force, and the change that is under way.
#[utoipa::path(get, path = "/api/v1/authority", tag = "agents",
    responses((status = 200, body = AuthorityView), (status = 401, body = Problem)))]
pub async fn show(State(app): State<App>) -> Result<Json<AuthorityView>, ApiError> {
    view(&app).await.map(Json)
}

/// Begins to change the authority. From now on the next one signs agents' certificates, and both are trusted.
#[utoipa::path(post, path = "/api/v1/authority/rotate", tag = "agents", request_body = NewAuthority,
    responses((status = 200, body = AuthorityView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem)))]
pub async fn rotate(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(wanted): Json<NewAuthority>,
) -> Result<Json<AuthorityView>, ApiError> {
    let import = match (wanted.certificate, wanted.key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => return Err(ApiError::bad("a corporate authority needs its certificate and its key")),
    };
    let rotation = app.fleet.rotate(import, wanted.overlap.unwrap_or(OVERLAP)).await?;
    record(&app, caller, "authority.rotate", hex(&rotation.fingerprint)).await?;
    view(&app).await.map(Json)
}

/// Ends the overlap now: agents that do not yet have a certificate of the next authority have to enrol again.
#[utoipa::path(post, path = "/api/v1/authority/finish", tag = "agents",
    responses((status = 200, body = AuthorityView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn finish(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<AuthorityView>, ApiError> {
    if !app.fleet.finish_rotation().await? {
        return Err(ApiError::not_found("change of the authority under way"));
    }
    record(&app, caller, "authority.finish", String::new()).await?;
    view(&app).await.map(Json)
}

async fn record(app: &App, caller: Caller, action: &'static str, subject: String) -> Result<StatusCode, ApiError> {
    let time = app.now();
    let write = app.desk.change(move |db| {
        Ok(audit::append(db, &Change { time, actor: &caller.name, action, subject: &subject, detail: "" })?)
    });
    write.await.map(|()| StatusCode::NO_CONTENT)
}
