//! `picket-agent run`: a live interface, or captures, down the whole line to a collector.

mod books;
mod clock;
mod confining;
mod detailing;
mod governing;
mod lines;
mod policy;
mod service;
mod steering;
mod uplink;

use super::read::{OutputForm, Scoring, Template, parse_kinds, workers};
use super::stop::Signals;
use super::{Exit, Fault, Place};
use crate::capture::{CaptureError, Inputs, LiveOptions, LiveSource, Opener, OwnTraffic, drop_capabilities};
use crate::config::Loaded;
use crate::output::ledger_text;
use crate::policy::bundle;
use crate::sensor::HashKey;
use crate::{metrics, status};
use books::Books;
use clap::Args;
use detailing::Detailing;
use lines::{Lines, Watched};
use policy::Policing;
use service::Service;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use steering::Steering;

/// How often the books are brought up to date for those who ask.
const TURN: Duration = Duration::from_millis(100);
/// How often the collector is told the sensor's totals.
const REPORT_EVERY: Duration = Duration::from_secs(5);

/// What `run` takes.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    /// Where things are.
    pub place: Place,
    /// Interfaces to watch, in place of capture.interfaces ("any" takes all)
    #[arg(short, long = "interface", value_name = "IFACE", num_args = 1.., conflicts_with = "file")]
    pub interface: Vec<String>,
    /// Captures or directories to send down the line instead of an interface; ends when the collector has
    /// acknowledged every event
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub file: Vec<PathBuf>,
    /// Filter in pcap-filter(7) syntax, in place of capture.filter; live only
    #[arg(long, value_name = "FILTER", conflicts_with = "file")]
    pub filter: Option<String>,
    /// Workers an input, 1 to 64, in place of agent.threads; 0 shares out the cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=64))]
    pub threads: Option<u8>,
    /// Event kinds that leave, separated by commas, in place of output.kinds [default: all]
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub kinds: Vec<String>,
    #[command(flatten)]
    /// What to score with.
    pub scoring: Scoring,
    /// What to print on standard output besides
    #[arg(long, value_enum, default_value_t = OutputForm::None)]
    pub output: OutputForm,
    /// Send nothing: no spool, no collector, no enrolment needed
    #[arg(long)]
    pub no_uplink: bool,
    /// As a service: wait for what is not there yet (enrolment, an interface) instead of failing, and watch the
    /// interface of the default route where the configuration names none
    #[arg(long, conflicts_with = "file")]
    pub service: bool,
    /// Prometheus metrics at this address, in place of metrics.listen; empty switches them off
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub metrics: Option<String>,
}

/// Runs the verb.
pub(super) fn run(args: &RunArgs) -> Result<Exit, Fault> {
    let policing = policy::start(args)?;
    let state = policing.state();
    let done = run_with(args, policing);
    if let Err(fault) = &done
        && fault.exit != Exit::Unreachable
    {
        Policing::failed(&state, &format!("{:#}", fault.error));
    }
    done
}

fn run_with(args: &RunArgs, mut policing: Policing) -> Result<Exit, Fault> {
    let loaded = effective(args)?;
    picket_log::start(&loaded.config.log.level, loaded.config.log.format == "json");
    let config = &loaded.config;
    open_files()?;
    let privacy = super::privacy::load(config.privacy.treatments(), &config.privacy.key_file)?;
    let template = Template::with(&first_scoring(args, &loaded, &mut policing), config.flow.limits())?;
    let template = template.checking(config.flow.checksums.into()).private(privacy);
    let template = template.knowing(super::protocols::folder(&config.protocols.folder)?);
    let kinds = parse_kinds(&config.output.kinds)?;
    let mut service = Service::new(args.service);
    let plan = plan(interfaces(args, &loaded, &mut service)?, &loaded);
    let opener =
        if plan.is_empty() { None } else { Some(Opener::start(config.capture.backend, &plan).map_err(opener_fault)?) };
    if opener.is_some() {
        // Threads inherit what their maker has, so this comes before all others are started.
        drop_capabilities().map_err(|why| Fault::say(Exit::Failed, why))?;
    }
    let confined = confining::enter(args, config);
    let signals = Signals::listen(true)?;
    let own = OwnTraffic::default();
    let identity = match uplink::identity(args, config, &mut service, &signals)? {
        uplink::Known::Stopped => return Ok(Exit::Done),
        uplink::Known::Identity(identity) => identity.map(|identity| *identity),
    };
    let (agent, forward) = uplink::start(identity, config, template.bundle_id(), &own, !args.file.is_empty())?;
    let books = Books::new(agent, config, kinds, args.output == OutputForm::Eve, forward).confined(confined);
    let books = Arc::new(books);
    let own = if config.capture.exclude_own_traffic { own } else { OwnTraffic::default() };
    let mut inputs = match &opener {
        Some(opener) => match open(&loaded, plan, opener, &own, &signals, &mut service)? {
            Some(watched) => Lines::live(watched),
            None => return Ok(Exit::Done),
        },
        None => Lines::files(Inputs::list(&args.file)),
    };
    let _served = serve(config, &books)?;
    let mut detailing = Detailing::start(config, &mut inputs, &books)?;
    let each = share(config.agent.threads, inputs.len());
    let running = inputs.start(&template, each, &books, &signals, HashKey(random_key()?)).map_err(thread_fault)?;
    let steering = Steering::new(args, &books, template, &running);
    watch(&running, &books, &signals, args, (&mut policing, steering, &mut detailing), &mut service);
    service.stopping();
    let bad = running.join();
    detailing.finish();
    policing.worked(&books);
    let sent = uplink::finish(&books, opener.is_none(), &signals);
    let ledger = books.final_ledger();
    eprint!("{}", ledger_text(&ledger, books.has_uplink()));
    let exit = sent?;
    if bad > 0 {
        eprintln!("{bad} inputs were bad, as named above");
    }
    Ok(if bad > 0 && exit == Exit::Done { Exit::BadInputs } else { exit })
}

/// The configuration with the policy over it and what the options override.
fn effective(args: &RunArgs) -> Result<Loaded, Fault> {
    options(args, super::config::governed(&args.place)?)
}

fn options(args: &RunArgs, mut loaded: Loaded) -> Result<Loaded, Fault> {
    let config = &mut loaded.config;
    let mut said = Vec::new();
    if let Some(filter) = &args.filter {
        config.capture.filter.clone_from(filter);
        said.push(("capture.filter", "--filter"));
    }
    if let Some(threads) = args.threads {
        config.agent.threads = usize::from(threads);
        said.push(("agent.threads", "--threads"));
    }
    if !args.kinds.is_empty() {
        config.output.kinds.clone_from(&args.kinds);
        said.push(("output.kinds", "--kinds"));
    }
    if let Some(listen) = &args.metrics {
        config.metrics.listen.clone_from(listen);
        said.push(("metrics.listen", "--metrics"));
    }
    for (key, option) in said {
        loaded.overridden(key, option);
    }
    loaded.check().map_err(|error| Fault::new(Exit::Usage, error))?;
    Ok(loaded)
}

/// What to score with: the option's bundle, else that of the policy, else that of the configuration.
///
/// # Errors
/// In a sentence, where the policy's is not here.
fn scoring(args: &RunArgs, loaded: &Loaded) -> Result<Scoring, String> {
    let (configured, state) = (&loaded.config.score, &loaded.config.agent.state);
    let mut named = (!configured.bundle.as_os_str().is_empty()).then(|| configured.bundle.clone());
    let digest = &configured.digest;
    if configured.enabled && !digest.is_empty() {
        if !bundle::is_here(state, digest) {
            return Err(format!("bundle {digest} is not here, or is damaged"));
        }
        named = (!bundle::is_built_in(digest)).then(|| bundle::file(state, digest));
    }
    let bundle = args.scoring.bundle.clone().or(named);
    Ok(Scoring { no_score: args.scoring.no_score || !configured.enabled, bundle })
}

/// The same at the start, where a bundle that is missing must not keep the agent from its work.
fn first_scoring(args: &RunArgs, loaded: &Loaded, policing: &mut Policing) -> Scoring {
    scoring(args, loaded).unwrap_or_else(|why| {
        policing.without_bundle(&why);
        let mut loaded = loaded.clone();
        loaded.config.score.digest.clear();
        scoring(args, &loaded).unwrap_or_else(|_| args.scoring.clone())
    })
}

/// The interfaces to watch; none where captures are read. A service waits for one.
fn interfaces(args: &RunArgs, loaded: &Loaded, service: &mut Service) -> Result<Vec<String>, Fault> {
    if !args.file.is_empty() {
        return Ok(Vec::new());
    }
    let named = if args.interface.is_empty() { &loaded.config.capture.interfaces } else { &args.interface };
    if named.is_empty() && args.service {
        let why = "waiting for an interface: capture.interfaces names none, and there is no default route";
        let stopped = || false;
        return Ok(service.wait(why, stopped, crate::capture::default_route_interface).into_iter().collect());
    }
    if named.is_empty() {
        let existing = crate::capture::interface_names().join(", ");
        let sentence =
            format!("nothing to watch: name an interface with -i or capture.interfaces; there are: {existing}");
        return Err(Fault::say(Exit::Usage, sentence));
    }
    let mut unique = named.clone();
    unique.sort();
    unique.dedup();
    Ok(unique)
}

/// How each interface is to be opened.
fn plan(interfaces: Vec<String>, loaded: &Loaded) -> Vec<LiveOptions> {
    let capture = &loaded.config.capture;
    let bounded = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let options = interfaces.into_iter().map(|interface| LiveOptions {
        interface,
        snap_length: bounded(capture.snap_length.0),
        buffer_bytes: bounded(capture.buffer.0),
        filter: capture.filter.clone(),
        promiscuous: capture.promiscuous,
        rings: capture.rings,
    });
    options.collect()
}

/// Opens every ring of every interface; `None` where a service was stopped while it waited for one.
fn open(
    loaded: &Loaded,
    plan: Vec<LiveOptions>,
    opener: &Opener,
    own: &OwnTraffic,
    signals: &Signals,
    service: &mut Service,
) -> Result<Option<Vec<Watched>>, Fault> {
    let capture = &loaded.config.capture;
    let mut watched = Vec::new();
    for options in plan {
        let name = capture.names.get(&options.interface).unwrap_or(&options.interface).clone();
        let tags = capture.tags.get(&options.interface).cloned().unwrap_or_default();
        for ring in 0..options.rings {
            let stop = Arc::clone(&signals.stop);
            let open =
                || LiveSource::open(&name, tags.clone(), options.clone(), ring, opener.clone(), own, Arc::clone(&stop));
            let source = opened(open, signals, service).map_err(|error| Fault::new(status_of(&error), error))?;
            let Some(source) = source else { return Ok(None) };
            watched.push(Watched { source, recorder: None });
        }
    }
    Ok(Some(watched))
}

/// What `open` opens; a service waits for an interface that may yet come. `None` where it was stopped meanwhile.
fn opened(
    open: impl Fn() -> Result<LiveSource, CaptureError>,
    signals: &Signals,
    service: &mut Service,
) -> Result<Option<LiveSource>, CaptureError> {
    match open() {
        Err(error) if service.waits_for(&error) => {
            let look = || match open() {
                Err(error) if service::is_absent(&error) => None,
                other => Some(other),
            };
            service.wait(&format!("waiting for an interface: {error}"), || signals.stopped(), look).transpose()
        }
        opened => opened.map(Some),
    }
}

/// The status of an interface that cannot be opened.
pub(super) const fn status_of(error: &CaptureError) -> Exit {
    match error {
        CaptureError::Permission { .. } => Exit::Refused,
        CaptureError::UnknownInterface { .. } | CaptureError::Filter { .. } => Exit::Usage,
        _ => Exit::Failed,
    }
}

/// Starts the status socket and the metrics. What is taken is told; the capture goes on without it.
fn serve(config: &crate::config::Config, books: &Arc<Books>) -> Result<Option<status::Server>, Fault> {
    let socket = status::socket_path(&config.status.socket, &config.agent.state);
    let told = Arc::clone(books);
    let server = match status::Server::start(&socket, move || told.snapshot()) {
        Ok(server) => {
            tracing::info!("status and top ask at {}", socket.display());
            Some(server)
        }
        Err(error) => {
            let socket = socket.display();
            tracing::warn!("no status socket at {socket}: {error}; `status` and `top` will not reach this agent");
            None
        }
    };
    if config.metrics.listen.is_empty() {
        return Ok(server);
    }
    let listen = config.metrics.listen.parse().map_err(|error| Fault::new(Exit::Usage, anyhow::Error::new(error)))?;
    let told = Arc::clone(books);
    match metrics::serve(listen, move || told.snapshot()) {
        Ok(address) => tracing::info!("metrics at http://{address}/metrics"),
        Err(error) => {
            tracing::warn!("no metrics at {listen}: {error}; set metrics.listen to a free port, or to \"\" for none");
        }
    }
    Ok(server)
}

/// Workers for each input.
fn share(asked: usize, inputs: usize) -> usize {
    if asked > 0 { asked } else { workers(0).div_euclid(inputs.max(1)).max(1) }
}

/// Keeps the books up to date until the inputs are at their end.
fn watch(
    running: &lines::Running,
    books: &Books,
    signals: &Signals,
    args: &RunArgs,
    (policing, mut steering, detailing): (&mut Policing, Steering<'_>, &mut Detailing),
    service: &mut Service,
) {
    let mut reported = Instant::now();
    while !running.is_finished() {
        std::thread::sleep(TURN);
        service.turn(books);
        steering.turn();
        policing.turn(books, args, &mut steering);
        detailing.turn(books);
        if reported.elapsed() >= REPORT_EVERY {
            reported = Instant::now();
            books.report();
        }
        if signals.reload.swap(false, std::sync::atomic::Ordering::Relaxed) {
            reload(args, &mut steering);
        }
    }
}

/// Applies what can be applied live, and says what cannot. A configuration that is refused changes nothing.
fn reload(args: &RunArgs, steering: &mut Steering<'_>) {
    let loaded = effective(args).map_err(|fault| format!("{:#}", fault.error));
    if let Err(why) = loaded.and_then(|loaded| steering.apply(&loaded)) {
        tracing::error!("reload refused, the running configuration stays: {why}");
    }
}

/// Takes as many open files as the system allows, and refuses to begin with so few that it would fail anywhere.
fn open_files() -> Result<(), Fault> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const NEEDED: u64 = 64;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = current == maximum || setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    if (if raised { maximum } else { current }).is_none_or(|allowed| allowed >= NEEDED) {
        return Ok(());
    }
    let sentence =
        format!("the limit of open files is below {NEEDED}; raise it (ulimit -n, or LimitNOFILE of the unit)");
    Err(Fault::say(Exit::Failed, sentence))
}

fn random_key() -> Result<[u64; 2], Fault> {
    use ring::rand::SecureRandom;
    let mut bytes = [0u8; 16];
    let refused = |_| Fault::say(Exit::Failed, "the system gives no random numbers".to_owned());
    ring::rand::SystemRandom::new().fill(&mut bytes).map_err(refused)?;
    let value = u128::from_le_bytes(bytes);
    Ok([value as u64, (value >> 64) as u64])
}

fn opener_fault(error: std::io::Error) -> Fault {
    let advice = "start the process that opens interfaces; is the limit of tasks or open files too low?";
    Fault::new(Exit::Failed, anyhow::Error::new(error).context(advice))
}

fn thread_fault(error: std::io::Error) -> Fault {
    Fault::new(Exit::Failed, anyhow::Error::new(error).context("start a thread; is the limit of tasks too low?"))
}
