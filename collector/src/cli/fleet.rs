//! `entities`, `alerts`, `explain`: what the collector knows, and what people make of it.

use super::client::{Client, Remote};
use super::table::{self, harmless, moment};
use crate::api::view::{EntityPage, EntityView, FindingPage, FindingView};
use crate::config::Span;
use crate::page::encoded;
use hyper::Method;
use serde::Serialize;
use serde_json::json;
use std::io::{Write, stdout};
use std::path::Path;

/// Prints JSON for programs.
pub fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    writeln!(stdout().lock(), "{}", serde_json::to_string_pretty(value)?)?;
    Ok(())
}

/// Arguments of `entities`.
#[derive(clap::Args, Debug)]
pub struct Entities {
    /// One entity in full, by any of its names
    name: Option<String>,
    /// Only this site
    #[arg(long)]
    site: Option<String>,
    /// Only names, zones or roles with this in them
    #[arg(long, value_name = "TEXT", conflicts_with = "name")]
    filter: Option<String>,
    /// Rows at most
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    #[command(flatten)]
    remote: Remote,
}

/// Runs `entities`.
///
/// # Errors
/// When the collector cannot be asked or refuses.
pub fn entities(args: &Entities, path: Option<&Path>) -> anyhow::Result<()> {
    let client = Client::new(&args.remote, path)?;
    let site = args.site.as_deref().map_or_else(String::new, |site| format!("site={}", encoded(site)));
    if let Some(name) = &args.name {
        let view: EntityView = client.get(&format!("/entities/{}?{site}", encoded(name)))?;
        return if args.remote.json { print_json(&view) } else { one_entity(&view) };
    }
    let filter = args.filter.as_deref().map_or_else(String::new, |text| format!("q={}&", encoded(text)));
    let page: EntityPage = client.get(&format!("/entities?{filter}limit={}&{site}", args.limit))?;
    if args.remote.json {
        return print_json(&page);
    }
    let rows: Vec<Vec<String>> = page
        .entities
        .iter()
        .map(|e| {
            let reason = e.reasons.first().cloned().unwrap_or_default();
            vec![
                e.rank.to_string(),
                format!("{:.1}", e.risk),
                e.entity.clone(),
                e.site.clone(),
                e.role.clone(),
                e.zone.clone(),
                reason,
            ]
        })
        .collect();
    let mut out = stdout().lock();
    table::write(&mut out, &["#", "risk", "entity", "site", "role", "zone", "why"], &rows)?;
    if page.total > page.entities.len() as u64 {
        writeln!(out, "{} of {}; --limit shows more", page.entities.len(), page.total)?;
    }
    Ok(())
}

fn one_entity(view: &EntityView) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    let e = &view.summary;
    writeln!(
        out,
        "{} at {}: {} {}, risk {:.1}, rank {}",
        harmless(&e.entity),
        harmless(&e.site),
        e.role,
        harmless(&e.zone),
        e.risk,
        e.rank
    )?;
    for reason in &e.reasons {
        writeln!(out, "  {}", harmless(reason))?;
    }
    let [severity, value, scope, ease] = e.terms;
    writeln!(out, "severity {severity:.1}, asset value {value:.1}, impact scope {scope:.1}, exploitability {ease:.1}")?;
    let level = e.omega.map_or_else(|| "no level yet".to_owned(), |omega| format!("abnormal from {omega:.1}"));
    writeln!(out, "score today {:.1}, {level}, {:.1} days learnt", e.score, e.periods)?;
    for matrix in &view.matrices {
        let mut cells: Vec<_> = matrix.cells.iter().filter(|cell| cell.deviation > 0.0).collect();
        cells.sort_by(|a, b| b.deviation.total_cmp(&a.deviation));
        writeln!(out, "\n{}: deviation {:.1}", matrix.name, matrix.sum)?;
        let label = |labels: &[String], index: usize| labels.get(index).cloned().unwrap_or_default();
        let rows: Vec<Vec<String>> = cells
            .into_iter()
            .take(5)
            .map(|cell| {
                let (row, column) = (label(&matrix.rows, cell.row), label(&matrix.columns, cell.column));
                vec![
                    row,
                    column,
                    cell.seen.to_string(),
                    format!("{:.2}", cell.expected),
                    format!("{:.1}", cell.deviation),
                ]
            })
            .collect();
        table::write(&mut out, &["", "", "seen", "expected", "deviation"], &rows)?;
    }
    Ok(())
}

/// Arguments of `alerts`.
#[derive(clap::Args, Debug)]
pub struct Alerts {
    #[command(subcommand)]
    action: Option<AlertAction>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(clap::Subcommand, Debug)]
enum AlertAction {
    /// Open alerts, latest first (the default)
    List {
        /// Acknowledged and muted ones too
        #[arg(long)]
        all: bool,
        /// Rows at most
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Acknowledge an alert
    Ack {
        /// Its id
        id: String,
        /// What you found
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Mute alerts of the same entity and kind for a time
    Mute {
        /// The id of one of them
        id: String,
        /// For how long, such as 8h or 7d
        #[arg(long = "for", value_name = "DURATION", default_value = "1d")]
        span: Span,
    },
}

/// Runs `alerts`.
///
/// # Errors
/// When the collector cannot be asked or refuses.
pub fn alerts(args: &Alerts, path: Option<&Path>) -> anyhow::Result<()> {
    let client = Client::new(&args.remote, path)?;
    let (all, limit) = match &args.action {
        None => (false, 100),
        Some(AlertAction::List { all, limit }) => (*all, *limit),
        Some(AlertAction::Ack { id, note }) => {
            client.change(Method::POST, &format!("/alerts/{}/acknowledge", encoded(id)), &json!({"note": note}))?;
            writeln!(stdout().lock(), "acknowledged")?;
            return Ok(());
        }
        Some(AlertAction::Mute { id, span }) => {
            let until = jiff::Timestamp::now().checked_add(span.0)?.to_string();
            client.change(Method::POST, &format!("/alerts/{}/mute", encoded(id)), &json!({"until": until}))?;
            writeln!(stdout().lock(), "muted until {}", moment(&until))?;
            return Ok(());
        }
    };
    let page: FindingPage = client.get(&format!("/alerts?state={}&limit={limit}", if all { "all" } else { "open" }))?;
    if args.remote.json {
        return print_json(&page);
    }
    let rows: Vec<Vec<String>> = page.findings.iter().map(alert_row).collect();
    let mut out = stdout().lock();
    table::write(&mut out, &["id", "time (UTC)", "risk", "kind", "entity", "site", "state", "why"], &rows)?;
    if page.total > page.findings.len() as u64 {
        writeln!(out, "{} of {}; --limit shows more", page.findings.len(), page.total)?;
    }
    Ok(())
}

pub(super) fn alert_row(f: &FindingView) -> Vec<String> {
    let reason = f.reasons.first().cloned().unwrap_or_default();
    let risk = format!("{:.1}", f.risk);
    vec![f.id.clone(), moment(&f.time), risk, f.kind.clone(), f.entity.clone(), f.site.clone(), f.state.clone(), reason]
}

/// Arguments of `explain`.
#[derive(clap::Args, Debug)]
pub struct Explain {
    /// The id of a finding or alert
    id: String,
    #[command(flatten)]
    remote: Remote,
}

/// Runs `explain`: a finding in words, with the numbers it stands on.
///
/// # Errors
/// When the collector cannot be asked, or there is no such finding.
pub fn explain(args: &Explain, path: Option<&Path>) -> anyhow::Result<()> {
    let client = Client::new(&args.remote, path)?;
    let f: FindingView = client.get(&format!("/findings/{}", encoded(&args.id)))?;
    if args.remote.json {
        return print_json(&f);
    }
    let mut out = stdout().lock();
    let to = if f.counterpart.is_empty() { String::new() } else { format!(" to {}", harmless(&f.counterpart)) };
    let what = if f.alert { "alert" } else { "finding" };
    writeln!(
        out,
        "{what} {} ({}) of {}{to} at {}, {} UTC",
        f.id,
        f.kind,
        harmless(&f.entity),
        harmless(&f.site),
        moment(&f.time)
    )?;
    writeln!(out, "risk {:.1}, p-value {:.3e}, seen {} times, {}", f.risk, f.p_value, f.count, f.state)?;
    for reason in &f.reasons {
        writeln!(out, "  {}", harmless(reason))?;
    }
    let cells = f.evidence.get("cells").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    if !cells.is_empty() {
        let columns = ["time", "space", "relation", "seen", "expected", "deviation"];
        let text = |cell: &serde_json::Value, name: &str| match cell.get(name) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(serde_json::Value::Number(number)) => number.as_f64().map_or_else(String::new, |n| format!("{n:.2}")),
            _ => String::new(),
        };
        let rows: Vec<Vec<String>> =
            cells.iter().map(|cell| columns.iter().map(|name| text(cell, name)).collect()).collect();
        writeln!(out)?;
        table::write(&mut out, &columns, &rows)?;
    }
    let number = |name: &str| f.evidence.get(name).and_then(serde_json::Value::as_f64);
    if let (Some(score), Some(omega), false) = (number("score"), number("omega"), cells.is_empty()) {
        writeln!(
            out,
            "\nscore {score:.2} = weights {} x sums {}, abnormal from {omega:.2}",
            f.evidence["weights"], f.evidence["sums"]
        )?;
    }
    Ok(())
}
