//! The log of accepted frames and the postings that find events in it.

use crate::store::{AcceptedFrame, Batch, EntityKey, Position, StoreError, Unreadable};
use picket_event::wire::{Decoder, Held, open};
use picket_event::{AgentId, Envelope, Site, Timestamp};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};
use std::collections::{BTreeMap, HashMap};

/// Rows of the log in one bucket of postings: small enough to drop piece by piece, few enough to look through.
pub(super) const BUCKET_ROWS: i64 = 8_192;

pub(super) fn commit(
    db: &Connection,
    frames: &[AcceptedFrame],
    positions: &[Position],
) -> Result<Vec<i64>, StoreError> {
    let mut numbers: HashMap<&AgentId, i64> = HashMap::new();
    let mut totals: BTreeMap<i64, (i64, i64, i64)> = BTreeMap::new();
    let mut rows = Vec::with_capacity(frames.len());
    let mut insert =
        db.prepare_cached("INSERT INTO frames (agent, epoch, class, received, frame) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for frame in frames {
        let agent = number(db, &mut numbers, &frame.agent)?;
        insert.execute(params![
            agent,
            frame.epoch.cast_signed(),
            frame.class.index() as i64,
            frame.received.nanos(),
            frame.bytes
        ])?;
        rows.push(db.last_insert_rowid());
        let total = totals.entry(agent).or_default();
        total.0 += i64::from(frame.count);
        total.1 += frame.bytes.len() as i64;
        total.2 = total.2.max(frame.received.nanos());
    }
    post(db, frames, &rows)?;
    let mut position = db.prepare_cached(
        "INSERT INTO positions (agent, epoch, acknowledged, ahead) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET acknowledged = max(acknowledged, excluded.acknowledged), ahead = excluded.ahead",
    )?;
    for Position { agent, epoch, held } in positions {
        let agent = number(db, &mut numbers, agent)?;
        position.execute(params![agent, epoch.cast_signed(), held.all().cast_signed(), ahead_text(held)])?;
    }
    let mut total = db.prepare_cached(
        "UPDATE agents SET events = events + ?2, bytes = bytes + ?3, seen_at = max(seen_at, ?4) WHERE number = ?1",
    )?;
    for (agent, (events, bytes, received)) in totals {
        total.execute(params![agent, events, bytes, received])?;
    }
    Ok(rows)
}

/// Enters the postings of the whole commit in key order, so that each page of the tree is touched once.
fn post(db: &Connection, frames: &[AcceptedFrame], rows: &[i64]) -> Result<(), StoreError> {
    let mut all: Vec<(i64, Vec<u8>, i64, i64, i64)> = Vec::new();
    let mut spans: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for (frame, row) in frames.iter().zip(rows) {
        let bucket = row / BUCKET_ROWS;
        for posting in &frame.postings {
            let (since, until) = (posting.from.nanos(), posting.to.nanos());
            all.push((bucket, posting.entity.bytes(), *row, since, until));
            let span = spans.entry(bucket).or_insert((since, until));
            *span = (span.0.min(since), span.1.max(until));
        }
    }
    all.sort_unstable();
    let mut insert =
        db.prepare_cached("INSERT INTO postings (bucket, entity, frame, since, until) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (bucket, entity, row, since, until) in all {
        insert.execute(params![bucket, entity, row, since, until])?;
    }
    let mut span = db.prepare_cached(
        "INSERT INTO buckets (bucket, since, until) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET since = min(since, excluded.since), until = max(until, excluded.until)",
    )?;
    for (bucket, (since, until)) in spans {
        span.execute(params![bucket, since, until])?;
    }
    Ok(())
}

fn number<'a>(db: &Connection, known: &mut HashMap<&'a AgentId, i64>, agent: &'a AgentId) -> Result<i64, StoreError> {
    if let Some(number) = known.get(agent) {
        return Ok(*number);
    }
    let mut query = db.prepare_cached("SELECT number FROM agents WHERE id = ?1")?;
    let number = query.query_row([agent.as_str()], |row| row.get(0)).optional()?;
    let number = number.ok_or_else(|| StoreError::Database(format!("agent {agent} is not enrolled")))?;
    known.insert(agent, number);
    Ok(number)
}

fn ahead_text(held: &Held) -> String {
    let ranges: Vec<String> = held.ahead().iter().map(|(first, last)| format!("{first}-{last}")).collect();
    ranges.join(" ")
}

/// Ranges as [`ahead_text`] writes them.
fn ahead(text: &str) -> Option<Vec<(u64, u64)>> {
    let range = |range: &str| range.split_once('-').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    text.split_whitespace().map(range).collect()
}

pub(super) fn held(db: &Connection, agent: &AgentId, epoch: u64) -> Result<Held, StoreError> {
    let mut query = db.prepare_cached(
        "SELECT acknowledged, ahead FROM positions
         WHERE epoch = ?2 AND agent = (SELECT number FROM agents WHERE id = ?1)",
    )?;
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?));
    let found = query.query_row(params![agent.as_str(), epoch.cast_signed()], row).optional()?;
    found.map_or_else(|| Ok(Held::default()), |(all, text)| read_held(agent.as_str(), all, &text))
}

/// A position's columns.
pub(super) fn read_held(agent: &str, all: i64, text: &str) -> Result<Held, StoreError> {
    // Ranges that were forgotten would come again, and be stored twice.
    let ahead = ahead(text).ok_or_else(|| StoreError::Disk(format!("the position of {agent} reads {text:?}")))?;
    Ok(Held::new(all.cast_unsigned(), &ahead))
}

const SELECT: &str = "SELECT frames.row, frames.epoch, frames.received, frames.frame, agents.id, agents.site
                      FROM frames JOIN agents ON agents.number = frames.agent";

/// A batch with no events stands for a frame that cannot be read any more, so that rows are never skipped silently.
fn batch(row: &rusqlite::Row<'_>, decoder: &mut Decoder) -> rusqlite::Result<Batch> {
    let epoch = row.get::<_, i64>(1)?.cast_unsigned();
    let frame: Vec<u8> = row.get(3)?;
    let agent = AgentId::new(&row.get::<_, String>(4)?);
    let site = Site::new(&row.get::<_, String>(5)?);
    let decoded = decoder.events(&frame);
    let lost = || Unreadable { agent: agent.clone(), epoch, first: 0, last: 0 };
    let unreadable = decoded.is_err().then(lost);
    let decoded = decoded.unwrap_or_default();
    let envelope = |(sequence, event)| Envelope { agent: agent.clone(), site: site.clone(), epoch, sequence, event };
    let events = decoded.events.into_iter().map(envelope).collect();
    Ok(Batch { row: row.get(0)?, received: Timestamp::from_nanos(row.get(2)?), events, unreadable })
}

/// Rows looked at on each side of a damaged one: a backlog and what goes ahead of it lie mixed.
const NEIGHBOURS: i64 = 64;

/// Which events a damaged frame held, by the frames stored around it. Nothing in the frame itself is believed.
fn bounds(db: &Connection, row: i64, lost: &mut Unreadable) -> Result<(), StoreError> {
    let neighbours = |side: &str| -> Result<Vec<(u64, u64)>, StoreError> {
        let mut query = db.prepare(&format!(
            "SELECT frame FROM frames WHERE frames.agent = (SELECT number FROM agents WHERE id = ?1)
             AND frames.epoch = ?2 AND {side} LIMIT {NEIGHBOURS}"
        ))?;
        let mut rows = query.query(params![lost.agent.as_str(), lost.epoch.cast_signed(), row])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            // A neighbour may be damaged too.
            if let Ok((header, _)) = open(row.get_ref(0)?.as_blob().unwrap_or_default()) {
                found.push((header.first, header.last()));
            }
        }
        Ok(found)
    };
    let before = neighbours("row < ?3 ORDER BY row DESC")?;
    let after = neighbours("row > ?3 ORDER BY row")?;
    let held = held(db, &lost.agent, lost.epoch)?;
    (lost.first, lost.last) = hole(&before, &after, &held).unwrap_or_default();
    Ok(())
}

/// The sequences missing between frames stored before and frames stored after: where a run goes on, or where one ends that was
/// never gone on with, or what lies below the first frame of a run. `before` and `after` have the nearest first.
fn hole(before: &[(u64, u64)], after: &[(u64, u64)], held: &Held) -> Option<(u64, u64)> {
    let above = |frames: &[(u64, u64)], last: u64| frames.iter().map(|(first, _)| *first).filter(|f| *f > last).min();
    let starts = before.iter().map(|(_, last)| *last).chain(before.is_empty().then_some(0));
    let goes_on = starts.filter_map(|last| {
        let end = match (above(after, last), above(before, last)) {
            (Some(after), before) if before.is_none_or(|before| after < before) => after - 1,
            (None, before) => held.end_of(last + 1)?.min(before.map_or(u64::MAX, |before| before - 1)),
            _ => return None,
        };
        (end > last).then_some((last + 1, end))
    });
    let begins = after.iter().filter_map(|(first, _)| {
        let below = before.iter().chain(after).map(|(_, last)| *last).filter(|last| last < first).max().unwrap_or(0);
        let run = held.runs().find(|(from, to)| (*from..=*to).contains(first)).map_or(1, |(from, _)| from);
        (below + 1 < *first).then_some(((below + 1).max(run), first - 1)).filter(|(from, to)| from <= to)
    });
    goes_on.chain(begins).next()
}

fn decoder() -> Result<Decoder, StoreError> {
    Decoder::new().map_err(|e| StoreError::Database(e.to_string()))
}

pub(super) fn replay(db: &Connection, after: i64, limit: u32) -> Result<Vec<Batch>, StoreError> {
    let mut decoder = decoder()?;
    let mut query = db.prepare_cached(&format!("{SELECT} WHERE frames.row > ?1 ORDER BY frames.row LIMIT ?2"))?;
    let rows = query.query_map(params![after, limit], |row| batch(row, &mut decoder))?;
    let mut batches: Vec<Batch> = rows.collect::<Result<_, _>>()?;
    for Batch { row, unreadable, .. } in &mut batches {
        if let Some(lost) = unreadable {
            bounds(db, *row, lost)?;
        }
    }
    Ok(batches)
}

pub(super) fn events(
    db: &Connection,
    entity: EntityKey,
    from: Timestamp,
    to: Timestamp,
    limit: usize,
) -> Result<Vec<Envelope>, StoreError> {
    let mut buckets =
        db.prepare_cached("SELECT bucket FROM buckets WHERE until >= ?1 AND since <= ?2 ORDER BY bucket DESC")?;
    let mut candidates = db.prepare_cached(
        "SELECT frame FROM postings WHERE bucket = ?1 AND entity = ?2 AND until >= ?3 AND since <= ?4 ORDER BY frame DESC",
    )?;
    let mut one = db.prepare_cached(&format!("{SELECT} WHERE frames.row = ?1"))?;
    let mut decoder = decoder()?;
    let mut out: Vec<Envelope> = Vec::new();
    let mut found = buckets.query(params![from.nanos(), to.nanos()])?;
    while let Some(bucket) = found.next()? {
        let bucket: i64 = bucket.get(0)?;
        let key = params![bucket, entity.bytes(), from.nanos(), to.nanos()];
        let frames: Vec<i64> = candidates.query_map(key, |row| row.get(0))?.collect::<Result<_, _>>()?;
        for frame in frames {
            collect(&mut one, frame, &mut decoder, &mut out, |e| {
                (from..=to).contains(&e.event.time) && entity.is_in(&e.event)
            })?;
            if out.len() >= limit {
                break;
            }
        }
        if out.len() >= limit {
            break;
        }
    }
    out.sort_by_key(|e| std::cmp::Reverse((e.event.time, e.sequence)));
    out.truncate(limit);
    Ok(out)
}

fn collect(
    one: &mut CachedStatement<'_>,
    frame: i64,
    decoder: &mut Decoder,
    out: &mut Vec<Envelope>,
    wanted: impl Fn(&Envelope) -> bool,
) -> Result<(), StoreError> {
    // A frame that retention has taken leaves its postings behind until their bucket goes.
    if let Some(batch) = one.query_row([frame], |row| batch(row, decoder)).optional()? {
        out.extend(batch.events.into_iter().filter(wanted));
    }
    Ok(())
}
