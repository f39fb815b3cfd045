//! What people work with: users, sessions, tokens, findings, mutes, audit log, in a database of its own.
//!
//! It stands beside the store of events rather than in it: SQLite lets one writer at a time into a
//! file, and the ingest's commits must wait for nobody's acknowledgement of an alert.

pub mod audit;
pub mod findings;
pub mod users;

use crate::api::ApiError;
use crate::store::sqlite::begins_log;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Forward only; a database remembers in `user_version` how many were applied.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_desk.sql")];

/// Why the desk could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The database said no.
    #[error("{path}: {source}; is the disk full, or the file not ours?")]
    Database {
        /// The file.
        path: String,
        /// Why.
        source: rusqlite::Error,
    },
    /// The file was written by a later release.
    #[error("{path} has version {found}, this release knows up to {known}: start the release that wrote it")]
    TooNew {
        /// The file.
        path: String,
        /// The file's version.
        found: usize,
        /// The latest version known.
        known: usize,
    },
}

/// The database. Cheap to clone; reads and writes have a connection each.
#[derive(Clone)]
pub struct Desk {
    reader: Arc<Mutex<Connection>>,
    writer: Arc<Mutex<Connection>>,
}

impl Desk {
    /// Opens or creates the database and brings it to this release's version.
    ///
    /// # Errors
    /// [`DeskError`] naming the file.
    pub fn open(path: &Path) -> Result<Self, DeskError> {
        let wrong = |source| DeskError::Database { path: path.display().to_string(), source };
        let mut writer = connect(path).map_err(wrong)?;
        migrate(&mut writer, path)?;
        let reader = connect(path).map_err(wrong)?;
        reader.pragma_update(None, "query_only", true).map_err(wrong)?;
        Ok(Self { reader: Arc::new(Mutex::new(reader)), writer: Arc::new(Mutex::new(writer)) })
    }

    /// Reads, off the event loop.
    ///
    /// # Errors
    /// Those of the closure.
    pub async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let reader = Arc::clone(&self.reader);
        let task = tokio::task::spawn_blocking(move || {
            // A reader that panicked left nothing half done: the connection is query-only.
            read(&reader.lock().unwrap_or_else(PoisonError::into_inner))
        });
        task.await.map_err(ApiError::internal)?
    }

    /// Changes, off the event loop, in one transaction: all of it or, on any error, nothing.
    ///
    /// # Errors
    /// Those of the closure and of the commit.
    pub async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Connection) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let desk = self.clone();
        tokio::task::spawn_blocking(move || desk.change_now(change)).await.map_err(ApiError::internal)?
    }

    /// [`Desk::change`] for threads that may wait.
    ///
    /// # Errors
    /// Those of the closure and of the commit.
    pub fn change_now<T, E: From<rusqlite::Error>>(
        &self,
        change: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        // A writer that panicked dropped its transaction, which rolled back.
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = change(&transaction)?;
        transaction.commit()?;
        Ok(answer)
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    db.busy_timeout(Duration::from_secs(5))?;
    if !begins_log(&db)? {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR);
        return Err(rusqlite::Error::SqliteFailure(code, Some("it did not begin its write-ahead log".to_owned())));
    }
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    Ok(db)
}

fn migrate(db: &mut Connection, path: &Path) -> Result<(), DeskError> {
    let wrong = |source| DeskError::Database { path: path.display().to_string(), source };
    let found: usize = db.pragma_query_value(None, "user_version", |r| r.get::<_, u32>(0)).map_err(wrong)? as usize;
    let known = MIGRATIONS.len();
    if found > known {
        return Err(DeskError::TooNew { path: path.display().to_string(), found, known });
    }
    for (sql, version) in MIGRATIONS.iter().zip(1u32..).skip(found) {
        let transaction = db.transaction().map_err(wrong)?;
        transaction.execute_batch(sql).map_err(wrong)?;
        transaction.pragma_update(None, "user_version", version).map_err(wrong)?;
        transaction.commit().map_err(wrong)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
