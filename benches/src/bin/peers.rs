//! One capture read by Picket and by other programs, in the same run: processor time, wall-clock time, peak memory.
//!
//! The rows differ in what they do: the loop looks at 64 bytes of a packet, softflowd counts flows, nDPI names
//! applications, nfstream (which uses nDPI) adds statistics of flows, tshark dissects every packet in full and is
//! therefore given only the first of them. What is not installed is left out and said; `packaging/setup.sh peers` installs it.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "benches measure")]

use anyhow::{Context as _, Result};
use clap::Parser;
use picket_benches::contest::{self, Contender, Contest, installed};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Measure `picket-agent read` beside ndpiReader, softflowd, tshark and nfstream.
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
    /// Worker counts of picket-agent
    #[arg(long, value_delimiter = ',', default_value = "1,2")]
    threads: Vec<u8>,
    /// Packets that tshark is given
    #[arg(long, default_value_t = 50_000)]
    tshark_packets: u64,
    /// A Python that has nfstream
    #[arg(long, value_name = "FILE", default_value = "target/venv/bin/python")]
    python: PathBuf,
    /// Be the bare loop
    #[arg(long, hide = true)]
    bare_loop: bool,
}

/// A program that takes longer than this, seconds, has failed.
const LIMIT: &str = "900";

/// NFStream with its flow statistics and the first 20 lengths, on one core.
const NFSTREAM: &str = "import sys, nfstream
flows = nfstream.NFStreamer(source=sys.argv[1], statistical_analysis=True, splt_analysis=20, n_meters=1)
sum(1 for _ in flows)";

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
    // Takes what softflowd exports; nobody reads it.
    let collector = UdpSocket::bind("127.0.0.1:0").context("open a port for softflowd's records")?;
    let port = collector.local_addr().context("its number")?.port();
    let peers = [
        ("ndpiReader (Debian: libndpi-bin)", contest::ndpi(&args.capture)),
        ("softflowd (Debian: softflowd)", softflowd(&args.capture, port)),
        ("tshark (Debian: tshark)", tshark(&args.capture, args.tshark_packets.min(contest.packets()))),
        ("nfstream (PyPI: nfstream)", nfstream(&args.capture, &args.python)),
    ];
    for (what, peer) in peers {
        match peer {
            Some(peer) => contest.add(peer),
            None => println!("{what} is not installed: its row is left out"),
        }
    }
    contest.run(args.rounds)?;
    contest.print();
    println!("Ratios are of processor time a packet. tshark was given {} packets.", args.tshark_packets);
    Ok(())
}

/// A program under a time limit.
fn limited(program: &Path) -> Command {
    let mut command = Command::new("timeout");
    command.arg(LIMIT).arg(program);
    command
}

/// Flow accounting, exported as IPFIX.
fn softflowd(capture: &Path, port: u16) -> Option<Contender> {
    let mut command = limited(&installed("softflowd")?);
    let number = std::env::temp_dir().join(format!("picket-softflowd-{}.pid", std::process::id()));
    // With a control socket of its own name version 1.1.0 waits for a command and reads nothing.
    command.args(["-d", "-6", "-v", "10", "-c", "none", "-n"]).arg(format!("127.0.0.1:{port}"));
    command.arg("-p").arg(number).arg("-r").arg(capture);
    Some(Contender::new("softflowd, IPFIX", command))
}

/// A full dissector with eight fields.
fn tshark(capture: &Path, packets: u64) -> Option<Contender> {
    let mut command = limited(&installed("tshark")?);
    command.arg("-r").arg(capture).args(["-c", &packets.to_string(), "-T", "fields"]);
    for field in [
        "frame.time_epoch",
        "ip.src",
        "ip.dst",
        "tcp.srcport",
        "udp.srcport",
        "_ws.col.Protocol",
        "tls.handshake.extensions_server_name",
        "dns.qry.name",
    ] {
        command.args(["-e", field]);
    }
    Some(Contender::of_packets("tshark -T fields, 8 fields", command, packets))
}

fn nfstream(capture: &Path, python: &Path) -> Option<Contender> {
    let there = Command::new(python)
        .args(["-c", "import nfstream"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let mut command = limited(python);
    command.args(["-c", NFSTREAM]).arg(capture);
    there.then(|| Contender::new("nfstream, statistics, one meter", command))
}
