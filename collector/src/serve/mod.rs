//! The running collector: store, authority, ingest, engine, API and pages, put together and taken apart.

mod detail;
mod engine;
mod fleet;
mod live;
mod net;
mod port;
mod problems;
mod service;
mod state;
mod upkeep;

pub use detail::Asked;
pub(crate) use detail::view as detail_view;
pub use fleet::{Doors, Fleet};
pub use live::{Live, Ranking};
pub use net::Peer;
pub use port::explain as explain_port;
pub use problems::Problems;
pub use state::{RunFile, admin_socket, connectable, prepare};

use crate::api::agents::NewEnrolmentToken;
use crate::api::{self, App, Parts, Throttle};
use crate::config::{Config, Loaded};
use crate::desk::{Desk, users};
use crate::identity::{self, Authority, EnrolState, Import, Rotation, TokenRequest};
use crate::ingest::{self, Ingest};
use crate::store::{Batch, Policy, Sqlite, Store};
use anyhow::Context;
use picket_event::{AgentId, Site};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use tokio::sync::watch;

/// How long an agent's certificate lasts.
const AGENT_CERTIFICATE: Duration = Duration::from_secs(30 * 86_400);
/// Batches that may wait for the engine; then agents wait. A full frame holds some 2,000 events: while a backlog drains, what is made
/// now waits behind so many.
const ENGINE_QUEUE: usize = 16;
/// Passwords hashed at once.
const HASHING: usize = 2;

/// A collector that runs until it is stopped.
pub struct Running {
    /// The addresses in use.
    pub run: RunFile,
    /// The setup link of a first start.
    pub setup_link: Option<String>,
    app: App,
    doors: Arc<IngestDoors>,
    stop: watch::Sender<bool>,
    retention: watch::Sender<crate::config::Retention>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    engine: std::thread::JoinHandle<()>,
    state: std::path::PathBuf,
}

impl Running {
    /// Starts everything. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// One sentence on what could not be had: state directory, port, disk.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        let base = Base::open(&config)?;
        let sockets = Sockets::open(&config, &base.state).await?;
        let (stop, stopped) = watch::channel(false);
        let (sender, batches) = mpsc::sync_channel::<Batch>(ENGINE_QUEUE);
        let ingest_config = ingest::Config {
            listen: config.listen.ingest,
            certificate_lifetime: AGENT_CERTIFICATE,
            ..ingest::Config::default()
        };
        let ingest = Ingest::start(ingest_config, Arc::clone(&base.store), &base.authority, sender)
            .map_err(|error| port::explain_ingest(error, config.listen.ingest))?;
        let run =
            RunFile::new(ingest.address(), sockets.https.local_addr()?, sockets.metrics.local_addr()?, &base.state);
        let (app, doors) = base.app(&config, ingest, sockets.https.local_addr()?);
        let engine = engine::start(engine::Loop {
            live: Arc::clone(&base.live),
            desk: base.desk.clone(),
            store: Arc::clone(&base.store),
            problems: Arc::clone(&base.problems),
            batches,
            refresh: config.engine.ranking_interval.0,
            stopped: stopped.clone(),
        })?;
        let (retention, keep) = watch::channel(config.retention.clone());
        let mut tasks = sockets.serve(&app, &doors, identity::https_tls(&base.authority)?, &config, &stopped);
        let Base { store, desk, problems, state, .. } = base;
        let details = config.detail.keep.0;
        let upkeep = upkeep::Upkeep { store, desk, problems, doors: Arc::clone(&doors), keep, details };
        tasks.push(tokio::spawn(upkeep::run(upkeep, stopped)));
        let setup_link = first_start(&app, &run).await?;
        run.write(&state)?;
        Ok(Self { run, setup_link, app, doors, stop, retention, tasks, engine, state })
    }

    /// Applies what can be applied without a restart; answers the keys that cannot.
    pub fn reload(&self, fresh: &Config) -> Vec<&'static str> {
        let old = &self.app.config;
        self.retention.send_replace(fresh.retention.clone());
        [
            ("state", old.state == fresh.state),
            ("listen", old.listen == fresh.listen),
            ("engine", old.engine == fresh.engine),
            ("access", old.access == fresh.access),
            ("detail", old.detail == fresh.detail),
            ("limits", old.limits == fresh.limits),
        ]
        .into_iter()
        .filter_map(|(name, same)| (!same).then_some(name))
        .collect()
    }

    /// Ends everything in order: no new requests, ingest stored, engine done.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let ingest = self.doors.ingest.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(ingest) = ingest {
            ingest.stop().await;
        }
        for mut task in self.tasks {
            if tokio::time::timeout(Duration::from_secs(3), &mut task).await.is_err() {
                task.abort();
            }
        }
        let _ = tokio::task::spawn_blocking(move || self.engine.join()).await;
        state::remove_leftovers(&self.state);
    }
}

/// What lies in the state directory, and the engine over it.
struct Base {
    state: std::path::PathBuf,
    store: Arc<dyn Store>,
    authority: Arc<Authority>,
    signing: Arc<ring::signature::Ed25519KeyPair>,
    desk: Desk,
    problems: Arc<Problems>,
    live: Arc<Live>,
}

impl Base {
    fn open(config: &Config) -> anyhow::Result<Self> {
        let state = config.state.directory.clone();
        state::prepare(&state)?;
        let store = Arc::new(Sqlite::open(&state)?);
        // The store's lock is held from here on: what an earlier run left behind is ours to remove.
        state::remove_leftovers(&state);
        let now = jiff::Timestamp::now().as_second();
        Ok(Self {
            authority: Arc::new(Authority::open(&state, &state::names(&config.listen), now)?),
            signing: Arc::new(identity::signing_key(&state)?),
            desk: Desk::open(&state.join("desk.db"))?,
            problems: Arc::new(Problems::default()),
            live: Arc::new(Live::new(engine::settings(&config.engine)?)),
            store,
            state,
        })
    }

    /// What requests are answered from.
    fn app(&self, config: &Config, ingest: Ingest, https: SocketAddr) -> (App, Arc<IngestDoors>) {
        let enrol = EnrolState {
            store: Arc::clone(&self.store),
            authority: Arc::clone(&self.authority),
            collectors: vec![format!(":{}", ingest.address().port())],
            certificate_lifetime: AGENT_CERTIFICATE,
            signer: identity::public_key(&self.signing),
        };
        let doors = Arc::new(IngestDoors {
            ingest: Mutex::new(Some(ingest)),
            store: Arc::clone(&self.store),
            authority: Arc::clone(&self.authority),
            addresses: state::enrolment_addresses(&config.listen, https),
        });
        let app = App::new(Parts {
            desk: self.desk.clone(),
            live: Arc::clone(&self.live),
            fleet: Fleet::new(Arc::clone(&self.store), Arc::<IngestDoors>::clone(&doors)),
            problems: Arc::clone(&self.problems),
            attempts: Mutex::new(Throttle::new(config.access.login_attempts)),
            hashing: tokio::sync::Semaphore::new(HASHING),
            signing: Arc::clone(&self.signing),
            enrol,
            config: config.clone(),
        });
        (app, doors)
    }
}

/// Where requests come in.
struct Sockets {
    https: tokio::net::TcpListener,
    metrics: tokio::net::TcpListener,
    admin: tokio::net::UnixListener,
}

impl Sockets {
    async fn open(config: &Config, state: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            https: net::listen(config.listen.https, "listen.https").await?,
            metrics: net::listen(config.listen.metrics, "listen.metrics").await?,
            admin: net::listen_admin(state)?,
        })
    }

    /// Serves pages and interface, the command line, and metrics.
    fn serve(
        self,
        app: &App,
        doors: &Arc<IngestDoors>,
        tls: tokio_rustls::rustls::ServerConfig,
        config: &Config,
        stopped: &watch::Receiver<bool>,
    ) -> Vec<tokio::task::JoinHandle<()>> {
        let router = api::protect(api::router(app).merge(crate::page::router(app)), &config.limits);
        let connections = usize::try_from(config.limits.connections).unwrap_or(1000);
        vec![
            tokio::spawn(net::serve_https(self.https, tls, router, connections, stopped.clone())),
            tokio::spawn(net::serve_admin(self.admin, api::protect(api::router(app), &config.limits), stopped.clone())),
            tokio::spawn(net::serve_plain(self.metrics, crate::metrics::router(app, doors), stopped.clone())),
        ]
    }
}

/// What the API does with connections and the authority.
pub struct IngestDoors {
    ingest: Mutex<Option<Ingest>>,
    store: Arc<dyn Store>,
    authority: Arc<Authority>,
    addresses: Vec<String>,
}

/// Seconds since 1970.
fn seconds() -> i64 {
    jiff::Timestamp::now().as_second()
}

impl IngestDoors {
    /// Identities seen twice since the last call.
    #[must_use]
    pub fn take_notices(&self) -> Vec<ingest::Notice> {
        self.with(Ingest::take_notices).unwrap_or_default()
    }

    /// Does with the authority what time asks for, and tells the agents.
    ///
    /// # Errors
    /// In words.
    pub fn tick_authority(&self) -> Result<(), String> {
        if self.authority.tick(seconds()).map_err(|error| error.to_string())? {
            tracing::info!("the change of the authority is complete");
            let _ = self.with(Ingest::tell_authorities);
        }
        Ok(())
    }

    fn with<T>(&self, look: impl FnOnce(&Ingest) -> T) -> Option<T> {
        self.ingest.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(look)
    }

    /// How ingest is doing; nothing while it stops.
    #[must_use]
    pub fn health(&self) -> ingest::Health {
        self.with(Ingest::health).unwrap_or_default()
    }

    /// Agents connected now.
    #[must_use]
    pub fn live(&self) -> Vec<ingest::Live> {
        self.with(Ingest::live).unwrap_or_default()
    }
}

impl Doors for IngestDoors {
    fn connected(&self) -> Vec<ingest::Live> {
        self.live()
    }

    fn put_out(&self, agent: &AgentId) {
        let _ = self.with(|ingest| ingest.revoke(agent));
    }

    fn create_token(&self, wanted: &NewEnrolmentToken) -> Result<String, String> {
        let request = TokenRequest {
            site: Site::new(&wanted.site),
            group: wanted.group.clone(),
            by_person: wanted.by_person,
            lifetime: Duration::from_secs(wanted.seconds.unwrap_or(3600)),
            uses: wanted.uses.unwrap_or(1),
            addresses: self.addresses.clone(),
        };
        let now = i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX);
        let made = identity::create_token(self.store.as_ref(), &self.authority, &request, now);
        made.map(|(text, _)| text).map_err(|error| error.to_string())
    }

    fn tell_policy(&self, policy: &Policy) {
        let Policy { group, version, text, .. } = policy.clone();
        let message = picket_event::wire::Policy { group, version, text };
        let _ = self.with(|ingest| ingest.tell_policy(&message));
    }

    fn change_group(&self, agent: &AgentId, policy: Policy) {
        let Policy { group, version, text, .. } = policy;
        let message = picket_event::wire::Policy { group, version, text };
        let _ = self.with(|ingest| ingest.change_group(agent, &message));
    }

    fn tell_detail(&self, agent: &AgentId, message: picket_event::wire::Control) {
        let _ = self.with(|ingest| ingest.tell_detail(agent, message));
    }

    fn authority(&self) -> ([u8; 32], Option<Rotation>) {
        (self.authority.fingerprint(), self.authority.rotation())
    }

    fn rotate(&self, import: Option<(String, String)>, overlap: u64) -> Result<Rotation, String> {
        let path = std::path::PathBuf::from("the certificate given");
        let import = import.map(|(certificate, key)| Import { certificate, key, path });
        let rotation = self.authority.rotate(import, seconds(), Duration::from_secs(overlap));
        let rotation = rotation.map_err(|error| error.to_string())?;
        let _ = self.with(Ingest::tell_authorities);
        Ok(rotation)
    }

    fn finish_rotation(&self) -> Result<bool, String> {
        let done = self.authority.finish(seconds()).map_err(|error| error.to_string())?;
        let _ = self.with(Ingest::tell_authorities);
        Ok(done)
    }
}

/// While there is no user, a setup link is made at every start; earlier ones end.
async fn first_start(app: &App, run: &RunFile) -> anyhow::Result<Option<String>> {
    let failed = |error: api::ApiError| anyhow::anyhow!(error.message);
    let nobody = app.desk.run(|db| Ok(users::users(db)?.is_empty())).await.map_err(failed)?;
    if !nobody {
        return Ok(None);
    }
    let path = api::people::new_setup_link(app, "first start").await.map_err(failed)?;
    Ok(Some(format!("https://{}{path}", run.https)))
}

/// `serve`: runs until SIGTERM or SIGINT; SIGHUP reloads.
///
/// # Errors
/// When the collector cannot start.
pub fn serve(loaded: &Loaded, path: Option<&Path>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(async {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let mut hangup = signal(SignalKind::hangup())?;
        let running = Running::start(loaded.config.clone()).await?;
        announce(&running);
        let mut service = service::Service::new();
        loop {
            tokio::select! {
                _ = term.recv() => break,
                _ = int.recv() => break,
                () = service.turn(&running.app, &running.doors) => {}
                _ = hangup.recv() => match crate::config::load(path) {
                    Ok(fresh) => {
                        let left = running.reload(&fresh.config);
                        let rest = if left.is_empty() { String::new() } else { format!("; a restart is needed for [{}]", left.join("], [")) };
                        tracing::info!("configuration reloaded{rest}");
                    }
                    Err(error) => tracing::error!("configuration kept as it was: {error}"),
                },
            }
        }
        tracing::info!("stopping");
        service::stopping();
        running.stop().await;
        Ok(())
    })
}

fn announce(running: &Running) {
    let run = &running.run;
    let mut out = std::io::stdout().lock();
    // Whoever closed the pipe does not want to know.
    let _ = writeln!(
        out,
        "picket-collector listens: events {} (QUIC), page and API https://{}/, metrics http://{}/metrics",
        run.ingest, run.https, run.metrics
    );
    if let Some(link) = &running.setup_link {
        let _ = writeln!(out, "nobody can log in yet. Make the first administrator, once, at:\n  {link}");
    }
}

/// The address people type for a listening address.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        std::net::IpAddr::V4(ip) if ip.is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        std::net::IpAddr::V6(ip) if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
