//! The pages behind the log-in: fleet, ranking, one entity, alerts, one finding.

use super::heatmap::{self, HeatMap};
use super::pager::{Pager, ROWS};
use super::{Frame, PageError, Who, agents, filters, may, render};
use crate::api::alerts::{self, FindingQuery};
use crate::api::entities::{self, EntityQuery, SiteQuery};
use crate::api::view::{AgentView, EntityPage, EntityRow, EntityView, FindingPage, FindingView, FleetView};
use crate::api::{App, Caller, Need, fleet as books};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use picket_engine::risk;
use picket_event::Timestamp;
use serde::Deserialize;
use serde_json::Value;

pub(super) async fn frame(app: &App, caller: &Caller, tab: &'static str) -> Result<(Frame, Who), PageError> {
    let query = FindingQuery { state: Some("open".to_owned()), limit: Some(1), ..FindingQuery::default() };
    let open_alerts = alerts::find(app, query, true).await?.total;
    let who = Who::of(caller);
    Ok((Frame { caller: Some(who.clone()), tab, open_alerts, problems: app.problems.list() }, who))
}

#[derive(Template)]
#[template(path = "fleet.html")]
struct FleetPage {
    frame: Frame,
    who: Who,
    fleet: FleetView,
    risk: Option<f64>,
    bytes_per_event: Option<f64>,
    lost: u64,
    entities: Vec<EntityRow>,
    alerts: Vec<FindingView>,
    /// Those that want a person first, and how many there are beside them.
    agents: Vec<AgentView>,
    more: usize,
}

/// `GET /`
pub async fn fleet(State(app): State<App>, Extension(caller): Extension<Caller>) -> Result<Response, PageError> {
    let (frame, who) = frame(&app, &caller, "fleet").await?;
    let fleet = books::summary(&app).await?;
    let open = FindingQuery { state: Some("open".to_owned()), limit: Some(5), ..FindingQuery::default() };
    let top = EntityQuery { limit: Some(8), ..EntityQuery::default() };
    let (agents, total) = agents::first(&app).await?;
    let shown = agents.len();
    Ok(render(&FleetPage {
        frame,
        who,
        risk: fleet.sites.last().map(|whole| whole.risk),
        bytes_per_event: (fleet.events > 0).then(|| fleet.wire_bytes as f64 / fleet.events as f64),
        lost: fleet.ledger.events_lost.values().sum(),
        entities: entities::ranked(&app, &top).entities,
        alerts: alerts::find(&app, open, true).await?.findings,
        agents,
        more: total.saturating_sub(shown),
        fleet,
    }))
}

#[derive(Template)]
#[template(path = "entities.html")]
struct EntitiesPage {
    frame: Frame,
    page: EntityPage,
    pager: Pager,
    q: String,
}

/// `GET /entities`
pub async fn entities(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(mut query): Query<EntityQuery>,
) -> Result<Response, PageError> {
    let (frame, _) = frame(&app, &caller, "entities").await?;
    query.limit = Some(ROWS);
    let offset = query.offset.unwrap_or(0);
    let page = entities::ranked(&app, &query);
    let q = query.q.unwrap_or_default();
    let total = usize::try_from(page.total).unwrap_or(usize::MAX);
    let pager = Pager::new("/entities", &q, offset, page.entities.len(), total);
    Ok(render(&EntitiesPage { frame, page, pager, q }))
}

struct Term {
    name: &'static str,
    value: f64,
    weight: f64,
}

impl Term {
    fn part(&self) -> f64 {
        self.value * self.weight
    }
}

/// One stored event as a row of a table.
struct EventRow {
    time: String,
    kind: String,
    from: String,
    to: String,
    protocol: String,
    what: String,
}

#[derive(Template)]
#[template(path = "entity.html")]
struct EntityPageOf {
    frame: Frame,
    who: Who,
    e: EntityView,
    terms: Vec<Term>,
    maps: Vec<HeatMap>,
    events: Vec<EventRow>,
}

/// `GET /entities/{entity}?site=...`
pub async fn entity(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Query(SiteQuery { site }): Query<SiteQuery>,
) -> Result<Response, PageError> {
    let (frame, who) = frame(&app, &caller, "entities").await?;
    let e = entities::one(&app, &site, &name).await?;
    let always = (Timestamp::from_nanos(i64::MIN), Timestamp::MAX);
    let events = entities::events_of(&app, &e.summary.site, &e.summary.entity, always, 25).await?;
    let names = ["Severity of what was found", "Value of the asset", "Scope of the impact", "Ease of exploitation"];
    let terms = names.into_iter().zip(e.summary.terms).zip(risk::WEIGHTS);
    Ok(render(&EntityPageOf {
        frame,
        who,
        terms: terms.map(|((name, value), weight)| Term { name, value, weight }).collect(),
        maps: e.matrices.iter().map(heatmap::draw).collect(),
        events: events.iter().map(event_row).collect(),
        e,
    }))
}

fn event_row(event: &Value) -> EventRow {
    let text = |name: &str| match event.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let end = |address: &str, mac: &str, port: &str| {
        let name = if text(address).is_empty() { text(mac) } else { text(address) };
        if text(port).is_empty() || text(port) == "0" { name } else { format!("{name}:{}", text(port)) }
    };
    let kind = text("event_type");
    EventRow {
        time: text("timestamp"),
        from: end("src_ip", "src_mac", "src_port"),
        to: end("dest_ip", "dest_mac", "dest_port"),
        protocol: if text("app_proto").is_empty() { text("proto") } else { text("app_proto") },
        what: what(event, &kind),
        kind,
    }
}

/// The few words of an event's body that tell most.
fn what(event: &Value, kind: &str) -> String {
    let at = |path: &str| match event.pointer(path) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Null) | None => None,
        Some(other) => Some(other.to_string()),
    };
    let parts: Vec<String> = match kind {
        "flow" => {
            let verdict = at("/score/verdict").filter(|verdict| verdict != "benign" && verdict != "abstain");
            let count = at("/flow/count").filter(|count| count != "1").map(|count| format!("{count} conversations"));
            [verdict, count, at("/score/reasons/0")].into_iter().flatten().collect()
        }
        "ics" => ["/ics/operation", "/ics/function_name", "/ics/object"].into_iter().filter_map(at).collect(),
        "tls" => ["/tls/sni", "/tls/version"].into_iter().filter_map(at).collect(),
        "dns" => at("/dns/rrname").or_else(|| at("/dns/queries/0/rrname")).into_iter().collect(),
        "anomaly" => ["/anomaly/kind", "/anomaly/detail"].into_iter().filter_map(at).collect(),
        "alert" => ["/alert/kind", "/alert/reasons/0"].into_iter().filter_map(at).collect(),
        _ => Vec::new(),
    };
    parts.join(", ").chars().take(200).collect()
}

#[derive(Template)]
#[template(path = "alerts.html")]
struct AlertsPage {
    frame: Frame,
    who: Who,
    page: FindingPage,
    open: bool,
    after: Option<String>,
}

/// `GET /alerts?state=open|all`
pub async fn alerts(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(mut query): Query<FindingQuery>,
) -> Result<Response, PageError> {
    let (frame, who) = frame(&app, &caller, "alerts").await?;
    let open = query.state.as_deref() != Some("all");
    let offset = query.offset.unwrap_or(0);
    (query.state, query.limit) = (Some(if open { "open" } else { "all" }.to_owned()), Some(ROWS as u32));
    let page = alerts::find(&app, query, true).await?;
    let end = u64::from(offset) + page.findings.len() as u64;
    let state = if open { "open" } else { "all" };
    let after = (end < page.total).then(|| format!("/alerts?state={state}&offset={end}"));
    Ok(render(&AlertsPage { frame, who, page, open, after }))
}

struct CellRow {
    time: String,
    space: String,
    relation: String,
    seen: f64,
    expected: f64,
    deviation: f64,
}

#[derive(Template)]
#[template(path = "finding.html")]
struct FindingPageOf {
    frame: Frame,
    who: Who,
    f: FindingView,
    rows: [FindingView; 1],
    cells: Vec<CellRow>,
    evidence: String,
}

/// `GET /findings/{id}`
pub async fn finding(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let (frame, who) = frame(&app, &caller, "alerts").await?;
    let finding = alerts::one(&app, id).await?;
    let cells = finding.evidence.get("cells").and_then(Value::as_array).into_iter().flatten().map(|cell| {
        let text = |name: &str| cell.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |name: &str| cell.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
        CellRow {
            time: text("time"),
            space: text("space"),
            relation: text("relation"),
            seen: number("seen"),
            expected: number("expected"),
            deviation: number("deviation"),
        }
    });
    let cells = cells.collect();
    let evidence = serde_json::to_string_pretty(&finding.evidence).unwrap_or_default();
    Ok(render(&FindingPageOf { frame, who, f: finding.clone(), rows: [finding], cells, evidence }))
}

/// What the acknowledge form sends.
#[derive(Deserialize)]
pub struct Note {
    #[serde(default)]
    note: String,
}

/// `POST /alerts/{id}/acknowledge`
pub async fn acknowledge(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Form(Note { note }): Form<Note>,
) -> Result<Response, PageError> {
    may(&caller, Need::Triage)?;
    alerts::acknowledge_as(&app, caller, id, note).await?;
    Ok(Redirect::to("/alerts?state=open").into_response())
}

/// What the mute form sends.
#[derive(Deserialize)]
pub struct Hours {
    hours: u32,
}

/// `POST /alerts/{id}/mute`
pub async fn mute(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Form(Hours { hours }): Form<Hours>,
) -> Result<Response, PageError> {
    may(&caller, Need::Triage)?;
    let until = app.now().saturating_add(i64::from(hours).saturating_mul(3_600_000_000_000));
    alerts::mute_as(&app, caller, id, until).await?;
    Ok(Redirect::to("/alerts?state=open").into_response())
}
