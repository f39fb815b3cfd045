//! Requests for packets, and model bundles, as they are stored.

use super::StoreError;
use picket_event::AgentId;
use picket_event::wire::DetailRequest;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// How a request for packets stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetailState {
    /// It waits for somebody to approve it.
    Waiting,
    /// It is approved; nothing came yet.
    Approved,
    /// The agent keeps packets and sends them.
    Keeping,
    /// Everything came.
    Complete,
    /// Somebody said no.
    Rejected,
    /// The agent said no, or could not go on.
    Refused,
    /// Nobody decided in time, or the agent did not come back in time.
    Expired,
    /// Somebody ended it.
    Ended,
}

impl DetailState {
    const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Approved,
        Self::Keeping,
        Self::Complete,
        Self::Rejected,
        Self::Refused,
        Self::Expired,
        Self::Ended,
    ];
    /// States in which the agent has something to do.
    pub const OPEN: [Self; 2] = [Self::Approved, Self::Keeping];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Keeping => "keeping",
            Self::Complete => "complete",
            Self::Rejected => "rejected",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Ended => "ended",
        }
    }

    /// As stored.
    #[must_use]
    pub const fn number(self) -> i64 {
        self as i64
    }

    /// As stored; a number nobody knows is of a request that is over.
    #[must_use]
    pub fn from_number(number: i64) -> Self {
        Self::ALL.into_iter().find(|state| state.number() == number).unwrap_or(Self::Ended)
    }
}

/// A request for packets of a host. Times are nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// Its number, from 1.
    pub id: u64,
    /// Which agent is asked.
    pub agent: AgentId,
    /// Whose packets.
    pub host: IpAddr,
    /// Why.
    pub reason: String,
    /// Packets from this time on.
    pub from_at: i64,
    /// For how long after the approval.
    pub lasting: Duration,
    /// Their end; 0 before the approval.
    pub until_at: i64,
    /// Bytes at most.
    pub most: u64,
    /// How it stands.
    pub state: DetailState,
    /// Who asked.
    pub asked_by: String,
    /// When.
    pub asked_at: i64,
    /// Who approved or rejected it; empty before.
    pub decided_by: String,
    /// When; 0 before.
    pub decided_at: i64,
    /// What the agent said, or nothing.
    pub words: String,
    /// Packets that were kept, as the agent says.
    pub packets: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Whether they are still stored.
    pub kept: bool,
}

impl Default for Detail {
    fn default() -> Self {
        Self {
            id: 0,
            agent: AgentId::new(""),
            host: Ipv4Addr::UNSPECIFIED.into(),
            reason: String::new(),
            from_at: 0,
            lasting: Duration::ZERO,
            until_at: 0,
            most: 0,
            state: DetailState::Waiting,
            asked_by: String::new(),
            asked_at: 0,
            decided_by: String::new(),
            decided_at: 0,
            words: String::new(),
            packets: 0,
            bytes: 0,
            kept: false,
        }
    }
}

impl Detail {
    /// What the agent is told.
    #[must_use]
    pub fn request(&self) -> DetailRequest {
        let by = match self.decided_by == self.asked_by {
            true => self.asked_by.clone(),
            false => format!("{}, approved by {}", self.asked_by, self.decided_by),
        };
        DetailRequest {
            id: self.id,
            host: self.host,
            from: self.from_at,
            until: self.until_at,
            bytes: self.most,
            by,
            reason: self.reason.clone(),
            durable: self.bytes,
        }
    }
}

/// A model bundle that agents may fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleRecord {
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// The name it has in its manifest.
    pub name: String,
    /// The signer's public key, hexadecimal.
    pub signer: String,
    /// When it was published, nanoseconds since 1970.
    pub made_at: i64,
    /// By whom.
    pub made_by: String,
    /// Its size.
    pub bytes: u64,
}

/// Requests for packets, and bundles. Every call blocks on the disk.
pub trait Details {
    /// Enters a request and answers its number; `id` of what is given means nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    fn ask_detail(&self, wanted: &Detail) -> Result<u64, StoreError>;

    /// The latest requests, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    fn details(&self) -> Result<Vec<Detail>, StoreError>;

    /// One request.
    ///
    /// # Errors
    /// [`StoreError`].
    fn detail(&self, id: u64) -> Result<Option<Detail>, StoreError>;

    /// Moves a request from one of these states to another, decided by somebody at a time; an approval fixes its end. Answers
    /// it as it stands then, `None` where there is none in one of these states.
    ///
    /// # Errors
    /// [`StoreError`].
    fn decide_detail(
        &self,
        id: u64,
        from: &[DetailState],
        to: DetailState,
        by: &str,
        at: i64,
    ) -> Result<Option<Detail>, StoreError>;

    /// Requests in which an agent has something to do.
    ///
    /// # Errors
    /// [`StoreError`].
    fn open_details(&self, agent: &AgentId) -> Result<Vec<Detail>, StoreError>;

    /// Stores a piece that follows what is there; answers how many bytes are stored then, `None` where nothing is wanted of
    /// this request and agent.
    ///
    /// # Errors
    /// [`StoreError`].
    fn put_detail_part(&self, agent: &AgentId, id: u64, start: u64, bytes: &[u8]) -> Result<Option<u64>, StoreError>;

    /// Keeps what an agent said of a request that is open; `false` where none is.
    ///
    /// # Errors
    /// [`StoreError`].
    fn answer_detail(
        &self,
        agent: &AgentId,
        id: u64,
        state: DetailState,
        packets: u64,
        words: &str,
    ) -> Result<bool, StoreError>;

    /// What came for a request, from this byte on, some MiB at most; empty at the end.
    ///
    /// # Errors
    /// [`StoreError`].
    fn detail_bytes(&self, id: u64, start: u64) -> Result<Vec<u8>, StoreError>;

    /// Removes the packets of a request; what is known of it stays.
    ///
    /// # Errors
    /// [`StoreError`].
    fn remove_detail_bytes(&self, id: u64) -> Result<(), StoreError>;

    /// Ends what nobody decided or no agent finished within a day, and removes packets of requests older than `keep`. Answers
    /// how many requests changed.
    ///
    /// # Errors
    /// [`StoreError`].
    fn expire_details(&self, now: i64, keep: Duration) -> Result<u64, StoreError>;

    /// Adds a bundle; one that is there already stays. `false` where there is no room for another.
    ///
    /// # Errors
    /// [`StoreError`].
    fn put_bundle(&self, record: &BundleRecord, bytes: &[u8]) -> Result<bool, StoreError>;

    /// Every bundle, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    fn bundles(&self) -> Result<Vec<BundleRecord>, StoreError>;

    /// A piece of a bundle and the size of the whole; `None` where there is none of this digest.
    ///
    /// # Errors
    /// [`StoreError`].
    fn bundle_part(&self, sha256: &str, start: u64, most: u64) -> Result<Option<(u64, Vec<u8>)>, StoreError>;

    /// Removes a bundle; `false` where there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    fn remove_bundle(&self, sha256: &str) -> Result<bool, StoreError>;
}
