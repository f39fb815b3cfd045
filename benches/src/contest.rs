//! Programs that read one capture, run in turn and compared: processor time, wall-clock time, peak memory.
//!
//! Each round runs every program once, and the median of the rounds counts, so that what else the machine does meets
//! all of them. Ratios to the bare loop carry over between machines, seconds do not.

use crate::cost::{Cost, median, run};
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The name of the first contender.
pub const LOOP: &str = "libpcap loop";

/// The name of nDPI's reader.
pub const NDPI: &str = "ndpiReader -q";

/// One program with what its rounds cost.
#[derive(Debug)]
pub struct Contender {
    name: String,
    command: Command,
    /// How many packets it reads, where not all.
    packets: Option<u64>,
    costs: Vec<Cost>,
}

impl Contender {
    /// A program that reads the whole capture.
    #[must_use]
    pub fn new(name: &str, command: Command) -> Self {
        Self { name: name.to_owned(), command, packets: None, costs: Vec::new() }
    }

    /// A program that is given only so many packets, because it is slow.
    #[must_use]
    pub fn of_packets(name: &str, command: Command, packets: u64) -> Self {
        Self { packets: Some(packets), ..Self::new(name, command) }
    }

    /// The medians of its times, and the highest of its peaks.
    fn cost(&self) -> Cost {
        let median = |pick: fn(&Cost) -> f64| median(&self.costs.iter().map(pick).collect::<Vec<_>>());
        Cost {
            cpu_seconds: median(|cost| cost.cpu_seconds),
            wall_seconds: median(|cost| cost.wall_seconds),
            peak_mib: self.costs.iter().map(|cost| cost.peak_mib).fold(0.0, f64::max),
        }
    }
}

/// The programs in the order of the table; the first is the bare loop.
#[derive(Debug)]
pub struct Contest {
    contenders: Vec<Contender>,
    packets: u64,
}

impl Contest {
    /// Begins with the bare loop over the capture: this program, called with `--bare-loop`.
    ///
    /// # Errors
    /// When the capture cannot be read.
    pub fn over(capture: &Path) -> Result<Self> {
        let mut bare = Command::new(std::env::current_exe().context("find this program")?);
        bare.arg("--bare-loop").arg(capture);
        // Also brings the file into the page cache.
        let packets = bare_loop(capture)?;
        anyhow::ensure!(packets > 0, "{}: no packets", capture.display());
        Ok(Self { contenders: vec![Contender::new(LOOP, bare)], packets })
    }

    /// Packets of the capture.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// Adds a program.
    pub fn add(&mut self, contender: Contender) {
        self.contenders.push(contender);
    }

    /// Runs all rounds.
    ///
    /// # Errors
    /// When a program fails.
    pub fn run(&mut self, rounds: usize) -> Result<()> {
        for _ in 0..rounds.max(1) {
            for contender in &mut self.contenders {
                contender.costs.push(run(&mut contender.command)?);
            }
        }
        Ok(())
    }

    /// What a contender of this name cost: the medians of its times, and the highest of its peaks.
    #[must_use]
    pub fn cost(&self, name: &str) -> Option<Cost> {
        self.contenders.iter().find(|contender| contender.name == name).map(Contender::cost)
    }

    /// Microseconds of processor time a packet.
    fn per_packet(&self, contender: &Contender) -> f64 {
        let packets = contender.packets.unwrap_or(self.packets).min(self.packets);
        contender.cost().cpu_seconds * 1e6 / packets as f64
    }

    /// The table; ratios are of processor time a packet, to the loop and to nDPI.
    pub fn print(&self) {
        let each = |name| self.contenders.iter().find(|contender| contender.name == name).map(|it| self.per_packet(it));
        let (loops, ndpi) = (each(LOOP).unwrap_or(f64::NAN), each(NDPI));
        let rounds = self.contenders.first().map_or(0, |contender| contender.costs.len());
        println!("{} packets, {rounds} round(s), medians", self.packets);
        println!(
            "{:<34} {:>8} {:>8} {:>8} {:>8} {:>8} {:>13} {:>9}",
            "", "CPU s", "wall s", "us/pkt", "x loop", "x nDPI", "packets/CPU-s", "peak MiB"
        );
        for contender in &self.contenders {
            let (each, cost) = (self.per_packet(contender), contender.cost());
            let beside = ndpi.map_or_else(|| "-".to_owned(), |ndpi| format!("{:.2}", each / ndpi));
            println!(
                "{:<34} {:>8.3} {:>8.3} {each:>8.3} {:>8.2} {beside:>8} {:>13.0} {:>9.1}",
                contender.name,
                cost.cpu_seconds,
                cost.wall_seconds,
                each / loops,
                1e6 / each,
                cost.peak_mib,
            );
        }
    }
}

/// Reads every packet and looks at its first bytes, with libpcap.
///
/// # Errors
/// When libpcap cannot read the file.
pub fn bare_loop(path: &Path) -> Result<u64> {
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

/// `picket-agent read` without output and scoring; `named`, or the one built beside this bench.
///
/// # Errors
/// When the program is not there.
pub fn agent(named: Option<&Path>, capture: &Path, threads: u8) -> Result<Contender> {
    let beside = std::env::current_exe().context("find this program")?.with_file_name("picket-agent");
    let agent = named.unwrap_or(&beside);
    if !agent.exists() {
        bail!("{}: not found; build it with `cargo build -p picket-agent`, or name it by --agent", agent.display());
    }
    let mut command = Command::new(agent);
    command.args(["read", "--threads", &threads.to_string(), "--output", "none", "--no-score"]).arg(capture);
    Ok(Contender::new(&agent_name(threads), command))
}

/// The name of `picket-agent read` with so many workers.
#[must_use]
pub fn agent_name(threads: u8) -> String {
    format!("picket-agent read, {threads} worker(s)")
}

/// `ndpiReader -q`, where it is installed.
#[must_use]
pub fn ndpi(capture: &Path) -> Option<Contender> {
    let mut command = Command::new(installed("ndpiReader")?);
    command.args(["-q", "-i"]).arg(capture);
    Some(Contender::new(NDPI, command))
}

/// Where a program is installed; the folders for the system's own programs are looked through too.
#[must_use]
pub fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}
