//! What leaves the log: by age, class by class, and the oldest of the lowest class when the store is over its cap.

use super::frames::BUCKET_ROWS;
use crate::store::{Expired, Retention, StoreError};
use picket_event::Timestamp;
use picket_event::wire::Class;
use rusqlite::{Connection, params};

/// Frames deleted in one round at most, so that no commit waits long.
const ROUND: i64 = 2_000;
/// Pages given back to the file system in one round.
const VACUUM_PAGES: u32 = 4_000;

pub(super) fn disk_bytes(db: &Connection) -> Result<u64, StoreError> {
    let number = |name: &str| db.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    Ok((number("page_count")? * number("page_size")?).cast_unsigned())
}

/// Bytes in use: pages on the free list wait to be used again or given back.
fn used_bytes(db: &Connection) -> Result<u64, StoreError> {
    let number = |name: &str| db.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    Ok(((number("page_count")? - number("freelist_count")?) * number("page_size")?).cast_unsigned())
}

pub(super) fn expire(db: &Connection, retention: &Retention, now: Timestamp) -> Result<Expired, StoreError> {
    let mut expired = Expired::default();
    for class in Class::ALL {
        let before = now.minus(retention.age[class.index()]);
        // `received` grows with the row but for steps of the clock, so the oldest rows are looked at first.
        let gone = db.execute(
            "DELETE FROM frames WHERE row IN
             (SELECT row FROM frames WHERE class = ?1 AND received < ?2 ORDER BY row LIMIT ?3)",
            params![class.index() as i64, before.nanos(), ROUND],
        )?;
        expired.by_age += gone as u64;
    }
    if retention.bytes > 0 && used_bytes(db)? > retention.bytes {
        for class in Class::ALL {
            let gone = db.execute(
                "DELETE FROM frames WHERE row IN (SELECT row FROM frames WHERE class = ?1 ORDER BY row LIMIT ?2)",
                params![class.index() as i64, ROUND],
            )?;
            expired.by_size += gone as u64;
            if gone > 0 {
                break;
            }
        }
    }
    if expired != Expired::default() {
        drop_buckets(db)?;
        // Each step of the pragma gives back one page, so it has to be walked.
        let mut vacuum = db.prepare(&format!("PRAGMA incremental_vacuum({VACUUM_PAGES})"))?;
        let mut pages = vacuum.query([])?;
        while pages.next()?.is_some() {}
    }
    Ok(expired)
}

/// Drops the postings of spans in which no frame is left.
fn drop_buckets(db: &Connection) -> Result<(), StoreError> {
    let empty = "SELECT bucket FROM buckets WHERE NOT EXISTS
                 (SELECT 1 FROM frames WHERE row >= bucket * ?1 AND row < (bucket + 1) * ?1)";
    db.execute(&format!("DELETE FROM postings WHERE bucket IN ({empty})"), [BUCKET_ROWS])?;
    db.execute(&format!("DELETE FROM buckets WHERE bucket IN ({empty})"), [BUCKET_ROWS])?;
    Ok(())
}
