//! In steady state the line allocates nothing for a packet: shown by an allocator that counts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test or bench that cannot go on ends")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests do I/O")]
#![allow(unsafe_code, reason = "a counting allocator cannot be written without")]

use picket_agent::sensor::{Count, Sensor, Settings};
use picket_packet::{Frame, WireLen};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts the allocations of the thread that runs the test.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending has no counter any more.
    let _ = ALLOCATIONS.try_with(|counter| counter.set(counter.get() + 1));
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Ethernet, IPv4 and TCP or UDP around a payload, between hosts 1 (client) and 2 (server).
fn frame(host: u8, to_server: bool, protocol: u8, ports: (u16, u16), seq: u32, payload: &[u8]) -> Vec<u8> {
    let (client, server) = ([10, 0, 0, host], [10, 0, 1, 1]);
    let (src, dest, from, to) =
        if to_server { (client, server, ports.0, ports.1) } else { (server, client, ports.1, ports.0) };
    let mut bytes = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];
    let header = if protocol == 6 { 20 } else { 8 };
    let total = (20 + header + payload.len()) as u16;
    bytes.extend([0x45, 0]);
    bytes.extend(total.to_be_bytes());
    bytes.extend([0, 0, 0, 0, 64, protocol, 0, 0]);
    bytes.extend(src);
    bytes.extend(dest);
    bytes.extend(from.to_be_bytes());
    bytes.extend(to.to_be_bytes());
    if protocol == 6 {
        bytes.extend(seq.to_be_bytes());
        bytes.extend([0, 0, 0, 0, 0x50, 0x08, 1, 0, 0, 0, 0, 0]);
    } else {
        bytes.extend((total - 20).to_be_bytes());
        bytes.extend([0, 0]);
    }
    bytes.extend_from_slice(payload);
    bytes
}

/// One round of a plant: a Modbus poll and its answer, bulk data of an unknown protocol, a datagram, GOOSE.
fn round(number: u32, seqs: &mut [u32; 3]) -> Vec<Vec<u8>> {
    let [up, down, bulk] = seqs;
    let id = (number as u16).to_be_bytes();
    let poll = [id[0], id[1], 0, 0, 0, 6, 1, 3, 0, 10, 0, 2];
    let answer = [id[0], id[1], 0, 0, 0, 7, 1, 3, 4, 0, 1, 0, 2];
    let frames = vec![
        frame(1, true, 6, (40_000, 502), *up, &poll),
        frame(1, false, 6, (40_000, 502), *down, &answer),
        frame(2, true, 6, (50_000, 60_000), *bulk, &[0xa5; 1_400]),
        frame(3, true, 17, (50_001, 60_001), 0, &[number as u8; 40]),
        [&[1, 12, 205, 1, 0, 1, 2, 0, 0, 0, 0, 9, 0x88, 0xb8][..], &[0, 1, 0, 30, 0, 0, 0, 0], &[1; 22]].concat(),
    ];
    *up = up.wrapping_add(poll.len() as u32);
    *down = down.wrapping_add(answer.len() as u32);
    *bulk = bulk.wrapping_add(1_400);
    frames
}

#[test]
fn no_allocation_per_packet_in_steady_state() {
    let mut sensor = Sensor::new(&Settings::file("steady.pcap"));
    let mut sink = Count::default();
    let mut seqs = [1, 1, 1];
    let rounds: Vec<Vec<Vec<u8>>> = (0..4_000).map(|number| round(number, &mut seqs)).collect();
    let mut time_ns = 1_700_000_000_000_000_000;
    let mut run = |rounds: &[Vec<Vec<u8>>], sink: &mut Count| {
        for data in rounds.iter().flatten() {
            time_ns += 1_000_000;
            sensor.frame(Frame { time_ns, link_type: 1, wire_len: WireLen(data.len() as u32), data }, sink);
        }
    };
    // Ten seconds to get going, ten to be measured: no minute ends in between.
    let (warm, steady) = rounds.split_at(2_000);
    run(warm, &mut sink);
    let (before, events) = (ALLOCATIONS.get(), sink.0);
    run(steady, &mut sink);
    let allocations = ALLOCATIONS.get() - before;
    assert_eq!(sink.0, events, "no event in the measured stretch");
    assert_eq!(allocations, 0, "allocations for {} packets", steady.len() * 5);
    sensor.finish(&mut sink);
    let ledger = sensor.ledger();
    assert_eq!((ledger.frames, ledger.imbalance()), (20_000, None));
    assert!(sink.0 >= 4 + 4, "four flows, and messages merged: {}", sink.0);
}
