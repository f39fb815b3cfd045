//! Entities ranked by risk, one entity in full, and the events it took part in.

use super::alerts::{FindingQuery, MAX_PAGE, PAGE, find};
use super::view::{EntityPage, EntityRow, EntityView, EventPage};
use super::{ApiError, App, Problem};
use axum::Json;
use axum::extract::{Path, Query, State};
use picket_event::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

/// Which entities, and how many.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EntityQuery {
    /// Part of a name, alias, zone or role; upper and lower case are equal.
    pub q: Option<String>,
    /// Only this site.
    pub site: Option<String>,
    /// Only risks from here on.
    pub min_risk: Option<f64>,
    /// Rows at most, 1 to 1000 (default 100).
    pub limit: Option<usize>,
    /// Rows to leave out at the start.
    pub offset: Option<usize>,
}

impl EntityQuery {
    fn passes(&self, row: &EntityRow, words: Option<&str>) -> bool {
        let contains = |text: &str, part: &str| text.to_lowercase().contains(part);
        let named = words.is_none_or(|part| {
            [&row.entity, &row.zone, &row.role].into_iter().chain(&row.aliases).any(|text| contains(text, part))
        });
        named
            && self.site.as_ref().is_none_or(|site| row.site == *site)
            && self.min_risk.is_none_or(|least| row.risk >= least)
    }
}

/// A page of the ranking, as the API and the page list it.
#[must_use]
pub fn ranked(app: &App, query: &EntityQuery) -> EntityPage {
    let ranking = app.live.ranking();
    let words = query.q.as_deref().map(str::to_lowercase).filter(|words| !words.is_empty());
    let passing = ranking.entities.iter().filter(|row| query.passes(row, words.as_deref()));
    let total = passing.clone().count() as u64;
    let limit = query.limit.unwrap_or(PAGE as usize).clamp(1, MAX_PAGE as usize);
    EntityPage { total, entities: passing.skip(query.offset.unwrap_or(0)).take(limit).cloned().collect() }
}

/// Entities, highest risk first.
#[utoipa::path(get, path = "/api/v1/entities", tag = "entities", params(EntityQuery),
    responses((status = 200, body = EntityPage), (status = 401, body = Problem)))]
pub async fn list(State(app): State<App>, Query(query): Query<EntityQuery>) -> Json<EntityPage> {
    Json(ranked(&app, &query))
}

/// Which site an entity is looked for in.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SiteQuery {
    /// The site; without it the first that has the name.
    #[serde(default)]
    pub site: String,
}

/// One entity by any of its names: risk, three matrices, latest findings.
#[utoipa::path(get, path = "/api/v1/entities/{entity}", tag = "entities", params(("entity" = String, Path), SiteQuery),
    responses((status = 200, body = EntityView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn get(
    State(app): State<App>,
    Path(entity): Path<String>,
    Query(query): Query<SiteQuery>,
) -> Result<Json<EntityView>, ApiError> {
    one(&app, &query.site, &entity).await.map(Json)
}

/// One entity with its findings.
///
/// # Errors
/// 404 where nobody has the name.
pub async fn one(app: &App, site: &str, entity: &str) -> Result<EntityView, ApiError> {
    let mut view = app.live.entity(site, entity).ok_or_else(|| ApiError::not_found("entity"))?;
    let query = FindingQuery { entity: Some(view.summary.entity.clone()), limit: Some(50), ..FindingQuery::default() };
    view.findings = find(app, query, false).await?.findings;
    view.findings.retain(|finding| finding.site == view.summary.site);
    Ok(view)
}

/// Whose events, and from when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// An address, or a name of an entity.
    pub entity: String,
    /// The site of the entity; without it the first that has the name.
    #[serde(default)]
    pub site: String,
    /// From this time on, RFC 3339.
    pub from: Option<String>,
    /// Before this time, RFC 3339.
    pub to: Option<String>,
    /// Events at most, 1 to 1000 (default 100).
    pub limit: Option<u32>,
}

/// Stored events as EVE JSON, latest first.
#[utoipa::path(get, path = "/api/v1/events", tag = "entities", params(EventQuery),
    responses((status = 200, body = EventPage), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn events(State(app): State<App>, Query(query): Query<EventQuery>) -> Result<Json<EventPage>, ApiError> {
    let time = |text: Option<String>, otherwise: Timestamp| match text {
        None => Ok(otherwise),
        Some(text) => Timestamp::parse(&text)
            .map_err(|_| ApiError::bad("from and to are RFC 3339 times such as 2030-01-31T00:00:00Z")),
    };
    let (from, to) = (time(query.from, Timestamp::from_nanos(i64::MIN))?, time(query.to, Timestamp::MAX)?);
    let limit = query.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let events = events_of(&app, &query.site, &query.entity, (from, to), limit).await?;
    Ok(Json(EventPage { events }))
}

/// Events an entity took part in, by all its addresses.
///
/// # Errors
/// Those of the store.
pub async fn events_of(
    app: &App,
    site: &str,
    entity: &str,
    between: (Timestamp, Timestamp),
    limit: u32,
) -> Result<Vec<serde_json::Value>, ApiError> {
    let names: Vec<String> = match app.live.entity(site, entity) {
        Some(view) => std::iter::once(view.summary.entity).chain(view.summary.aliases).collect(),
        None => vec![entity.to_owned()],
    };
    app.fleet.events(&names, between, limit as usize).await
}
