//! Requests for packets with what came for them, sealed, and model bundles.

use super::Sqlite;
use crate::store::evidence::{Evidence, SEALING_BYTES};
use crate::store::{BundleRecord, Detail, DetailState, Details, StoreError};
use picket_event::AgentId;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::time::Duration;

/// Requests listed at most.
const LISTED: i64 = 1_000;
/// Bytes handed out at once.
const PAGE_BYTES: usize = 4 << 20;
/// Bundles kept at most.
const BUNDLES_MAX: i64 = 64;
/// A request that nobody decides, or that no agent finishes after its end, is over after so long.
const PATIENCE: i64 = 86_400_000_000_000;
const COLUMNS: &str =
    "id, agent, host, reason, from_at, lasting, until_at, most, state, asked_by, asked_at, decided_by,
                       decided_at, words, packets, bytes, kept";

fn row(row: &Row<'_>) -> rusqlite::Result<Detail> {
    let number = |at: usize| row.get::<_, i64>(at).map(i64::cast_unsigned);
    let host = row.get::<_, String>(2)?;
    Ok(Detail {
        id: number(0)?,
        agent: AgentId::new(&row.get::<_, String>(1)?),
        host: host.parse().unwrap_or(Detail::default().host),
        reason: row.get(3)?,
        from_at: row.get(4)?,
        lasting: Duration::from_nanos(number(5)?),
        until_at: row.get(6)?,
        most: number(7)?,
        state: DetailState::from_number(row.get(8)?),
        asked_by: row.get(9)?,
        asked_at: row.get(10)?,
        decided_by: row.get(11)?,
        decided_at: row.get(12)?,
        words: row.get(13)?,
        packets: number(14)?,
        bytes: number(15)?,
        kept: row.get(16)?,
    })
}

fn one(db: &Connection, id: u64) -> Result<Option<Detail>, StoreError> {
    let mut query = db.prepare_cached(&format!("SELECT {COLUMNS} FROM details WHERE id = ?1"))?;
    Ok(query.query_row([id.cast_signed()], row).optional()?)
}

fn open(db: &Connection, agent: &AgentId, id: u64) -> Result<Option<Detail>, StoreError> {
    Ok(one(db, id)?.filter(|detail| detail.agent == *agent && DetailState::OPEN.contains(&detail.state)))
}

fn remove_bytes(db: &Connection, id: u64) -> Result<(), StoreError> {
    db.execute("DELETE FROM detail_parts WHERE detail = ?1", [id.cast_signed()])?;
    db.execute("UPDATE details SET kept = 0 WHERE id = ?1", [id.cast_signed()])?;
    Ok(())
}

/// Seals what an earlier release stored in the clear, and wipes where it lay.
pub(super) fn seal_all(db: &mut Connection, evidence: &Evidence) -> Result<(), StoreError> {
    let clear = |db: &Connection| {
        let first = "SELECT detail, start, bytes FROM detail_parts WHERE sealed = 0 LIMIT 1";
        db.query_row(first, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()
    };
    if clear(db)?.is_none() {
        return Ok(());
    }
    db.execute_batch("PRAGMA secure_delete = ON")?;
    while let Some((id, start, bytes)) = clear(db)? {
        let (id, start, bytes): (i64, i64, Vec<u8>) = (id, start, bytes);
        let sealed = evidence.seal(id.cast_unsigned(), start.cast_unsigned(), &bytes)?;
        let change = "UPDATE detail_parts SET bytes = ?3, sealed = 1 WHERE detail = ?1 AND start = ?2";
        db.execute(change, params![id, start, sealed])?;
    }
    // What the log of the database holds of it goes too.
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA secure_delete = OFF")?;
    Ok(())
}

fn put_part(
    db: &Connection,
    evidence: &Evidence,
    agent: &AgentId,
    id: u64,
    start: u64,
    bytes: &[u8],
) -> Result<Option<u64>, StoreError> {
    let Some(detail) = open(db, agent, id)? else { return Ok(None) };
    let end = start.saturating_add(bytes.len() as u64);
    // What came before, or leaves a gap, or is over the cap, is not stored; the agent learns where to go on.
    if start != detail.bytes || end > detail.most || bytes.is_empty() {
        return Ok(Some(detail.bytes));
    }
    let sealed = evidence.seal(id, start, bytes)?;
    let (id, start, end) = (id.cast_signed(), start.cast_signed(), end.cast_signed());
    db.prepare_cached("INSERT INTO detail_parts (detail, start, bytes, sealed) VALUES (?1, ?2, ?3, 1)")?
        .execute(params![id, start, sealed])?;
    db.prepare_cached("UPDATE details SET bytes = ?2, kept = 1, state = ?3 WHERE id = ?1")?.execute(params![
        id,
        end,
        DetailState::Keeping.number()
    ])?;
    Ok(Some(end.cast_unsigned()))
}

fn expire(db: &Connection, now: i64, keep: Duration) -> Result<u64, StoreError> {
    let late = now.saturating_sub(PATIENCE);
    let ended = db.execute(
        "UPDATE details SET state = ?1 WHERE (state = ?2 AND asked_at < ?5)
         OR (state IN (?3, ?4) AND until_at < ?5)",
        params![
            DetailState::Expired.number(),
            DetailState::Waiting.number(),
            DetailState::Approved.number(),
            DetailState::Keeping.number(),
            late
        ],
    )?;
    let oldest = now.saturating_sub(i64::try_from(keep.as_nanos()).unwrap_or(i64::MAX));
    let mut query = db.prepare("SELECT id FROM details WHERE kept = 1 AND state NOT IN (1, 2) AND asked_at < ?1")?;
    let old: Vec<i64> = query.query_map([oldest], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for id in &old {
        remove_bytes(db, id.cast_unsigned())?;
    }
    Ok(ended as u64 + old.len() as u64)
}

fn decide(
    db: &Connection,
    id: u64,
    from: &[DetailState],
    to: DetailState,
    (by, at): (&str, i64),
) -> Result<Option<Detail>, StoreError> {
    let Some(known) = one(db, id)?.filter(|detail| from.contains(&detail.state)) else { return Ok(None) };
    let until = match to {
        DetailState::Approved => at.saturating_add(i64::try_from(known.lasting.as_nanos()).unwrap_or(i64::MAX)),
        _ => known.until_at,
    };
    db.execute(
        "UPDATE details SET state = ?2, decided_by = ?3, decided_at = ?4, until_at = ?5 WHERE id = ?1",
        params![id.cast_signed(), to.number(), by, at, until],
    )?;
    one(db, id)
}

impl Details for Sqlite {
    fn ask_detail(&self, wanted: &Detail) -> Result<u64, StoreError> {
        self.write(|db| {
            db.execute(
                "INSERT INTO details (agent, host, reason, from_at, lasting, most, state, asked_by, asked_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    wanted.agent.as_str(),
                    wanted.host.to_string(),
                    wanted.reason,
                    wanted.from_at,
                    i64::try_from(wanted.lasting.as_nanos()).unwrap_or(i64::MAX),
                    wanted.most.cast_signed(),
                    DetailState::Waiting.number(),
                    wanted.asked_by,
                    wanted.asked_at
                ],
            )?;
            Ok(db.last_insert_rowid().cast_unsigned())
        })
    }

    fn details(&self) -> Result<Vec<Detail>, StoreError> {
        self.read(|db| {
            let mut query =
                db.prepare_cached(&format!("SELECT {COLUMNS} FROM details ORDER BY id DESC LIMIT {LISTED}"))?;
            let rows = query.query_map([], row)?.collect::<Result<_, _>>()?;
            Ok(rows)
        })
    }

    fn detail(&self, id: u64) -> Result<Option<Detail>, StoreError> {
        self.read(|db| one(db, id))
    }

    fn decide_detail(
        &self,
        id: u64,
        from: &[DetailState],
        to: DetailState,
        by: &str,
        at: i64,
    ) -> Result<Option<Detail>, StoreError> {
        self.write(|db| decide(db, id, from, to, (by, at)))
    }

    fn open_details(&self, agent: &AgentId) -> Result<Vec<Detail>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM details WHERE agent = ?1 AND state IN (1, 2) ORDER BY id LIMIT 16"
            ))?;
            let rows = query.query_map([agent.as_str()], row)?.collect::<Result<_, _>>()?;
            Ok(rows)
        })
    }

    fn put_detail_part(&self, agent: &AgentId, id: u64, start: u64, bytes: &[u8]) -> Result<Option<u64>, StoreError> {
        self.write(|db| put_part(db, &self.evidence, agent, id, start, bytes))
    }

    fn answer_detail(
        &self,
        agent: &AgentId,
        id: u64,
        state: DetailState,
        packets: u64,
        words: &str,
    ) -> Result<bool, StoreError> {
        self.write(|db| {
            if open(db, agent, id)?.is_none() {
                return Ok(false);
            }
            db.prepare_cached("UPDATE details SET state = ?2, packets = max(packets, ?3), words = ?4 WHERE id = ?1")?
                .execute(params![id.cast_signed(), state.number(), packets.cast_signed(), words])?;
            Ok(true)
        })
    }

    fn detail_bytes(&self, id: u64, start: u64) -> Result<Vec<u8>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT start, bytes FROM detail_parts WHERE detail = ?1 AND start + length(bytes) - ?3 > ?2 ORDER BY start",
            )?;
            let mut rows = query.query(params![id.cast_signed(), start.cast_signed(), SEALING_BYTES as i64])?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                let at = row.get::<_, i64>(0)?.cast_unsigned();
                let stored = row.get_ref(1)?.as_blob().unwrap_or_default();
                let bytes = self.evidence.unseal(id, at, stored)?;
                let inside = usize::try_from(start.saturating_sub(at)).unwrap_or(usize::MAX);
                out.extend_from_slice(bytes.get(inside..).unwrap_or_default());
                if out.len() >= PAGE_BYTES {
                    break;
                }
            }
            Ok(out)
        })
    }

    fn remove_detail_bytes(&self, id: u64) -> Result<(), StoreError> {
        self.write(|db| remove_bytes(db, id))
    }

    fn expire_details(&self, now: i64, keep: Duration) -> Result<u64, StoreError> {
        self.write(|db| expire(db, now, keep))
    }

    fn put_bundle(&self, record: &BundleRecord, bytes: &[u8]) -> Result<bool, StoreError> {
        self.write(|db| {
            let count: i64 = db.query_row("SELECT count(*) FROM bundles", [], |row| row.get(0))?;
            let known =
                db.query_row("SELECT 1 FROM bundles WHERE sha256 = ?1", [&record.sha256], |_| Ok(())).optional()?;
            if known.is_some() || count >= BUNDLES_MAX {
                return Ok(known.is_some());
            }
            db.execute(
                "INSERT INTO bundles (sha256, name, signer, made_at, made_by, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![record.sha256, record.name, record.signer, record.made_at, record.made_by, bytes],
            )?;
            Ok(true)
        })
    }

    fn bundles(&self) -> Result<Vec<BundleRecord>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare(
                "SELECT sha256, name, signer, made_at, made_by, length(bytes) FROM bundles ORDER BY made_at DESC",
            )?;
            let record = |row: &Row<'_>| {
                Ok(BundleRecord {
                    sha256: row.get(0)?,
                    name: row.get(1)?,
                    signer: row.get(2)?,
                    made_at: row.get(3)?,
                    made_by: row.get(4)?,
                    bytes: row.get::<_, i64>(5)?.cast_unsigned(),
                })
            };
            let rows = query.query_map([], record)?.collect::<Result<_, _>>()?;
            Ok(rows)
        })
    }

    fn bundle_part(&self, sha256: &str, start: u64, most: u64) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        self.read(|db| {
            let mut query =
                db.prepare_cached("SELECT length(bytes), substr(bytes, ?2 + 1, ?3) FROM bundles WHERE sha256 = ?1")?;
            let part = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?));
            Ok(query
                .query_row(params![sha256, start.min(1 << 40).cast_signed(), most.cast_signed()], part)
                .optional()?)
        })
    }

    fn remove_bundle(&self, sha256: &str) -> Result<bool, StoreError> {
        self.write(|db| Ok(db.execute("DELETE FROM bundles WHERE sha256 = ?1", [sha256])? > 0))
    }
}
