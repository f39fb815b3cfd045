//! What each level leaves out, and that it is counted exactly.

use super::*;
use picket_event::{Body, Event};
use picket_packet::WireLen;
use picket_score::Bundle;

/// Ethernet, IPv4, UDP.
fn datagram(client_port: u16, server_port: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2; 12];
    bytes.extend([8, 0, 0x45, 0]);
    bytes.extend((28 + payload.len() as u16).to_be_bytes());
    bytes.extend([0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    for word in [client_port, server_port, 8 + payload.len() as u16, 0] {
        bytes.extend(word.to_be_bytes());
    }
    bytes.extend(payload);
    bytes
}

/// A question for `HOST-number.example`.
fn question(number: u16) -> Vec<u8> {
    let mut bytes = number.to_be_bytes().to_vec();
    bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 30]);
    bytes.extend(format!("host-{number:025}").as_bytes());
    bytes.extend(b"\x07example\x00\x00\x01\x00\x01");
    bytes
}

fn run(frames: &[Vec<u8>], level: Level, bundle: Option<Arc<Bundle>>) -> (Vec<Event>, Ledger) {
    let mut events = Vec::new();
    let mut sensor = Sensor::new(&Settings { bundle, ..Settings::file("x.pcap") });
    sensor.set_level(level);
    for (at, data) in frames.iter().enumerate() {
        let wire_len = WireLen(data.len() as u32);
        sensor.frame(Frame { time_ns: at as i64 * 1_000_000, link_type: 1, wire_len, data }, &mut events);
    }
    sensor.finish(&mut events);
    let ledger = sensor.ledger();
    assert_eq!(ledger.imbalance(), None);
    assert_eq!((ledger.frames, ledger.decoded), (frames.len() as u64, frames.len() as u64));
    (events, ledger)
}

fn missed(ledger: &Ledger) -> Vec<(&str, u64)> {
    let rows = ledger.capped.iter().filter_map(|(name, count)| Some((name.strip_prefix("degraded ")?, *count)));
    rows.collect()
}

fn count(events: &[Event], wanted: impl Fn(&Body) -> bool) -> usize {
    events.iter().filter(|event| wanted(&event.body)).count()
}

/// Packets in flow rows.
fn packets(events: &[Event]) -> u64 {
    let of = |event: &Event| {
        if let Body::Flow(flow) = &event.body { flow.packets.to_server + flow.packets.to_client } else { 0 }
    };
    events.iter().map(of).sum()
}

#[test]
fn reading_ends_behind_the_head_and_then_behind_recognition() {
    let frames: Vec<_> = (0..2_000).map(|number| datagram(5000, 53, &question(number))).collect();
    let is_dns = |body: &Body| matches!(body, Body::Dns(_));
    let (full, ledger) = run(&frames, Level::Full, None);
    assert_eq!((count(&full, is_dns), missed(&ledger)), (2_000, vec![]));
    let (heads, ledger) = run(&frames, Level::Heads, None);
    let head = (64 << 10) / question(0).len() + 1;
    assert_eq!((count(&heads, is_dns), missed(&ledger)), (head, vec![("reassembly", 1)]));
    let (recognised, ledger) = run(&frames, Level::Recognition, None);
    assert!(count(&recognised, is_dns) < 10, "{} questions", count(&recognised, is_dns));
    assert_eq!(missed(&ledger), [("detail", 1)]);
    for events in [&full, &heads, &recognised] {
        assert_eq!(packets(events), 2_000, "every packet is counted at every level");
        let named = count(events, |body| matches!(body, Body::Flow(flow) if flow.app.protocol.name() == "dns"));
        assert_eq!(named, count(events, |body| matches!(body, Body::Flow(_))), "and every row is named");
    }
}

#[test]
fn rows_go_unscored_and_are_counted() {
    let frames: Vec<_> = (0..50).map(|port| datagram(5000 + port, 9999, b"whatever")).collect();
    let bundle = || Some(Arc::new(Bundle::built_in().unwrap()));
    let scored = |body: &Body| matches!(body, Body::Flow(flow) if flow.score.is_some());
    let (full, ledger) = run(&frames, Level::Recognition, bundle());
    assert!(count(&full, |body| matches!(body, Body::Flow(_))) == 50);
    assert!(missed(&ledger).iter().all(|(step, _)| *step != "scoring"));
    let (unscored, ledger) = run(&frames, Level::Unscored, bundle());
    assert_eq!(count(&unscored, scored), 0);
    assert!(missed(&ledger).contains(&("scoring", 50)), "{:?}", ledger.capped);
}

#[test]
fn one_in_four_new_conversations_is_taken_and_known_ones_stay() {
    let mut frames: Vec<_> = (0..4_000).map(|port| datagram(5000 + port, 9999, b"whatever")).collect();
    let (events, ledger) = run(&frames, Level::Sampled, None);
    assert!((800..1_200).contains(&ledger.flows_opened), "{}", ledger.flows_opened);
    assert_eq!(ledger.flows_opened + ledger.flows_refused, 4_000);
    assert!(missed(&ledger).contains(&("sampling", ledger.flows_refused)), "{:?}", ledger.capped);
    assert_eq!(packets(&events), ledger.flows_opened);
    // Known before the level: every packet of it is still counted.
    let again = frames.clone();
    let mut events = Vec::new();
    let mut sensor = Sensor::new(&Settings::file("x.pcap"));
    frames.extend(again);
    for (at, data) in frames.iter().enumerate() {
        if at == 4_000 {
            sensor.set_level(Level::Sampled);
        }
        let wire_len = WireLen(data.len() as u32);
        sensor.frame(Frame { time_ns: at as i64 * 1000, link_type: 1, wire_len, data }, &mut events);
    }
    sensor.finish(&mut events);
    assert_eq!((packets(&events), sensor.ledger().flows_refused), (8_000, 0));
}

/// The built-in bundle under another name.
fn another() -> Arc<Bundle> {
    use picket_score::{DEFAULT_BUNDLE, Trust, bundle};
    let der = ring::signature::Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).unwrap();
    let key = ring::signature::Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap();
    let mut manifest = Bundle::built_in().unwrap().manifest().clone();
    "another".clone_into(&mut manifest.name);
    let bytes = bundle::seal(&manifest, bundle::tensors(DEFAULT_BUNDLE), &key).unwrap();
    let signer = bytes.get(16..48).unwrap().try_into().unwrap();
    Arc::new(Bundle::load(&bytes, &Trust { keys: vec![signer], ..Trust::default() }).unwrap())
}

#[test]
fn another_bundle_in_the_middle_loses_no_conversation_and_scores_say_which_gave_them() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../common/dissect/src/tls/golden/alerts.pcap");
    let frames = super::tests::frames_of(std::path::Path::new(golden));
    let (built_in, another) = (Arc::new(Bundle::built_in().unwrap()), another());
    let digest = *another.sha256();
    let run = |change: Option<usize>| {
        let first = Settings { bundle: Some(Arc::clone(&built_in)), ..Settings::file("x.pcap") };
        let second = Settings { bundle: Some(Arc::clone(&another)), ..first.clone() };
        let (mut sensor, mut events) = (Sensor::new(&first), Vec::new());
        for (at, frame) in frames.iter().enumerate() {
            if Some(at) == change {
                sensor.tune(&second, &mut events);
            }
            sensor.frame(frame.borrow(), &mut events);
        }
        sensor.finish(&mut events);
        (events, sensor.ledger())
    };
    let told = |events: &[Event]| -> Vec<bool> {
        let flows =
            events.iter().filter_map(|event| if let Body::Flow(flow) = &event.body { Some(flow) } else { None });
        flows.filter_map(|flow| Some(flow.score.as_ref()?.digest.as_deref() == Some(&digest))).collect()
    };
    let (plain, ledger) = run(None);
    assert!(!told(&plain).is_empty() && told(&plain).iter().all(|by_another| !by_another));
    for change in [0, frames.len() / 2] {
        let (events, books) = run(Some(change));
        assert_eq!(told(&events).len(), told(&plain).len());
        assert!(told(&events).contains(&true), "change at {change}");
        assert_eq!(
            (books.flows_opened, books.flows_closed, books.events, &books.abstained),
            (ledger.flows_opened, ledger.flows_closed, ledger.events, &ledger.abstained)
        );
    }
}

#[test]
fn a_smaller_table_ends_the_oldest_conversations_at_once() {
    let frames: Vec<_> = (0..4_000).map(|port| datagram(5000 + port, 9999, b"whatever")).collect();
    let (mut sensor, mut events) = (Sensor::new(&Settings::file("x.pcap")), Vec::new());
    for (at, data) in frames.iter().enumerate() {
        let wire_len = WireLen(data.len() as u32);
        sensor.frame(Frame { time_ns: at as i64 * 1000, link_type: 1, wire_len, data }, &mut events);
    }
    assert_eq!(sensor.ledger().flows_open, 4_000);
    let mut small = Settings::file("x.pcap");
    small.limits.flows = 640;
    sensor.tune(&small, &mut events);
    let ledger = sensor.ledger();
    assert_eq!((ledger.flows_open, ledger.flows_evicted), (640, 3_360));
    assert_eq!(packets(&events), 3_360, "each has its row");
    sensor.finish(&mut events);
    assert_eq!((packets(&events), sensor.ledger().imbalance()), (4_000, None));
}
