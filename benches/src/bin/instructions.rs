//! Instructions a packet by stage of the line, counted by valgrind: they do not depend on what else the machine does, so
//! that a regression of two in a hundred is seen.
//!
//! This program runs itself under `cachegrind` once a stage, each stage doing what the one before it does and something
//! more; the difference is the stage's. What one packet takes is taken off, so that the start is out. valgrind shows
//! programs no SHA instructions: hashing counts as software here and is cheaper in truth (about 250 instructions a packet
//! of an office's mix).
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "benches measure")]

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum};
use picket_agent::capture::{FileSource, Filled, FrameBatch, FrameSource};
use picket_agent::sensor::{Count, Limits, Sensor, Settings};
use picket_benches::contest::installed;
use picket_dissect::{Context, Conversation, Output};
use picket_event::{Direction, FlowEnd, Timestamp};
use picket_feature::FlowStats;
use picket_flow::{Anomaly, Clock, Flow, FlowKey, Handler, Packet, StreamItem, Table, TableConfig, TableTimeouts};
use picket_packet::{Frame, Upper, decode};
use picket_score::Bundle;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// The agent's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Count instructions a packet by stage.
#[derive(Debug, Parser)]
struct Args {
    /// Capture to read
    capture: PathBuf,
    /// Packets to read of it
    #[arg(long, default_value_t = 100_000)]
    packets: u64,
    /// Fail where the whole line without scoring takes more a packet
    #[arg(long, value_name = "INSTRUCTIONS")]
    max_whole: Option<u64>,
    /// Compare with the counts of this file (lines of a stage, a tab, its instructions), within three in a hundred: what a
    /// stage costs more or less is said, and the whole must not cost more
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,
    /// Write the counts to this file, to compare with later
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Be a stage
    #[arg(long, hide = true)]
    stage: Option<Stage>,
}

/// Each does what the one before does, and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Stage {
    /// Frames of the file.
    Read,
    /// Headers.
    Decode,
    /// Conversations.
    Flow,
    /// Running statistics.
    Feature,
    /// Bytes put into their order, identification, and what is said.
    Dissect,
    /// The sensor with its events, hosts, pairs and assets.
    Whole,
    /// The sensor with the models that are built in.
    Score,
}

fn main() -> Result<()> {
    let args = Args::parse();
    if let Some(stage) = args.stage {
        return run(stage, &args.capture, args.packets);
    }
    let Some(valgrind) = installed("valgrind") else {
        println!("valgrind is not installed (Debian: valgrind): instructions are not counted");
        return Ok(());
    };
    println!("{:<10} {:>12} {:>12}   instructions a packet, the first {}", "", "stage", "in all", args.packets);
    let (mut before, mut whole, mut counts) = (0.0, 0.0, Vec::new());
    for stage in Stage::value_variants() {
        let count = |packets| instructions(&valgrind, *stage, &args.capture, packets);
        let all = count(args.packets)?.saturating_sub(count(1)?) as f64 / args.packets.saturating_sub(1).max(1) as f64;
        let name = format!("{stage:?}").to_lowercase();
        println!("{name:<10} {:>12.0} {all:>12.0}", all - before);
        counts.push((name, all - before, all));
        before = all;
        if *stage == Stage::Whole {
            whole = all;
        }
    }
    if let Some(file) = &args.write {
        let lines: String = counts.iter().map(|(name, own, _)| format!("{name}\t{own:.0}\n")).collect();
        std::fs::write(file, lines).with_context(|| format!("write {}", file.display()))?;
    }
    if let Some(file) = &args.reference {
        let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
        let told = Reference::of(&text)?.told(&counts);
        println!("{}", told.words.join("\n"));
        if told.is_worse {
            bail!("the whole line takes more instructions a packet than {} allows", file.display());
        }
    }
    match args.max_whole {
        Some(most) if whole > most as f64 => bail!("{whole:.0} instructions a packet, allowed are {most}"),
        _ => Ok(()),
    }
}

/// What is allowed above the reference: counts differ a little between compilers and libraries.
const TOLERANCE: f64 = 0.03;

/// Instructions a packet of each stage alone, as they were.
struct Reference(BTreeMap<String, f64>);

/// What a comparison says.
struct Compared {
    words: Vec<String>,
    is_worse: bool,
}

impl Reference {
    fn of(text: &str) -> Result<Self> {
        let line = |line: &str| {
            let (stage, count) = line.split_once('\t')?;
            Some((stage.to_owned(), count.trim().parse().ok()?))
        };
        let read = |text: &str| line(text).with_context(|| format!("\"{text}\" is no stage with its count"));
        text.lines().map(read).collect::<Result<_>>().map(Self)
    }

    /// Compares stages (name, own count, count with all before) in their order; `whole` decides.
    fn told(&self, counts: &[(String, f64, f64)]) -> Compared {
        let (mut words, mut is_worse, mut sum) = (Vec::new(), false, 0.0);
        for (name, own, all) in counts {
            let Some(before) = self.0.get(name) else {
                words.push(format!("{name}: not in the reference"));
                continue;
            };
            sum += before;
            if (own - before).abs() > TOLERANCE * before.max(1.0) {
                let word = if own > before { "more" } else { "less" };
                words.push(format!("{name}: {own:.0} instructions, {:.0} {word} than before", (own - before).abs()));
            }
            if name == "whole" && *all > sum * (1.0 + TOLERANCE) {
                is_worse = true;
                words.push(format!(
                    "in all: {all:.0} instructions a packet, {sum:.0} before: {TOLERANCE} more are allowed"
                ));
            }
        }
        if words.is_empty() {
            words.push("every stage is as before".to_owned());
        }
        Compared { words, is_worse }
    }
}

/// What a stage takes for so many packets, the start included.
fn instructions(valgrind: &Path, stage: Stage, capture: &Path, packets: u64) -> Result<u64> {
    let this = std::env::current_exe().context("find this program")?;
    let name = stage.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let mut command = Command::new(valgrind);
    command.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]).arg(this);
    command.args(["--stage", &name, "--packets", &packets.to_string()]).arg(capture);
    let output = command.output().with_context(|| format!("run {command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let counted = said.lines().find_map(|line| {
        let (_, number) = line.split_once("refs:")?;
        number.trim().replace(',', "").parse().ok()
    });
    counted.with_context(|| format!("{command:?} told no instructions: {said}"))
}

/// Is a stage.
fn run(stage: Stage, capture: &Path, packets: u64) -> Result<()> {
    let settings = Settings::file("bench.pcap");
    match stage {
        Stage::Read => frames(capture, packets, |frame| {
            black_box(frame.data.first());
        }),
        Stage::Decode => frames(capture, packets, |frame| {
            black_box(&decode(&frame));
        }),
        Stage::Flow | Stage::Feature | Stage::Dissect => flows(stage, capture, packets),
        Stage::Whole => sensor(&settings, capture, packets),
        Stage::Score => {
            let bundle = Bundle::built_in().map_err(|refusal| anyhow::anyhow!("built-in bundle: {refusal}"))?;
            sensor(&Settings { bundle: Some(Arc::new(bundle)), ..settings }, capture, packets)
        }
    }
}

/// Gives the first frames of a capture.
fn frames(capture: &Path, packets: u64, mut each: impl FnMut(Frame<'_>)) -> Result<()> {
    let mut source = FileSource::open(capture)?;
    let mut batch = FrameBatch::new();
    let mut left = usize::try_from(packets)?;
    while left > 0
        && let Filled::Frames = source.fill(&mut batch)?
    {
        batch.frames().take(left).for_each(|frame| each(frame.packet()));
        left = left.saturating_sub(batch.len());
    }
    Ok(())
}

fn sensor(settings: &Settings, capture: &Path, packets: u64) -> Result<()> {
    let (mut sensor, mut sink) = (Sensor::new(settings), Count::default());
    frames(capture, packets, |frame| sensor.frame(frame, &mut sink))?;
    sensor.finish(&mut sink);
    black_box(sink);
    Ok(())
}

/// Decodes into one table of conversations, with a listener that does what the stage asks for.
fn flows(stage: Stage, capture: &Path, packets: u64) -> Result<()> {
    let mut table = Table::new(config(&Limits::default()));
    let mut listener = Listener { stage, output: Output::default() };
    let (mut clock, mut tick) = (Clock::default(), 0);
    frames(capture, packets, |frame| {
        let time = Timestamp::from_nanos(frame.time_ns);
        let now = clock.observe(time);
        if std::mem::replace(&mut tick, Clock::tick_of(now)) != Clock::tick_of(now) {
            table.advance(now, &mut listener);
        }
        let decoded = decode(&frame);
        if decoded.stop.is_some() || decoded.fragment.is_some() {
            return;
        }
        let Some(keyed) = FlowKey::of(&decoded, frame.link_type) else { return };
        let packet = Packet {
            time,
            now,
            key: keyed.key,
            hash: keyed.key.hash([1, 2]),
            from_low: keyed.from_low,
            from_client: keyed.from_client,
            frames: 1,
            wire_len: frame.wire_len.0,
            vlan: decoded.link.vlan,
            tcp: if let Some(Upper::Tcp(tcp)) = decoded.upper { Some(tcp) } else { None },
            payload: decoded.payload,
            payload_wire: decoded.payload_wire.0,
            ttl: decoded.network.map_or(0, |network| network.ttl),
            tunnel: decoded.tunnel.as_ref(),
        };
        table.packet(&packet, &mut listener);
    })?;
    table.finish(&mut listener);
    black_box(table.counters());
    Ok(())
}

/// The table of one shard, with the sensor's own limits for all.
fn config(limits: &Limits) -> TableConfig {
    let nanos = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    let t = &limits.timeouts;
    TableConfig {
        shard: 0,
        flows: limits.flows,
        flow_bytes: limits.reassembly_flow_bytes as usize,
        table_bytes: limits.reassembly_bytes as usize,
        timeouts: TableTimeouts {
            tcp_established: nanos(t.tcp_established),
            tcp_unestablished: nanos(t.tcp_unestablished),
            tcp_closed: nanos(t.tcp_closed),
            tcp_late: nanos(t.tcp_late),
            udp: nanos(t.udp),
            other: nanos(t.other),
            link: nanos(t.link),
            active: nanos(t.active),
        },
    }
}

struct Listener {
    stage: Stage,
    output: Output,
}

struct Kept {
    stats: FlowStats,
    conversation: Option<Conversation>,
}

impl Listener {
    /// Reads something of a conversation and forgets what was said.
    fn read(
        &mut self,
        flow: &Flow,
        state: &mut Kept,
        time: Timestamp,
        read: impl FnOnce(&mut Conversation, &Context, &mut Output),
    ) {
        if let Some(conversation) = &mut state.conversation {
            read(
                conversation,
                &Context { time, endpoints: flow.endpoints(), opener_seen: flow.opener_seen() },
                &mut self.output,
            );
            self.output.clear();
        }
    }
}

impl Handler for Listener {
    type State = Kept;

    fn open(&mut self, flow: &Flow) -> Kept {
        let conversation = (self.stage >= Stage::Dissect).then(|| Conversation::new(&flow.endpoints()));
        Kept { stats: FlowStats::default(), conversation }
    }

    fn packet(&mut self, flow: &Flow, state: &mut Kept, direction: Direction, packet: &Packet<'_>) {
        if self.stage >= Stage::Feature {
            let (flags, window) = packet.tcp.map_or((0, 0), |tcp| (tcp.flags, tcp.window));
            let (wire, payload) = (packet.wire_len, packet.payload_wire);
            state.stats.packet(direction, packet.time, wire, payload, flags, window, packet.payload);
        }
        let wanted = state.conversation.as_ref().is_some_and(|conversation| conversation.wants(direction));
        if packet.tcp.is_none() && !packet.payload.is_empty() && wanted {
            self.read(flow, state, packet.time, |conversation, context, output| {
                conversation.datagram(direction, packet.payload, context, output);
            });
        }
    }

    fn wants(&self, state: &Kept, direction: Direction) -> bool {
        state.conversation.as_ref().is_some_and(|conversation| conversation.wants(direction))
    }

    fn stream(&mut self, flow: &Flow, state: &mut Kept, direction: Direction, item: StreamItem<'_>, time: Timestamp) {
        self.read(flow, state, time, |conversation, context, output| match item {
            StreamItem::Data(bytes) => conversation.stream(direction, bytes, context, output),
            StreamItem::Gap(length) => conversation.gap(direction, length, context, output),
            StreamItem::End => conversation.end(direction, context, output),
        });
    }

    fn anomaly(&mut self, _flow: &Flow, _state: &mut Kept, anomaly: &Anomaly, _time: Timestamp) {
        black_box(anomaly);
    }

    fn row(&mut self, flow: &Flow, state: &mut Kept, reason: FlowEnd) {
        if reason != FlowEnd::Active {
            for direction in [Direction::ToServer, Direction::ToClient] {
                self.read(flow, state, flow.end(), |conversation, context, output| {
                    conversation.end(direction, context, output);
                });
            }
        }
        black_box(&state.stats);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_grew_is_told_and_the_whole_decides() {
        let reference = Reference::of("read\t100\nwhole\t1000\nscore\t50\n").unwrap();
        let counts = |read: f64, whole: f64, score: f64| {
            let all = [("read", read), ("whole", whole), ("score", score)];
            let mut sum = 0.0;
            all.map(|(name, own)| {
                sum += own;
                (name.to_owned(), own, sum)
            })
        };
        let told = |read, whole, score| reference.told(&counts(read, whole, score));
        let same = told(102.0, 1_010.0, 50.0);
        assert_eq!((same.words, same.is_worse), (vec!["every stage is as before".to_owned()], false));
        let moved = told(150.0, 950.0, 80.0);
        assert!(!moved.is_worse, "what one stage lost another won");
        assert_eq!(moved.words.len(), 3);
        assert!(told(100.0, 1_040.0, 50.0).is_worse);
        assert!(Reference::of("read 100").is_err());
    }
}
