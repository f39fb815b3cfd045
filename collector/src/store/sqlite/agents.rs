//! Agents and their last ledgers.

use crate::store::{Agent, AgentStatus, Sighting, StoreError};
use picket_event::wire::{Control, decode_control, encode_control};
use picket_event::{AgentId, Ledger, Site};
use rusqlite::{Connection, OptionalExtension, Row, params};

const COLUMNS: &str = "id, site, revoked, enrolled_at, certificate_until, key, seen_at, address, release, bundle,
                       clock_offset, events, bytes";

fn agent(row: &Row<'_>) -> rusqlite::Result<Agent> {
    Ok(Agent {
        id: AgentId::new(&row.get::<_, String>(0)?),
        site: Site::new(&row.get::<_, String>(1)?),
        status: if row.get::<_, bool>(2)? { AgentStatus::Revoked } else { AgentStatus::Active },
        enrolled_at: row.get(3)?,
        certificate_until: row.get(4)?,
        key: row.get(5)?,
        seen_at: row.get(6)?,
        address: row.get(7)?,
        release: row.get(8)?,
        bundle: row.get(9)?,
        clock_offset: row.get(10)?,
        events: row.get::<_, i64>(11)?.cast_unsigned(),
        bytes: row.get::<_, i64>(12)?.cast_unsigned(),
    })
}

pub(super) fn all(db: &Connection) -> Result<Vec<Agent>, StoreError> {
    let mut query = db.prepare_cached(&format!("SELECT {COLUMNS} FROM agents ORDER BY id"))?;
    let rows = query.query_map([], agent)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

pub(super) fn one(db: &Connection, id: &AgentId) -> Result<Option<Agent>, StoreError> {
    let mut query = db.prepare_cached(&format!("SELECT {COLUMNS} FROM agents WHERE id = ?1"))?;
    Ok(query.query_row([id.as_str()], agent).optional()?)
}

pub(super) fn saw(db: &Connection, id: &AgentId, sighting: &Sighting) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE agents SET seen_at = ?2, address = ?3, release = ?4, bundle = ?5, clock_offset = ?6 WHERE id = ?1",
    )?
    .execute(params![
        id.as_str(),
        sighting.at,
        sighting.address,
        sighting.release,
        sighting.bundle,
        sighting.clock_offset
    ])?;
    Ok(())
}

pub(super) fn revoke(db: &Connection, id: &AgentId) -> Result<bool, StoreError> {
    Ok(db.execute("UPDATE agents SET revoked = 1 WHERE id = ?1 AND revoked = 0", [id.as_str()])? == 1)
}

pub(super) fn renewed(db: &Connection, id: &AgentId, until: i64) -> Result<(), StoreError> {
    db.execute("UPDATE agents SET certificate_until = ?2 WHERE id = ?1", params![id.as_str(), until])?;
    Ok(())
}

pub(super) fn put_ledger(db: &Connection, agent: &AgentId, at: i64, ledger: &Ledger) -> Result<(), StoreError> {
    let frame = encode_control(&Control::Ledger(Box::new(ledger.clone())))
        .map_err(|e| StoreError::Database(format!("ledger of {agent}: {e}")))?;
    db.prepare_cached("INSERT OR REPLACE INTO ledgers (agent, at, ledger) VALUES (?1, ?2, ?3)")?.execute(params![
        agent.as_str(),
        at,
        frame.bytes
    ])?;
    db.prepare_cached("UPDATE agents SET seen_at = max(seen_at, ?2) WHERE id = ?1")?
        .execute(params![agent.as_str(), at])?;
    Ok(())
}

pub(super) fn ledgers(db: &Connection) -> Result<Vec<(AgentId, i64, Ledger)>, StoreError> {
    let mut query = db.prepare_cached("SELECT agent, at, ledger FROM ledgers ORDER BY agent")?;
    let mut rows = query.query([])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let frame: Vec<u8> = row.get(2)?;
        let Ok((messages, _)) = decode_control(&frame) else { continue };
        if let Some(Control::Ledger(ledger)) = messages.into_iter().next() {
            out.push((AgentId::new(&row.get::<_, String>(0)?), row.get(1)?, *ledger));
        }
    }
    Ok(out)
}
