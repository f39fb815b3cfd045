//! The audit log: one row for every change, chained by hash so that an edit or a cut shows.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// One change.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AuditRow {
    /// Number of the row, from 1, without gaps.
    pub id: i64,
    /// When, nanoseconds since 1970.
    pub time: i64,
    /// Who: a user, a token's label, or `local administrator`.
    pub actor: String,
    /// What was done, such as `alert.acknowledge`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// The rest, in words.
    pub detail: String,
}

/// What somebody does, before it is written down.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// When, nanoseconds since 1970.
    pub time: i64,
    /// Who.
    pub actor: &'a str,
    /// What.
    pub action: &'a str,
    /// To what.
    pub subject: &'a str,
    /// The rest.
    pub detail: &'a str,
}

fn digest(id: i64, change: &Change<'_>, previous: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(id.to_le_bytes());
    hash.update(change.time.to_le_bytes());
    for text in [change.actor, change.action, change.subject, change.detail] {
        // The length stands before the text, so that no two rows share an encoding.
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().to_vec()
}

/// Appends a change. Call it in the transaction that makes the change.
///
/// # Errors
/// Those of the database.
pub fn append(db: &Connection, change: &Change<'_>) -> rusqlite::Result<()> {
    let last: Option<(i64, Vec<u8>)> = db
        .query_row("SELECT id, digest FROM audit_log ORDER BY id DESC LIMIT 1", [], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let (id, previous) = last.map_or((1, Vec::new()), |(id, digest)| (id + 1, digest));
    let Change { time, actor, action, subject, detail } = *change;
    db.execute(
        "INSERT INTO audit_log (id, time, actor, action, subject, detail, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![id, time, actor, action, subject, detail, digest(id, change, &previous)],
    )?;
    Ok(())
}

/// The latest rows, newest first.
///
/// # Errors
/// Those of the database.
pub fn latest(db: &Connection, limit: u32) -> rusqlite::Result<Vec<AuditRow>> {
    let mut query =
        db.prepare_cached("SELECT id, time, actor, action, subject, detail FROM audit_log ORDER BY id DESC LIMIT ?1")?;
    let rows = query.query_map([limit], |r| {
        let (id, time, actor, action) = (r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?);
        Ok(AuditRow { id, time, actor, action, subject: r.get(4)?, detail: r.get(5)? })
    })?;
    rows.collect()
}

/// Walks the chain; the id of the first row that does not fit, if any. A cut at the end shows only against a digest
/// that was kept elsewhere.
///
/// # Errors
/// Those of the database.
pub fn verify(db: &Connection) -> rusqlite::Result<Option<i64>> {
    let mut query = db.prepare("SELECT id, time, actor, action, subject, detail, digest FROM audit_log ORDER BY id")?;
    let mut rows = query.query([])?;
    let (mut expected, mut previous) = (1, Vec::new());
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let texts: [String; 4] = [row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?];
        let [actor, action, subject, detail] = texts.each_ref();
        let change = Change { time: row.get(1)?, actor, action, subject, detail };
        let stored: Vec<u8> = row.get(6)?;
        if id != expected || stored != digest(id, &change, &previous) {
            return Ok(Some(id));
        }
        (expected, previous) = (id + 1, stored);
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(include_str!("migrations/0001_desk.sql")).unwrap();
        for n in 0..5 {
            let subject = format!("s{n}");
            append(&db, &Change { time: n, actor: "a", action: "b", subject: &subject, detail: "" }).unwrap();
        }
        db
    }

    #[test]
    fn the_chain_holds() {
        let db = filled();
        assert_eq!(verify(&db).unwrap(), None);
        let rows = latest(&db, 2).unwrap();
        assert_eq!(rows.iter().map(|r| r.id).collect::<Vec<_>>(), [5, 4]);
    }

    #[test]
    fn f73_an_edit_or_a_cut_shows() {
        for (edit, at) in [
            ("UPDATE audit_log SET actor = 'x' WHERE id = 3", 3),
            ("DELETE FROM audit_log WHERE id = 2", 3),
            ("UPDATE audit_log SET time = 99 WHERE id = 5", 5),
            ("UPDATE audit_log SET action = 'bs', subject = '4' WHERE id = 5", 5),
        ] {
            let db = filled();
            db.execute(edit, []).unwrap();
            assert_eq!(verify(&db).unwrap(), Some(at), "{edit}");
        }
    }
}
