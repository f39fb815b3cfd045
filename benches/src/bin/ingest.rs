//! Ingest from end to end: agents in a process of their own, over real QUIC on loopback, into a durable store.
//!
//! Prints events per CPU-second of the collector's process (decode, commit with flush, postings, and the engine
//! where asked for), bytes on the wire an event, and how long it takes from hand-over until an event can be asked
//! for by entity and time.
//!
//! `ingest --agents 4 --events 200000` measures the rate; `ingest --minute 200` sends so many flow rows a second
//! for a minute and measures the bytes of UDP payload the agent sent: QUIC's headers, handshake and acknowledgements
//! included, those of IP and UDP (28 a packet) not.
//! for a minute and measures the bytes, QUIC's and those of IP and UDP included.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test or bench that cannot go on ends")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "benches do I/O")]

use anyhow::{Context, bail};
use clap::Parser;
use picket_collector::store::{EntityKey, Store};
use picket_event::Timestamp;
use picket_tests::transport::{AgentAt, CollectorAt, Generator, Mix};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const START: i64 = 1_772_409_600_000_000_000;
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
    /// The part of the agents; started by this program itself.
    #[arg(long, hide = true)]
    token: Option<String>,
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
    match (&arguments.token, &arguments.place) {
        (Some(token), Some(place)) => match arguments.minute {
            Some(rate) => minute(token, place, rate),
            None => send(&arguments, token, place),
        },
        _ => collect(&arguments),
    }
}

/// The collector's side.
fn collect(arguments: &Arguments) -> anyhow::Result<()> {
    let place = tempfile_dir()?;
    let collector = CollectorAt::start(&place.join("collector"))?;
    let token = collector.token("", arguments.agents.max(1), Duration::from_secs(3_600))?;
    let mut child = Command::new(std::env::current_exe()?);
    child.args([
        "--token",
        &token,
        "--agents",
        &arguments.agents.to_string(),
        "--events",
        &arguments.events.to_string(),
    ]);
    if let Some(rate) = arguments.minute {
        child.args(["--minute", &rate.to_string()]);
    }
    child.arg("--place").arg(place.join("agents")).stdout(Stdio::inherit());
    let (cpu_before, begin) = (cpu(), Instant::now());
    let mut child = child.spawn().context("start the agents")?;
    let mut engine = arguments.engine.then(|| picket_engine::Engine::new(picket_engine::Config::default()));
    let mut findings = picket_engine::Findings::new();
    let mut seen = 0u64;
    let status = loop {
        while let Ok(batch) = collector.engine.recv_timeout(Duration::from_millis(20)) {
            seen += batch.events.len() as u64;
            if let Some(engine) = &mut engine {
                engine.apply(&batch.events, &mut findings);
                findings.take();
            }
        }
        if let Some(status) = child.try_wait()? {
            break status;
        }
    };
    for batch in collector.engine.try_iter() {
        seen += batch.events.len() as u64;
        if let Some(engine) = &mut engine {
            engine.apply(&batch.events, &mut findings);
        }
    }
    let (used, took) = (cpu() - cpu_before, begin.elapsed().as_secs_f64());
    if !status.success() {
        bail!("the agents failed");
    }
    let health = collector.ingest.health();
    let disk = collector.store.disk_bytes()?;
    let with = if arguments.engine { "with" } else { "without" };
    println!(
        "collector: {seen} events, {used:.2} CPU-s {with} engine, {took:.2} s: {:.0} events per CPU-second",
        seen as f64 / used
    );
    if let Some(engine) = &engine {
        println!("engine: {:?}", engine.counters());
    }
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
fn send(arguments: &Arguments, token: &str, place: &Path) -> anyhow::Result<()> {
    let agents = arguments.agents.max(1);
    let each = arguments.events / agents as usize;
    let threads: Vec<_> = (0..agents)
        .map(|n| {
            let agent = AgentAt::enrol(token, &format!("agent-{n}"), place)?;
            Ok(std::thread::spawn(move || -> anyhow::Result<(u64, u64)> {
                let forward = agent.start()?;
                let mut generator = Generator::new(u64::from(n) + 1, START, 1_000, Mix::Mixed);
                for _ in 0..each.div_ceil(500) {
                    forward.send(generator.take(500));
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
