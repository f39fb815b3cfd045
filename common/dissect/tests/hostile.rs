//! Every protocol of the registry against hostile input, seeded by its golden captures.
//! A protocol without golden captures fails here, so none can be added without these tests.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests read files and measure time")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a golden capture that cannot be read is a failure")]
#![allow(unsafe_code, reason = "an allocator that counts")]

mod support;

use picket_dissect::{Conversation, Dissector, Output, registry};
use picket_event::Direction;
use proptest::prelude::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{Golden, Piece, Random, goldens, mutate, run};

/// Counts the bytes that are alive.
struct Counting;

static ALIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALIVE.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Mutated inputs for each protocol. The full form is `PICKET_MUTATIONS=10000000`.
fn mutations() -> usize {
    std::env::var("PICKET_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000)
}

fn each(mut test: impl FnMut(&'static dyn Dissector, &[Golden])) {
    for registry::Entry { dissector, .. } in registry::ALL {
        let protocol = dissector.protocol();
        let goldens = goldens(protocol.name());
        assert!(goldens.len() >= 3, "{protocol} has only {} golden conversations", goldens.len());
        test(*dissector, &goldens);
    }
}

/// Half of the conversations are identified, half are forced on the protocol.
fn conversation(dissector: &dyn Dissector, golden: &Golden, forced: bool) -> Conversation {
    let context = golden.context();
    let known = forced.then(|| Conversation::known(&dissector.protocol(), &context)).flatten();
    known.unwrap_or_else(|| Conversation::new(&context.endpoints))
}

#[test]
fn f32_mutated_messages_never_break_a_session() {
    each(|dissector, goldens| {
        let mut random = Random(0x7069_636b_6574);
        for number in 0..mutations() {
            let golden = &goldens[random.below(goldens.len())];
            let from = random.below(golden.pieces.len());
            let mut pieces: Vec<Piece> = golden.pieces[from..].iter().take(12).cloned().collect();
            mutate(&mut pieces, &mut random);
            let said = run(conversation(dissector, golden, number % 2 == 0), &golden.context(), &pieces);
            assert_eq!(said.misbehaved, 0, "{} {} mutation {number}: {pieces:02x?}", dissector.protocol(), golden.name);
        }
    });
}

#[test]
fn f32_every_message_cut_at_every_byte() {
    each(|dissector, goldens| {
        for golden in goldens {
            for (at, piece) in golden.pieces.iter().enumerate().take(24) {
                for cut in 0..piece.bytes.len() {
                    let mut pieces: Vec<Piece> = golden.pieces[at.saturating_sub(3)..=at].to_vec();
                    if let Some(last) = pieces.last_mut() {
                        last.bytes.truncate(cut);
                    }
                    let said = run(conversation(dissector, golden, true), &golden.context(), &pieces);
                    assert_eq!(said.misbehaved, 0, "{} piece {at} cut at {cut}", golden.name);
                }
            }
        }
    });
}

#[test]
fn sessions_hold_no_more_than_they_say() {
    each(|dissector, goldens| {
        let mut random = Random(99);
        // Beside the session: one unfinished message each way with what a vector keeps in reserve, and the box.
        let allowed = dissector.session_limit() + 4 * 66_000 + 4096;
        for _ in 0..2_000 {
            let golden = &goldens[random.below(goldens.len())];
            let mut pieces = golden.pieces.clone();
            mutate(&mut pieces, &mut random);
            let context = golden.context();
            let mut output = Output::default();
            let before = ALIVE.load(Ordering::Relaxed);
            let mut conversation = conversation(dissector, golden, true);
            for piece in &pieces {
                conversation.stream(piece.direction, &piece.bytes, &context, &mut output);
                output = Output::default();
                let held = ALIVE.load(Ordering::Relaxed).saturating_sub(before);
                assert!(held <= allowed, "{}: {held} bytes held, {allowed} allowed", golden.name);
            }
        }
    });
}

/// Nanoseconds a byte, of a conversation of this many bytes fed in pieces of this size; the best of several runs.
fn cost(dissector: &dyn Dissector, golden: &Golden, bytes: usize, piece: usize) -> f64 {
    let context = golden.context();
    let all: Vec<(Direction, u8)> = golden
        .pieces
        .iter()
        .flat_map(|p| p.bytes.iter().map(|byte| (p.direction, *byte)))
        .cycle()
        .take(bytes)
        .collect();
    let mut pieces: Vec<Piece> = Vec::new();
    for (direction, byte) in all {
        match pieces.last_mut() {
            Some(last) if last.direction == direction && last.bytes.len() < piece => last.bytes.push(byte),
            _ => pieces.push(Piece { direction, bytes: vec![byte] }),
        }
    }
    let rounds = (1 << 20) / bytes;
    let mut best = f64::MAX;
    for _ in 0..5 {
        let begin = worked();
        for _ in 0..rounds {
            let said = run(conversation(dissector, golden, true), &context, &pieces);
            assert_eq!(said.misbehaved, 0);
        }
        best = best.min((worked() - begin) / (rounds * bytes) as f64);
    }
    best
}

/// Processor time of this thread, nanoseconds: what others do on the machine does not count.
fn worked() -> f64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    spent.tv_sec as f64 * 1e9 + spent.tv_nsec as f64
}

/// Cost a byte is flat from 1 KB to 1 MB, in segments of one byte and of 1,460.
#[test]
fn f34_cost_is_linear() {
    each(|dissector, goldens| {
        let Some(golden) = goldens.iter().max_by_key(|golden| golden.pieces.len()) else { return };
        // A datagram of one byte is a block of memory of one byte: what that costs is not the dissector's.
        let least = if golden.transport == picket_event::Transport::TCP { 1 } else { 40 };
        for piece in [least, 1460] {
            let (small, large) = (cost(dissector, golden, 4 << 10, piece), cost(dissector, golden, 1 << 20, piece));
            // A million blocks of one byte do not fit the processor's memory: what is more than linear shows by far more.
            let reserve = if piece == 1 { 100.0 } else { 5.0 };
            assert!(
                large <= small * 2.0 + reserve,
                "{} in pieces of {piece}: {small:.1} ns a byte, then {large:.1}",
                golden.name
            );
        }
    });
}

/// Requests that nobody answers are forgotten, oldest first.
#[test]
fn f36_unanswered_requests_are_bounded() {
    each(|dissector, goldens| {
        let golden = goldens.iter().max_by_key(|golden| golden.pieces.len()).unwrap();
        let context = golden.context();
        let mut conversation = conversation(dissector, golden, true);
        let mut output = Output::default();
        let before = ALIVE.load(Ordering::Relaxed);
        for round in 0..2_000 {
            let asked = goldens.iter().flat_map(|g| &g.pieces).filter(|p| p.direction == Direction::ToServer);
            for piece in asked.take(20) {
                conversation.stream(Direction::ToServer, &piece.bytes, &context, &mut output);
                output.clear();
            }
            let held = ALIVE.load(Ordering::Relaxed).saturating_sub(before);
            let allowed = dissector.session_limit() + 4 * 66_000;
            assert!(held <= allowed, "{}: {held} bytes after {round} rounds", dissector.protocol());
        }
    });
}

/// Splits the streams of a conversation anywhere.
fn split(pieces: &[Piece], random: &mut Random) -> Vec<Piece> {
    let mut out = Vec::new();
    for piece in pieces {
        let mut rest = piece.bytes.clone();
        while !rest.is_empty() {
            let tail = rest.split_off(1 + random.below(rest.len()));
            out.push(Piece { direction: piece.direction, bytes: std::mem::replace(&mut rest, tail) });
        }
    }
    out
}

#[test]
fn any_split_of_a_stream_gives_the_same_events() {
    each(|dissector, goldens| {
        let mut random = Random(5);
        for golden in goldens.iter().filter(|golden| golden.transport == picket_event::Transport::TCP) {
            // Frames of the serial line bear the same name; forced on the other framing they are damage. What is found
            // late is found at the beginning of a segment.
            if golden.name.starts_with("rtu-") || golden.name.starts_with("late.pcap") {
                continue;
            }
            let whole = run(conversation(dissector, golden, true), &golden.context(), &golden.pieces);
            // Behind damage the next message is looked for in what is there, so that pieces matter.
            for _ in 0..if whole.malformed == 0 { 50 } else { 0 } {
                let pieces = split(&golden.pieces, &mut random);
                let said = run(conversation(dissector, golden, true), &golden.context(), &pieces);
                assert_eq!(said.events, whole.events, "{}", golden.name);
            }
        }
    });
}

/// What a conversation is called when it comes in pieces of at most so many bytes, on ports that mean nothing.
fn called(golden: &Golden, piece: usize) -> String {
    let context = Golden { ports: (40_000, 40_001), ..golden.clone() }.context();
    let mut conversation = Conversation::new(&context.endpoints);
    let mut output = Output::default();
    for whole in &golden.pieces {
        for part in whole.bytes.chunks(piece) {
            conversation.stream(whole.direction, part, &context, &mut output);
        }
    }
    for direction in [Direction::ToServer, Direction::ToClient] {
        conversation.end(direction, &context, &mut output);
    }
    conversation.app().protocol.name().to_owned()
}

/// Goldens whose conversation is found again at the beginning of a segment: behind a gap, or joined in the middle.
const FOUND_AT_SEGMENTS: [&str; 5] = ["late.pcap", "midstream.pcap", "parts.pcap", "gaps.pcap", "mysql-turns.pcap"];

/// Some clients write byte by byte: what a conversation is does not depend on it.
#[test]
fn f41_a_conversation_in_tiny_pieces_has_the_same_name() {
    let mut differ = Vec::new();
    each(|_, goldens| {
        let streams = goldens.iter().filter(|golden| golden.transport == picket_event::Transport::TCP);
        for golden in streams.filter(|golden| !FOUND_AT_SEGMENTS.iter().any(|name| golden.name.starts_with(name))) {
            let whole = called(golden, usize::MAX);
            for piece in [1, 3] {
                let said = called(golden, piece);
                if said != whole {
                    differ.push(format!("{}: {whole}, and in pieces of {piece} {said}", golden.name));
                }
            }
        }
    });
    assert!(differ.is_empty(), "{differ:#?}");
}

proptest! {
    /// Whatever is said on whatever ports, no session breaks its contract.
    #[test]
    fn f32_any_bytes(
        pieces in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..200)), 0..12),
        port in prop_oneof![Just(502u16), Just(53), Just(443), any::<u16>()],
        stream: bool,
    ) {
        let pieces: Vec<Piece> = pieces
            .into_iter()
            .map(|(up, bytes)| Piece { direction: if up { Direction::ToServer } else { Direction::ToClient }, bytes })
            .collect();
        let transport = if stream { picket_event::Transport::TCP } else { picket_event::Transport::UDP };
        let golden = Golden { name: String::new(), transport, ports: (40_000, port), ether_type: None, pieces };
        let said = run(Conversation::new(&golden.context().endpoints), &golden.context(), &golden.pieces);
        prop_assert_eq!(said.misbehaved, 0);
    }
}

#[test]
fn a_conversation_is_small() {
    assert!(size_of::<Conversation>() <= 200, "{} bytes", size_of::<Conversation>());
}
