//! Looking through a copy of the store without touching it.

use super::frames;
use crate::store::StoreError;
use picket_event::wire::{Held, open};
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// What a store holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// The number of its schema.
    pub schema: u32,
    /// Frames in the log.
    pub frames: u64,
    /// Events in them.
    pub events: u64,
    /// Frames that cannot be read.
    pub unreadable: u64,
    /// How far each agent's spool is durable: agent, epoch, highest sequence.
    pub positions: Vec<(String, u64, u64)>,
}

/// The first schema whose positions know ranges ahead of what is acknowledged.
const AHEAD_SCHEMA: u32 = 5;

/// A file of SQLite that nobody writes, opened without locks or files beside it; read from front to back.
///
/// # Errors
/// [`StoreError::Disk`] where it is not whole.
pub fn check_file(path: &Path) -> Result<Connection, StoreError> {
    let mut uri = "file:".to_owned();
    for c in path.to_str().ok_or_else(|| StoreError::Database(format!("{} is no text", path.display())))?.chars() {
        match c {
            '?' | '#' | '%' => uri.push_str(&format!("%{:02x}", u32::from(c))),
            c => uri.push(c),
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(uri, flags)?;
    let said: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if said == "ok" { Ok(db) } else { Err(StoreError::Disk(format!("{}: {said}", path.display()))) }
}

/// Reads the whole log of a copy: every frame's check sum, and that no event is there twice or beyond what was acknowledged.
///
/// # Errors
/// [`StoreError`] where the file is damaged or contradicts itself. Frames that cannot be read are counted, and no error.
pub fn examine(path: &Path) -> Result<Contents, StoreError> {
    let db = check_file(path)?;
    let mut contents =
        Contents { schema: db.query_row("PRAGMA user_version", [], |r| r.get(0))?, ..Contents::default() };
    let mut runs: BTreeMap<(String, u64), Runs> = BTreeMap::new();
    let mut frames = db.prepare(
        "SELECT agents.id, frames.epoch, frames.frame FROM frames JOIN agents ON agents.number = frames.agent
         ORDER BY frames.row",
    )?;
    let mut rows = frames.query([])?;
    while let Some(row) = rows.next()? {
        contents.frames += 1;
        let Ok((header, _)) = open(row.get_ref(2)?.as_blob().unwrap_or_default()) else {
            contents.unreadable += 1;
            continue;
        };
        contents.events += u64::from(header.count);
        let (agent, epoch): (String, i64) = (row.get(0)?, row.get(1)?);
        if !runs.entry((agent, epoch.cast_unsigned())).or_default().add(header.first, header.last()) {
            return Err(StoreError::Database(format!("events from {} on are stored twice", header.first)));
        }
    }
    for (agent, epoch, held) in positions(&db, contents.schema)? {
        let stored = runs.remove(&(agent.clone(), epoch)).unwrap_or_default();
        if !stored.0.iter().all(|(first, last)| held.end_of(*first).is_some_and(|end| *last <= end)) {
            let all = held.all();
            return Err(StoreError::Database(format!("events of {agent} beyond {all} were never acknowledged")));
        }
        contents.positions.push((agent, epoch, held.all()));
    }
    if let Some(((agent, epoch), _)) = runs.pop_first() {
        return Err(StoreError::Database(format!("no position of {agent} in epoch {epoch}")));
    }
    Ok(contents)
}

fn positions(db: &Connection, schema: u32) -> Result<Vec<(String, u64, Held)>, StoreError> {
    // Copies of earlier releases know no ranges ahead.
    let ahead = if schema >= AHEAD_SCHEMA { "positions.ahead" } else { "''" };
    let mut query = db.prepare(&format!(
        "SELECT agents.id, positions.epoch, positions.acknowledged, {ahead}
         FROM positions JOIN agents ON agents.number = positions.agent ORDER BY 1, 2"
    ))?;
    let mut rows = query.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let agent: String = row.get(0)?;
        let held = frames::read_held(&agent, row.get(2)?, &row.get::<_, String>(3)?)?;
        found.push((agent, row.get::<_, i64>(1)?.cast_unsigned(), held));
    }
    Ok(found)
}

/// Sequences of one epoch as far as they are stored, by the first of each run.
#[derive(Default)]
struct Runs(BTreeMap<u64, u64>);

impl Runs {
    /// Adds a frame's, joined to those that it follows or goes before; `false` where one of them is there already.
    fn add(&mut self, first: u64, mut last: u64) -> bool {
        let before = self.0.range(..=last).next_back().map(|(first, last)| (*first, *last));
        if before.is_some_and(|(_, end)| end >= first) {
            return false;
        }
        if let Some(end) = self.0.remove(&(last + 1)) {
            last = end;
        }
        let joined = before.filter(|(_, end)| end + 1 == first).map_or(first, |(start, _)| start);
        self.0.insert(joined, last);
        true
    }
}
