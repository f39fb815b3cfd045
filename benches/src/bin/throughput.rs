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
    let mine = contest.per_packet("picket-agent").unwrap_or(f64::NAN);
    check("the bare loop", mine / contest.per_packet(contest::LOOP).unwrap_or(f64::NAN), args.max_loop_ratio)?;
    match contest.per_packet("ndpiReader") {
        Some(ndpi) => check("ndpiReader -q", mine / ndpi, args.max_ndpi_ratio),
        None => Ok(()),
    }
}

fn check(what: &str, ratio: f64, limit: Option<f64>) -> Result<()> {
    match limit {
        Some(limit) if ratio > limit || ratio.is_nan() => {
            bail!("{ratio:.2} times the CPU of {what}, allowed are {limit:.2}")
        }
        _ => Ok(()),
    }
}
