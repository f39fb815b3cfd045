//! Agents and their last ledgers.

use crate::store::{Admission, Agent, AgentStatus, Applicant, HostNote, Sighting, StoreError};
use picket_event::wire::{Control, decode_control, encode_control};
use picket_event::{AgentId, Ledger, Site};
use rusqlite::{Connection, OptionalExtension, Row, params};

const COLUMNS: &str = "id, site, state, enrolled_at, certificate_until, key, seen_at, address, release, bundle,
                       clock_offset, events, bytes, fleet_group, transport, host, machine, boot, policy_version,
                       policy_state";

fn agent(row: &Row<'_>) -> rusqlite::Result<Agent> {
    Ok(Agent {
        id: AgentId::new(&row.get::<_, String>(0)?),
        site: Site::new(&row.get::<_, String>(1)?),
        status: AgentStatus::from_number(row.get(2)?),
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
        group: row.get(13)?,
        transport: row.get(14)?,
        host: HostNote { name: row.get(15)?, machine: row.get(16)?, boot: row.get(17)? },
        policy_version: row.get::<_, i64>(18)?.cast_unsigned(),
        policy_state: row.get(19)?,
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

/// Enters an agent that was let in; one of the same name that is known gets the new key and certificate.
pub(super) fn enter(db: &Connection, applicant: &Applicant<'_>, admission: &Admission) -> Result<(), StoreError> {
    db.execute(
        "INSERT INTO agents (id, site, fleet_group, state, enrolled_at, certificate_until, key, address)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (id) DO UPDATE SET site = excluded.site, fleet_group = excluded.fleet_group,
         state = excluded.state, certificate_until = excluded.certificate_until, key = excluded.key,
         address = excluded.address, machine = iif(key = excluded.key, machine, ''),
         enrolled_at = iif(key = excluded.key, enrolled_at, excluded.enrolled_at)",
        params![
            applicant.agent.as_str(),
            admission.site.as_str(),
            admission.group,
            admission.status.number(),
            applicant.now,
            applicant.certificate_until,
            applicant.key,
            applicant.address
        ],
    )?;
    Ok(())
}

pub(super) fn saw(db: &Connection, id: &AgentId, sighting: &Sighting) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE agents SET seen_at = ?2, address = ?3, release = ?4, bundle = ?5, clock_offset = ?6, transport = ?7
         WHERE id = ?1",
    )?
    .execute(params![
        id.as_str(),
        sighting.at,
        sighting.address,
        sighting.release,
        sighting.bundle,
        sighting.clock_offset,
        sighting.transport
    ])?;
    if let Some(host) = &sighting.host {
        db.prepare_cached("UPDATE agents SET host = ?2, machine = ?3, boot = ?4 WHERE id = ?1")?.execute(params![
            id.as_str(),
            host.name,
            host.machine,
            host.boot
        ])?;
    }
    Ok(())
}

pub(super) fn turn(db: &Connection, id: &AgentId, from: &[AgentStatus], to: AgentStatus) -> Result<bool, StoreError> {
    let Some(known) = one(db, id)?.filter(|known| from.contains(&known.status)) else { return Ok(false) };
    db.execute("UPDATE agents SET state = ?2 WHERE id = ?1", params![known.id.as_str(), to.number()])?;
    Ok(true)
}

pub(super) fn set_group(db: &Connection, id: &AgentId, group: &str) -> Result<bool, StoreError> {
    Ok(db.execute("UPDATE agents SET fleet_group = ?2 WHERE id = ?1", [id.as_str(), group])? == 1)
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
