//! Seeds for fuzzing: the payloads of the golden captures in the form that the target `dissector` reads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test or bench that cannot go on ends")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a program does I/O")]

use picket_agent::capture::{FileSource, Filled, FrameBatch, FrameSource};
use picket_dissect::registry;
use picket_event::Transport;
use picket_packet::{Upper, decode};
use picket_tests::place::{files, repository};
use std::net::IpAddr;
use std::path::Path;

/// Longest seed: libFuzzer begins with short inputs.
const SEED_BYTES: usize = 4096;
/// Longest piece: its length is seven bits.
const PIECE: usize = 127;

fn main() {
    let into = repository().join("tests/fuzz/corpus/dissector");
    std::fs::create_dir_all(&into).unwrap_or_else(|error| panic!("{}: {error}", into.display()));
    let mut made = 0;
    for (number, registry::Entry { dissector, home }) in registry::ALL.iter().enumerate() {
        let name = dissector.protocol().name().to_owned();
        let folder = repository().join("common/dissect/src").join(&name).join("golden");
        for capture in files(&folder, &["pcap", "pcapng"]) {
            for (at, transport) in home.transports.iter().enumerate() {
                let choice = (number << 1 | (at & 1)) as u8;
                let seed = seed(&capture, choice, *transport);
                if seed.len() > 1 {
                    let stem = capture.file_stem().and_then(|stem| stem.to_str()).unwrap_or("seed");
                    let path = into.join(format!("{name}-{stem}-{transport}"));
                    std::fs::write(&path, seed).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                    made += 1;
                }
            }
        }
    }
    println!("{made} seeds in {}", into.display());
}

/// The payloads of a capture over one transport, as pieces with a byte of direction and length before each.
fn seed(capture: &Path, choice: u8, wanted: Transport) -> Vec<u8> {
    let mut seed = vec![choice];
    let mut source = FileSource::open(capture).unwrap_or_else(|error| panic!("{error}"));
    let mut batch = FrameBatch::new();
    let mut client: Option<(IpAddr, u16)> = None;
    // Captures that are damaged on purpose end at the damage.
    while let Ok(Filled::Frames) = source.fill(&mut batch) {
        for frame in batch.frames() {
            let decoded = decode(frame.packet());
            let (Some(network), Some(upper)) = (decoded.network, decoded.upper) else { continue };
            let (transport, port) = match upper {
                Upper::Tcp(tcp) => (Transport::TCP, tcp.src_port),
                Upper::Udp { src_port, .. } => (Transport::UDP, src_port),
                _ => continue,
            };
            if transport != wanted || decoded.payload.is_empty() {
                continue;
            }
            let from = (network.src, port);
            let answers = u8::from(*client.get_or_insert(from) != from);
            for piece in decoded.payload.chunks(PIECE) {
                if seed.len() + piece.len() >= SEED_BYTES {
                    return seed;
                }
                seed.push((piece.len() as u8) << 1 | answers);
                seed.extend_from_slice(piece);
            }
        }
    }
    seed
}
