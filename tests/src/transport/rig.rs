//! A collector with its store, enrolment and ingest on loopback, and agents that enrol at it.

use anyhow::Context;
use picket_agent::capture::OwnTraffic;
use picket_agent::enrol::{Identity, enrol, host_note};
use picket_agent::forward::{Config as ForwardConfig, Forward};
use picket_agent::spool::Limits;
use picket_agent::uplink::Choice;
use picket_collector::identity::{
    Authority, EnrolState, TokenRequest, create_token, enrol as enrol_handler, https_tls,
};
use picket_collector::ingest::{Config, Ingest};
use picket_collector::store::{Batch, Sqlite, Store};
use picket_event::Site;
use picket_event::wire::HostNote;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Nanoseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// A running collector: store, authority, enrolment over HTTPS, ingest.
pub struct CollectorAt {
    /// Its runtime.
    pub runtime: Runtime,
    /// Its store.
    pub store: Arc<Sqlite>,
    /// Its authority.
    pub authority: Arc<Authority>,
    /// Its ingest.
    pub ingest: Ingest,
    /// What the engine would get.
    pub engine: Receiver<Batch>,
    /// Where enrolment listens.
    pub https: SocketAddr,
}

impl CollectorAt {
    /// Starts on free ports of loopback, with its state in `directory`.
    ///
    /// # Errors
    /// Whatever did not start.
    pub fn start(directory: &Path) -> anyhow::Result<Self> {
        Self::start_on(directory, SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Starts with the event port given.
    ///
    /// # Errors
    /// Whatever did not start.
    pub fn start_on(directory: &Path, listen: SocketAddr) -> anyhow::Result<Self> {
        Self::start_at(directory, listen, now() / 1_000_000_000)
    }

    /// Starts as if the clock showed this time, seconds since 1970, when its certificate was made.
    ///
    /// # Errors
    /// Whatever did not start.
    pub fn start_at(directory: &Path, listen: SocketAddr, clock: i64) -> anyhow::Result<Self> {
        Self::start_with(directory, Config { listen, ..Config::default() }, clock)
    }

    /// Starts with these settings of its ingest, as if the clock showed this time.
    ///
    /// # Errors
    /// Whatever did not start.
    pub fn start_with(directory: &Path, config: Config, clock: i64) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let store = Arc::new(Sqlite::open(directory)?);
        let authority = Arc::new(Authority::open(directory, &[], clock)?);
        let (engine, batches) = sync_channel(100_000);
        let guard = runtime.enter();
        let ingest = Ingest::start(config, store.clone(), &authority, engine)?;
        drop(guard);
        let state = EnrolState {
            store: store.clone(),
            authority: authority.clone(),
            collectors: vec![format!(":{}", ingest.address().port())],
            certificate_lifetime: Duration::from_secs(30 * 86_400),
            signer: Vec::new(),
        };
        let https = runtime.block_on(serve_enrolment(state, &authority))?;
        Ok(Self { runtime, store, authority, ingest, engine: batches, https })
    }

    /// A token for so many agents of a site.
    ///
    /// # Errors
    /// The store's.
    pub fn token(&self, site: &str, uses: u32, lifetime: Duration) -> anyhow::Result<String> {
        let addresses = vec![self.https.to_string()];
        let (site, group) = (Site::new(site), String::new());
        self.token_for(TokenRequest { site, group, by_person: false, lifetime, uses, addresses })
    }

    /// A token as wanted; its addresses are this collector's.
    ///
    /// # Errors
    /// The store's.
    pub fn token_for(&self, wanted: TokenRequest) -> anyhow::Result<String> {
        let request = TokenRequest { addresses: vec![self.https.to_string()], ..wanted };
        Ok(create_token(&*self.store, &self.authority, &request, now())?.0)
    }

    /// Every stored event's agent and sequence, in the order of the log.
    ///
    /// # Errors
    /// The store's.
    pub fn stored(&self) -> anyhow::Result<Vec<(String, u64)>> {
        let (mut out, mut after) = (Vec::new(), 0);
        loop {
            let batches = self.store.replay(after, 256)?;
            let Some(last) = batches.last() else { return Ok(out) };
            after = last.row;
            let events = batches.iter().flat_map(|batch| &batch.events);
            out.extend(events.map(|e| (e.agent.as_str().to_owned(), e.sequence)));
        }
    }

    /// Stops everything and lets go of the store.
    pub fn stop(self) {
        let Self { runtime, ingest, .. } = self;
        runtime.block_on(ingest.stop());
        runtime.shutdown_timeout(Duration::from_secs(2));
    }
}

/// A minimal HTTPS server with the enrolment endpoint alone.
async fn serve_enrolment(state: EnrolState, authority: &Arc<Authority>) -> anyhow::Result<SocketAddr> {
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(https_tls(authority)?));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let router = axum::Router::new().route("/api/v1/enrol", axum::routing::post(enrol_handler)).with_state(state);
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let (acceptor, service) = (acceptor.clone(), hyper_util::service::TowerToHyperService::new(router.clone()));
            tokio::spawn(async move {
                let Ok(tls) = acceptor.accept(tcp).await else { return };
                let io = hyper_util::rt::TokioIo::new(tls);
                let server = hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new());
                // A client that hangs up early is the client's affair.
                let _ = server.serve_connection(io, service).await;
            });
        }
    });
    Ok(address)
}

/// An enrolled agent's directories.
#[derive(Clone, Debug)]
pub struct AgentAt {
    /// Who it is.
    pub identity: Identity,
    /// Its spool.
    pub spool: PathBuf,
    /// Sizes of its spool.
    pub limits: Limits,
    /// How long a batch waits.
    pub batch_delay: Duration,
    /// Which transports it may use.
    pub transport: Choice,
    /// Whether what waits when it connects goes first, as what captures give does.
    pub in_order: bool,
    /// What it says of its host; the instance is another at each start where this is none.
    pub host: Option<HostNote>,
}

impl AgentAt {
    /// Enrols with a token; state goes under `directory`.
    ///
    /// # Errors
    /// The enrolment's.
    pub fn enrol(token: &str, name: &str, directory: &Path) -> anyhow::Result<Self> {
        let directory = directory.join(name);
        let identity = enrol(token, Some(name), &directory).context("enrol")?.identity;
        let (limits, batch_delay) = (Limits::default(), Duration::from_millis(100));
        let (transport, in_order, host) = (Choice::Auto, false, None);
        Ok(Self { identity, spool: directory.join("spool"), limits, batch_delay, transport, in_order, host })
    }

    /// Starts forwarding.
    ///
    /// # Errors
    /// The forwarder's.
    pub fn start(&self) -> anyhow::Result<Forward> {
        Ok(Forward::start(ForwardConfig {
            spool: self.spool.clone(),
            limits: self.limits,
            identity: self.identity.clone(),
            collectors: Vec::new(),
            batch_delay: self.batch_delay,
            queue_events: 20_000,
            bundle: "test".to_owned(),
            transport: self.transport,
            in_order: self.in_order,
            host: self.host.clone().unwrap_or_else(host_note),
            own: OwnTraffic::default(),
        })?)
    }
}
