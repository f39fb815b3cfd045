//! How long an alert takes: from the packet that completed its cause on the wire to the first answer of the interface that
//! shows it, at a steady rate of events, with both real programs over a pair of virtual interfaces (needs root).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test or bench that cannot go on ends")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a program does I/O")]

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use picket_tests::latency::{Load, measure};
use picket_tests::namespace::{cable, ip};
use std::process::Command;

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
    #[arg(long, value_name = "MS")]
    bound: Option<f64>,
    /// Already inside the namespace.
    #[arg(long, hide = true)]
    inside: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if !arguments.inside {
        if !rustix::process::geteuid().is_root() {
            println!("latency: left out, it needs root to make a network namespace");
            return Ok(());
        }
        let mut again = Command::new("unshare");
        again.arg("--net").arg(std::env::current_exe()?).args(std::env::args().skip(1)).arg("--inside");
        ensure!(again.status().context("unshare --net")?.success(), "the measurement failed in its namespace");
        return Ok(());
    }
    ip("link set lo up");
    cable();
    let folder = std::env::temp_dir().join(format!("picket-latency-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let Arguments { events, alerts, seconds, bound, .. } = arguments;
    let measured = measure(Load { events, alerts, seconds }, &folder);
    std::fs::remove_dir_all(&folder).context("clean up")?;
    let measured = measured?;
    println!("{measured}");
    ensure!(measured.missing == 0, "{} causes became no alert", measured.missing);
    if let Some(bound) = bound {
        ensure!(measured.within(0.99) <= bound, "p99 is {:.0} ms, {bound} ms are allowed", measured.within(0.99));
    }
    Ok(())
}
