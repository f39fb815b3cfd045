//! From the sensor's sink to the collector: batches, spool, uplink.
//!
//! One thread owns the files, one the socket; events cross to them in bounded queues. The sensor's side
//! never waits unless it asks to ([`Forward::send`] waits, [`Forward::try_send`] counts what it cannot take).

use crate::enrol::Identity;
use crate::spool;
use picket_event::{Event, Ledger};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// What forwarding needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Directory of the spool; made when missing.
    pub spool: PathBuf,
    /// Sizes of the spool.
    pub limits: spool::Limits,
    /// Who the agent is: its key and certificate.
    pub identity: Identity,
    /// Collectors as `host:port`, tried in turn; empty means those learnt at enrolment.
    pub collectors: Vec<String>,
    /// Longest time an event waits for others to share a frame with.
    pub batch_delay: Duration,
    /// Events that may wait between the sensor and the spool.
    pub queue_events: usize,
    /// Id of the model bundle in force, told to the collector.
    pub bundle: String,
}

/// Where forwarding stands. Counts are of the spool's epoch, so they outlive a restart of the agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether the collector has answered our hello and the connection lives.
    pub connected: bool,
    /// In words: `connected to 10.0.0.1:8740`, `trying 10.0.0.1:8740 again in 3 s: timed out`.
    pub state: String,
    /// Whether the collector refused this agent (revoked, unknown authority); it is tried again slowly.
    pub refused: bool,
    /// The spool's epoch.
    pub epoch: u64,
    /// Events made.
    pub events: u64,
    /// Events the collector has acknowledged.
    pub acknowledged: u64,
    /// Events waiting, in memory or on disk.
    pub spooled: u64,
    /// Events lost, by reason.
    pub lost: BTreeMap<String, u64>,
    /// Bytes of the spool on disk.
    pub spool_bytes: u64,
    /// Bytes of UDP payload sent to the collector since the start.
    pub wire_bytes: u64,
    /// The spool's last trouble, in words.
    pub trouble: Option<String>,
}

impl Status {
    /// Writes the event part of a ledger.
    pub fn fill(&self, ledger: &mut Ledger) {
        ledger.events = self.events;
        ledger.events_acknowledged = self.acknowledged;
        ledger.events_spooled = self.spooled;
        ledger.events_lost = self.lost.clone();
        ledger.wire_bytes = self.wire_bytes;
    }
}

/// Why forwarding could not start.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// The spool could not be opened.
    #[error(transparent)]
    Spool(#[from] spool::SpoolError),
    /// The key or certificate is of no use.
    #[error("read the agent's identity: {0}")]
    Identity(String),
    /// A thread or socket could not be made.
    #[error("start the uplink: {0}")]
    Start(#[source] std::io::Error),
    /// No collector is known.
    #[error("no collector is known: enrol first, or name one in the configuration")]
    NoCollector,
}

/// Running spool and uplink.
#[derive(Debug)]
pub struct Forward {}

impl Forward {
    /// Opens the spool and begins to connect. Does not wait for the collector.
    ///
    /// # Errors
    /// [`ForwardError`] when the spool or the identity cannot be used.
    pub fn start(_config: Config) -> Result<Self, ForwardError> {
        Err(ForwardError::NoCollector)
    }

    /// Hands events over; waits while the queue is full. For captures from files.
    pub fn send(&self, _events: Vec<Event>) {}

    /// Hands events over; what the full queue does not take is counted as lost (`queue_full`). For live captures.
    pub fn try_send(&self, _events: Vec<Event>) {}

    /// Tells the collector the sensor's totals; the event part is filled in here.
    pub fn report(&self, _ledger: Ledger) {}

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        Status::default()
    }

    /// Waits until everything handed over before is acknowledged; `false` when `patience` ran out first.
    pub fn drain(&self, _patience: Duration) -> bool {
        false
    }

    /// Writes what waits to the spool, says goodbye and ends the threads. What is not acknowledged stays spooled.
    pub fn stop(self) -> Status {
        Status::default()
    }
}
