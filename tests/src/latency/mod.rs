//! From the packet that completes the cause of an alert to the first answer of the interface that shows it.
//!
//! Both real programs, the agent watching a virtual interface. Among steady ordinary traffic, hosts that were never seen call
//! a server with the marks of malware; `GET /api/v1/alerts` is asked every 20 ms over one connection.

mod traffic;

pub use traffic::{Cause, Traffic};

use crate::namespace::near;
use crate::programs::{Agent, Collector, Setting, cpu_seconds};
use anyhow::{Context as _, Result};
use picket_agent::status::Snapshot;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often the interface is asked.
const POLL: Duration = Duration::from_millis(20);
/// How often the sender puts frames on the wire.
const TURN: Duration = Duration::from_millis(2);
/// Traffic before the first alert is caused, so that start-up is not measured.
const WARM_UP: Duration = Duration::from_secs(2);
/// How long the last alerts are waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// Time for reading a capture into the spool.
const SPOOL_PATIENCE: Duration = Duration::from_secs(300);
/// Events of a backlog that are no backlog any more.
const LEFT: u64 = 5_000;

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Events a second.
    pub events: u32,
    /// Causes of alerts a second.
    pub alerts: u32,
    /// Seconds of it.
    pub seconds: u32,
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Milliseconds from packet to alert, sorted.
    pub times: Vec<f64>,
    /// Causes that became no alert.
    pub missing: usize,
    /// Of the causes, how many came while a backlog drained.
    pub behind: usize,
    /// Ordinary events a second that were sent.
    pub rate: f64,
    frames: u64,
    ledger: Value,
    /// Shares of a core: agent, collector.
    shares: [f64; 2],
}

impl Measured {
    /// The time within which this share of the alerts was shown, milliseconds.
    #[must_use]
    pub fn within(&self, share: f64) -> f64 {
        percentile(&self.times, share)
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |name: &str| self.ledger.get(name).and_then(Value::as_u64).unwrap_or(0);
        writeln!(
            f,
            "sent: {} frames, {:.0} events/s; agent: {} frames, {} dropped, {} events made, {} acknowledged",
            self.frames,
            self.rate,
            number("frames"),
            number("kernel_drops") + number("interface_drops"),
            number("events"),
            number("events_acknowledged")
        )?;
        let [agent, collector] = self.shares;
        writeln!(f, "processor: agent {:.1} % of a core, collector {:.1} %", agent * 100.0, collector * 100.0)?;
        let [half, most, all] = [0.5, 0.99, 1.0].map(|share| self.within(share));
        write!(
            f,
            "packet to alert: p50 {half:.0} ms, p99 {most:.0} ms, max {all:.0} ms ({} alerts, {} missing)",
            self.times.len(),
            self.missing
        )?;
        if self.behind > 0 { write!(f, "; {} while a backlog drained", self.behind) } else { Ok(()) }
    }
}

/// Measures over the cable `near` - `far`, in a network namespace with loopback; state lies in `folder`.
///
/// # Errors
/// When a program fails.
pub fn measure(load: Load, folder: &Path) -> Result<Measured> {
    run(load, None, folder)
}

/// The same with an agent that was away for as long as this capture lasts, and comes back as the measurement begins.
///
/// # Errors
/// When a program fails.
pub fn measure_behind(load: Load, backlog: &Path, folder: &Path) -> Result<Measured> {
    run(load, Some(backlog), folder)
}

/// Fills the agent's spool with what it makes of a capture while no collector answers.
fn spool(state: &Path, backlog: &Path) -> Result<()> {
    let nobody = "[uplink]\ncollectors = [\"127.0.0.1:9\"]\n";
    let agent = Agent::start(state, nobody, &["--file", backlog.to_str().context("the capture's path is text")?])?;
    let is_spooled = |snapshot: &Snapshot| {
        let ledger = &snapshot.ledger;
        let books = ["events", "events_spooled"].map(|name| ledger.get(name).and_then(Value::as_u64).unwrap_or(0));
        books[0] > 0 && books[0] == books[1] && snapshot.inputs.iter().all(|input| input.state == "done")
    };
    agent.wait_for("done with the capture", SPOOL_PATIENCE, is_spooled)?;
    // What was read last is flushed within a second.
    std::thread::sleep(Duration::from_secs(2));
    agent.kill()
}

/// When little of the backlog is left; the beginning where none was ever seen.
fn drained(agent: &Agent, over: &AtomicBool) -> Instant {
    let (begin, mut seen) = (Instant::now(), false);
    loop {
        let left = agent.snapshot().and_then(|snapshot| snapshot.ledger.get("events_spooled")?.as_u64()).unwrap_or(0);
        seen |= left >= LEFT;
        if seen && left < LEFT {
            return Instant::now();
        }
        if over.load(Ordering::Acquire) {
            return if seen { Instant::now() } else { begin };
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn run(load: Load, backlog: Option<&Path>, folder: &Path) -> Result<Measured> {
    let collector = Collector::start(folder, &Setting { alerts_per_site_day: 20_000, ..Setting::default() })?;
    collector.enrol("sensor", &collector.token("bench")?)?;
    let token = collector.api_token()?;
    if let Some(backlog) = backlog {
        spool(&collector.agent_state("sensor"), backlog)?;
    }
    let agent = Agent::start(&collector.agent_state("sensor"), "", &["-i", "far"])?;
    agent.wait_for("connected", PATIENCE, |snapshot| {
        snapshot.uplink.as_ref().is_some_and(|uplink| uplink.connected)
            && snapshot.inputs.iter().any(|input| input.state == "capturing")
    })?;
    let mut traffic = Traffic::new(load.events, load.alerts);
    let over = AtomicBool::new(false);
    let (causes, shares, seen, drained) = std::thread::scope(|scope| -> Result<_> {
        let polling = scope.spawn(|| poll(&collector, &token, &over));
        let draining = scope.spawn(|| if backlog.is_some() { drained(&agent, &over) } else { Instant::now() });
        let (begin, before) = (Instant::now(), costs(&agent, &collector));
        // A backlog drains from the first moment on.
        let warm_up = if backlog.is_some() { Duration::ZERO } else { WARM_UP };
        let causes = send(&mut traffic, warm_up, Duration::from_secs(load.seconds.into()));
        let (after, seconds) = (costs(&agent, &collector), begin.elapsed().as_secs_f64());
        let settled = causes.as_ref().map_or(Ok(()), |causes| settle(&collector, &token, causes.len()));
        over.store(true, Ordering::Release);
        let seen = polling.join().map_err(|_| anyhow::anyhow!("the polling panicked"))??;
        settled?;
        let drained = draining.join().map_err(|_| anyhow::anyhow!("the watch on the spool panicked"))?;
        Ok((causes?, [0, 1].map(|index| (after[index] - before[index]) / seconds), seen, drained))
    })?;
    // The agent's books are published once a second.
    std::thread::sleep(Duration::from_millis(1200));
    let ledger = agent.snapshot().context("the agent does not answer")?.ledger;
    let time = |(cause, at): &(Cause, Instant)| {
        Some(seen.get(&cause.entity)?.saturating_duration_since(*at).as_secs_f64() * 1e3)
    };
    let mut times: Vec<f64> = causes.iter().filter_map(time).collect();
    times.sort_by(f64::total_cmp);
    let rate = traffic.events() as f64 / f64::from(load.seconds.max(1));
    let behind = if backlog.is_some() { causes.iter().filter(|(_, at)| *at < drained).count() } else { 0 };
    Ok(Measured { missing: causes.len() - times.len(), behind, times, rate, frames: traffic.frames(), ledger, shares })
}

fn costs(agent: &Agent, collector: &Collector) -> [f64; 2] {
    [agent.pid(), collector.pid()].map(cpu_seconds)
}

/// Puts the traffic on the wire at its pace; when each cause was complete.
fn send(traffic: &mut Traffic, warm_up: Duration, length: Duration) -> Result<Vec<(Cause, Instant)>> {
    let mut near = near();
    let begin = Instant::now();
    let mut causes = Vec::new();
    while begin.elapsed() < length {
        let now = begin.elapsed();
        traffic.until(now, now >= warm_up, &mut |frame| near.sendpacket(frame).context("put a frame on the wire"))?;
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
        let findings = page.get("findings").and_then(Value::as_array).context("no findings in the answer")?;
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

/// Waits until there are as many alerts as causes, [`PATIENCE`] at most.
fn settle(collector: &Collector, token: &str, causes: usize) -> Result<()> {
    let mut https = collector.https()?;
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let page = https.get("/alerts?limit=1", token)?;
        if page.get("total").and_then(Value::as_u64).unwrap_or(0) >= causes as u64 {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// The value below or at which this share of the sorted values lies.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_came() {
        let values: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!([0.5, 0.99, 1.0].map(|share| percentile(&values, share)), [100.0, 198.0, 200.0]);
    }
}
