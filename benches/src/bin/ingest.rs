//! Ingest from end to end: agents in a process of their own, over real QUIC on loopback, into a durable store.
//!
//! Prints events per CPU-second of the collector's process (decode, commit with flush, postings, and the engine
//! where asked for), bytes on the wire an event, and how long it takes from hand-over until an event can be asked
//! for by entity and time.
//!
//! `ingest --agents 4 --events 200000` measures the rate into the log. `ingest --engine --events 1000000` has the engine
//! in it: the events of each agent, the only one of its site, lie over `--hours` (four days) and `--hosts`, so that hours end and are
//! judged and days are closed and learnt while events come. The first day is learnt and not judged: the rate of judged events is of those
//! after it, and of the processor time since. `ingest --minute 200` sends so many flow rows a second
//! for a minute and measures the bytes of UDP payload the agent sent: QUIC's headers, handshake and acknowledgements
//! included, those of IP and UDP (28 a packet) not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test or bench that cannot go on ends")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "benches do I/O")]

use anyhow::{Context, bail};
use clap::Parser;
use picket_collector::store::{Batch, EntityKey, Store};
use picket_engine::{Engine, Findings};
use picket_event::{Site, Timestamp};
use picket_tests::transport::{AgentAt, CollectorAt, Generator, Mix};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const START: i64 = 1_772_409_600_000_000_000;
/// Time of events that frames of different classes may lie apart: less than the engine waits.
const WAITED: Duration = Duration::from_secs(600);
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Debug, Parser)]
struct Arguments {
    /// Agents at once.
    #[arg(long, default_value_t = 4)]
    agents: u32,
    /// Events of all agents together.
    #[arg(long, default_value_t = 200_000)]
    events: usize,
    /// Instead: flow rows a second of one agent, for a minute.
    #[arg(long)]
    minute: Option<u32>,
    /// Run the engine on what was stored.
    #[arg(long)]
    engine: bool,
    /// Hours that the events of an agent lie over.
    #[arg(long, default_value_t = 96)]
    hours: u32,
    /// Hosts of an agent.
    #[arg(long, default_value_t = 500)]
    hosts: u32,
    /// The part of the agents, a token for each; started by this program itself.
    #[arg(long, hide = true)]
    token: Vec<String>,
    /// Where the agents keep their state.
    #[arg(long, hide = true)]
    place: Option<PathBuf>,
}

fn cpu() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match (arguments.token.first(), &arguments.place) {
        (Some(token), Some(place)) => match arguments.minute {
            Some(rate) => minute(token, place, rate),
            None => send(&arguments, place),
        },
        _ => collect(&arguments),
    }
}

/// What came of one site.
struct Seen {
    /// When the first day is over, and its late events are in: what comes then is judged.
    learnt: Timestamp,
    newest: Timestamp,
    /// Events by hour since 1970.
    hours: BTreeMap<i64, u64>,
}

/// The engine where it is asked for, and what it judges.
struct Judge {
    engine: Option<Engine>,
    findings: Findings,
    found: usize,
    seen: u64,
    agents: usize,
    sites: BTreeMap<Site, Seen>,
    /// CPU seconds and events when every site had learnt its first day.
    learnt: Option<(f64, u64)>,
}

impl Judge {
    fn new(engine: bool, agents: u32) -> Self {
        let engine = engine.then(|| Engine::new(picket_engine::Config::default()));
        let (findings, sites) = (Findings::new(), BTreeMap::new());
        Self { engine, findings, found: 0, seen: 0, agents: agents as usize, sites, learnt: None }
    }

    fn take(&mut self, batch: &Batch) {
        let Some(engine) = &mut self.engine else {
            self.seen += batch.events.len() as u64;
            return;
        };
        engine.apply(&batch.events, &mut self.findings);
        self.found += self.findings.take().len();
        let waits = Duration::from_secs(engine.config().lateness_seconds.into());
        for events in batch.events.chunk_by(|a, b| a.site == b.site) {
            let Some(first) = events.first() else { continue };
            let midnight = (first.event.time.seconds() / DAY + 1) * DAY;
            let new = || Seen {
                learnt: Timestamp::from_parts(midnight, 0).plus(waits),
                newest: Timestamp::EPOCH,
                hours: BTreeMap::new(),
            };
            let site = self.sites.entry(first.site.clone()).or_insert_with(new);
            for envelope in events {
                site.newest = site.newest.max(envelope.event.time);
                *site.hours.entry(envelope.event.time.seconds() / HOUR).or_default() += 1;
            }
        }
        self.seen += batch.events.len() as u64;
        let all = self.sites.len() >= self.agents && self.sites.values().all(|site| site.newest >= site.learnt);
        if self.learnt.is_none() && all {
            self.learnt = Some((cpu(), self.seen));
        }
    }

    /// Events of hours that the engine still waits for.
    fn waiting(&self, lateness: u32) -> u64 {
        let of = |site: &Seen| -> u64 {
            let open = (site.newest.seconds() - i64::from(lateness)) / HOUR;
            site.hours.range(open..).map(|(_, events)| events).sum()
        };
        self.sites.values().map(of).sum()
    }

    fn print(&self, used: f64, took: f64) {
        let (seen, rate) = (self.seen, self.seen as f64 / used);
        let with = if self.engine.is_some() { " with engine" } else { "" };
        println!(
            "collector: {seen} events, {used:.2} CPU-s{with}, {took:.2} s: {rate:.0} durable, queryable events per CPU-second"
        );
        let Some(engine) = &self.engine else { return };
        println!("engine: {} entities, {} findings, {:?}", engine.entities().len(), self.found, engine.counters());
        let Some((before, learnt)) = self.learnt else {
            return println!("judged: none, since the events do not last for longer than a day");
        };
        let (after, used) = (seen - learnt, cpu() - before);
        let judged = after.saturating_sub(self.waiting(engine.config().lateness_seconds)) as f64;
        println!(
            "judged: after the day that is learnt alone {after} events, {:.3} of them judged, {used:.2} CPU-s: {:.0} durable, \
             queryable, judged events per CPU-second",
            judged / after as f64,
            judged / used
        );
    }
}

/// The collector's side.
fn collect(arguments: &Arguments) -> anyhow::Result<()> {
    let place = tempfile_dir()?;
    let collector = CollectorAt::start(&place.join("collector"))?;
    let mut child = Command::new(std::env::current_exe()?);
    for n in 0..arguments.agents.max(1) {
        child.args(["--token", &collector.token(&format!("site-{n}"), 1, Duration::from_secs(3_600))?]);
    }
    child.args([
        "--hours",
        &arguments.hours.to_string(),
        "--hosts",
        &arguments.hosts.to_string(),
        "--agents",
        &arguments.agents.to_string(),
        "--events",
        &arguments.events.to_string(),
    ]);
    if arguments.engine {
        child.arg("--engine");
    }
    if let Some(rate) = arguments.minute {
        child.args(["--minute", &rate.to_string()]);
    }
    child.arg("--place").arg(place.join("agents")).stdout(Stdio::inherit());
    let (cpu_before, begin) = (cpu(), Instant::now());
    let mut child = child.spawn().context("start the agents")?;
    let mut judge = Judge::new(arguments.engine, arguments.agents.max(1));
    let status = loop {
        while let Ok(batch) = collector.engine.recv_timeout(Duration::from_millis(20)) {
            judge.take(&batch);
        }
        if let Some(status) = child.try_wait()? {
            break status;
        }
    };
    collector.engine.try_iter().for_each(|batch| judge.take(&batch));
    let (used, took) = (cpu() - cpu_before, begin.elapsed().as_secs_f64());
    if !status.success() {
        bail!("the agents failed");
    }
    let health = collector.ingest.health();
    let disk = collector.store.disk_bytes()?;
    judge.print(used, took);
    let seen = judge.seen;
    println!(
        "store: {} commits, {:.1} bytes an event in frames, {:.1} on disk",
        health.commits,
        health.bytes as f64 / seen as f64,
        disk as f64 / seen as f64
    );
    let key: EntityKey = "10.1.1.5".parse().map_err(anyhow::Error::msg)?;
    let begin = Instant::now();
    let found = collector.store.events(key, Timestamp::from_nanos(START), Timestamp::MAX, 1_000)?;
    println!("query: {} events of {key} in {:.1} ms", found.len(), begin.elapsed().as_secs_f64() * 1e3);
    collector.stop();
    std::fs::remove_dir_all(&place).context("clean up")
}

fn tempfile_dir() -> anyhow::Result<PathBuf> {
    let place = std::env::temp_dir().join(format!("picket-bench-{}", std::process::id()));
    std::fs::create_dir_all(&place)?;
    Ok(place)
}

/// The agents' side: as fast as it goes.
fn send(arguments: &Arguments, place: &Path) -> anyhow::Result<()> {
    let each = (arguments.events / arguments.token.len()).max(1);
    let step = Duration::from_secs(u64::from(arguments.hours) * 3_600).div_f64(each as f64);
    let (hosts, spread) = (arguments.hosts, arguments.engine);
    // Frames hold events of one class each. Of a time that the engine waits for, as they do where hours are not passed in a moment.
    let most = if spread { (WAITED.as_secs_f64() / step.as_secs_f64()) as usize } else { usize::MAX };
    let part = most.clamp(1, 500);
    let threads: Vec<_> = (0u32..)
        .zip(&arguments.token)
        .map(|(n, token)| {
            let mut agent = AgentAt::enrol(token, &format!("agent-{n}"), place)?;
            // Hours are passed in a moment: what is made then is not to overtake what came before.
            agent.in_order = true;
            Ok(std::thread::spawn(move || -> anyhow::Result<(u64, u64)> {
                let forward = agent.start()?;
                let mut generator = Generator::new(u64::from(n) + 1, START, 1_000, Mix::Mixed);
                if spread {
                    generator = generator.spread(hosts, step);
                }
                for _ in 0..each.div_ceil(part) {
                    forward.send(generator.take(part));
                    if spread {
                        forward.flush();
                    }
                }
                if !forward.drain(PATIENCE) {
                    bail!("not drained: {:?}", forward.status());
                }
                let status = forward.stop();
                Ok((status.acknowledged, status.wire_bytes))
            }))
        })
        .collect::<anyhow::Result<_>>()?;
    let (mut events, mut bytes) = (0u64, 0u64);
    for thread in threads {
        let (sent, wire) = thread.join().map_err(|_| anyhow::anyhow!("an agent panicked"))??;
        events += sent;
        bytes += wire;
    }
    println!(
        "agents: {events} events, {bytes} bytes sent: {:.1} bytes an event on the wire",
        bytes as f64 / events as f64
    );
    Ok(())
}

/// The agents' side: a minute of mixed traffic at its own pace.
fn minute(token: &str, place: &Path, rate: u32) -> anyhow::Result<()> {
    let mut agent = AgentAt::enrol(token, "agent", place)?;
    agent.batch_delay = picket_agent::config::Uplink::default().batch_delay.0;
    let forward = agent.start()?;
    let mut generator = Generator::new(1, START, rate, Mix::Flows);
    let begin = Instant::now();
    for tenth in 1..=600u32 {
        let due = u64::from(rate) * u64::from(tenth) / 10 - u64::from(rate) * u64::from(tenth - 1) / 10;
        forward.send(generator.take(due as usize));
        std::thread::sleep((Duration::from_millis(100) * tenth).saturating_sub(begin.elapsed()));
    }
    if !forward.drain(PATIENCE) {
        bail!("not drained: {:?}", forward.status());
    }
    let status = forward.stop();
    let per = status.wire_bytes as f64 / status.acknowledged as f64;
    println!(
        "minute: {} flow rows at {rate}/s: {per:.1} bytes an event on the wire (UDP payload sent)",
        status.acknowledged
    );
    Ok(())
}
