//! Round trips, golden bytes and hostile frames.

use super::record::append;
use super::*;
use crate::Kind;
use crate::body::{Alert, Anomaly, App, Asset, Body, Flow, Host, Pair, Score, TlsRecord, Vote};
use crate::{
    AppDetail, Both, Classifier, Direction, Endpoints, Event, FlowEnd, FlowId, FlowRef, FlowState, Ledger, Loss, Mac,
    Method, Protocol, Reason, ReasonArg, Source, Timestamp, Transport, Unit, Verdict,
};
use proptest::prelude::*;

fn event(body: Body) -> Event {
    let endpoints = Endpoints::Ip {
        src: "10.0.0.7".parse().unwrap(),
        src_port: 50_123,
        dest: "2001:db8::1".parse().unwrap(),
        dest_port: 443,
        transport: Transport::TCP,
    };
    Event {
        time: Timestamp::from_nanos(1_772_409_600_123_456_789),
        source: Source::File("a.pcap".into()),
        vlan: vec![17],
        flow: Some(FlowRef { id: FlowId(0xfeed_f00d), endpoints }),
        redacted: vec!["tls.sni".to_owned()],
        body,
    }
}

fn flow() -> Flow {
    let vote = |classifier, step: u8| Vote {
        classifier,
        value: Unit::new(f32::from(step) / 255.0),
        weight: Unit::new(51.0 / 255.0),
    };
    Flow {
        start: Timestamp::from_nanos(1_772_409_599_000_000_001),
        end: Timestamp::from_nanos(1_772_409_600_123_456_789),
        packets: Both { to_server: 12, to_client: 300 },
        bytes: Both { to_server: 900, to_client: 5_000_000_000 },
        tcp_flags: Both { to_server: 0x1b, to_client: 0x12 },
        state: FlowState::Established,
        reason: FlowEnd::Evicted,
        app: App { protocol: Protocol::TLS, confidence: Unit::ONE, method: Some(Method::Behaviour) },
        count: 3,
        gap: Some(crate::body::Gap { mean: 60.5, cv: 0.25 }),
        payload: None,
        tunnel: None,
        detail: None,
        tls_records: Vec::new(),
        score: Some(Score {
            verdict: Verdict::Suspicious,
            value: Unit::new(13_107.0 / 65_535.0),
            votes: vec![vote(Classifier::Pair, 200), vote(Classifier::HighConfidence, 255)],
            reasons: vec![
                Reason::plain(Reason::SELF_SIGNED),
                Reason {
                    template: Reason::FEATURE_HIGH,
                    args: vec![ReasonArg::Text("x".to_owned()), ReasonArg::Number(0.5), ReasonArg::Number(-0.0)],
                },
            ],
            digest: None,
        }),
    }
}

pub(super) fn one_of_each() -> Vec<Event> {
    let score = flow().score;
    let ip = "10.9.8.7".parse().unwrap();
    let mut ledger =
        Ledger { frames: 9, decoded: 8, events_lost: [("spool_full".to_owned(), 4)].into(), ..Ledger::default() };
    ledger.undecodable.insert("cut".to_owned(), 1);
    let host = Host {
        ip,
        window_seconds: 300,
        flows: 1,
        failed: 2,
        peers: 3,
        new_peers: 7,
        ports: 4,
        names: 8,
        fingerprints: 9,
        bytes_out: 5,
        bytes_in: 6,
        score: score.clone(),
    };
    let asset = Asset {
        ip: Some(ip),
        mac: Some(Mac([1; 6])),
        names: vec!["plc7.local".to_owned()],
        roles: vec!["plc".to_owned()],
        services: vec!["tcp/502 modbus".to_owned()],
        first_seen: Some(Timestamp::from_nanos(5)),
        ..Asset::default()
    };
    let alert = Alert { kind: "beacon".to_owned(), severity: 7, techniques: vec!["T1071".to_owned()], reasons: vec![] };
    let mut all: Vec<Event> = vec![
        Body::Flow(Box::new(flow())),
        Body::Host(Box::new(host)),
        Body::Pair(Box::new(Pair { connections: 9, interval: 60.0, size: 1.0, duration: 2.0, score })),
        Body::Asset(Box::new(asset)),
        Body::Anomaly(Anomaly { kind: "tcp_overlap".to_owned(), detail: "é".to_owned() }),
        Body::Alert(Box::new(alert)),
        Body::Stats(Box::new(ledger)),
        Body::Loss(Loss { reason: "corrupt".to_owned(), first: 5, last: 9, count: 5 }),
    ]
    .into_iter()
    .chain(crate::samples::sessions(&flow()))
    .map(event)
    .collect();
    let link = Endpoints::Link { src: Some(Mac([2; 6])), dest: None, ether_type: Some(0x88b8), link_type: 1 };
    all[4].flow = Some(FlowRef { id: FlowId(3), endpoints: link });
    all[5].flow = None;
    all[5].source = Source::Agent;
    all[6].time = Timestamp::from_nanos(-5);
    all[7].vlan = Vec::new();
    all
}

/// Events as they come out: times in whole microseconds.
fn received(mut events: Vec<Event>) -> Vec<Event> {
    for event in &mut events {
        event.time = event.time.whole_micros();
        if let Body::Flow(flow) = &mut event.body {
            (flow.start, flow.end) = (flow.start.whole_micros(), flow.end.whole_micros());
        }
    }
    events
}

pub(super) fn frame_of(events: &[Event], first: u64) -> Frame {
    let mut batch = BatchWriter::new(Class::Flow).unwrap();
    events.iter().for_each(|event| batch.push(event).unwrap());
    batch.finish(first).unwrap()
}

/// A frame round a body of our choosing.
fn forged(body: &[u8], count: u32) -> Vec<u8> {
    frame::seal(FrameKind::Events, Class::Flow, 1, count, body).unwrap().bytes
}

fn compressed(records: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(records, 1).unwrap()
}

#[test]
fn events_round_trip_with_their_sequences() {
    let events = one_of_each();
    let frame = frame_of(&events, 41);
    assert_eq!(frame.header, open(&frame.bytes).unwrap().0);
    let decoded = Decoder::new().unwrap().events(&frame.bytes).unwrap();
    assert_eq!((decoded.unknown, decoded.malformed), (0, 0));
    let expected: Vec<(u64, Event)> = (41..).zip(received(events)).collect();
    assert_eq!(decoded.events, expected);
}

#[test]
fn tags_and_vlan_stacks_travel_and_a_plain_interface_is_as_ever() {
    let mut events = one_of_each();
    for (number, event) in events.iter_mut().enumerate() {
        event.source = match number % 3 {
            0 => Source::interface("eth1"),
            1 => Source::tagged("eth2", vec!["plant".to_owned(), "north".to_owned()]),
            _ => Source::tagged("eth1", vec!["é".to_owned()]),
        };
        if let Body::Flow(flow) = &mut event.body {
            let record = |kind, direction, length| TlsRecord { kind, direction, length };
            flow.tls_records = vec![record(22, Direction::ToServer, 512), record(23, Direction::ToClient, 18_432)];
        }
        event.vlan = (0..u16::try_from(number % 9).unwrap()).map(|id| if id == 0 { 0 } else { 4095 - id }).collect();
    }
    let decoded = Decoder::new().unwrap().events(&frame_of(&events, 1).bytes).unwrap();
    assert_eq!(decoded.events.into_iter().map(|(_, event)| event).collect::<Vec<_>>(), received(events.clone()));
    // Behind kind and length of the preamble: one source, an interface of this name, in the form from before tags.
    let plain = Event { source: Source::interface("e"), flow: None, ..events.swap_remove(0) };
    let frame = frame_of(std::slice::from_ref(&plain), 1);
    let (_, body) = open(&frame.bytes).unwrap();
    let records = record::inflate(&mut zstd::bulk::Decompressor::new().unwrap(), body).unwrap();
    assert!(records.windows(4).any(|bytes| bytes == [1, 0, 1, b'e']), "{records:x?}");
}

#[test]
fn golden_bytes_of_header_and_records() {
    let gap = encode_gap(0x0102_0304_0506_0708, 9).unwrap().bytes;
    let head: &[u8] = b"pkt1\x01\x02\x02\x00\x00\x00\x00\x00\x08\x07\x06\x05\x04\x03\x02\x01\x09\x00\x00\x00";
    assert_eq!(gap.split_last_chunk::<4>().unwrap().0, head);
    let mut out = Vec::new();
    assert!(append(&mut out, Kind::Loss as u16, &Loss { reason: "x".to_owned(), first: 1, last: 300, count: 2 }));
    assert_eq!(out, [13, 0, 7, 1, b'x', 1, 251, 0x2c, 0x01, 2]);
    let mut out = Vec::new();
    assert!(append(&mut out, 0x202, &(7u64, 70_000u64)));
    assert_eq!(out, [0x02, 0x02, 6, 7, 252, 0x70, 0x11, 0x01, 0x00]);
}

#[test]
fn golden_flow_is_written_and_read_as_ever() {
    let events = [event(Body::Flow(Box::new(flow())))];
    let frame = frame_of(&events, 1);
    let (_, body) = open(&frame.bytes).unwrap();
    let records = record::inflate(&mut zstd::bulk::Decompressor::new().unwrap(), body).unwrap();
    assert_eq!(records, GOLDEN_FLOW);
    let read = |records| Decoder::new().unwrap().events(&forged(&compressed(records), 1)).unwrap().events.remove(0).1;
    assert_eq!(read(GOLDEN_NANOS), events[0]);
    assert_eq!(read(GOLDEN_FLOW), received(events.to_vec()).remove(0));
}

/// Preamble and one flow, as the first release writes them.
const GOLDEN_FLOW: &[u8] = &[
    0x00, 0x01, 0x2e, 0xfd, 0x00, 0x94, 0xb3, 0x07, 0x48, 0xba, 0x31, 0x31, 0xfc, 0x0d, 0xf0, 0xed, 0xfe, 0x01, 0x01,
    0x06, 0x61, 0x2e, 0x70, 0x63, 0x61, 0x70, 0x02, 0x00, 0x0a, 0x00, 0x00, 0x07, 0x01, 0x20, 0x01, 0x0d, 0xb8, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x6e, 0x00, 0x00, 0x00, 0x01, 0x00,
    0x00, 0x00, 0xfb, 0xcb, 0xc3, 0x01, 0xfb, 0xbb, 0x01, 0x06, 0x00, 0x12, 0x01, 0x07, 0x74, 0x6c, 0x73, 0x2e, 0x73,
    0x6e, 0x69, 0x00, 0x00, 0x01, 0xff, 0x03, 0x41, 0x1b, 0x12, 0x01, 0x03, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x40,
    0x4e, 0x40, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xd0, 0x3f, 0x01, 0x02, 0x02, 0x07, 0x0d, 0x02, 0x33, 0x33, 0x02,
    0x01, 0x00, 0x0f, 0x03, 0x02, 0x01, 0x78, 0x01, 0x00, 0x00, 0x00, 0x3f, 0x01, 0x00, 0x00, 0x00, 0x80, 0xfb, 0x33,
    0x33, 0x02, 0xc8, 0xff, 0x0c, 0xfb, 0x2c, 0x01, 0xfb, 0x84, 0x03, 0xfd, 0x00, 0xf2, 0x05, 0x2a, 0x01, 0x00, 0x00,
    0x00, 0x02, 0xfc, 0x40, 0xe2, 0x01, 0x00, 0x00, 0x00, 0x00,
];

/// The same as it was written while times were sent in nanoseconds.
const GOLDEN_NANOS: &[u8] = &[
    0x00, 0x01, 0x2e, 0xfd, 0x2a, 0x9a, 0xb3, 0x07, 0x48, 0xba, 0x31, 0x31, 0xfc, 0x0d, 0xf0, 0xed, 0xfe, 0x01, 0x01,
    0x06, 0x61, 0x2e, 0x70, 0x63, 0x61, 0x70, 0x02, 0x00, 0x0a, 0x00, 0x00, 0x07, 0x01, 0x20, 0x01, 0x0d, 0xb8, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x70, 0x00, 0x00, 0x00, 0x01, 0x00,
    0x00, 0x00, 0xfb, 0xcb, 0xc3, 0x01, 0xfb, 0xbb, 0x01, 0x06, 0x00, 0x12, 0x01, 0x07, 0x74, 0x6c, 0x73, 0x2e, 0x73,
    0x6e, 0x69, 0x00, 0x00, 0x01, 0xff, 0x03, 0x41, 0x1b, 0x12, 0x01, 0x03, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x40,
    0x4e, 0x40, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xd0, 0x3f, 0x01, 0x02, 0x02, 0x07, 0x0d, 0x02, 0x33, 0x33, 0x02,
    0x01, 0x00, 0x0f, 0x03, 0x02, 0x01, 0x78, 0x01, 0x00, 0x00, 0x00, 0x3f, 0x01, 0x00, 0x00, 0x00, 0x80, 0xfb, 0x33,
    0x33, 0x02, 0xc8, 0xff, 0x0c, 0xfb, 0x2c, 0x01, 0xfb, 0x84, 0x03, 0xfd, 0x00, 0xf2, 0x05, 0x2a, 0x01, 0x00, 0x00,
    0x00, 0x02, 0xfc, 0x40, 0xe2, 0x01, 0x00, 0xfb, 0x14, 0x03, 0x00, 0x00,
];

/// One control message of each kind that the first form of the wire has.
pub(super) fn controls() -> Vec<Control> {
    let mut ledger = Ledger { frames: 5, wire_bytes: 77, ..Ledger::default() };
    ledger.capped.insert("flows".to_owned(), 2);
    let hello = Hello {
        oldest: 1,
        newest: 1,
        agent: "a".to_owned(),
        release: "0.1.0".to_owned(),
        bundle: String::new(),
        clock: -1,
        epoch: u64::MAX,
        next: 1,
    };
    vec![
        Control::Hello(hello),
        Control::HelloAnswer(HelloAnswer { version: 1, acknowledged: 9, site: "s".to_owned(), clock: 2 }),
        Control::Ack { epoch: 3, acknowledged: 4 },
        Control::Ledger(Box::new(ledger)),
        Control::Refusal(Refusal { code: RefusalCode::Frame, reason: "no".to_owned(), sequence: 3 }),
        Control::Policy(Policy { group: "plant".to_owned(), version: 2, text: "a = 1".to_owned() }),
        Control::PolicyAnswer(PolicyAnswer { version: 2, outcome: PolicyOutcome::Partly, words: vec!["x".to_owned()] }),
        Control::Host(HostNote {
            instance: u64::MAX,
            name: "h".to_owned(),
            machine: "m".to_owned(),
            boot: "b".to_owned(),
        }),
        Control::Authorities { certificates: vec![vec![1], vec![2, 3]], renew: true },
        Control::Beat,
        Control::Renewal(vec![1, 2]),
        Control::Certificate { certificate: vec![3], not_after: 9 },
    ]
}

/// One of each kind that was added since.
fn added() -> Vec<Control> {
    let (id, sha256) = (7, [7; 32]);
    vec![
        Control::DetailRequest(DetailRequest {
            id,
            host: "::1".parse().unwrap(),
            from: -1,
            until: 5,
            bytes: 9,
            by: "a".to_owned(),
            reason: "b".to_owned(),
            durable: 3,
        }),
        Control::DetailAnswer(DetailAnswer {
            id,
            outcome: DetailOutcome::Refused,
            packets: 1,
            bytes: 2,
            words: "no".to_owned(),
        }),
        Control::DetailPart(DetailPart { id, offset: 3, bytes: vec![5; MAX_PART_BYTES] }),
        Control::DetailDurable(DetailDurable { id, bytes: DetailDurable::OVER }),
        Control::BundleWant(BundleWant { sha256, offset: 4 }),
        Control::BundlePart(BundlePart { sha256, offset: 4, total: 6, bytes: vec![1, 2] }),
        Control::Ahead { epoch: 3, ranges: vec![(7, 9), (20, u64::MAX)] },
    ]
}

#[test]
fn control_messages_round_trip() {
    for message in controls().into_iter().chain(added()) {
        let frame = encode_control(&message).unwrap();
        assert_eq!(decode_control(&frame.bytes).unwrap(), (vec![message], 0));
    }
    for code in 0..12 {
        if let Some(refusal) = RefusalCode::from_number(code) {
            assert_eq!(u64::from(refusal.number()), code);
        }
    }
}

/// A release apart: a message of a kind that is not known is stepped over and counted, and its neighbours are read.
#[test]
fn f28_an_unknown_message_beside_the_hello_is_stepped_over() {
    let beat = encode_controls(&[Control::Beat, Control::Beat]).unwrap();
    let (header, body) = open(&beat.bytes).unwrap();
    assert_eq!(header.count, 2);
    let mut records = zstd::bulk::decompress(body, 1_000).unwrap();
    records[0] = 0xff;
    let frame = frame::seal(FrameKind::Control, Class::Alert, 0, 2, &compressed(&records)).unwrap();
    assert_eq!(decode_control(&frame.bytes).unwrap(), (vec![Control::Beat], 1));
}

#[test]
fn f20_lengths_that_lie_are_refused_before_allocation() {
    let good = frame_of(&one_of_each(), 1).bytes;
    let mut decoder = Decoder::new().unwrap();
    let with = |at: usize, bytes: &[u8]| {
        let mut frame = good.clone();
        frame[at..at + bytes.len()].copy_from_slice(bytes);
        frame
    };
    let mut check = |frame: Vec<u8>, expected: WireError| assert_eq!(decoder.events(&frame), Err(expected));
    check(with(0, b"x"), WireError::Magic);
    check(with(4, &[2]), WireError::Version(2));
    check(with(4, &[0]), WireError::Version(0));
    check(with(5, &[9]), WireError::Kind(9));
    check(with(8, &u32::MAX.to_le_bytes()), WireError::TooLong(u32::MAX));
    check(with(12, &u64::MAX.to_le_bytes()), WireError::Sequence(u64::MAX));
    check(with(12, &0u64.to_le_bytes()), WireError::Sequence(0));
    check(with(20, &0u32.to_le_bytes()), WireError::Count(0));
    check(with(20, &u32::MAX.to_le_bytes()), WireError::Count(u32::MAX));
    check(with(24, &[0; 4]), WireError::Checksum);
    let mut long = good.clone();
    long.push(0);
    check(long, WireError::Length { claimed: good.len(), present: good.len() + 1 });
    check(good[..20].to_vec(), WireError::Length { claimed: HEADER_BYTES, present: 20 });
    let (head, _) = good.split_first_chunk::<HEADER_BYTES>().unwrap();
    assert_eq!(total_length(head), Ok(good.len()));
}

#[test]
fn f20_decompression_bombs_are_refused() {
    let mut decoder = Decoder::new().unwrap();
    // 64 MiB of zeros in a few kilobytes.
    let bomb = compressed(&vec![0u8; 64 << 20]);
    assert!(bomb.len() < MAX_FRAME_BYTES - HEADER_BYTES);
    assert_eq!(decoder.events(&forged(&bomb, 1)), Err(WireError::Compression));
    // The same without a stated size.
    let mut stream = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    std::io::Write::write_all(&mut stream, &vec![0u8; 8 << 20]).unwrap();
    assert_eq!(decoder.events(&forged(&stream.finish().unwrap(), 1)), Err(WireError::Compression));
    // Two frames of zstd behind each other.
    let two = [compressed(b"a"), compressed(b"b")].concat();
    assert_eq!(decoder.events(&forged(&two, 1)), Err(WireError::Compression));
    assert_eq!(decoder.events(&forged(b"no zstd", 1)), Err(WireError::Compression));
}

#[test]
fn f28_unknown_kinds_are_stepped_over_and_counted() {
    let events = one_of_each();
    let frame = frame_of(&events, 1);
    let (_, body) = open(&frame.bytes).unwrap();
    let mut records = record::inflate(&mut zstd::bulk::Decompressor::new().unwrap(), body).unwrap();
    // Two kinds of the next release in the middle, and a known one whose body is short.
    let preamble_end = {
        let mut walk = record::Records(&records);
        walk.next().unwrap();
        records.len() - walk.0.len()
    };
    let mut strange = Vec::new();
    assert!(append(&mut strange, 77, &"whatever comes"));
    assert!(append(&mut strange, 14, &[1u8, 2, 3]));
    assert!(append(&mut strange, Kind::Dns as u16, &0u8));
    records.splice(preamble_end..preamble_end, strange);
    let forged = forged(&compressed(&records), events.len() as u32 + 3);
    let decoded = Decoder::new().unwrap().events(&forged).unwrap();
    assert_eq!((decoded.unknown, decoded.malformed), (2, 1));
    assert_eq!(decoded.events.into_iter().map(|(_, event)| event).collect::<Vec<_>>(), received(events));

    let mut control = Vec::new();
    assert!(append(&mut control, 0x2ff, &1u8));
    assert!(append(&mut control, 0x202, &(1u64, 2u64)));
    let frame = frame::seal(FrameKind::Control, Class::Alert, 0, 2, &compressed(&control)).unwrap();
    assert_eq!(decode_control(&frame.bytes), Ok((vec![Control::Ack { epoch: 1, acknowledged: 2 }], 1)));
}

#[test]
fn counts_that_differ_from_the_records_are_refused() {
    let frame = frame_of(&one_of_each(), 1);
    let (header, body) = open(&frame.bytes).unwrap();
    let mut decoder = Decoder::new().unwrap();
    for count in [header.count - 1, header.count + 1] {
        assert_eq!(decoder.events(&forged(body, count)), Err(WireError::Records));
    }
    assert_eq!(decoder.events(&forged(&compressed(&[]), 1)), Err(WireError::Preamble));
}

#[test]
fn an_event_over_the_limit_is_refused_and_the_batch_goes_on() {
    let mut batch = BatchWriter::new(Class::Alert).unwrap();
    let huge = event(Body::Anomaly(Anomaly { kind: "x".to_owned(), detail: "y".repeat(MAX_RECORD_BYTES) }));
    let small = event(Body::Anomaly(Anomaly { kind: "x".to_owned(), detail: String::new() }));
    assert_eq!(batch.push(&huge), Err(Full::Event));
    batch.push(&small).unwrap();
    assert_eq!(batch.push(&huge), Err(Full::Event));
    let decoded = Decoder::new().unwrap().events(&batch.finish(1).unwrap().bytes).unwrap();
    assert_eq!(decoded.events, [(1, received(vec![small]).remove(0))]);
}

#[test]
fn f21_mutated_frames_never_panic_and_are_never_taken_for_good() {
    let good = frame_of(&one_of_each(), 1).bytes;
    let (_, body) = open(&good).unwrap();
    let mut decoder = Decoder::new().unwrap();
    let records = record::inflate(&mut zstd::bulk::Decompressor::new().unwrap(), body).unwrap();
    let mut random = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random as usize
    };
    // The full size of the fault is 1,000,000; the daily run takes a twentieth.
    for _ in 0..25_000 {
        let mut frame = good.clone();
        let at = next() % frame.len();
        frame[at] ^= (next() % 255 + 1) as u8;
        // Flags that no release has yet are the only bytes of a frame that may differ, and the check sum holds them.
        assert!(decoder.events(&frame).is_err());
    }
    for _ in 0..25_000 {
        // Past the check sum: whoever mutates can compute it. Only no panic and bounds can be asked for.
        let mut inner = records.clone();
        for _ in 0..=next() % 4 {
            let at = next() % inner.len();
            inner[at] = next() as u8;
        }
        if let Ok(decoded) = decoder.events(&forged(&compressed(&inner), one_of_each().len() as u32)) {
            assert!(decoded.events.len() <= one_of_each().len());
        }
    }
}

#[test]
fn tokens_round_trip_and_bad_copies_are_told() {
    let token = EnrolmentToken {
        id: "abc".to_owned(),
        secret: [7; 32],
        authority: [9; 32],
        addresses: vec!["collector.example:8741".to_owned()],
    };
    let text = token.to_text();
    assert_eq!(EnrolmentToken::parse(&format!("  {text}\n")), Ok(token));
    assert!(EnrolmentToken::parse(&text[..text.len() - 1]).is_err());
    assert!(EnrolmentToken::parse("hello").is_err());
    let swapped: String = text.chars().map(|c| if c == 'A' { 'B' } else { c }).collect();
    assert!(EnrolmentToken::parse(&swapped).is_err());
}

proptest! {
    #[test]
    fn times_round_trip(base: i64, other: i64) {
        let mut first = event(Body::Anomaly(Anomaly { kind: String::new(), detail: String::new() }));
        first.time = Timestamp::from_nanos(base);
        let mut second = first.clone();
        second.time = Timestamp::from_nanos(other);
        let frame = frame_of(&[first, second], 1);
        let decoded = Decoder::new().unwrap().events(&frame.bytes).unwrap();
        let times: Vec<i64> = decoded.events.iter().map(|(_, event)| event.time.nanos()).collect();
        prop_assert_eq!(times, [base, other].map(|nanos| Timestamp::from_nanos(nanos).whole_micros().nanos()));
    }

    #[test]
    fn any_bytes_are_no_panic(bytes: Vec<u8>) {
        let _ = open(&bytes);
        let _ = decode_control(&bytes);
        let _ = EnrolmentToken::parse(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_body_is_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), count in 1u32..9) {
        let _ = Decoder::new().unwrap().events(&forged(&compressed(&bytes), count));
    }
}

#[test]
fn a_score_says_which_bundle_gave_it_and_a_release_that_does_not_know_that_reads_the_rest() {
    let mut scored = flow();
    if let Some(score) = &mut scored.score {
        score.digest = Some(std::sync::Arc::new([7; 32]));
    }
    for detail in [None, Some(Box::new(AppDetail { messages: vec!["a".to_owned()], ..AppDetail::default() }))] {
        let sent = event(Body::Flow(Box::new(Flow { detail, ..scored.clone() })));
        let frame = frame_of(std::slice::from_ref(&sent), 1);
        let read = Decoder::new().unwrap().events(&frame.bytes).unwrap();
        assert_eq!((read.unknown, read.malformed), (0, 0));
        assert_eq!(read.events.into_iter().map(|(_, event)| event).collect::<Vec<_>>(), received(vec![sent]));
    }
}
