//! The embedded store: one SQLite file in WAL mode, flushed before anything is acknowledged.
//!
//! One connection writes, behind a lock; readers have connections of their own and are never blocked by it.

mod agents;
mod details;
mod examine;
mod frames;
mod lock;
mod migrate;
mod notes;
mod retention;
mod tokens;

use super::{
    AcceptedFrame, Admission, Agent, AgentStatus, Applicant, Batch, Double, EntityKey, Evidence, Expired, Policy,
    Position, Retention, Sighting, Store, StoreError, TokenRecord, TokenUse,
};
pub use examine::{Contents, check_file, examine};
pub use lock::Lock;
use picket_event::wire::Held;
use picket_event::{AgentId, Envelope, Ledger, Timestamp};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Tells a file of ours (`file(1)`, the header's offset 68): "pckt". Written at every start, which makes the log's file.
const APPLICATION_ID: i32 = 0x7063_6b74;
/// Reading connections kept open at most.
const READERS: usize = 4;

/// The store in one file.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    evidence: Evidence,
    _lock: Lock,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(error.to_string()),
            Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::CannotOpen) => {
                Self::Disk(error.to_string())
            }
            _ => Self::Database(error.to_string()),
        }
    }
}

/// A lock is poisoned only when its holder panicked; the database itself rolled back then, so going on is safe.
fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Switches a database to its write-ahead log; `false` where it goes on without one: then a commit is the removal of a name, which a
/// power cut takes back. Asked to its end, since it answers before it has done what it says.
pub(crate) fn begins_log(db: &Connection) -> rusqlite::Result<bool> {
    let mut begin = db.prepare("PRAGMA journal_mode = WAL")?;
    let modes: Vec<String> = begin.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(modes == ["wal"])
}

impl Sqlite {
    /// Opens or makes `picket.db` in `directory`, takes it for this process, and migrates it.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Newer`], or what the database says.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let io =
            |what: &str, source: std::io::Error| StoreError::Disk(format!("{what} {}: {source}", directory.display()));
        std::fs::create_dir_all(directory).map_err(|e| io("make", e))?;
        let lock = Lock::take(directory)?;
        let path = directory.join("picket.db");
        rewrite(&directory.join("picket.db-wal")).map_err(|e| io("write again the log in", e))?;
        let mut writer = Connection::open(&path)?;
        writer.execute_batch("PRAGMA auto_vacuum = INCREMENTAL;")?;
        if !begins_log(&writer)? {
            return Err(StoreError::Disk(format!("{} did not begin its log", path.display())));
        }
        // FULL: the WAL is flushed by every commit, so that what was acknowledged survives a power cut.
        writer.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -65536;
             PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY;",
        )?;
        writer.busy_timeout(Duration::from_secs(10))?;
        writer.set_prepared_statement_cache_capacity(64);
        migrate::run(&mut writer, &path)?;
        let evidence = Evidence::open(directory)?;
        details::seal_all(&mut writer, &evidence)?;
        // SQLite flushes the names of its files, and does not look whether that worked.
        writer.pragma_update(None, "application_id", APPLICATION_ID)?;
        std::fs::File::open(directory).and_then(|d| d.sync_all()).map_err(|e| io("flush", e))?;
        Ok(Self { path, writer: Mutex::new(writer), readers: Mutex::new(Vec::new()), evidence, _lock: lock })
    }

    /// Runs `work` in a transaction of the writing connection; everything is kept, or nothing.
    ///
    /// # Errors
    /// Those of `work` and of the commit.
    pub fn write<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut writer = hold(&self.writer);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = work(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }

    /// Runs `work` on a reading connection, in one consistent view.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn read<T, E: From<rusqlite::Error>>(&self, work: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        let reader = match hold(&self.readers).pop() {
            Some(reader) => reader,
            None => self.reader()?,
        };
        let transaction = reader.unchecked_transaction()?;
        let value = work(&transaction);
        drop(transaction);
        let mut readers = hold(&self.readers);
        if readers.len() < READERS {
            readers.push(reader);
        }
        value
    }

    fn reader(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(&self.path, flags)?;
        reader.busy_timeout(Duration::from_secs(10))?;
        reader.set_prepared_statement_cache_capacity(64);
        Ok(reader)
    }

    /// Takes a directory for this process without opening the store in it.
    ///
    /// # Errors
    /// [`StoreError::InUse`], or the system's.
    pub fn lock(directory: &Path) -> Result<Lock, StoreError> {
        Lock::take(directory)
    }

    /// Writes a consistent copy of a database to a new file, as of the moment of the call, while other processes go on
    /// reading and writing it.
    ///
    /// # Errors
    /// What the database says.
    pub fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
        let target = to.to_str().ok_or_else(|| StoreError::Database(format!("{} is no text", to.display())))?;
        let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        source.busy_timeout(Duration::from_secs(60))?;
        source.execute("VACUUM INTO ?1", [target])?;
        Ok(())
    }

    /// Caps the file, as a full disk would; 0 takes the cap away. For tests of full disks.
    ///
    /// # Errors
    /// What the database says.
    pub fn limit_bytes(&self, bytes: u64) -> Result<(), StoreError> {
        let writer = hold(&self.writer);
        let page: u64 = writer.query_row("PRAGMA page_size", [], |row| row.get::<_, i64>(0))?.cast_unsigned();
        let pages = if bytes == 0 { 4_294_967_294 } else { (bytes / page).max(1) };
        writer.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
        Ok(())
    }
}

/// Writes a file over itself, and flushes it. After a flush that failed, the system may keep what it could not write in its cache
/// and call it clean: a collector that was killed then would read it back, acknowledge it, and lose it with the next power cut.
fn rewrite(path: &Path) -> std::io::Result<()> {
    let file = match std::fs::File::options().read(true).write(true).open(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        file => file?,
    };
    let (mut buffer, mut at) = (vec![0u8; 1 << 20], 0);
    loop {
        let read = file.read_at(&mut buffer, at)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        file.write_all_at(bytes, at)?;
        at += read as u64;
    }
    file.sync_data()
}

impl Store for Sqlite {
    fn commit(&self, frames: &[AcceptedFrame], positions: &[Position]) -> Result<Vec<i64>, StoreError> {
        self.write(|db| frames::commit(db, frames, positions))
    }

    fn held(&self, agent: &AgentId, epoch: u64) -> Result<Held, StoreError> {
        self.read(|db| frames::held(db, agent, epoch))
    }

    fn replay(&self, after: i64, limit: u32) -> Result<Vec<Batch>, StoreError> {
        self.read(|db| frames::replay(db, after, limit))
    }

    fn events(
        &self,
        entity: EntityKey,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Envelope>, StoreError> {
        self.read(|db| frames::events(db, entity, from, to, limit))
    }

    fn agents(&self) -> Result<Vec<Agent>, StoreError> {
        self.read(agents::all)
    }

    fn agent(&self, id: &AgentId) -> Result<Option<Agent>, StoreError> {
        self.read(|db| agents::one(db, id))
    }

    fn saw(&self, id: &AgentId, sighting: &Sighting) -> Result<(), StoreError> {
        self.write(|db| agents::saw(db, id, sighting))
    }

    fn turn(&self, id: &AgentId, from: &[AgentStatus], to: AgentStatus) -> Result<bool, StoreError> {
        self.write(|db| agents::turn(db, id, from, to))
    }

    fn set_group(&self, id: &AgentId, group: &str) -> Result<bool, StoreError> {
        self.write(|db| agents::set_group(db, id, group))
    }

    fn note_double(&self, agent: &AgentId, double: &Double) -> Result<(), StoreError> {
        self.write(|db| notes::note(db, agent, double))
    }

    fn doubles(&self) -> Result<Vec<(AgentId, Double)>, StoreError> {
        self.read(notes::doubles)
    }

    fn settle(&self, agent: &AgentId) -> Result<bool, StoreError> {
        self.write(|db| notes::settle(db, agent))
    }

    fn put_policy(&self, group: &str, text: &str, by: &str, at: i64) -> Result<u64, StoreError> {
        self.write(|db| notes::put_policy(db, group, text, by, at))
    }

    fn policies(&self) -> Result<Vec<Policy>, StoreError> {
        self.read(notes::policies)
    }

    fn policy(&self, group: &str) -> Result<Option<Policy>, StoreError> {
        self.read(|db| notes::policy(db, group))
    }

    fn put_policy_answer(&self, agent: &AgentId, version: u64, state: &str) -> Result<(), StoreError> {
        self.write(|db| notes::put_answer(db, agent, version, state))
    }

    fn renewed(&self, id: &AgentId, certificate_until: i64) -> Result<(), StoreError> {
        self.write(|db| agents::renewed(db, id, certificate_until))
    }

    fn add_token(&self, token: &TokenRecord) -> Result<(), StoreError> {
        self.write(|db| tokens::add(db, token))
    }

    fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        self.read(tokens::all)
    }

    fn remove_token(&self, id: &str) -> Result<bool, StoreError> {
        self.write(|db| tokens::remove(db, id))
    }

    fn use_token(
        &self,
        id: &str,
        matches: &dyn Fn(&[u8]) -> bool,
        applicant: &Applicant<'_>,
    ) -> Result<(TokenUse, Admission), StoreError> {
        self.write(|db| tokens::take(db, id, matches, applicant))
    }

    fn put_ledger(&self, agent: &AgentId, at: i64, ledger: &Ledger) -> Result<(), StoreError> {
        self.write(|db| agents::put_ledger(db, agent, at, ledger))
    }

    fn ledgers(&self) -> Result<Vec<(AgentId, i64, Ledger)>, StoreError> {
        self.read(agents::ledgers)
    }

    fn expire(&self, retention: &Retention, now: Timestamp) -> Result<Expired, StoreError> {
        self.write(|db| retention::expire(db, retention, now))
    }

    fn disk_bytes(&self) -> Result<u64, StoreError> {
        self.read(retention::disk_bytes)
    }
}

#[cfg(test)]
mod details_tests;
#[cfg(test)]
mod tests;
