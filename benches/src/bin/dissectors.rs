//! What each dissector of the registry costs: nanoseconds an event and a byte over its golden captures, with
//! identification and without. One row a protocol; one without golden captures ends the run with an error.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test or bench that cannot go on ends")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "benches measure")]

use picket_agent::capture::{FileSource, Filled, FrameBatch, FrameSource};
use picket_dissect::{Context, Conversation, Output, registry};
use picket_event::{Direction, Endpoints, Mac, Timestamp, Transport};
use picket_packet::{Decoded, Frame, Link, Upper, WireLen, decode};
use picket_tests::{golden, place};
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

/// Payloads of one conversation.
struct Payloads {
    context: Context,
    pieces: Vec<(Direction, Vec<u8>)>,
}

fn main() -> anyhow::Result<()> {
    println!(
        "{:8} {:>8} {:>8} {:>12} {:>12} {:>12}",
        "protocol", "events", "bytes", "ns/event", "ns/byte", "ns/event id."
    );
    let mut left_out = Vec::new();
    for registry::Entry { dissector, .. } in registry::ALL {
        let name = dissector.protocol().name().to_owned();
        let mut all = Vec::new();
        for capture in place::files(&golden::folder(&name), &["pcap", "pcapng"]) {
            all.extend(payloads(&capture)?);
        }
        if all.is_empty() {
            left_out.push(name);
            continue;
        }
        let bytes: usize = all.iter().flat_map(|p| &p.pieces).map(|(_, bytes)| bytes.len()).sum();
        let (known, events) = measure(&all, |context| Conversation::known(&dissector.protocol(), context));
        let (identified, _) = measure(&all, |context| Some(Conversation::new(&context.endpoints)));
        let per = |time: f64, count: usize| time / count.max(1) as f64;
        println!(
            "{name:8} {events:>8} {bytes:>8} {:>12.0} {:>12.1} {:>12.0}",
            per(known, events),
            per(known, bytes),
            per(identified, events)
        );
    }
    if !left_out.is_empty() {
        println!("without a golden capture of their own: {}", left_out.join(", "));
    }
    Ok(())
}

/// Nanoseconds for one round over all conversations, the best of the rounds of half a second, and its events.
fn measure(all: &[Payloads], open: impl Fn(&Context) -> Option<Conversation>) -> (f64, usize) {
    let mut output = Output::default();
    let (mut best, mut events) = (f64::MAX, 0);
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(500) {
        let round = Instant::now();
        events = 0;
        for Payloads { context, pieces } in all {
            let Some(mut conversation) = open(context) else { continue };
            for (direction, bytes) in pieces {
                conversation.stream(*direction, bytes, context, &mut output);
            }
            for direction in [Direction::ToServer, Direction::ToClient] {
                conversation.end(direction, context, &mut output);
            }
            events += black_box(&output).events.len();
            output.clear();
        }
        best = best.min(round.elapsed().as_nanos() as f64);
    }
    (best, events)
}

/// The conversations of a golden capture; the captures are in order, and clients have the higher ports.
fn payloads(path: &Path) -> anyhow::Result<Vec<Payloads>> {
    let mut source = FileSource::open(path)?;
    let mut batch = FrameBatch::new();
    let mut found: Vec<Payloads> = Vec::new();
    while let Filled::Frames = source.fill(&mut batch)? {
        for frame in batch.frames() {
            let frame =
                Frame { time_ns: 0, link_type: frame.link_type, wire_len: WireLen(frame.wire), data: frame.bytes };
            take(&frame, &mut found);
        }
    }
    Ok(found)
}

fn take(frame: &Frame<'_>, found: &mut Vec<Payloads>) {
    let decoded = decode(frame);
    if decoded.payload.is_empty() {
        return;
    }
    let Some(network) = decoded.network else { return below_ip(&decoded, frame.link_type, found) };
    let (from, to) = match decoded.upper {
        Some(Upper::Tcp(tcp)) => (tcp.src_port, tcp.dest_port),
        Some(Upper::Udp { src_port, dest_port }) => (src_port, dest_port),
        // Neighbour discovery and others that know no ports.
        _ => (0, 0),
    };
    let ends = Endpoints::Ip {
        src: network.src,
        src_port: from,
        dest: network.dest,
        dest_port: to,
        transport: Transport(network.protocol),
    };
    let (endpoints, direction) =
        if from > to { (ends, Direction::ToServer) } else { (ends.swapped(), Direction::ToClient) };
    put(found, endpoints, direction, decoded.payload);
}

/// A frame of a protocol below IP: each sender is a conversation.
fn below_ip(decoded: &Decoded<'_>, link_type: u16, found: &mut Vec<Payloads>) {
    let Link { src, dest, ether_type, .. } = decoded.link;
    let endpoints = Endpoints::Link { src: src.map(Mac), dest: dest.map(Mac), ether_type, link_type };
    put(found, endpoints, Direction::ToServer, decoded.payload);
}

fn put(found: &mut Vec<Payloads>, endpoints: Endpoints, direction: Direction, payload: &[u8]) {
    let at = found.iter().position(|p| p.context.endpoints == endpoints).unwrap_or_else(|| {
        found.push(Payloads {
            context: Context { time: Timestamp::EPOCH, endpoints, opener_seen: true },
            pieces: Vec::new(),
        });
        found.len() - 1
    });
    if let Some(payloads) = found.get_mut(at) {
        payloads.pieces.push((direction, payload.to_vec()));
    }
}
