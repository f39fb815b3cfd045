//! How long an alert takes: from the packet that completed its cause on the wire to the first answer of the interface that
//! shows it, at a steady rate of events, with both real programs.
//!
//! As root: a pair of virtual interfaces in a network namespace of its own, the agent watching one end. Ordinary traffic is
//! name look-ups (one event each) and short TCP conversations (one row each); among it, each from a host of its own, TLS
//! conversations with the marks of malware, which a sensor's verdict makes an alert of. `GET /api/v1/alerts` is asked every
//! 20 ms over one connection.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test or bench that cannot go on ends")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a program does I/O")]

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;
use pcap::{Active, Capture as Handle};
use picket_tests::latency::{Cause, Traffic, percentile};
use picket_tests::programs::{Agent, Collector, Setting, cpu_seconds};
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Measures the time from packet to alert.
#[derive(Parser)]
struct Arguments {
    /// Events a second.
    #[arg(long, default_value_t = 5000)]
    events: u32,
    /// Seconds of traffic.
    #[arg(long, default_value_t = 40)]
    seconds: u32,
    /// Alerts a second.
    #[arg(long, default_value_t = 5)]
    alerts: u32,
    /// Fail when the 99th percentile is above so many milliseconds.
    #[arg(long)]
    bound: Option<u64>,
    /// Already inside the namespace.
    #[arg(long, hide = true)]
    inside: bool,
}

/// How often the interface is asked.
const POLL: Duration = Duration::from_millis(20);
/// How often the sender puts frames on the wire.
const TURN: Duration = Duration::from_millis(2);
/// Traffic before the first alert is caused, so that start-up is not measured.
const WARM_UP: Duration = Duration::from_secs(3);
/// How long the last alerts are waited for.
const PATIENCE: Duration = Duration::from_secs(15);

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if !arguments.inside {
        ensure!(rustix::process::geteuid().is_root(), "latency: needs root to make a network namespace");
        let status = Command::new("unshare")
            .arg("--net")
            .arg(std::env::current_exe()?)
            .args(std::env::args().skip(1))
            .arg("--inside")
            .status()
            .context("unshare --net")?;
        ensure!(status.success(), "the measurement failed in its namespace");
        return Ok(());
    }
    cable()?;
    let folder = std::env::temp_dir().join(format!("picket-latency-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let result = measure(&arguments, &folder);
    std::fs::remove_dir_all(&folder).context("clean up")?;
    result
}

/// Loopback for the programs, and the two ends of a cable; nothing else speaks on it.
fn cable() -> Result<()> {
    // Where the file is missing, there is no IPv6 to be silenced.
    let _ = std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
    let mut lines = vec!["link set lo up".to_owned(), "link add near type veth peer name far".to_owned()];
    for end in ["near", "far"] {
        lines.push(format!("link set {end} arp off"));
        lines.push(format!("link set {end} up"));
    }
    for line in lines {
        ensure!(Command::new("ip").args(line.split(' ')).status()?.success(), "ip {line}");
    }
    Ok(())
}

fn measure(arguments: &Arguments, folder: &std::path::Path) -> Result<()> {
    let collector = Collector::start(folder, &Setting { alerts_per_site_day: 20_000, ..Setting::default() })?;
    let enrolment = collector.token("bench")?;
    collector.enrol("sensor", &enrolment)?;
    let agent = Agent::start(&collector.agent_state("sensor"), "", &["-i", "far"])?;
    agent.wait_for("connected", Duration::from_secs(20), |snapshot| {
        snapshot.uplink.as_ref().is_some_and(|uplink| uplink.connected)
            && snapshot.inputs.iter().any(|input| input.state == "capturing")
    })?;
    let token = collector.api_token()?;
    let mut traffic = Traffic::new(arguments.events, arguments.alerts);
    let near = Handle::from_device("near")?.open()?;
    let before = Costs::of(&agent, &collector);
    let begin = Instant::now();
    let over = AtomicBool::new(false);
    let (causes, seen) = std::thread::scope(|scope| -> Result<_> {
        let polling = scope.spawn(|| poll(&collector, &token, &over));
        let causes = send(near, &mut traffic, Duration::from_secs(arguments.seconds.into()));
        let sent = causes.as_ref().map(Vec::len).unwrap_or_default();
        wait_for_the_rest(&collector, &token, sent)?;
        over.store(true, Ordering::Release);
        let seen = polling.join().map_err(|_| anyhow::anyhow!("the polling panicked"))??;
        Ok((causes?, seen))
    })?;
    let used = Costs::of(&agent, &collector);
    let ledger = agent.snapshot().context("the agent does not answer")?.ledger;
    let number = |name: &str| ledger.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0);
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "sent: {} frames, {} events' worth in {} s; agent: {} frames, {} dropped, {} events made, {} acknowledged",
        traffic.frames(),
        traffic.events(),
        arguments.seconds,
        number("frames"),
        number("kernel_drops") + number("interface_drops"),
        number("events"),
        number("events_acknowledged")
    );
    println!(
        "processor: agent {:.2} of a core, collector {:.2} (over {seconds:.0} s, the waiting at the end included)",
        (used.agent - before.agent) / seconds,
        (used.collector - before.collector) / seconds
    );
    report(&causes, &seen, traffic.events() as f64 / f64::from(arguments.seconds), arguments.bound)
}

/// Processor time used so far.
struct Costs {
    agent: f64,
    collector: f64,
}

impl Costs {
    fn of(agent: &Agent, collector: &Collector) -> Self {
        Self { agent: cpu_seconds(agent.pid()), collector: cpu_seconds(collector.pid()) }
    }
}

/// Puts the traffic on the wire at its pace; when each cause was complete.
fn send(mut near: Handle<Active>, traffic: &mut Traffic, length: Duration) -> Result<Vec<(Cause, Instant)>> {
    let begin = Instant::now();
    let mut causes = Vec::new();
    while begin.elapsed() < length {
        let now = begin.elapsed();
        traffic.until(now, now >= WARM_UP, &mut |frame| near.sendpacket(frame).context("put a frame on the wire"))?;
        let stamp = Instant::now();
        causes.extend(traffic.completed().map(|cause| (cause, stamp)));
        std::thread::sleep(TURN);
    }
    Ok(causes)
}

/// Asks for the alerts again and again; when each entity was first seen among them.
fn poll(collector: &Collector, token: &str, over: &AtomicBool) -> Result<BTreeMap<String, Instant>> {
    let mut https = collector.https()?;
    let mut seen = BTreeMap::new();
    loop {
        let last = over.load(Ordering::Acquire);
        let began = Instant::now();
        let page = https.get("/alerts?limit=50", token)?;
        let now = Instant::now();
        let findings = page.get("findings").and_then(serde_json::Value::as_array).context("no findings in the answer")?;
        for entity in findings.iter().filter_map(|finding| finding.get("entity")?.as_str()) {
            if !seen.contains_key(entity) {
                seen.insert(entity.to_owned(), now);
            }
        }
        if last {
            return Ok(seen);
        }
        std::thread::sleep(POLL.saturating_sub(began.elapsed()));
    }
}

/// Waits until there are as many alerts as causes, or none came for long.
fn wait_for_the_rest(collector: &Collector, token: &str, sent: usize) -> Result<()> {
    let mut https = collector.https()?;
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let page = https.get("/alerts?limit=1", token)?;
        if page.get("total").and_then(serde_json::Value::as_u64).unwrap_or(0) >= sent as u64 {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn report(
    causes: &[(Cause, Instant)],
    seen: &BTreeMap<String, Instant>,
    rate: f64,
    bound: Option<u64>,
) -> Result<()> {
    let mut times: Vec<f64> = causes
        .iter()
        .filter_map(|(cause, at)| Some(seen.get(&cause.entity)?.saturating_duration_since(*at).as_secs_f64() * 1e3))
        .collect();
    let missing = causes.len() - times.len();
    if times.is_empty() {
        bail!("none of {} causes became an alert", causes.len());
    }
    times.sort_by(f64::total_cmp);
    let [half, most, all] = [0.5, 0.99, 1.0].map(|share| percentile(&times, share));
    println!(
        "packet to alert: p50 {half:.0} ms, p99 {most:.0} ms, max {all:.0} ms ({} alerts, {missing} missing, {rate:.0} events/s)",
        times.len()
    );
    ensure!(missing == 0, "{missing} causes became no alert");
    if let Some(bound) = bound {
        ensure!(most <= bound as f64, "p99 is {most:.0} ms, {bound} ms are allowed");
    }
    Ok(())
}
