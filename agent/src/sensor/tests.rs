//! The line on whole captures: books that balance, the same output twice, damage survived.

use super::*;
use crate::capture::{FileSource, Filled, FrameBatch, FrameSource};
use picket_event::{Body, Event};
use picket_packet::WireLen;
use std::path::{Path, PathBuf};

/// A frame that owns its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Owned {
    time_ns: i64,
    link_type: u16,
    wire_len: u32,
    data: Vec<u8>,
}

impl Owned {
    pub(crate) fn borrow(&self) -> Frame<'_> {
        let Self { time_ns, link_type, wire_len, ref data } = *self;
        Frame { time_ns, link_type, wire_len: WireLen(wire_len), data }
    }
}

/// The shared folder of captures and vectors; `None`, with a word of it, where it is not there.
#[allow(clippy::disallowed_methods, clippy::print_stdout, reason = "tests do I/O")]
pub(crate) fn shared(test: &str) -> Option<PathBuf> {
    let fallback = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared"));
    let root = std::env::var_os("PICKET_CORPUS").map_or_else(fallback, PathBuf::from);
    if root.join("vectors").is_dir() {
        return Some(root);
    }
    println!("SKIPPED {test}: PICKET_CORPUS not found");
    None
}

/// The captures of the corpus and the vectors; empty, with a word of it, where they are not there.
#[allow(clippy::disallowed_methods, clippy::print_stdout, reason = "tests do I/O")]
pub(crate) fn captures(test: &str) -> Vec<PathBuf> {
    let fallback = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared"));
    let root = std::env::var_os("PICKET_CORPUS").map_or_else(fallback, PathBuf::from);
    let mut found = Vec::new();
    let mut folders = vec![root.join("corpus"), root.join("vectors/pcap")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "pcap" || e == "pcapng" || e == "cap") {
                found.push(path);
            }
        }
    }
    if found.is_empty() {
        println!("SKIPPED {test}: PICKET_CORPUS not found");
    }
    found.sort();
    found
}

/// The frames of a capture, up to damage.
pub(crate) fn frames_of(path: &Path) -> Vec<Owned> {
    let mut frames = Vec::new();
    let Ok(mut source) = FileSource::open(path) else { return frames };
    let mut batch = FrameBatch::new();
    while let Ok(Filled::Frames) = source.fill(&mut batch) {
        frames.extend(batch.frames().map(|frame| Owned {
            time_ns: frame.time.nanos(),
            link_type: frame.link_type,
            wire_len: frame.wire,
            data: frame.bytes.to_vec(),
        }));
    }
    frames
}

/// Runs frames through a sensor; checks the books.
fn run(frames: &[Owned]) -> (Vec<Event>, Ledger) {
    let mut events = Vec::new();
    let mut sensor = Sensor::new(&Settings::file("x.pcap"));
    for frame in frames {
        sensor.frame(frame.borrow(), &mut events);
    }
    let open = sensor.ledger();
    assert_eq!(open.imbalance(), None);
    sensor.finish(&mut events);
    let ledger = sensor.ledger();
    assert_eq!(ledger.imbalance(), None);
    assert_eq!(ledger.flows_open, 0);
    assert_eq!(ledger.events, events.len() as u64);
    (events, ledger)
}

/// Frames counted in flow rows.
fn counted(events: &[Event]) -> u64 {
    let packets = |event: &Event| match &event.body {
        Body::Flow(flow) => flow.packets.to_server + flow.packets.to_client,
        _ => 0,
    };
    events.iter().map(packets).sum()
}

/// A small generator (xorshift64*), so that damage is the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    }
}

#[test]
fn every_capture_is_read_twice_alike_and_every_frame_is_accounted_for() {
    for path in captures("every_capture_is_read_twice_alike_and_every_frame_is_accounted_for") {
        let frames = frames_of(&path);
        let (events, ledger) = run(&frames);
        assert_eq!(ledger.frames, frames.len() as u64, "{}", path.display());
        let (again, books) = run(&frames);
        assert!(events == again && ledger == books, "{}: two runs differ", path.display());
        if ledger.capped.is_empty() && ledger.flows_refused == 0 {
            assert_eq!(counted(&events), ledger.decoded, "{}: frames outside of flows", path.display());
        }
    }
}

/// Two cuts of each capture; the soak run makes 200.
#[test]
fn f31_cut_captures_are_read_up_to_the_cut() {
    let mut random = Random(31);
    for path in captures("f31_cut_captures_are_read_up_to_the_cut") {
        let frames = frames_of(&path);
        for _ in 0..2 {
            let mut cut = frames[..random.below(frames.len())].to_vec();
            if let Some(last) = cut.last_mut() {
                let length = random.below(last.data.len());
                last.data.truncate(length);
            }
            // A snap length cuts every frame.
            let snap = 14 + random.below(200);
            cut.iter_mut().for_each(|frame| frame.data.truncate(snap));
            run(&cut);
        }
    }
}

#[test]
fn f32_byte_errors_are_survived() {
    let mut random = Random(32);
    for path in captures("f32_byte_errors_are_survived") {
        let mut frames = frames_of(&path);
        for frame in &mut frames {
            for _ in 0..frame.data.len().div_ceil(50) {
                let at = random.below(frame.data.len());
                if let Some(byte) = frame.data.get_mut(at) {
                    *byte = random.below(256) as u8;
                }
            }
        }
        run(&frames);
    }
}

#[test]
fn f12_times_that_leap_are_survived() {
    let mut random = Random(12);
    for path in captures("f12_times_that_leap_are_survived").iter().step_by(10) {
        let mut frames = frames_of(path);
        for frame in &mut frames {
            if random.below(20) == 0 {
                frame.time_ns = (random.below(usize::MAX) as i64).wrapping_mul(1 << 33);
            }
        }
        run(&frames);
    }
}
