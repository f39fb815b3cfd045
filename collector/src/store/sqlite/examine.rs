//! Looking through a copy of the store without touching it.

use crate::store::StoreError;
use picket_event::wire::open;
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
    let mut ends: BTreeMap<(String, u64), u64> = BTreeMap::new();
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
        let end = ends.entry((agent, epoch.cast_unsigned())).or_default();
        if header.first <= *end {
            return Err(StoreError::Database(format!("events from {} on are stored twice", header.first)));
        }
        *end = header.last();
    }
    let mut positions = db.prepare(
        "SELECT agents.id, positions.epoch, positions.acknowledged
         FROM positions JOIN agents ON agents.number = positions.agent ORDER BY 1, 2",
    )?;
    let position = |row: &rusqlite::Row<'_>| {
        Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned(), row.get::<_, i64>(2)?.cast_unsigned()))
    };
    contents.positions = positions.query_map([], position)?.collect::<Result<_, _>>()?;
    for (agent, epoch, acknowledged) in &contents.positions {
        if ends.remove(&(agent.clone(), *epoch)).is_some_and(|end| end > *acknowledged) {
            return Err(StoreError::Database(format!(
                "events of {agent} beyond {acknowledged} were never acknowledged"
            )));
        }
    }
    if let Some(((agent, epoch), _)) = ends.pop_first() {
        return Err(StoreError::Database(format!("no position of {agent} in epoch {epoch}")));
    }
    Ok(contents)
}
