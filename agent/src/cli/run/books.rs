//! What a running agent knows of itself: the lines' ledgers, tallies, and the way to the collector.

use crate::config::{Config, Loaded};
use crate::forward::{self, Forward};
use crate::output::{EveSink, Kinds, ledger_json, ledger_text};
use crate::sensor::{Level, Sink};
use crate::status::{InputStatus, Snapshot, UplinkStatus};
use picket_event::{AgentId, Body, Event, Ledger, Site};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// Protocols counted by name at most; the others count as `other`. Names may come from a site's own table.
const NAMES_MAX: usize = 256;

/// Shared by the lines, the watcher and whoever asks.
pub(super) struct Books {
    started: Instant,
    agent: String,
    config: Mutex<Config>,
    kinds: Mutex<Kinds>,
    eve: Option<Mutex<EveSink<std::io::Stdout>>>,
    lines: Mutex<Vec<LineState>>,
    tally: Mutex<Tally>,
    forward: RwLock<Option<Forward>>,
    /// How much the governor lets the sensors do, as [`Level`]'s number.
    level: AtomicU8,
    /// How much the configuration wants them to do at most, likewise.
    told: AtomicU8,
    /// Where forwarding stood when it ended.
    ended: Mutex<Option<forward::Status>>,
    /// What became of packets that were asked for.
    detail: Mutex<Ledger>,
    /// What this process can still do, in words.
    confined: String,
}

/// A key whose value is another than before.
pub(super) struct Change {
    pub(super) key: String,
    pub(super) old: String,
    pub(super) new: String,
}

/// One input's books.
#[derive(Clone, Debug)]
pub(super) struct LineState {
    pub(super) name: String,
    pub(super) tags: Vec<String>,
    pub(super) state: String,
    /// The sensor's ledger with the source's drops.
    pub(super) ledger: Ledger,
    /// When it was last heard of.
    heard: Instant,
}

#[derive(Clone, Debug, Default)]
struct Tally {
    events: u64,
    kinds: BTreeMap<String, u64>,
    protocols: BTreeMap<String, u64>,
    verdicts: BTreeMap<String, u64>,
}

impl Tally {
    fn count(&mut self, event: &Event) {
        self.events += 1;
        add(&mut self.kinds, event.kind().name(), 1);
        if let Body::Flow(flow) = &event.body {
            add(&mut self.protocols, flow.app.protocol.name(), u64::from(flow.count));
            if let Some(score) = &flow.score {
                add(&mut self.verdicts, score.verdict.name(), u64::from(flow.count));
            }
        }
    }
}

fn add(map: &mut BTreeMap<String, u64>, name: &str, count: u64) {
    let known = map.contains_key(name) || map.len() < NAMES_MAX;
    let name = if known { name } else { "other" };
    match map.get_mut(name) {
        Some(total) => *total += count,
        None => {
            map.insert(name.to_owned(), count);
        }
    }
}

/// A thread that panicked while it held a lock left counters, which are whole at any moment.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Books {
    pub(super) fn new(
        agent: Option<String>,
        config: &Config,
        kinds: Kinds,
        print: bool,
        forward: Option<Forward>,
    ) -> Self {
        let agent = agent.unwrap_or_default();
        let name = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let (id, site) = (name(&agent).map(|n| AgentId::new(&n)), name(&config.agent.site).map(|n| Site::new(&n)));
        let eve = print.then(|| Mutex::new(EveSink::new(std::io::stdout(), Kinds::ALL).named(id, site)));
        Self {
            started: Instant::now(),
            agent,
            config: Mutex::new(config.clone()),
            kinds: Mutex::new(kinds),
            eve,
            lines: Mutex::default(),
            tally: Mutex::default(),
            forward: RwLock::new(forward),
            level: AtomicU8::default(),
            told: AtomicU8::new(Level::from(config.output.detail) as u8),
            ended: Mutex::default(),
            detail: Mutex::default(),
            confined: String::new(),
        }
    }

    /// Tells whoever asks how the process is confined.
    pub(super) fn confined(mut self, words: String) -> Self {
        self.confined = words;
        self
    }

    /// How much the sensors are to do: what the configuration wants, less what the governor gives up.
    pub(super) fn level(&self) -> Level {
        Level::from_number(self.level.load(Ordering::Relaxed).max(self.told.load(Ordering::Relaxed)))
    }

    /// Tells the sensors how much the governor lets them do; each does so from its next frames on.
    pub(super) fn set_level(&self, level: Level) {
        self.level.store(level as u8, Ordering::Relaxed);
    }

    /// Frames that the kernel dropped, over all inputs.
    pub(super) fn dropped(&self) -> u64 {
        held(&self.lines).iter().map(|line| line.ledger.kernel_drops).sum()
    }

    /// Adds an input; gives its number.
    pub(super) fn add_line(&self, name: String, tags: Vec<String>, state: &str) -> usize {
        let mut lines = held(&self.lines);
        let ledger = Ledger::default();
        lines.push(LineState { name, tags, state: state.to_owned(), ledger, heard: Instant::now() });
        lines.len() - 1
    }

    /// Brings an input's books up to date.
    pub(super) fn update_line(&self, number: usize, state: String, ledger: Ledger) {
        if let Some(line) = held(&self.lines).get_mut(number) {
            line.state = state;
            line.ledger = ledger;
            line.heard = Instant::now();
        }
    }

    /// Inputs of which nothing was heard for so long. Each publishes its books every second, and only after its workers
    /// have answered.
    pub(super) fn stuck(&self, patience: Duration) -> Vec<String> {
        let lines = held(&self.lines);
        lines.iter().filter(|line| line.heard.elapsed() > patience).map(|line| line.name.clone()).collect()
    }

    /// Hands events to whoever wants them, and empties `events`. Files wait for the queue, live lines do not.
    pub(super) fn deliver(&self, events: &mut Vec<Event>, live: bool) {
        let kinds = *held(&self.kinds);
        events.retain(|event| kinds.contains(event.kind()));
        if events.is_empty() {
            return;
        }
        {
            let mut tally = held(&self.tally);
            events.iter().for_each(|event| tally.count(event));
        }
        if let Some(eve) = &self.eve {
            let mut eve = held(eve);
            events.iter().for_each(|event| eve.event(event.clone()));
            eve.flush();
        }
        let forward = self.forward.read().unwrap_or_else(PoisonError::into_inner);
        match forward.as_ref() {
            Some(forward) if live => forward.try_send(std::mem::take(events)),
            Some(forward) => forward.send(std::mem::take(events)),
            None => events.clear(),
        }
    }

    /// Whether standard output is closed, so that printing is of no use.
    pub(super) fn output_closed(&self) -> bool {
        self.eve.as_ref().is_some_and(|eve| held(eve).has_failed())
    }

    pub(super) fn has_uplink(&self) -> bool {
        self.forward_status().is_some()
    }

    pub(super) fn forward_status(&self) -> Option<forward::Status> {
        let forward = self.forward.read().unwrap_or_else(PoisonError::into_inner);
        forward.as_ref().map(Forward::status).or_else(|| held(&self.ended).clone())
    }

    /// Does something with the running uplink.
    pub(super) fn with_uplink<T>(&self, work: impl FnOnce(&Forward) -> T) -> Option<T> {
        self.forward.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(work)
    }

    /// Ends the uplink; what is not acknowledged stays spooled.
    pub(super) fn end_uplink(&self) {
        let forward = self.forward.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(forward) = forward {
            *held(&self.ended) = Some(forward.stop());
        }
    }

    /// The sum of the lines' ledgers.
    pub(super) fn ledger(&self) -> Ledger {
        let mut total = Ledger::default();
        held(&self.lines).iter().for_each(|line| total.add(&line.ledger));
        total.add(&held(&self.detail));
        total.uptime_seconds = self.started.elapsed().as_secs();
        total.events = held(&self.tally).events;
        if let Some(status) = self.forward_status() {
            status.fill(&mut total);
        }
        total
    }

    /// The ledger when all is over.
    pub(super) fn final_ledger(&self) -> Ledger {
        self.ledger()
    }

    /// Tells the collector the totals.
    pub(super) fn report(&self) {
        let ledger = self.ledger();
        self.with_uplink(|forward| forward.report(ledger));
    }

    /// Every key whose value in `loaded` is another than the one in force.
    pub(super) fn changes(&self, loaded: &Loaded) -> Vec<Change> {
        let before = Loaded { config: held(&self.config).clone(), ..Loaded::default() }.values();
        let pairs = before.into_iter().zip(loaded.values()).filter(|(old, new)| old.1 != new.1);
        pairs.map(|((key, old), (_, new))| Change { key, old, new }).collect()
    }

    /// The configuration in force.
    pub(super) fn config(&self) -> Config {
        held(&self.config).clone()
    }

    /// From now on this configuration is in force, as far as the books go.
    pub(super) fn apply(&self, config: Config) {
        if let Ok(kinds) = Kinds::named(config.output.kinds.iter().map(String::as_str)) {
            *held(&self.kinds) = kinds;
        }
        self.told.store(Level::from(config.output.detail) as u8, Ordering::Relaxed);
        *held(&self.config) = config;
    }

    /// How things stand, in a line.
    pub(super) fn sentence(&self) -> String {
        let inputs: Vec<String> =
            held(&self.lines).iter().map(|line| format!("{}: {}", line.name, line.state)).collect();
        let uplink = self.forward_status().map_or_else(|| "nothing is sent".to_owned(), |status| status.state);
        format!("{}; {uplink}", inputs.join(", "))
    }

    /// Brings the books of packets that were asked for up to date.
    pub(super) fn set_detail(&self, ledger: Ledger) {
        *held(&self.detail) = ledger;
    }

    /// Everything, for those who ask.
    pub(super) fn snapshot(&self) -> Snapshot {
        let ledger = self.ledger();
        let uplink = self.forward_status();
        let tally = held(&self.tally).clone();
        let mut site = held(&self.config).agent.site.clone();
        if let (true, Some(status)) = (site.is_empty(), &uplink) {
            // The collector knows the site where the configuration names none.
            site.clone_from(&status.site);
        }
        Snapshot {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            agent: self.agent.clone(),
            site,
            pid: std::process::id(),
            uptime_seconds: ledger.uptime_seconds,
            inputs: held(&self.lines).iter().map(input_status).collect(),
            protocols: tally.protocols,
            kinds: tally.kinds,
            verdicts: tally.verdicts,
            ledger: ledger_json(&ledger),
            ledger_text: ledger_text(&ledger, uplink.is_some()),
            confined: self.confined.clone(),
            uplink: uplink.map(|status| UplinkStatus {
                connected: status.connected,
                state: status.state,
                transport: status.transport.to_owned(),
                refused: status.refused,
                epoch: status.epoch,
                spool_bytes: status.spool_bytes,
                trouble: status.trouble,
            }),
        }
    }
}

fn input_status(line: &LineState) -> InputStatus {
    InputStatus {
        name: line.name.clone(),
        tags: line.tags.clone(),
        state: line.state.clone(),
        frames: line.ledger.frames,
        bytes: line.ledger.bytes,
        kernel_drops: line.ledger.kernel_drops,
        interface_drops: line.ledger.interface_drops,
    }
}
