//! Identities seen twice, and the policies of groups.

use crate::store::{Double, Policy, StoreError};
use picket_event::AgentId;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Versions kept of a group's policy, the newest.
const MAX_VERSIONS: i64 = 100;

pub(super) fn note(db: &Connection, agent: &AgentId, double: &Double) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO doubles (agent, kind, first_at, last_at, count, one, other) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT DO UPDATE SET last_at = excluded.last_at, count = count + excluded.count, one = excluded.one,
         other = excluded.other",
    )?
    .execute(params![
        agent.as_str(),
        double.kind,
        double.first_at,
        double.last_at,
        double.count.cast_signed(),
        double.one,
        double.other
    ])?;
    Ok(())
}

pub(super) fn doubles(db: &Connection) -> Result<Vec<(AgentId, Double)>, StoreError> {
    let mut query = db
        .prepare_cached("SELECT agent, kind, first_at, last_at, count, one, other FROM doubles ORDER BY agent, kind")?;
    let rows = query.query_map([], |row| {
        let double = Double {
            kind: row.get(1)?,
            first_at: row.get(2)?,
            last_at: row.get(3)?,
            count: row.get::<_, i64>(4)?.cast_unsigned(),
            one: row.get(5)?,
            other: row.get(6)?,
        };
        Ok((AgentId::new(&row.get::<_, String>(0)?), double))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn settle(db: &Connection, agent: &AgentId) -> Result<bool, StoreError> {
    Ok(db.execute("DELETE FROM doubles WHERE agent = ?1", [agent.as_str()])? > 0)
}

fn row(row: &Row<'_>) -> rusqlite::Result<Policy> {
    Ok(Policy {
        group: row.get(0)?,
        version: row.get::<_, i64>(1)?.cast_unsigned(),
        text: row.get(2)?,
        made_at: row.get(3)?,
        made_by: row.get(4)?,
    })
}

pub(super) fn policies(db: &Connection) -> Result<Vec<Policy>, StoreError> {
    let mut query = db.prepare(
        "SELECT fleet_group, version, text, made_at, made_by FROM policies ORDER BY fleet_group, version DESC",
    )?;
    let rows = query.query_map([], row)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

pub(super) fn policy(db: &Connection, group: &str) -> Result<Option<Policy>, StoreError> {
    let mut query = db.prepare_cached(
        "SELECT fleet_group, version, text, made_at, made_by FROM policies WHERE fleet_group = ?1
         ORDER BY version DESC LIMIT 1",
    )?;
    Ok(query.query_row([group], row).optional()?)
}

pub(super) fn put_policy(db: &Connection, group: &str, text: &str, by: &str, at: i64) -> Result<u64, StoreError> {
    let version = policy(db, group)?.map_or(1, |last| last.version + 1);
    db.execute(
        "INSERT INTO policies (fleet_group, version, text, made_at, made_by) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![group, version.cast_signed(), text, at, by],
    )?;
    db.execute(
        "DELETE FROM policies WHERE fleet_group = ?1 AND version <= ?2",
        params![group, version.cast_signed() - MAX_VERSIONS],
    )?;
    Ok(version)
}

pub(super) fn put_answer(db: &Connection, agent: &AgentId, version: u64, state: &str) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE agents SET policy_version = ?2, policy_state = ?3 WHERE id = ?1")?.execute(params![
        agent.as_str(),
        version.cast_signed(),
        state
    ])?;
    Ok(())
}
