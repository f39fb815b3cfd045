//! What the collector keeps, behind one trait.
//!
//! The durable log is made of the accepted frames themselves. A commit writes frames, the acknowledgement state
//! and the postings (which entity is in which frame, and when) in one transaction; only when it has returned is
//! anything acknowledged. The engine is rebuilt by replaying the log.

mod agent;
mod detail;
mod entity;
mod evidence;
pub mod sqlite;

pub use agent::{Admission, Agent, AgentStatus, Applicant, Double, HostNote, Policy, Sighting, TokenRecord, TokenUse};
pub use detail::{BundleRecord, Detail, DetailState, Details};
pub use entity::{EntityKey, Posting, postings};
pub use evidence::{EVIDENCE_KEY, Evidence, kept_key};
pub use sqlite::Sqlite;

use picket_event::wire::{Class, Held};
use picket_event::{AgentId, Envelope, Ledger, Timestamp};
use std::time::Duration;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk, or the cap of the store, is full. Nothing of the transaction was kept.
    #[error("the store is full: {0}; free some space or lower the retention")]
    Full(String),
    /// The disk does not do what it is told. Nothing of the transaction counts as durable.
    #[error("the store's disk fails: {0}; look at the system log")]
    Disk(String),
    /// Another collector holds the store.
    #[error("store {path} is in use by process {pid}: stop it first, or give this collector a directory of its own")]
    InUse {
        /// The store.
        path: String,
        /// Who holds it.
        pid: u32,
    },
    /// The store was written by a newer release.
    #[error(
        "store {path} has schema {found}, this release knows {known}: install the newer release again, or restore a backup"
    )]
    Newer {
        /// The store.
        path: String,
        /// What it says.
        found: u32,
        /// What we know.
        known: u32,
    },
    /// Anything else the database says.
    #[error("the store: {0}")]
    Database(String),
}

impl StoreError {
    /// Whether the same request may succeed later without anybody changing the program.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Disk(_))
    }
}

/// A frame on its way into the log.
#[derive(Clone, Debug)]
pub struct AcceptedFrame {
    /// Who sent it, by certificate.
    pub agent: AgentId,
    /// The spool's epoch.
    pub epoch: u64,
    /// First sequence.
    pub first: u64,
    /// How many.
    pub count: u32,
    /// The class of its events.
    pub class: Class,
    /// When it came, by the collector's clock.
    pub received: Timestamp,
    /// Header and body as received.
    pub bytes: Vec<u8>,
    /// Which entities are in it.
    pub postings: Vec<Posting>,
}

/// How far an agent's epoch is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The agent.
    pub agent: AgentId,
    /// The spool's epoch.
    pub epoch: u64,
    /// The sequences that are durable.
    pub held: Held,
}

/// A stored frame, decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The frame's row; rows grow in the order of commits.
    pub row: i64,
    /// When the frame came, by the collector's clock.
    pub received: Timestamp,
    /// Its events, in order.
    pub events: Vec<Envelope>,
    /// Which events it held, where it cannot be read any more.
    pub unreadable: Option<Unreadable>,
}

/// A frame of the log that was damaged on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Who sent it.
    pub agent: AgentId,
    /// The spool's epoch.
    pub epoch: u64,
    /// The first sequence that is missing.
    pub first: u64,
    /// The last.
    pub last: u64,
}

/// What is kept and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Age at which frames go, lowest class first in [`Class::ALL`]'s order.
    pub age: [Duration; 3],
    /// Bytes of the store at which the oldest frames of the lowest class go before their age; 0 is no cap.
    pub bytes: u64,
}

/// What one round of retention did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Frames that reached their age.
    pub by_age: u64,
    /// Frames that went for want of room.
    pub by_size: u64,
}

/// The store, as the rest of the collector sees it. Every call blocks on the disk.
pub trait Store: Details + Send + Sync {
    /// Makes frames, positions and postings durable, all or nothing; answers the frames' rows.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was kept then.
    fn commit(&self, frames: &[AcceptedFrame], positions: &[Position]) -> Result<Vec<i64>, StoreError>;

    /// The durable sequences of an epoch.
    ///
    /// # Errors
    /// [`StoreError`].
    fn held(&self, agent: &AgentId, epoch: u64) -> Result<Held, StoreError>;

    /// Decodes stored frames after row `after`, at most `limit`, in order. Empty at the end of the log.
    ///
    /// # Errors
    /// [`StoreError`]. Frames that cannot be decoded give a batch without events that says which are missing.
    fn replay(&self, after: i64, limit: u32) -> Result<Vec<Batch>, StoreError>;

    /// Events of an entity between two times, newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    fn events(
        &self,
        entity: EntityKey,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Envelope>, StoreError>;

    /// Every agent, by id.
    ///
    /// # Errors
    /// [`StoreError`].
    fn agents(&self) -> Result<Vec<Agent>, StoreError>;

    /// One agent.
    ///
    /// # Errors
    /// [`StoreError`].
    fn agent(&self, id: &AgentId) -> Result<Option<Agent>, StoreError>;

    /// Notes a hello.
    ///
    /// # Errors
    /// [`StoreError`].
    fn saw(&self, id: &AgentId, sighting: &Sighting) -> Result<(), StoreError>;

    /// Moves an agent from one of these states to another; `false` when there is no such agent in any of them.
    ///
    /// # Errors
    /// [`StoreError`].
    fn turn(&self, id: &AgentId, from: &[AgentStatus], to: AgentStatus) -> Result<bool, StoreError>;

    /// Ends an agent's right to connect; `false` when there is no such agent that has it or waits for it.
    ///
    /// # Errors
    /// [`StoreError`].
    fn revoke(&self, id: &AgentId) -> Result<bool, StoreError> {
        self.turn(id, &[AgentStatus::Active, AgentStatus::Pending], AgentStatus::Revoked)
    }

    /// Puts an agent into another group; `false` when there is no such agent.
    ///
    /// # Errors
    /// [`StoreError`].
    fn set_group(&self, id: &AgentId, group: &str) -> Result<bool, StoreError>;

    /// Notes that an identity was seen twice; a second note of the same kind is counted.
    ///
    /// # Errors
    /// [`StoreError`].
    fn note_double(&self, agent: &AgentId, double: &Double) -> Result<(), StoreError>;

    /// Every such note that nobody settled, by agent.
    ///
    /// # Errors
    /// [`StoreError`].
    fn doubles(&self) -> Result<Vec<(AgentId, Double)>, StoreError>;

    /// Removes the notes of an agent; `false` when there are none.
    ///
    /// # Errors
    /// [`StoreError`].
    fn settle(&self, agent: &AgentId) -> Result<bool, StoreError>;

    /// Adds the next version of a group's policy; answers its number.
    ///
    /// # Errors
    /// [`StoreError`].
    fn put_policy(&self, group: &str, text: &str, by: &str, at: i64) -> Result<u64, StoreError>;

    /// Every version of every group's policy that is kept, by group, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    fn policies(&self) -> Result<Vec<Policy>, StoreError>;

    /// The policy in force for a group.
    ///
    /// # Errors
    /// [`StoreError`].
    fn policy(&self, group: &str) -> Result<Option<Policy>, StoreError>;

    /// Keeps what an agent answered to a policy.
    ///
    /// # Errors
    /// [`StoreError`].
    fn put_policy_answer(&self, agent: &AgentId, version: u64, state: &str) -> Result<(), StoreError>;

    /// Notes a renewed certificate.
    ///
    /// # Errors
    /// [`StoreError`].
    fn renewed(&self, id: &AgentId, certificate_until: i64) -> Result<(), StoreError>;

    /// Adds a token.
    ///
    /// # Errors
    /// [`StoreError`].
    fn add_token(&self, token: &TokenRecord) -> Result<(), StoreError>;

    /// Every token, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError>;

    /// Removes a token; `false` when there is none of this id.
    ///
    /// # Errors
    /// [`StoreError`].
    fn remove_token(&self, id: &str) -> Result<bool, StoreError>;

    /// Takes one use of a token and enters the agent, in one transaction, so that a race has one winner.
    /// `matches` compares the stored digest in constant time.
    ///
    /// # Errors
    /// [`StoreError`].
    fn use_token(
        &self,
        id: &str,
        matches: &dyn Fn(&[u8]) -> bool,
        applicant: &Applicant<'_>,
    ) -> Result<(TokenUse, Admission), StoreError>;

    /// Keeps an agent's last ledger.
    ///
    /// # Errors
    /// [`StoreError`].
    fn put_ledger(&self, agent: &AgentId, at: i64, ledger: &Ledger) -> Result<(), StoreError>;

    /// Every agent's last ledger with when it came, by agent. Revoked agents' too.
    ///
    /// # Errors
    /// [`StoreError`].
    fn ledgers(&self) -> Result<Vec<(AgentId, i64, Ledger)>, StoreError>;

    /// Deletes what is past its age or over the cap, a bounded amount at a time; call it again while it deletes.
    ///
    /// # Errors
    /// [`StoreError`].
    fn expire(&self, retention: &Retention, now: Timestamp) -> Result<Expired, StoreError>;

    /// Bytes the store takes on disk.
    ///
    /// # Errors
    /// [`StoreError`].
    fn disk_bytes(&self) -> Result<u64, StoreError>;
}
