//! From agents' connections to the durable log and on to the engine.
//!
//! Connections read and check frames; one committer thread puts what they hold into the store, many agents'
//! frames in one transaction, and only then are they acknowledged and handed, in order and once, to the engine.

mod asked;
mod commit;
mod connection;
mod endpoint;
mod link;
mod machine;
mod roster;
mod tcp;

pub use machine::{Machine, Offer};
pub use roster::Notice;

use crate::identity::{Authority, IdentityError, Watch};
use crate::store::{Batch, Store};
use commit::{Committer, Job};
use picket_event::AgentId;
use picket_event::wire::{Control, Policy, RefusalCode};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// How ingest behaves.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen: UDP for QUIC, and TCP at the same number for where UDP does not pass.
    pub listen: SocketAddr,
    /// Connections at once, at most.
    pub max_connections: usize,
    /// Frames that may wait for the committer.
    pub queue_frames: usize,
    /// A connection that says nothing, or takes nothing of what it is told, for so long is ended.
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
    #[error("listen on {address}/{transport}: {source}; is another collector running?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// `udp` or `tcp`.
        transport: &'static str,
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
    /// `quic` or `tcp`.
    pub transport: &'static str,
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
    pub refused: BTreeMap<String, u64>,
    /// Events agents said would never come.
    pub gaps: u64,
    /// Commits.
    pub commits: u64,
}

/// Counters shared by every task.
#[derive(Debug, Default)]
struct Counts {
    health: Mutex<Health>,
    stopping: AtomicBool,
}

impl Counts {
    fn add(&self, change: impl FnOnce(&mut Health)) {
        change(&mut hold(&self.health));
    }

    /// Counts a connection that was refused or ended for a fault.
    fn refused(&self, reason: &str) {
        self.add(|health| *health.refused.entry(reason.to_owned()).or_default() += 1);
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// What every connection needs.
struct Serving {
    store: Arc<dyn Store>,
    authority: Arc<Authority>,
    certificate_lifetime: Duration,
    idle: Duration,
    jobs: mpsc::Sender<Job>,
    /// Numbers the connections.
    connections: AtomicU64,
    counts: Arc<Counts>,
    live: Mutex<BTreeMap<AgentId, roster::Entry>>,
    watch: Mutex<Watch>,
    decoders: Mutex<Vec<picket_event::wire::Decoder>>,
    /// Identities seen twice that nobody has heard of yet.
    notices: Mutex<Vec<Notice>>,
}

/// A lock is poisoned only when its holder panicked between two counts; going on is safe.
fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

use connection::clock as now;

/// The running ingest.
pub struct Ingest {
    endpoint: quinn::Endpoint,
    address: SocketAddr,
    serving: Arc<Serving>,
    accepting: [tokio::task::JoinHandle<()>; 2],
    committer: std::thread::JoinHandle<()>,
}

impl std::fmt::Debug for Ingest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ingest").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Ingest {
    /// Listens and serves until stopped. Call it inside a tokio runtime. Committed batches go to `engine` in the
    /// order of their rows; when it is full, agents wait.
    ///
    /// # Errors
    /// [`IngestError`].
    pub fn start(
        config: Config,
        store: Arc<dyn Store>,
        authority: &Arc<Authority>,
        engine: SyncSender<Batch>,
    ) -> Result<Self, IngestError> {
        let listen = |source| IngestError::Listen { address: config.listen, transport: "udp", source };
        let server = endpoint::server(authority, config.idle)?;
        let acceptor = tcp::acceptor(authority)?;
        let (udp, tcp) = tcp::bind(config.listen)?;
        let runtime = Arc::new(quinn::TokioRuntime);
        let endpoint = quinn::Endpoint::new(endpoint::lasting(authority)?, Some(server), udp, runtime);
        let endpoint = endpoint.map_err(listen)?;
        let tcp = tokio::net::TcpListener::from_std(tcp).map_err(listen)?;
        let address = endpoint.local_addr().map_err(listen)?;
        let (jobs, queue) = mpsc::channel(config.queue_frames.max(1));
        let counts = Arc::new(Counts::default());
        let committer = Committer {
            store: store.clone(),
            engine,
            counts: counts.clone(),
            machine: Machine::new(),
            current: BTreeMap::new(),
        };
        let committer = std::thread::Builder::new()
            .name("picket-commit".to_owned())
            .spawn(move || committer.run(queue))
            .map_err(IngestError::Thread)?;
        let serving = Arc::new(Serving {
            store,
            authority: authority.clone(),
            certificate_lifetime: config.certificate_lifetime,
            idle: config.idle,
            jobs,
            connections: AtomicU64::new(1),
            counts,
            live: Mutex::new(BTreeMap::new()),
            watch: Mutex::new(Watch::default()),
            decoders: Mutex::new(Vec::new()),
            notices: Mutex::new(Vec::new()),
        });
        let most = config.max_connections;
        let accepting = [
            tokio::spawn(endpoint::accept(endpoint.clone(), serving.clone(), most)),
            tokio::spawn(tcp::accept(tcp, acceptor, serving.clone(), most)),
        ];
        Ok(Self { endpoint, address, serving, accepting, committer })
    }

    /// The port in use.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the connections of an agent that the store has as revoked, rejected or left now.
    pub fn revoke(&self, agent: &AgentId) {
        self.serving.put_out(agent);
    }

    /// Who is connected.
    #[must_use]
    pub fn live(&self) -> Vec<Live> {
        self.serving.live()
    }

    /// Tells every connected agent which authorities to trust from now on.
    pub fn tell_authorities(&self) {
        self.serving.tell_authorities();
    }

    /// Tells every connected agent of a group its policy.
    pub fn tell_policy(&self, policy: &Policy) {
        self.serving.tell_policy(policy);
    }

    /// Tells an agent that it is of another group now, with that group's policy (version 0 for none).
    pub fn change_group(&self, agent: &AgentId, policy: &Policy) {
        self.serving.change_group(agent, policy);
    }

    /// Tells an agent of a request for packets, or that one is over; one that is away learns it when it connects.
    pub fn tell_detail(&self, agent: &AgentId, message: Control) {
        self.serving.tell(agent, message);
    }

    /// Identities seen twice since the last call.
    #[must_use]
    pub fn take_notices(&self) -> Vec<Notice> {
        std::mem::take(&mut *hold(&self.serving.notices))
    }

    /// How it is doing.
    #[must_use]
    pub fn health(&self) -> Health {
        let mut health = hold(&self.serving.counts.health).clone();
        let refused = self.serving.authority.refused();
        health.refused.extend(refused.into_iter().map(|(reason, count)| (reason.to_owned(), count)));
        health
    }

    /// Ends every connection and waits until what was taken is stored.
    pub async fn stop(self) {
        self.serving.counts.stopping.store(true, Ordering::Release);
        self.endpoint.close(RefusalCode::Stopping.number().into(), b"the collector is going down");
        self.serving.put_all_out().await;
        for accepting in self.accepting {
            accepting.abort();
            // Ended by the abort; there is nothing else to learn from it.
            let _ = accepting.await;
        }
        self.endpoint.wait_idle().await;
        drop(self.serving);
        let committer = self.committer;
        // A committer that panicked has said so.
        let _ = tokio::task::spawn_blocking(move || committer.join()).await;
    }
}
