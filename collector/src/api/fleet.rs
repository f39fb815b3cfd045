//! Health, and the fleet in numbers.

use super::view::{FleetView, Health, LedgerView};
use super::{ApiError, App, Problem};
use crate::desk::findings::{self, Filter};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use picket_event::Ledger;

/// Whether the collector works; open to load balancers and watchdogs. Says what is wrong, never about whom.
#[utoipa::path(get, path = "/api/v1/health", tag = "fleet", security(()),
    responses((status = 200, body = Health), (status = 503, body = Health)))]
pub async fn health(State(app): State<App>) -> Response {
    let problems = app.problems.list();
    if problems.is_empty() {
        Json(Health { status: "ok".to_owned(), problems }).into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status: "degraded".to_owned(), problems })).into_response()
    }
}

/// Agents, entities, alerts, and the agents' books added up.
#[utoipa::path(get, path = "/api/v1/fleet", tag = "fleet",
    responses((status = 200, body = FleetView), (status = 401, body = Problem)))]
pub async fn fleet(State(app): State<App>) -> Result<Json<FleetView>, ApiError> {
    summary(&app).await.map(Json)
}

/// The fleet in numbers.
///
/// # Errors
/// Those of the store.
pub async fn summary(app: &App) -> Result<FleetView, ApiError> {
    let (agents, books) = app.fleet.agents_and_books().await?;
    let now = app.now();
    let open = Filter { alerts_only: true, open_at: Some(now), ..Filter::default() };
    let open_alerts = app.desk.run(move |db| Ok(findings::count(db, &open)?)).await?;
    let ranking = app.live.ranking();
    let mut ledger = Ledger::default();
    for one in &books {
        ledger.add(one);
    }
    Ok(FleetView {
        agents: agents.iter().filter(|agent| agent.status == "active").count() as u64,
        connected: agents.iter().filter(|agent| agent.connected).count() as u64,
        entities: ranking.entities.len() as u64,
        open_alerts,
        events: agents.iter().map(|agent| agent.events).sum(),
        wire_bytes: agents.iter().map(|agent| agent.wire_bytes).sum(),
        ledger: LedgerView::from(&ledger),
        sites: ranking.sites.clone(),
    })
}
