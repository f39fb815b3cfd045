//! Findings and alerts: stored once, listed, acknowledged, muted for a time.

use super::audit::{self, Change};
use rusqlite::{Connection, OptionalExtension, params};

/// A finding as stored. `reasons` and `evidence` are JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingRow {
    /// Hash of the engine's case.
    pub id: String,
    /// Of the data, nanoseconds since 1970.
    pub time: i64,
    /// The entity.
    pub entity: String,
    /// The other side, or empty.
    pub counterpart: String,
    /// The site.
    pub site: String,
    /// What was found.
    pub kind: String,
    /// Whether it is an alert.
    pub alert: bool,
    /// How often the case was seen.
    pub count: u32,
    /// How unusual, 0 to 1.
    pub p_value: f64,
    /// 1 to 10.
    pub risk: f64,
    /// JSON array of sentences.
    pub reasons: String,
    /// JSON: everything that recomputes it.
    pub evidence: String,
    /// When it was stored, nanoseconds since 1970.
    pub stored_at: i64,
    /// When and by whom it was acknowledged.
    pub acknowledged: Option<(i64, String)>,
    /// What the person said.
    pub note: Option<String>,
    /// Until when equal alerts are muted.
    pub muted_until: Option<i64>,
}

/// Which findings are asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter<'a> {
    /// Only alerts.
    pub alerts_only: bool,
    /// Only what nobody acknowledged and nothing mutes at this time.
    pub open_at: Option<i64>,
    /// Only this entity, on either side.
    pub entity: Option<&'a str>,
    /// Rows at most.
    pub limit: u32,
    /// Rows left out at the start.
    pub offset: u32,
}

/// Stores a finding, or a later state of its case: what a person said of it stays, and an alert stays one. Answers
/// whether the case is new.
///
/// # Errors
/// Those of the database.
pub fn put(db: &Connection, row: &FindingRow) -> rusqlite::Result<bool> {
    let known = db.prepare_cached("SELECT 1 FROM anomaly_records WHERE id = ?1")?.exists([&row.id])?;
    db.prepare_cached(
        "INSERT INTO anomaly_records
         (id, time, entity, counterpart, site, kind, alert, count, p_value, risk, reasons, evidence, stored_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT (id) DO UPDATE SET time = excluded.time, alert = max(alert, excluded.alert), count = excluded.count,
         p_value = excluded.p_value, risk = excluded.risk, reasons = excluded.reasons, evidence = excluded.evidence",
    )?
    .execute(params![
        row.id,
        row.time,
        row.entity,
        row.counterpart,
        row.site,
        row.kind,
        row.alert,
        row.count,
        row.p_value,
        row.risk,
        row.reasons,
        row.evidence,
        row.stored_at
    ])?;
    Ok(!known)
}

const SELECT: &str =
    "SELECT a.id, a.time, a.entity, a.counterpart, a.site, a.kind, a.alert, a.count, a.p_value, a.risk,
    a.reasons, a.evidence, a.stored_at, a.acknowledged_at, a.acknowledged_by, a.note, m.until
    FROM anomaly_records a LEFT JOIN mutes m ON m.entity = a.entity AND m.kind = a.kind";

fn read(r: &rusqlite::Row<'_>) -> rusqlite::Result<FindingRow> {
    let at: Option<i64> = r.get("acknowledged_at")?;
    let by: Option<String> = r.get("acknowledged_by")?;
    Ok(FindingRow {
        id: r.get("id")?,
        time: r.get("time")?,
        entity: r.get("entity")?,
        counterpart: r.get("counterpart")?,
        site: r.get("site")?,
        kind: r.get("kind")?,
        alert: r.get("alert")?,
        count: r.get("count")?,
        p_value: r.get("p_value")?,
        risk: r.get("risk")?,
        reasons: r.get("reasons")?,
        evidence: r.get("evidence")?,
        stored_at: r.get("stored_at")?,
        acknowledged: at.zip(by),
        note: r.get("note")?,
        muted_until: r.get("until")?,
    })
}

const WHERE: &str = " WHERE (?1 = 0 OR a.alert = 1) AND (?2 IS NULL OR a.entity = ?2 OR a.counterpart = ?2)
    AND (?3 IS NULL OR (a.acknowledged_at IS NULL AND (m.until IS NULL OR m.until <= ?3)))";

/// The findings that pass, latest first.
///
/// # Errors
/// Those of the database.
pub fn list(db: &Connection, filter: &Filter<'_>) -> rusqlite::Result<Vec<FindingRow>> {
    let sql = format!("{SELECT}{WHERE} ORDER BY a.time DESC, a.id LIMIT ?4 OFFSET ?5");
    let mut query = db.prepare_cached(&sql)?;
    let values = params![filter.alerts_only, filter.entity, filter.open_at, filter.limit, filter.offset];
    query.query_map(values, read)?.collect()
}

/// How many findings pass.
///
/// # Errors
/// Those of the database.
pub fn count(db: &Connection, filter: &Filter<'_>) -> rusqlite::Result<u64> {
    let sql = format!(
        "SELECT count(*) FROM anomaly_records a LEFT JOIN mutes m ON m.entity = a.entity AND m.kind = a.kind{WHERE}"
    );
    let mut query = db.prepare_cached(&sql)?;
    let count: i64 = query.query_row(params![filter.alerts_only, filter.entity, filter.open_at], |r| r.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// One finding.
///
/// # Errors
/// Those of the database.
pub fn get(db: &Connection, id: &str) -> rusqlite::Result<Option<FindingRow>> {
    db.query_row(&format!("{SELECT} WHERE a.id = ?1"), [id], read).optional()
}

/// Acknowledges an alert. Answers false where there is no such alert; a second acknowledgement changes nothing.
///
/// # Errors
/// Those of the database.
pub fn acknowledge(db: &Connection, id: &str, by: &str, note: &str, now: i64) -> rusqlite::Result<bool> {
    if get(db, id)?.is_none_or(|row| !row.alert) {
        return Ok(false);
    }
    let changed = db.execute(
        "UPDATE anomaly_records SET acknowledged_at = ?2, acknowledged_by = ?3, note = nullif(?4, '')
         WHERE id = ?1 AND acknowledged_at IS NULL",
        params![id, now, by, note],
    )?;
    if changed == 1 {
        audit::append(db, &Change { time: now, actor: by, action: "alert.acknowledge", subject: id, detail: note })?;
    }
    Ok(true)
}

/// Mutes alerts of the same entity and kind until a time. Answers false where there is no such alert.
///
/// # Errors
/// Those of the database.
pub fn mute(db: &Connection, id: &str, until: i64, by: &str, now: i64) -> rusqlite::Result<bool> {
    let Some(row) = get(db, id)?.filter(|row| row.alert) else { return Ok(false) };
    db.execute("DELETE FROM mutes WHERE until <= ?1", [now])?;
    db.execute(
        "INSERT INTO mutes (entity, kind, until, muted_by) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET until = excluded.until, muted_by = excluded.muted_by",
        params![row.entity, row.kind, until, by],
    )?;
    let detail = format!("{} of {} until {}", row.kind, row.entity, picket_event::Timestamp::from_nanos(until));
    audit::append(db, &Change { time: now, actor: by, action: "alert.mute", subject: id, detail: &detail })?;
    Ok(true)
}

/// Removes findings that were stored before a time, a bounded number at once. Answers how many went.
///
/// # Errors
/// Those of the database.
pub fn remove_before(db: &Connection, time: i64) -> rusqlite::Result<usize> {
    db.execute(
        "DELETE FROM anomaly_records WHERE id IN (SELECT id FROM anomaly_records WHERE stored_at < ?1 LIMIT 10000)",
        [time],
    )
}
