//! Every tunnel around the same conversations: what events say of them does not change.

use picket_agent::sensor::{Sensor, Settings};
use picket_event::{Body, Event, Ledger};
use picket_packet::{Frame, WireLen};
use picket_tests::make::message::{Hello, dns_answer, dns_query, modbus, server_hello};
use picket_tests::make::{Capture, Host, Tcp, Wrap, layer2, udp};

const START: i64 = 1_772_409_600_000_000_000;

/// A TLS handshake, Modbus requests and a DNS question between two hosts.
fn conversations(client: &Host, server: &Host) -> Capture {
    let mut capture = Capture::default();
    let hello = Hello {
        sni: "plant.example",
        alpn: &["h2"],
        ciphers: &[0x1301, 0xc02f],
        groups: &[29],
        signatures: &[0x0403],
        extra: &[23],
        tls13: true,
    };
    Tcp::open(&mut capture, START, (client, 40_001), (server, 443))
        .to_server(&hello.record(7))
        .to_client(&server_hello(0xc02f, 9))
        .close();
    let mut tcp = Tcp::open(&mut capture, START + 1_000_000, (client, 40_002), (server, 502));
    for transaction in 0..5 {
        tcp.to_server(&modbus(transaction, 1, &[3, 0, 10, 0, 2])).to_client(&modbus(
            transaction,
            1,
            &[3, 4, 0, 1, 0, 2],
        ));
    }
    tcp.close();
    udp(&mut capture, START + 2_000_000, (client, 40_003), (server, 53), &dns_query(5, "hmi.plant.example", 1));
    udp(&mut capture, START + 3_000_000, (server, 53), (client, 40_003), &dns_answer(5, "hmi.plant.example", None));
    capture
}

pub(crate) fn run(capture: &Capture, settings: &Settings) -> (Vec<Event>, Ledger) {
    let mut events = Vec::new();
    let mut sensor = Sensor::new(settings);
    for (time_ns, data) in capture.sorted() {
        let wire_len = WireLen(u32::try_from(data.len()).unwrap());
        sensor.frame(Frame { time_ns: *time_ns, link_type: 1, wire_len, data }, &mut events);
    }
    sensor.finish(&mut events);
    let ledger = sensor.ledger();
    assert_eq!(ledger.imbalance(), None);
    (events, ledger)
}

/// The events without what a tunnel rightly changes: sizes on the wire (and sums of them), the VLAN id, the tunnel itself.
fn inner(events: &[Event]) -> Vec<Event> {
    let strip = |event: &Event| {
        let mut event = Event { vlan: Vec::new(), ..event.clone() };
        if let Body::Flow(flow) = &mut event.body {
            flow.bytes = Default::default();
            flow.tunnel = None;
        }
        event
    };
    let summed = |event: &&Event| matches!(event.body, Body::Host(_) | Body::Pair(_));
    events.iter().filter(|event| !summed(event)).map(strip).collect()
}

fn hosts(v6: bool) -> [Host; 4] {
    let inside = if v6 { ["2001:db8::1", "2001:db8::2"] } else { ["10.0.0.1", "10.0.0.2"] };
    [Host::new(1, inside[0]), Host::new(2, inside[1]), Host::new(3, "192.0.2.1"), Host::new(4, "192.0.2.2")]
}

#[test]
fn events_inside_every_tunnel_are_those_of_the_open() {
    for v6 in [false, true] {
        let [client, server, near, far] = hosts(v6);
        let plain = conversations(&client, &server);
        let (expected, _) = run(&plain, &Settings::file("x"));
        assert!(expected.len() >= 8, "{expected:#?}");
        for wrap in Wrap::ALL.into_iter().filter(|wrap| wrap.takes(if v6 { 0x86dd } else { 0x0800 })) {
            let (events, ledger) = run(&plain.through(wrap, &near, &far), &Settings::file("x"));
            assert_eq!(inner(&events), inner(&expected), "{wrap:?}");
            assert_eq!((ledger.decoded, ledger.frames), (plain.frames() as u64, plain.frames() as u64), "{wrap:?}");
            for event in &events {
                let Body::Flow(flow) = &event.body else { continue };
                let told = flow.tunnel.as_ref().map(|t| (t.kind.as_ref(), t.src, t.dest, t.depth));
                assert_eq!(told, wrap.kind(v6).map(|kind| (kind, Some(near.ip), Some(far.ip), 1)), "{wrap:?}");
                let id = flow.tunnel.as_ref().and_then(|t| t.id);
                assert!(
                    matches!(wrap, Wrap::IpInIp | Wrap::Teredo | Wrap::Erspan(1) | Wrap::Capwap | Wrap::CapwapWireless)
                        || wrap.kind(v6).is_none()
                        || id == Some(77),
                    "{wrap:?} {id:?}"
                );
            }
        }
    }
}

#[test]
fn tunnels_in_tunnels_and_in_fragments_say_the_same() {
    let [client, server, near, far] = hosts(false);
    let plain = conversations(&client, &server);
    let expected = inner(&run(&plain, &Settings::file("x")).0);
    for outer in Wrap::ALL {
        for inside in Wrap::ALL {
            let wrapped = plain.through(inside, &near, &far);
            let types_fit =
                wrapped.sorted().iter().all(|(_, frame)| outer.takes(u16::from_be_bytes([frame[12], frame[13]])));
            if !inside.takes(0x0800) || !types_fit {
                continue;
            }
            let (events, _) = run(&wrapped.through(outer, &near, &far), &Settings::file("x"));
            assert_eq!(inner(&events), expected, "{inside:?} in {outer:?}");
        }
    }
    for wrap in Wrap::ALL.into_iter().filter(|wrap| wrap.takes(0x0800)) {
        // Inside the tunnel, outside of it, and both. (The fingerprint of a TCP stack wants a whole first packet.)
        let inner_pieces = plain.fragmented(64);
        let outer_pieces = plain.through(wrap, &near, &far).fragmented(64);
        let both = inner_pieces.through(wrap, &near, &far).fragmented(48);
        for (place, capture) in
            [("inside", inner_pieces.through(wrap, &near, &far)), ("outside", outer_pieces), ("both", both)]
        {
            let (events, ledger) = run(&capture, &Settings::file("x"));
            let sums = |events: &[Event]| {
                events.iter().filter(|e| !matches!(e.body, Body::Flow(_) | Body::Asset(_))).cloned().collect::<Vec<_>>()
            };
            assert_eq!(sums(&inner(&events)), sums(&expected), "{wrap:?} fragmented {place}");
            assert_eq!(ledger.decoded, capture.frames() as u64);
        }
    }
}

/// These frames through CAPWAP, each in fragments of so many bytes, the last one first.
fn through_capwap(plain: &Capture, client: &Host, (near, far): (&Host, &Host), size: usize) -> Capture {
    let mut capture = Capture::default();
    for (number, (time, frame)) in (0u16..).zip(plain.sorted()) {
        let is_up = frame[6..12] == client.mac;
        let (from, to) = if is_up { ((near, 50_000), (far, 5247)) } else { ((far, 5247), (near, 50_000)) };
        let parts: Vec<&[u8]> = frame.chunks(size).collect();
        for (at, part) in parts.iter().enumerate().rev() {
            let flags = if at + 1 == parts.len() { 0xc0 } else { 0x80 };
            let (id, offset) = (number.to_be_bytes(), ((at * size) as u16).to_be_bytes());
            let head = [[0, 0x10, 2, flags], [id[0], id[1], offset[0], offset[1]]].concat();
            udp(&mut capture, time + (parts.len() - at) as i64, from, to, &[&head[..], part].concat());
        }
    }
    capture
}

#[test]
fn frames_that_capwap_carries_in_fragments_are_put_together() {
    let [client, server, near, far] = hosts(false);
    let plain = conversations(&client, &server);
    let said = |events: &[Event]| {
        let said = |event: &&Event| !matches!(event.body, Body::Flow(_) | Body::Asset(_));
        inner(events).iter().filter(said).map(|event| event.body.clone()).collect::<Vec<_>>()
    };
    let expected = said(&run(&plain, &Settings::file("x")).0);
    assert!(expected.len() >= 4, "{expected:#?}");
    for size in [48, 1024] {
        let capture = through_capwap(&plain, &client, (&near, &far), size);
        let (events, ledger) = run(&capture, &Settings::file("x"));
        assert_eq!(said(&events), expected, "in pieces of {size}");
        assert_eq!((ledger.decoded, ledger.malformed.len()), (capture.frames() as u64, 0));
        for event in &events {
            let Body::Flow(flow) = &event.body else { continue };
            let told = flow.tunnel.as_ref().map(|t| (t.kind.as_ref(), t.src, t.dest, t.depth));
            assert_eq!(told, Some(("capwap", Some(near.ip), Some(far.ip), 1)));
        }
    }
    // The last fragments alone: counted, and told.
    let parts = through_capwap(&plain, &client, (&near, &far), 48);
    let mut lacking = Capture::default();
    for (time, frame) in parts.sorted().iter().filter(|(_, frame)| frame[45] == 0xc0) {
        lacking.push(*time, frame.clone());
    }
    let (events, ledger) = run(&lacking, &Settings::file("x"));
    assert!(ledger.capped.get("fragment_timeout").is_some_and(|count| *count > 10), "{ledger:?}");
    assert!(events.iter().any(|e| matches!(&e.body, Body::Anomaly(a) if a.kind == "fragment_incomplete")));
}

#[test]
fn conversations_below_ip_are_found_in_ethernet_tunnels() {
    let [client, server, near, far] = hosts(false);
    let mut plain = Capture::default();
    plain.push(START, layer2(client.mac, server.mac, 0x88b8, &[0, 1, 0, 8, 0, 0, 0, 0]));
    let expected = inner(&run(&plain, &Settings::file("x")).0);
    for wrap in [Wrap::QinQ, Wrap::Vxlan, Wrap::Geneve, Wrap::Erspan(2)] {
        let (events, _) = run(&plain.through(wrap, &near, &far), &Settings::file("x"));
        assert_eq!(inner(&events), expected, "{wrap:?}");
    }
}

#[test]
fn f33_tunnels_deeper_than_the_limit_are_counted_by_name() {
    let [client, server, near, far] = hosts(false);
    let plain = conversations(&client, &server);
    let mut deep = plain.clone();
    for _ in 0..9 {
        deep = deep.through(Wrap::Vxlan, &near, &far);
    }
    let (_, ledger) = run(&deep, &Settings::file("x"));
    assert_eq!(ledger.undecodable.get("tunnel_depth"), Some(&(plain.frames() as u64)));
}

#[test]
fn f39_wrong_checksums_are_left_out_and_told_where_asked_for() {
    let [client, server, ..] = hosts(false);
    let mut plain = conversations(&client, &server);
    let checked = Settings { checksums: picket_packet::Checksums::Check, ..Settings::file("x") };
    assert_eq!(run(&plain, &checked), run(&plain, &Settings::file("x")), "right ones change nothing");
    // A request with other bytes and the checksum of the true one, before it.
    let (time, mut forged) =
        plain.sorted().into_iter().find(|(_, f)| f.len() == 54 + 12 && f[36..38] == [1, 246]).unwrap().clone();
    *forged.last_mut().unwrap() ^= 0xff;
    plain.push(time - 1, forged);
    let (events, ledger) = run(&plain, &checked);
    assert_eq!(ledger.undecodable.get("checksum_tcp"), Some(&1));
    let kinds = |events: &[Event]| -> Vec<String> {
        events.iter().filter_map(|e| if let Body::Anomaly(a) = &e.body { Some(a.kind.clone()) } else { None }).collect()
    };
    assert_eq!(kinds(&events), ["checksum_wrong"]);
    let (events, ledger) = run(&plain, &Settings::file("x"));
    assert_eq!((kinds(&events), ledger.capped.get("tcp_overlap")), (vec!["tcp_overlap".to_owned()], Some(&1)));
}
