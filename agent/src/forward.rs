//! From the sensor's sink to the collector: batches, spool, uplink.
//!
//! One thread owns the files, one the socket; events cross to them in bounded queues. The sensor's side
//! never waits unless it asks to ([`Forward::send`] waits, [`Forward::try_send`] counts what it cannot take).

use crate::enrol::Identity;
use crate::spool::{self, Spool};
use crate::uplink::{self, Choice, Client, DETAIL_MAX, Settings, Shared, Transport};
use picket_event::wire::{BatchWriter, BundlePart, BundleWant, Class, Control, Full, HostNote, Policy, PolicyAnswer};
use picket_event::{Body, Event, Ledger, Loss, Source, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Hand-overs that may wait; each may hold many events.
const QUEUE_JOBS: usize = 4_096;
/// Longest time a verdict that may become an alert waits for others to share a frame with.
const URGENT_DELAY: Duration = Duration::from_millis(50);
/// Loss events waiting at most.
const MAX_TOLD: usize = 1_024;

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
    /// Which transports may be used.
    pub transport: Choice,
    /// Whether events travel in the order in which they were made though many wait: those of captures, which are not made now.
    pub in_order: bool,
    /// What the collector is told of this host.
    pub host: HostNote,
    /// Learns the sockets that events are sent from.
    pub own: crate::capture::OwnTraffic,
}

/// Where forwarding stands. Counts are of the spool's epoch, so they outlive a restart of the agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether the collector has answered our hello and the connection lives.
    pub connected: bool,
    /// In words: `connected to 10.0.0.1:8740`, `trying 10.0.0.1:8740 again in 3 s: timed out`.
    pub state: String,
    /// `QUIC` or `TCP` while connected, else empty.
    pub transport: &'static str,
    /// Whether the collector refused this agent (revoked, certificate); it is tried again slowly.
    pub refused: bool,
    /// The site the collector has this agent in; empty where it has none, or was not asked yet.
    pub site: String,
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
    /// Bytes sent to the collector since the start: payload of UDP, or of TCP.
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

/// A job for the thread that owns the batches.
enum Job {
    Events(Vec<Event>),
    /// From now on events wait so long for others.
    Delay(Duration),
    /// Everything handed over before is on disk when this is answered.
    Flush(SyncSender<()>),
    Stop,
}

/// Running spool and uplink.
#[derive(Debug)]
pub struct Forward {
    jobs: SyncSender<Job>,
    counters: Arc<Counters>,
    shared: Arc<Shared>,
    queue_events: u64,
    threads: Vec<std::thread::JoinHandle<()>>,
}

/// Events on their way to the spool.
#[derive(Debug, Default)]
struct Counters {
    /// Handed over and not yet in a frame. Changes under the spool's lock once the event is counted there.
    waiting: AtomicU64,
}

impl Forward {
    /// Opens the spool and begins to connect. Does not wait for the collector.
    ///
    /// # Errors
    /// [`ForwardError`] when the spool or the identity cannot be used.
    pub fn start(config: Config) -> Result<Self, ForwardError> {
        let collectors =
            if config.collectors.is_empty() { config.identity.collectors.clone() } else { config.collectors };
        if collectors.is_empty() {
            return Err(ForwardError::NoCollector);
        }
        let (spool, losses) = Spool::open(&config.spool, config.limits, now())?;
        if let Some(why) = spool.trouble() {
            tracing::warn!("{why}");
        }
        let client = Client::new(&config.identity, config.own).map_err(|e| ForwardError::Identity(e.to_string()))?;
        let mut seed = [0u8; 8];
        SystemRandom::new()
            .fill(&mut seed)
            .map_err(|_| ForwardError::Start(std::io::Error::other("no random bytes")))?;
        let shared = Arc::new(Shared::new(spool));
        let counters = Arc::new(Counters::default());
        let (jobs, todo) = sync_channel(QUEUE_JOBS);
        let settings = Settings {
            identity: config.identity,
            collectors,
            bundle: config.bundle,
            host: config.host,
            transport: config.transport,
            in_order: config.in_order,
            seed: u64::from_le_bytes(seed),
        };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ForwardError::Start)?;
        let (for_uplink, for_writer, waiting) = (shared.clone(), shared.clone(), counters.clone());
        let writer = Writer::new(for_writer, waiting, config.batch_delay, losses).map_err(ForwardError::Start)?;
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(ForwardError::Start)
        };
        let threads = vec![
            spawn("picket-spool", Box::new(move || writer.run(&todo)))?,
            spawn("picket-uplink", Box::new(move || runtime.block_on(uplink::run(&for_uplink, settings, client))))?,
        ];
        Ok(Self { jobs, counters, shared, queue_events: config.queue_events.max(1) as u64, threads })
    }

    /// Hands events over; waits while the queue is full. For captures from files.
    pub fn send(&self, events: Vec<Event>) {
        while self.counters.waiting.load(Ordering::Acquire) >= self.queue_events {
            std::thread::sleep(Duration::from_millis(2));
        }
        let count = events.len() as u64;
        self.counters.waiting.fetch_add(count, Ordering::AcqRel);
        if self.jobs.send(Job::Events(events)).is_err() {
            self.refuse("stopped", count);
        }
    }

    /// Hands events over; what the full queue does not take is counted as lost (`queue_full`). For live captures.
    pub fn try_send(&self, events: Vec<Event>) {
        let count = events.len() as u64;
        let before = self.counters.waiting.fetch_add(count, Ordering::AcqRel);
        if before >= self.queue_events {
            return self.refuse("queue_full", count);
        }
        match self.jobs.try_send(Job::Events(events)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.refuse("queue_full", count),
            Err(TrySendError::Disconnected(_)) => self.refuse("stopped", count),
        }
    }

    fn refuse(&self, reason: &str, count: u64) {
        let mut spool = self.shared.spool();
        spool.machine_mut().refuse(reason, count);
        self.counters.waiting.fetch_sub(count, Ordering::AcqRel);
    }

    /// From now on events wait at most so long for others to share a frame with.
    pub fn set_batch_delay(&self, delay: Duration) {
        // A writer that is gone makes no frames.
        let _ = self.jobs.send(Job::Delay(delay));
    }

    /// From now on the spool takes so many bytes on disk; what is beyond goes when the next frame comes.
    pub fn set_spool_size(&self, bytes: u64) {
        self.shared.spool().machine_mut().resize(bytes);
    }

    /// Tells the collector that another bundle scores from now on: by another hello.
    pub fn set_bundle(&self, bundle: String) {
        self.shared.out().hello = Some(bundle);
        self.shared.wake.notify_one();
    }

    /// Tells the collector the sensor's totals; the event part is filled in here.
    pub fn report(&self, mut ledger: Ledger) {
        self.status().fill(&mut ledger);
        self.shared.out().ledger = Some(ledger);
        self.shared.wake.notify_one();
    }

    /// The policy that came since the last call.
    #[must_use]
    pub fn take_policy(&self) -> Option<Policy> {
        self.shared.news().policy.take()
    }

    /// Tells the collector what became of a policy.
    pub fn answer_policy(&self, answer: PolicyAnswer) {
        self.shared.out().policy = Some(answer);
        self.shared.wake.notify_one();
    }

    /// Requests for packets, and how far the collector has them, that came since the last call, in order.
    #[must_use]
    pub fn take_detail(&self) -> Vec<Control> {
        std::mem::take(&mut self.shared.news().detail)
    }

    /// Whether the collector answers.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.shared.link().connected
    }

    /// How many messages on such requests [`Forward::say_detail`] takes now; none while there is no connection.
    #[must_use]
    pub fn detail_room(&self) -> usize {
        if self.shared.link().connected { DETAIL_MAX.saturating_sub(self.shared.out().detail.len()) } else { 0 }
    }

    /// Tells the collector what becomes of requests for packets. What is not sent when the connection ends is forgotten: the
    /// collector asks again.
    pub fn say_detail(&self, messages: Vec<Control>) {
        if !messages.is_empty() {
            self.shared.out().detail.extend(messages);
            self.shared.wake.notify_one();
        }
    }

    /// Asks the collector for a piece of a bundle.
    pub fn want_bundle(&self, want: BundleWant) {
        self.shared.out().bundle = Some(want);
        self.shared.wake.notify_one();
    }

    /// The piece that came since the last call.
    #[must_use]
    pub fn take_bundle(&self) -> Option<BundlePart> {
        self.shared.news().bundle.take()
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        let link = self.shared.link().clone();
        let spool = self.shared.spool();
        let books = spool.books();
        // Read under the spool's lock, so that no event is between the two counts.
        let waiting = self.counters.waiting.load(Ordering::Acquire);
        Status {
            connected: link.connected,
            state: link.state,
            transport: link.transport.map_or("", Transport::name),
            refused: link.refused,
            site: link.site,
            epoch: spool.machine().epoch(),
            events: books.events + waiting,
            acknowledged: books.acknowledged,
            spooled: books.spooled + waiting,
            lost: books.lost,
            spool_bytes: spool.machine().bytes(),
            wire_bytes: self.shared.wire_bytes.load(Ordering::Relaxed),
            trouble: spool.trouble().map(str::to_owned),
        }
    }

    /// Waits until everything handed over before is in the spool.
    pub fn flush(&self) {
        let (done, wait) = sync_channel(1);
        if self.jobs.send(Job::Flush(done)).is_ok() {
            // A writer that ended answers by hanging up.
            let _ = wait.recv();
        }
    }

    /// Waits until everything handed over before is acknowledged; `false` when `patience` ran out first.
    pub fn drain(&self, patience: Duration) -> bool {
        self.flush();
        let target = self.shared.spool().machine().next() - 1;
        let begin = Instant::now();
        loop {
            if self.shared.spool().machine().acknowledged() >= target {
                return true;
            }
            if begin.elapsed() >= patience {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Writes what waits to the spool, says goodbye and ends the threads. What is not acknowledged stays spooled.
    pub fn stop(mut self) -> Status {
        self.end();
        self.status()
    }

    fn end(&mut self) {
        // A writer that is gone has nothing left to write.
        let _ = self.jobs.send(Job::Stop);
        self.shared.stopping.store(true, Ordering::Release);
        self.shared.wake.notify_one();
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.end();
        }
    }
}

/// Nanoseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// Owns the batches; turns events into frames and puts them into the spool.
struct Writer {
    shared: Arc<Shared>,
    counters: Arc<Counters>,
    batches: [BatchWriter; 3],
    /// When what waits in each has to leave.
    due: [Option<Instant>; 3],
    delay: Duration,
    told: Vec<Event>,
    /// Whether it was said that the spool does not take what it should.
    in_trouble: bool,
}

impl Writer {
    fn new(shared: Arc<Shared>, counters: Arc<Counters>, delay: Duration, losses: Vec<Loss>) -> std::io::Result<Self> {
        let batch = |class| BatchWriter::new(class).map_err(std::io::Error::other);
        let batches = [batch(Class::Detail)?, batch(Class::Flow)?, batch(Class::Alert)?];
        let mut writer = Self { shared, counters, batches, due: [None; 3], delay, told: Vec::new(), in_trouble: false };
        writer.tell(losses);
        Ok(writer)
    }

    fn run(mut self, jobs: &Receiver<Job>) {
        let mut saved = Instant::now();
        loop {
            self.announce();
            let due = self.due.iter().flatten().min();
            let rest = due.map_or(Duration::from_secs(1), |at| at.saturating_duration_since(Instant::now()));
            match jobs.recv_timeout(rest) {
                Ok(Job::Events(events)) => events.iter().for_each(|event| self.take(event)),
                Ok(Job::Delay(delay)) => self.delay = delay,
                Ok(Job::Flush(done)) => {
                    self.flush_all();
                    // Whoever asked may have given up waiting.
                    let _ = done.send(());
                }
                Ok(Job::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.flush_due();
            if saved.elapsed() >= Duration::from_secs(5) {
                saved = Instant::now();
                self.save();
            }
        }
        // What came before the stop is still in the queue.
        while let Ok(job) = jobs.try_recv() {
            match job {
                Job::Events(events) => events.iter().for_each(|event| self.take(event)),
                Job::Delay(_) => {}
                Job::Flush(done) => drop(done),
                Job::Stop => {}
            }
        }
        self.flush_all();
        self.save();
    }

    fn save(&self) {
        if let Err(e) = self.shared.spool().save() {
            tracing::warn!("{e}");
        }
    }

    fn take(&mut self, event: &Event) {
        let class = Class::of(event);
        self.note_due(event, class);
        let Some(batch) = self.batches.get_mut(class.index()) else { return };
        let full = match batch.push(event) {
            Ok(()) => batch.is_full(),
            Err(Full::Event) => return self.drop_waiting("too_large", 1),
            Err(Full::Frame) => {
                self.flush(class);
                return self.take(event);
            }
        };
        if full {
            self.flush(class);
            self.sync();
        }
    }

    /// An event may wait for others, one that may become an alert only shortly.
    fn note_due(&mut self, event: &Event, class: Class) {
        let urgent = event.is_urgent();
        let Some(due) = self.due.get_mut(class.index()).filter(|due| urgent || due.is_none()) else { return };
        let at = Instant::now() + if urgent { self.delay.min(URGENT_DELAY) } else { self.delay };
        *due = Some(due.map_or(at, |before| before.min(at)));
    }

    fn drop_waiting(&self, reason: &str, count: u64) {
        self.shared.spool().machine_mut().refuse(reason, count);
        self.counters.waiting.fetch_sub(count, Ordering::AcqRel);
    }

    fn flush_all(&mut self) {
        // Alerts get the lower sequences, so they are sent first.
        for class in Class::ALL.into_iter().rev() {
            self.flush(class);
        }
        self.sync();
    }

    /// Each class by itself: a verdict that hurries does not cut short what the rows of others would have saved.
    fn flush_due(&mut self) {
        let now = Instant::now();
        let mut flushed = false;
        for class in Class::ALL.into_iter().rev() {
            if self.due.get(class.index()).copied().flatten().is_some_and(|at| at <= now) {
                self.flush(class);
                flushed = true;
            }
        }
        if flushed {
            self.sync();
        }
    }

    fn sync(&mut self) {
        let (losses, trouble) = {
            let mut spool = self.shared.spool();
            (spool.sync(), spool.trouble().map(str::to_owned))
        };
        self.shared.wake.notify_one();
        self.tell(losses);
        if trouble.is_some() != self.in_trouble {
            self.in_trouble = trouble.is_some();
            match trouble {
                Some(why) => tracing::error!("{why}; what cannot be kept is counted as lost"),
                None => tracing::info!("the spool takes events again"),
            }
        }
    }

    fn flush(&mut self, class: Class) {
        if let Some(due) = self.due.get_mut(class.index()) {
            *due = None;
        }
        let Some(batch) = self.batches.get_mut(class.index()).filter(|batch| !batch.is_empty()) else { return };
        let count = u64::from(batch.len());
        let mut spool = self.shared.spool();
        let losses = match batch.finish(spool.machine().next()) {
            Ok(frame) => spool.append(&frame),
            Err(e) => {
                tracing::error!("a frame of {count} events could not be made: {e}");
                spool.machine_mut().refuse("unencodable", count);
                Vec::new()
            }
        };
        self.counters.waiting.fetch_sub(count, Ordering::AcqRel);
        drop(spool);
        self.tell(losses);
    }

    /// Losses are told to the collector as events; one for each run of sequences.
    fn tell(&mut self, losses: Vec<Loss>) {
        for loss in losses {
            let body = Body::Loss(loss);
            let time = Timestamp::from_nanos(now());
            self.told.push(Event {
                time,
                source: Source::Agent,
                vlan: Vec::new(),
                flow: None,
                redacted: Vec::new(),
                body,
            });
        }
        // A spool that loses without end must not fill the memory with saying so; the books have every one.
        self.told.truncate(MAX_TOLD);
    }

    fn announce(&mut self) {
        let told = std::mem::take(&mut self.told);
        self.counters.waiting.fetch_add(told.len() as u64, Ordering::AcqRel);
        for event in told {
            self.take(&event);
        }
    }
}
