//! Hostile packets through the whole line in one process (the faults' ids are their names). Daily at a small scale;
//! `PICKET_FULL_SCALE=1` runs the sizes of the fault list.

use crate::tunnels::run;
use picket_agent::capture::{FileSource, Filled, FrameBatch, FrameSource};
use picket_agent::sensor::{Count, Limits, Sensor, Settings, Sink};
use picket_event::{Body, Event, Ledger};
use picket_packet::{Frame, WireLen};
use picket_tests::make::message::{Hello, modbus};
use picket_tests::make::{Capture, Host, Tcp, udp};
use picket_tests::place::{captures, resident_bytes, scale};
use picket_tests::random::Random;
use std::time::Instant;

const START: i64 = 1_772_409_600_000_000_000;

/// A frame that owns its bytes.
#[derive(Clone)]
pub(crate) struct Owned {
    pub(crate) time_ns: i64,
    pub(crate) link_type: u16,
    pub(crate) wire_len: u32,
    pub(crate) data: Vec<u8>,
}

impl Owned {
    pub(crate) fn borrow(&self) -> Frame<'_> {
        let Self { time_ns, link_type, wire_len, ref data } = *self;
        Frame { time_ns, link_type, wire_len: WireLen(wire_len), data }
    }
}

pub(crate) fn frames_of(path: &std::path::Path) -> Vec<Owned> {
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

/// Runs frames through a sensor, checksums checked every other time; the books balance.
fn survive(frames: &[Owned], checked: bool) -> Ledger {
    let checksums = if checked { picket_packet::Checksums::Check } else { picket_packet::Checksums::Ignore };
    let mut sensor = Sensor::new(&Settings { checksums, ..Settings::file("x") });
    let mut sink = Count::default();
    for frame in frames {
        sensor.frame(frame.borrow(), &mut sink);
    }
    sensor.finish(&mut sink);
    let ledger = sensor.ledger();
    assert_eq!((ledger.imbalance(), ledger.flows_open), (None, 0));
    ledger
}

#[test]
fn f31_every_capture_cut_at_random_lengths_is_survived() {
    let mut random = Random(31);
    for path in captures("f31_every_capture_cut_at_random_lengths_is_survived") {
        let Ok(whole) = std::fs::read(&path) else { continue };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cut");
        for cut in 0..scale(1, 200) {
            std::fs::write(&file, &whole[..random.index(whole.len())]).unwrap();
            survive(&frames_of(&file), cut % 2 == 1);
        }
    }
}

#[test]
fn f32_every_capture_with_2_percent_of_its_bytes_changed_is_survived() {
    let mut random = Random(32);
    for path in captures("f32_every_capture_with_2_percent_of_its_bytes_changed_is_survived") {
        let frames = frames_of(&path);
        for round in 0..scale(1, 200) {
            let mut damaged = frames.clone();
            for frame in &mut damaged {
                for _ in 0..frame.data.len().div_ceil(50) {
                    let at = random.index(frame.data.len());
                    if let Some(byte) = frame.data.get_mut(at) {
                        *byte = random.bits() as u8;
                    }
                }
            }
            survive(&damaged, round % 2 == 1);
        }
    }
}

/// A TCP segment as a frame, checksums left empty.
fn segment(src: [u8; 4], dest: [u8; 4], ports: (u16, u16), seq: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0];
    frame.extend((40 + payload.len() as u16).to_be_bytes());
    frame.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    frame.extend(src);
    frame.extend(dest);
    frame.extend(ports.0.to_be_bytes());
    frame.extend(ports.1.to_be_bytes());
    frame.extend(seq.to_be_bytes());
    frame.extend([0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    frame.extend(payload);
    frame
}

fn give(sensor: &mut Sensor, time_ns: i64, data: &[u8], sink: &mut impl Sink) {
    let wire_len = WireLen(u32::try_from(data.len()).unwrap());
    sensor.frame(Frame { time_ns, link_type: 1, wire_len, data }, sink);
}

/// Counts what events tell, and keeps none.
#[derive(Default)]
struct Tally {
    ics: u64,
    rows: u64,
    packets: u64,
}

impl Sink for Tally {
    fn event(&mut self, event: Event) {
        match &event.body {
            Body::Ics(_) => self.ics += 1,
            Body::Flow(flow) => {
                self.rows += 1;
                self.packets += flow.packets.to_server + flow.packets.to_client;
            }
            _ => {}
        }
    }
}

/// Established conversations speak before and after a flood of distinct SYNs.
#[test]
fn f35_established_conversations_keep_all_events_through_a_syn_flood() {
    let flood: u32 = scale(300_000, 10_000_000);
    let keepers = 2_000u32;
    let (before, after) = keepers_of(keepers);
    let limits = Limits { flows: 16_384, ..Limits::default() };
    let settings = Settings { limits: limits.clone(), ..Settings::file("x") };
    let (plain, _) = run_all(&settings, &[&before, &after], 0);
    let memory = resident_bytes();
    let (told, ledger) = run_all(&settings, &[&before, &after], flood);
    let grown = resident_bytes().saturating_sub(memory);
    assert_eq!(told.ics, plain.ics, "events of the conversations established before");
    assert_eq!(ledger.imbalance(), None);
    // Every SYN of the flood opened a flow of its own or was refused, and every packet is in a row or was refused.
    assert_eq!(ledger.flows_opened + ledger.flows_refused, u64::from(flood) + u64::from(keepers));
    assert_eq!((told.packets + ledger.flows_refused, told.rows), (ledger.decoded, ledger.flows_opened));
    assert!(ledger.flows_evicted >= u64::from(flood) - u64::from(limits.flows));
    assert!(grown < 96 << 20, "{} MiB more", grown >> 20);
}

/// Handshakes with a first Modbus request each, and another request each.
fn keepers_of(count: u32) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let server = [10, 9, 0, 1];
    for i in 0..count {
        let [_, _, high, low] = i.to_be_bytes();
        let client = [10, 8, high, low];
        let up = |seq, flags, payload: &[u8]| segment(client, server, (40_000, 502), seq, flags, payload);
        let down = |seq, flags, payload: &[u8]| segment(server, client, (502, 40_000), seq, flags, payload);
        before.push(up(100, 2, b""));
        before.push(down(500, 0x12, b""));
        before.push(up(101, 0x18, &modbus(1, 1, &[3, 0, 0, 0, 1])));
        before.push(down(501, 0x18, &modbus(1, 1, &[3, 2, 0, 7])));
        after.push(up(113, 0x18, &modbus(2, 1, &[6, 0, 0, 0, 1])));
        after.push(down(512, 0x18, &modbus(2, 1, &[6, 0, 0, 0, 1])));
    }
    (before, after)
}

/// Runs parts of a capture a second apart, with a flood of distinct SYNs behind the first.
fn run_all(settings: &Settings, parts: &[&Vec<Vec<u8>>], flood: u32) -> (Tally, Ledger) {
    let mut events = Tally::default();
    let mut sensor = Sensor::new(settings);
    let mut time = START;
    let mut random = Random(35);
    for (number, part) in parts.iter().enumerate() {
        for frame in *part {
            time += 1_000;
            give(&mut sensor, time, frame, &mut events);
        }
        time += 1_000_000;
        for i in 0..if number == 0 { flood } else { 0 } {
            time += 500;
            let [_, a, b, c] = (random.bits() as u32).to_be_bytes();
            let [_, high, middle, low] = i.to_be_bytes();
            let ports = (u16::from_be_bytes([middle, low]), 80);
            give(&mut sensor, time, &segment([11, a, b, c], [12, high, 0, 1], ports, i, 2, b""), &mut events);
        }
    }
    sensor.finish(&mut events);
    (events, sensor.ledger())
}

/// Processor time of this thread, nanoseconds: what others do on the machine does not count.
fn worked() -> f64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    spent.tv_sec as f64 * 1e9 + spent.tv_nsec as f64
}

/// Nanoseconds a packet: the least of several rounds.
fn cost(frames: &[Vec<u8>], rounds: usize) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..rounds {
        let mut sensor = Sensor::new(&Settings::file("x"));
        let mut sink = Count::default();
        let began = worked();
        for (i, frame) in frames.iter().enumerate() {
            give(&mut sensor, START + i as i64 * 1_000, frame, &mut sink);
        }
        best = best.min((worked() - began) / frames.len() as f64);
    }
    best
}

#[test]
fn f38_a_flood_of_keys_chosen_to_collide_costs_at_most_twice() {
    let count: u32 = scale(60_000, 240_000);
    let mut random = Random(38);
    let normal: Vec<_> = (0..count)
        .map(|_| {
            let [a, b, c, d] = (random.bits() as u32).to_be_bytes();
            let [.., e, f] = random.bits().to_be_bytes();
            segment([10, a, b, c], [10, d, e, f], (random.bits() as u16, 443), 1, 2, b"")
        })
        .collect();
    // What plain hashes fold together: sums and exclusive ors of addresses and ports that stay the same.
    let crowded: Vec<_> = (0..count)
        .map(|i| {
            let [_, b, c, d] = i.to_be_bytes();
            let port = u16::from_be_bytes([c, d]);
            segment([10, b, c, d], [10, !b, !c, !d], (port, !port), 1, 2, b"")
        })
        .collect();
    let (plain, flood) = (cost(&normal, 5), cost(&crowded, 5));
    assert!(flood <= 2.0 * plain, "{flood:.0} ns a packet, {plain:.0} otherwise");
}

/// Time a byte of one connection's segments, for a short and a long input.
fn flat_within_twice(what: &str, make: impl Fn(usize) -> Vec<Vec<u8>>) {
    let measure = |bytes: usize| {
        let frames = make(bytes);
        let repeats = (2 << 20) / bytes.max(1);
        let mut best = f64::INFINITY;
        for _ in 0..5 {
            let began = Instant::now();
            for _ in 0..repeats.max(1) {
                let mut sensor = Sensor::new(&Settings::file("x"));
                let started = worked();
                for (i, frame) in frames.iter().enumerate() {
                    give(&mut sensor, START + i as i64 * 1_000, frame, &mut Count::default());
                }
                best = best.min((worked() - started) / bytes as f64);
                if began.elapsed().as_millis() > 400 {
                    break;
                }
            }
        }
        best
    };
    let (short, long) = (measure(1 << 10), measure(1 << 20));
    assert!(long <= 2.0 * short, "{what}: {long:.1} ns a byte at 1 MiB, {short:.1} at 1 KiB");
}

#[test]
fn f34_cost_stays_linear_whatever_the_order_and_size_of_segments() {
    let (client, server) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    let ports = (40_000, 502);
    let at = |offset: usize, payload: &[u8]| segment(client, server, ports, 1 + offset as u32, 0x18, payload);
    flat_within_twice("segments of one byte", |bytes| (0..bytes).map(|i| at(i, b"a")).collect());
    flat_within_twice("segments of one byte, last first", |bytes| (0..bytes).rev().map(|i| at(i, b"a")).collect());
    flat_within_twice("every other byte, then the rest", |bytes| {
        (0..bytes / 2).map(|i| at(2 * i + 1, b"a")).chain((0..bytes / 2).map(|i| at(2 * i, b"b"))).collect()
    });
    flat_within_twice("the same place with other bytes", |bytes| {
        (0..bytes / 16).map(|i| at(0, &[i as u8; 16])).collect()
    });
    flat_within_twice("fragments that never complete", |bytes| {
        (0..bytes / 8)
            .map(|i| {
                let mut frame = segment(client, server, ports, 1, 2, b"");
                frame[17] = 28;
                frame[20..22].copy_from_slice(&(0x2000 | ((i as u16).wrapping_mul(3) % 0x1f00)).to_be_bytes());
                frame.truncate(42);
                frame
            })
            .collect()
    });
}

/// What a tracked conversation takes, opened with a handshake and a first request each.
#[test]
fn a_tracked_conversation_takes_at_most_1_5_kib() {
    let flows: u32 = 120_000;
    let settings = Settings::file("x");
    let mut sensor = Sensor::new(&settings);
    let mut sink = Count::default();
    let hello = Hello {
        sni: "host.example",
        alpn: &["h2"],
        ciphers: &[0x1301, 0xc02f],
        groups: &[29],
        signatures: &[0x0403],
        extra: &[23],
        tls13: true,
    }
    .record(7);
    let before = resident_bytes();
    for i in 0..flows {
        let [_, a, b, c] = i.to_be_bytes();
        let (client, server) = ([10, a, b, c], [10, 200, 0, 1]);
        let time = START + i64::from(i) * 1_000;
        give(&mut sensor, time, &segment(client, server, (40_000, 443), 100, 2, b""), &mut sink);
        give(&mut sensor, time, &segment(server, client, (443, 40_000), 500, 0x12, b""), &mut sink);
        give(&mut sensor, time, &segment(client, server, (40_000, 443), 101, 0x18, &hello), &mut sink);
    }
    let ledger = sensor.ledger();
    assert_eq!((ledger.flows_open, ledger.flows_refused), (u64::from(flows), 0));
    let each = (resident_bytes() - before) / u64::from(flows);
    println!("{each} bytes a conversation");
    assert!(each <= 1_536, "{each} bytes a conversation");
}

#[test]
fn bytes_that_nobody_reads_are_counted_by_reason() {
    let (mut sensor, mut sink) = (Sensor::new(&Settings::file("x")), Count::default());
    let frame = segment([10, 0, 0, 1], [10, 0, 0, 2], (40_000, 80), 1, 2, b"");
    give(&mut sensor, START, &[frame.as_slice(), &[0; 6]].concat(), &mut sink);
    let of = |link_type, wire_len, data| Frame { time_ns: START, link_type, wire_len: WireLen(wire_len), data };
    sensor.frame(of(1, 1_000, &frame), &mut sink);
    sensor.frame(of(999, 54, &frame), &mut sink);
    sensor.finish(&mut sink);
    let ledger = sensor.ledger();
    let unread: Vec<_> = ledger.unread_bytes.iter().map(|(reason, bytes)| (reason.as_str(), *bytes)).collect();
    assert_eq!(unread, [("behind_packet", 6), ("link_type_999", 54), ("not_captured", 946)]);
    assert_eq!(ledger.frames_cut, 1);
}

#[test]
fn f36_requests_never_answered_are_bounded() {
    let count = scale(100_000usize, 2_000_000);
    let (client, server) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    let mut sensor = Sensor::new(&Settings::file("x"));
    let mut sink = Count::default();
    let mut before = 0;
    for i in 0..count {
        let request = modbus(i as u16, 1, &[3, 0, 0, 0, 1]);
        let seq = 1 + (i * request.len()) as u32;
        give(
            &mut sensor,
            START + i as i64 * 1_000,
            &segment(client, server, (40_000, 502), seq, 0x18, &request),
            &mut sink,
        );
        if i == count / 10 {
            before = resident_bytes();
        }
    }
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 8 << 20, "{grown} bytes more after ten times the requests");
    sensor.finish(&mut sink);
    assert_eq!(sensor.ledger().imbalance(), None);
}

#[test]
fn f37_fragments_that_never_complete_or_overlap_are_bounded_and_told() {
    let (client, server) = (Host::new(1, "10.0.0.1"), Host::new(2, "10.0.0.2"));
    let mut plain = Capture::default();
    udp(&mut plain, START, (&client, 5_000), (&server, 53), &[7; 200]);
    let pieces = plain.fragmented(64);
    let mut lost = Capture::default();
    for (number, (time, frame)) in pieces.sorted().into_iter().enumerate().cycle().take(scale(20_000, 1_000_000)) {
        if number > 0 {
            let mut frame = frame.clone();
            let id = lost.frames() as u16;
            frame[18..20].copy_from_slice(&id.to_be_bytes());
            lost.push(*time, frame);
        } else {
            lost.push(*time, frame.clone());
        }
    }
    let (events, ledger) = run(&lost, &Settings::file("x"));
    let told = |events: &[Event], kind: &str| {
        events.iter().filter(|e| matches!(&e.body, Body::Anomaly(a) if a.kind == kind)).count()
    };
    assert!(ledger.capped.get("fragments").is_some_and(|count| *count > 1_000), "{:?}", ledger.capped);
    assert!((1..10).contains(&told(&events, "fragment_incomplete")));
    let mut overlap = Capture::default();
    for (number, (time, frame)) in pieces.sorted().into_iter().enumerate() {
        overlap.push(*time, frame.clone());
        if number == 1 {
            let mut other = frame.clone();
            *other.last_mut().unwrap() ^= 1;
            overlap.push(*time, other);
        }
    }
    assert_eq!(told(&run(&overlap, &Settings::file("x")).0, "fragment_overlap"), 1);
}

#[test]
fn f39_both_views_of_an_overlap_are_in_the_event() {
    let (client, server) = (Host::new(1, "10.0.0.1"), Host::new(2, "10.0.0.2"));
    let mut capture = Capture::default();
    let mut tcp = Tcp::open(&mut capture, START, (&client, 40_000), (&server, 502));
    tcp.to_server(&modbus(1, 1, &[3, 0, 0, 0, 1])).to_client(&modbus(1, 1, &[3, 2, 0, 7]));
    let (time, mut forged) = capture.sorted().into_iter().find(|(_, f)| f.len() == 66).unwrap().clone();
    // The same place, another register, a hop before the end of its life.
    *forged.last_mut().unwrap() = 9;
    forged[22] = 2;
    capture.push(time + 1, forged);
    let (events, ledger) = run(&capture, &Settings::file("x"));
    let Some(anomaly) = events.iter().find_map(|e| if let Body::Anomaly(a) = &e.body { Some(a) } else { None }) else {
        panic!("{events:?}")
    };
    assert_eq!(anomaly.kind, "tcp_overlap_low_ttl");
    assert!(anomaly.detail.ends_with("first 01 (kept), then 09; times to live 64 and 2"), "{}", anomaly.detail);
    assert_eq!(ledger.capped.get("tcp_overlap"), Some(&1));
}

#[test]
fn f41_a_hello_over_100_segments_in_any_order_is_read() {
    let hello = Hello {
        sni: "plant.example",
        alpn: &["h2"],
        ciphers: &[0x1301],
        groups: &[29],
        signatures: &[0x0403],
        extra: &[],
        tls13: true,
    }
    .record(7);
    let size = hello.len().div_ceil(100);
    let (client, server) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    let parts: Vec<_> = hello.chunks(size).enumerate().map(|(i, part)| (1 + (i * size) as u32, part)).collect();
    for order in ["forwards", "backwards", "odd first"] {
        let mut turns: Vec<usize> = (0..parts.len()).collect();
        match order {
            "backwards" => turns.reverse(),
            "odd first" => turns.sort_by_key(|i| (i % 2 == 0, *i)),
            _ => {}
        }
        let mut sensor = Sensor::new(&Settings::file("x"));
        let mut events = Vec::new();
        give(&mut sensor, START, &segment(client, server, (40_000, 443), 0, 2, b""), &mut events);
        give(&mut sensor, START, &segment(server, client, (443, 40_000), 0, 0x12, b""), &mut events);
        for turn in turns {
            let (seq, part) = parts[turn];
            give(&mut sensor, START, &segment(client, server, (40_000, 443), seq, 0x18, part), &mut events);
        }
        sensor.finish(&mut events);
        let name = events.iter().find_map(|e| if let Body::Tls(tls) = &e.body { tls.sni.clone() } else { None });
        assert_eq!(name.as_deref(), Some("plant.example"), "{order}: {} segments", parts.len());
    }
}
