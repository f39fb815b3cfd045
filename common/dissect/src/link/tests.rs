//! Frames that are told by type and structure, and frames that only have the type.

use super::*;
use crate::{Context, Conversation, Output};
use picket_event::{Direction, Endpoints, Mac, Method, Timestamp, Transport};
use proptest::prelude::*;

/// What a conversation of one frame is called.
fn named(ether_type: u16, bytes: &[u8]) -> String {
    let endpoints = Endpoints::Link { src: Some(Mac([2; 6])), dest: None, ether_type: Some(ether_type), link_type: 1 };
    let context = Context { time: Timestamp::EPOCH, endpoints, opener_seen: true };
    let mut conversation = Conversation::new(&endpoints);
    let mut output = Output::default();
    conversation.datagram(Direction::ToServer, bytes, &context, &mut output);
    conversation.end(Direction::ToServer, &context, &mut output);
    conversation.end(Direction::ToClient, &context, &mut output);
    let app = conversation.app();
    assert_eq!(app.method, (!app.protocol.is_unknown()).then_some(Method::Fingerprint));
    app.protocol.name().to_owned()
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut frame = bytes.to_vec();
    frame.resize(bytes.len().max(46), 0);
    frame
}

/// One frame of each, made by the standard's layout.
fn frames() -> Vec<(&'static str, u16, Vec<u8>)> {
    let arp = [&[0, 1, 8, 0, 6, 4, 0, 1][..], &[2; 6], &[192, 0, 2, 1], &[0; 6], &[192, 0, 2, 2]].concat();
    let lldp = [&[2, 7, 4][..], &[2; 6], &[4, 3, 5, b'p', b'1', 6, 2, 0, 120, 0, 0]].concat();
    let goose = [&[0, 1, 0, 12, 0, 0, 0, 0, 0x61, 2][..], &[0x80, 0]].concat();
    let values = [&[0x40, 0, 0, 13, 0, 0, 0, 0, 0x60, 3][..], &[0x80, 1, 1]].concat();
    let mut cyclic = vec![0x80, 0x01];
    cyclic.extend([0; 40]);
    cyclic.extend([0x12, 0x34, 0x35, 0]);
    let wake = [&[0xff; 6][..], &[2; 6].repeat(16)].concat();
    vec![
        ("arp", 0x0806, arp),
        ("lldp", 0x88cc, lldp),
        ("zigbee", 0x809a, vec![0x61, 0x88, 1, 0xcd, 0xab, 0, 0, 1, 0, 0x48, 0, 0, 0, 1, 0, 30, 7]),
        ("cdp", 0x2000, vec![2, 180, 0, 0, 0, 1, 0, 6, b's', b'w']),
        ("stp", 0x42, vec![0x42, 0x42, 3, 0, 0, 2, 2, 0]),
        ("stp", 0x010b, vec![0, 0, 2, 2, 0]),
        ("lacp", 0x8809, vec![1, 1, 1, 20]),
        ("ethernet_oam", 0x8809, vec![3, 0, 0x50, 0]),
        ("eapol", 0x888e, vec![1, 1, 0, 0]),
        ("ptp", 0x88f7, [&[0x0b, 2, 0, 40][..], &[0; 42]].concat()),
        ("macsec", 0x88e5, vec![0x2c, 0, 0, 0, 0, 1]),
        ("homeplug", 0x88e1, vec![1, 0x38, 0x60]),
        ("lltd", 0x88d9, vec![1, 0, 0, 0]),
        ("pppoe", 0x8863, vec![0x11, 9, 0, 0, 0, 4, 1, 1, 0, 0]),
        ("vtp", 0x2003, vec![1, 1, 0, 5]),
        ("dtp", 0x2004, vec![1, 0, 1, 0, 5, 0]),
        ("udld", 0x0111, vec![0x21, 1, 0, 0, 0, 1, 0, 8]),
        ("isis", 0xfe, vec![0xfe, 0xfe, 3, 0x83, 27, 1]),
        ("mvrp", 0x88f5, vec![0, 1, 2]),
        ("wake_on_lan", 0x0842, wake),
        ("loopback", 0x9000, vec![0, 0, 1, 0]),
        ("prp", 0x88fb, vec![0, 1, 0, 9, 20, 6]),
        ("avtp", 0x22f0, vec![2, 0x81]),
        ("realtek", 0x8899, vec![0x23]),
        ("netbios", 0xf0, vec![0xf0, 0xf0, 3, 0x2c, 0, 0xff, 0xef, 8]),
        ("xid", 0x00, vec![0, 1, 0xaf, 0x81, 1, 0]),
        ("goose", 0x88b8, goose),
        ("sv", 0x88ba, values),
        ("gsse", 0xfe, vec![0xfe, 0xfe, 3, 0, 5, 0x40, 0xc1, 2, 0, 1, 0x60]),
        ("profinet_dcp", 0x8892, vec![0xfe, 0xfe, 5, 0, 0, 0, 0, 1, 0, 1, 0, 4, 0xff, 0xff, 0, 0]),
        ("profinet_ptcp", 0x8892, vec![0xff, 0x40]),
        ("profinet_rt", 0x8892, cyclic),
        ("profinet_rt", 0x8892, vec![0xfc, 0x01, 0, 1, 0, 2, 0x11, 0x11, 0, 1, 0, 0, 0, 4]),
        ("profinet_mrp", 0x88e3, vec![0, 1, 2, 18]),
        ("ethercat", 0x88a4, vec![0x0c, 0x10, 7, 2]),
        ("powerlink", 0x88ab, vec![1, 255, 240]),
        ("sercos", 0x88cd, vec![0x40, 4]),
        ("bacnet", 0x82, vec![0x82, 0x82, 3, 1, 0x20, 0xff, 0xff, 0, 0xff, 0x10, 8]),
        ("bacnet", 0x0001, vec![0, 0, 0, 0, 0x10, 0x05, 0, 0, 0x8c]),
    ]
}

#[test]
fn frames_are_told_by_type_and_structure() {
    for (name, ether_type, bytes) in frames() {
        assert_eq!(named(ether_type, &padded(&bytes)), name, "{ether_type:#06x} {bytes:02x?}");
    }
}

/// The type is there, the structure is not.
#[test]
fn a_type_alone_names_nothing() {
    let ones = [0xff; 64];
    for (name, ether_type, _) in frames() {
        assert_eq!(named(ether_type, &ones), "unknown", "{name}");
    }
    assert_eq!(named(0x1234, &ones), "unknown");
}

/// Two protocols of one type are told apart, and no frame is claimed by two.
#[test]
fn no_two_signatures_claim_one_frame() {
    for (name, ether_type, bytes) in frames() {
        let bytes = padded(&bytes);
        let head = Head { transport: Transport(0), to_server: &bytes, to_client: &[] };
        let claims: Vec<_> = ALL
            .iter()
            .filter(|s| s.ether_types.contains(&ether_type) && matches!(s.ask(&head), Probe::Yes { .. }))
            .map(|s| s.protocol.name())
            .collect();
        assert!(claims.len() <= 1 && claims.iter().all(|claim| *claim == name), "{name}: {claims:?}");
    }
}

proptest! {
    #[test]
    fn f32_any_bytes_below_ip(at in 0..ALL.len(), bytes in proptest::collection::vec(any::<u8>(), 1..80)) {
        for ether_type in ALL[at].ether_types {
            named(*ether_type, &bytes);
        }
    }
}
