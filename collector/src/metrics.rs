//! Prometheus metrics, made when they are asked for.

use crate::api::App;
use crate::serve::IngestDoors;
use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::sync::Arc;

/// The router of the metrics port.
pub fn router(app: &App, doors: &Arc<IngestDoors>) -> Router {
    let (app, doors) = (app.clone(), Arc::clone(doors));
    Router::new().route("/metrics", get(move || async move { metrics(&app, &doors) }))
}

fn metrics(app: &App, doors: &IngestDoors) -> Response {
    let health = doors.health();
    let ranking = app.live.ranking();
    let engine = ranking.counters;
    let mut registry = Registry::with_prefix("picket_collector");
    let counters = [
        ("frames_stored", "Frames stored", health.frames),
        ("events_stored", "Events stored", health.events),
        ("stored_bytes", "Bytes of frames stored", health.bytes),
        ("frames_duplicate", "Frames that had been stored before", health.duplicates),
        ("records_unknown", "Records of kinds this release does not know", health.unknown_records),
        ("records_malformed", "Records that could not be read", health.malformed_records),
        ("commits", "Commits of the store", health.commits),
        ("events_lost", "Events agents said would never come", health.gaps),
        ("engine_events", "Events applied by the engine", engine.events),
        ("engine_behaviours", "Behaviours counted into baselines", engine.behaviours),
        (
            "engine_late",
            "Events that came when the baseline had learnt their day, or after it can be counted at all",
            engine.late,
        ),
        ("engine_excess", "Rows of agents beyond 100 times their usual volume, judged and not learnt", engine.excess),
        ("engine_clock_ahead", "Events dated in the future", engine.clock_ahead),
        ("engine_reorder_overflow", "Events put in order early for want of room", engine.reorder_overflow),
        ("engine_entities_evicted", "Entities forgotten for want of room", engine.entities_evicted),
        ("engine_refused", "Events of sites or agents beyond their cap", engine.refused),
        ("engine_alerts_withheld", "Alerts withheld because the budget was used up", engine.alerts_withheld),
    ];
    for (name, help, value) in counters {
        registry.register(name, help, ConstCounter::new(value));
    }
    let refused = Family::<Vec<(String, String)>, Counter>::default();
    for (reason, count) in &health.refused {
        refused.get_or_create(&vec![("reason".to_owned(), reason.clone())]).inc_by(*count);
    }
    registry.register("connections_refused", "Connections of agents refused or ended for a fault", refused);
    let over_tcp = doors.live().iter().filter(|live| live.transport == "tcp").count();
    let gauges = [
        ("agents_over_tcp", "Agents connected over TCP, because UDP does not pass", over_tcp),
        ("agents_connected", "Agents connected now", doors.live().len()),
        ("entities", "Entities in the ranking", ranking.entities.len()),
        ("problems", "Problems stated by health", app.problems.list().len()),
    ];
    for (name, help, value) in gauges {
        registry.register(name, help, ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)));
    }
    let mut text = String::new();
    if encode(&mut text, &registry).is_err() {
        return axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}
