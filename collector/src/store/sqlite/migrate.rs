//! Numbered migrations, forward only, each in a transaction of its own.

use crate::store::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// The migrations in order. A number, once released, never changes its text.
const MIGRATIONS: &[&str] = &[
    include_str!("spine.sql"),
    include_str!("identity.sql"),
    include_str!("detail.sql"),
    include_str!("evidence.sql"),
    include_str!("ahead.sql"),
];

/// Brings the store to the newest schema. A crash leaves it at a whole number.
pub(super) fn run(db: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let known = MIGRATIONS.len() as u32;
    let version = |db: &Connection| db.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0));
    let found = version(db)?;
    if found > known {
        return Err(StoreError::Newer { path: path.display().to_string(), found, known });
    }
    for (number, text) in MIGRATIONS.iter().enumerate().skip(found as usize) {
        let transaction = db.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        transaction.execute_batch(text)?;
        transaction.pragma_update(None, "user_version", number as u32 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}
