//! What reading a capture costs, beside a bare libpcap loop and nDPI, in alternation on one machine.
//!
//! Ratios carry over between machines, seconds do not. The capture is made by `make_bench.py` of the shared
//! folder (`--mb 600 --seed 1`) or by the product's own generator. `peers` compares with more programs.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "benches measure")]

use anyhow::{Result, bail};
use clap::Parser;
use picket_benches::contest::{self, Contest};
use std::path::PathBuf;

/// Measure `picket-agent read` against a bare libpcap loop and ndpiReader.
#[derive(Debug, Parser)]
struct Args {
    /// Capture to read
    capture: PathBuf,
    /// Program to measure; by default the one built beside this bench
    #[arg(long, value_name = "FILE")]
    agent: Option<PathBuf>,
    /// Rounds; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Measure several worker counts
    #[arg(long, value_delimiter = ',', default_value = "1")]
    threads: Vec<u8>,
    /// Fail unless CPU is at most this many times the loop's (with the first worker count)
    #[arg(long)]
    max_loop_ratio: Option<f64>,
    /// Fail unless CPU is at most this many times nDPI's (with the first worker count)
    #[arg(long)]
    max_ndpi_ratio: Option<f64>,
    /// Fail unless the peak memory is at most so many MiB (with the first worker count)
    #[arg(long)]
    max_peak_mib: Option<f64>,
    /// Fail unless the second worker count takes at most this many times the CPU of the first
    #[arg(long)]
    max_shared_cpu: Option<f64>,
    /// Fail unless the second worker count takes at most this many times the time of the first
    #[arg(long)]
    max_shared_wall: Option<f64>,
    /// Be the bare loop
    #[arg(long, hide = true)]
    bare_loop: bool,
}

fn main() -> Result<()> {
    let args = Args::parse();
    if args.bare_loop {
        contest::bare_loop(&args.capture)?;
        return Ok(());
    }
    let mut contest = Contest::over(&args.capture)?;
    for threads in &args.threads {
        contest.add(contest::agent(args.agent.as_deref(), &args.capture, *threads)?);
    }
    match contest::ndpi(&args.capture) {
        Some(ndpi) => contest.add(ndpi),
        None => println!("ndpiReader is not installed (Debian: libndpi-bin): its row is left out"),
    }
    contest.run(args.rounds)?;
    contest.print();
    judge(&args, &contest)
}

/// Holds the rows against the limits that were given.
fn judge(args: &Args, contest: &Contest) -> Result<()> {
    let cost = |threads: u8| contest.cost(&contest::agent_name(threads)).unwrap_or_default();
    let mut counts = args.threads.iter().copied();
    let mine = cost(counts.next().unwrap_or_default());
    let bare = contest.cost(contest::LOOP).unwrap_or_default();
    check("times the CPU of the bare loop", mine.cpu_seconds / bare.cpu_seconds, args.max_loop_ratio)?;
    if let Some(ndpi) = contest.cost(contest::NDPI) {
        check("times the CPU of ndpiReader -q", mine.cpu_seconds / ndpi.cpu_seconds, args.max_ndpi_ratio)?;
    }
    check("MiB", mine.peak_mib, args.max_peak_mib)?;
    // Without a second worker count there is nothing to compare, and a limit on it fails.
    let (cpu, wall) = counts.next().map(cost).map_or((f64::NAN, f64::NAN), |shared| {
        (shared.cpu_seconds / mine.cpu_seconds, shared.wall_seconds / mine.wall_seconds)
    });
    check("times the CPU with the second worker count", cpu, args.max_shared_cpu)?;
    check("times the time with the second worker count", wall, args.max_shared_wall)
}

fn check(what: &str, value: f64, limit: Option<f64>) -> Result<()> {
    match limit {
        Some(limit) if value > limit || value.is_nan() => bail!("{value:.2} {what}, allowed are {limit:.2}"),
        _ => Ok(()),
    }
}
