//! Findings as JSON lines.

use picket_engine::Finding;
use serde_json::{Value, json};

/// Rounded to six digits after the point, so that lines stay short.
fn short(x: f64) -> f64 {
    if x.abs() < 1e-3 { x } else { (x * 1e6).round() / 1e6 }
}

/// One finding as a line's value.
#[must_use]
pub fn line(f: &Finding) -> Value {
    let cells: Vec<Value> = f
        .cells
        .iter()
        .map(|c| {
            json!({"time": c.time, "space": c.space, "relation": c.relation, "seen": short(c.seen),
                   "expected": short(c.expected), "deviation": short(c.deviation)})
        })
        .collect();
    let e = &f.evidence;
    json!({
        "time": f.time.to_string(), "entity": f.entity, "site": f.site, "kind": f.label(), "case": f.case,
        "p_value": f.p_value, "risk": short(f.risk), "risk_unclamped": short(f.risk_unclamped), "alert": f.alert,
        "count": f.count, "cells": cells, "reasons": f.reasons, "techniques": f.techniques,
        "evidence": {"sums": e.sums.map(short), "weights": e.weights.map(short), "score": short(e.score),
                     "omega": short(e.omega), "usual": e.usual.map(short), "periods": short(e.periods)},
    })
}
