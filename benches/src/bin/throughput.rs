//! What reading a capture costs, beside a bare libpcap loop and nDPI, in alternation on one machine.
//!
//! Ratios carry over between machines, seconds do not. The capture is made by `make_bench.py` of the shared
//! folder (`--mb 600 --seed 1`) or by the product's own generator.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test or bench that cannot go on ends")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "benches measure")]

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use picket_benches::cost::{Cost, median, run};
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// One program with what its rounds cost.
struct Contender {
    name: String,
    command: Command,
    costs: Vec<Cost>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    if args.bare_loop {
        let packets = bare_loop(&args.capture)?;
        anyhow::ensure!(packets > 0, "{}: no packets", args.capture.display());
        return Ok(());
    }
    let mut contenders = contenders(&args)?;
    let packets = bare_loop(&args.capture)?; // also brings the file into the page cache
    for _ in 0..args.rounds.max(1) {
        for contender in &mut contenders {
            contender.costs.push(run(&mut contender.command)?);
        }
    }
    report(&args, &contenders, packets)
}

/// Reads every packet and looks at its first bytes, as PERFORMANCE of the peers was taken.
fn bare_loop(path: &Path) -> Result<u64> {
    let mut capture =
        pcap::Capture::from_file(path).with_context(|| format!("open {} with libpcap", path.display()))?;
    let (mut packets, mut sum) = (0u64, 0u64);
    loop {
        match capture.next_packet() {
            Ok(packet) => {
                packets += 1;
                sum += packet.data.iter().take(64).map(|byte| u64::from(*byte)).sum::<u64>();
            }
            Err(pcap::Error::NoMorePackets) => break,
            Err(error) => return Err(error).context("read with libpcap"),
        }
    }
    std::hint::black_box(sum);
    Ok(packets)
}

fn contenders(args: &Args) -> Result<Vec<Contender>> {
    let this = std::env::current_exe().context("find this program")?;
    let agent = args.agent.clone().unwrap_or_else(|| this.with_file_name("picket-agent"));
    if !agent.exists() {
        bail!("{}: not found; build it with `cargo build -p picket-agent`, or name it by --agent", agent.display());
    }
    let contender = |name: String, command: Command| Contender { name, command, costs: Vec::new() };
    let mut bare = Command::new(&this);
    bare.arg("--bare-loop").arg(&args.capture);
    let mut all = vec![contender("libpcap loop".to_owned(), bare)];
    for threads in &args.threads {
        let mut command = Command::new(&agent);
        command.args(["read", "--threads", &threads.to_string(), "--output", "none", "--no-score"]).arg(&args.capture);
        all.push(contender(format!("picket-agent read, {threads} worker(s)"), command));
    }
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join("ndpiReader").exists()));
    if found {
        let mut command = Command::new("ndpiReader");
        command.args(["-q", "-i"]).arg(&args.capture);
        all.push(contender("ndpiReader -q".to_owned(), command));
    } else {
        println!("ndpiReader is not installed (Debian: libndpi-bin): its row is left out");
    }
    Ok(all)
}

fn report(args: &Args, contenders: &[Contender], packets: u64) -> Result<()> {
    let of =
        |contender: &Contender, pick: fn(&Cost) -> f64| median(&contender.costs.iter().map(pick).collect::<Vec<_>>());
    let cpu: Vec<f64> = contenders.iter().map(|contender| of(contender, |cost| cost.cpu_seconds)).collect();
    let wall: Vec<f64> = contenders.iter().map(|contender| of(contender, |cost| cost.wall_seconds)).collect();
    let base = cpu.first().copied().unwrap_or(f64::NAN);
    let ndpi = contenders.iter().position(|c| c.name.starts_with("ndpi")).and_then(|at| cpu.get(at)).copied();
    println!("{packets} packets, {} round(s), medians", args.rounds.max(1));
    println!(
        "{:<32} {:>8} {:>8} {:>8} {:>8} {:>12} {:>9}",
        "", "CPU s", "wall s", "x loop", "x nDPI", "packets/CPU-s", "peak MiB"
    );
    for ((contender, cpu), wall) in contenders.iter().zip(&cpu).zip(&wall) {
        let peak = contender.costs.iter().map(|cost| cost.peak_mib).fold(0.0, f64::max);
        let beside = ndpi.map_or_else(|| "-".to_owned(), |ndpi| format!("{:.2}", cpu / ndpi));
        println!(
            "{:<32} {cpu:>8.3} {wall:>8.3} {:>8.2} {beside:>8} {:>12.0} {peak:>9.1}",
            contender.name,
            cpu / base,
            packets as f64 / cpu
        );
    }
    let mine = cpu.get(1).copied().unwrap_or(f64::NAN);
    check("the bare loop", mine / base, args.max_loop_ratio)?;
    match ndpi {
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
