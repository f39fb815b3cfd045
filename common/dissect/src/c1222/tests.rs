//! Services with their answers, and what is none.

use super::*;
use crate::rehearsal::{c, rehearse, s};
use crate::{Dissector, Head, Probe};
use picket_event::Transport;
use proptest::prelude::*;

fn tlv(tag: u8, inside: &[u8]) -> Vec<u8> {
    match u8::try_from(inside.len()).unwrap() {
        short @ 0..=0x7f => [&[tag, short][..], inside].concat(),
        long => [&[tag, 0x81, long][..], inside].concat(),
    }
}

/// A message: flags, services behind their lengths, the invocation that it is or answers.
fn message(flags: u8, invocation: u8, answers: bool, services: &[&[u8]]) -> Vec<u8> {
    let mut epsem = vec![flags];
    for service in services {
        epsem.push(u8::try_from(service.len()).unwrap());
        epsem.extend(*service);
    }
    let mut inside = tlv(0xa2, &tlv(6, &[0x2b, 6, 1, 4, 1]));
    if answers {
        inside.extend(tlv(0xa4, &tlv(2, &[invocation])));
    }
    inside.extend(tlv(0xa6, &tlv(6, &[0x2b, 6, 1, 4, 2])));
    inside.extend(tlv(0xa8, &tlv(2, &[if answers { 99 } else { invocation }])));
    inside.extend(tlv(0xbe, &tlv(0x28, &tlv(0x81, &epsem))));
    tlv(0x60, &inside)
}

#[test]
fn services_are_read_with_their_answers() {
    let maker = [&[0, 0, 18][..], b"EXMP", b"METER-1 ", &[1, 0, 2, 7, 0, 0]].concat();
    let heard = rehearse(
        40_001,
        11,
        &[
            c(&message(0x80, 1, false, &[&[0x50, 0, 1], &[0x30, 0, 1], &[0x40, 0, 7, 0, 1, 9, 9]])),
            s(&message(0x80, 1, true, &[&[0], &maker, &[3]])),
            c(&message(0x80, 2, false, &[&[0x20]])),
            s(&message(0x80, 2, true, &[&[0, 2, 1, 0]])),
            c(&message(0x80, 3, false, &[&[0x26, 6, 1, 2], &[0x77]])),
            c(&message(0x88, 4, false, &[&[1, 2, 3]])),
            s(&message(0x88, 4, true, &[&[1, 2, 3]])),
            s(&message(0x80, 9, true, &[&[0]])),
        ],
    );
    let wanted = [
        "session/request",
        "read/request",
        "write/request",
        "session/response",
        "read/response",
        "write/exception",
        "identify/request",
        "identify/response",
        "browse/request",
        "other/request",
        "other/request",
        "other/response",
        "other/response",
    ];
    assert_eq!(heard.operations(), wanted);
    let ics = heard.ics();
    assert_eq!((ics[5].range, ics[5].object.as_deref()), (Some((7, 7)), Some("insufficient security clearance")));
    let asset = heard.assets()[0];
    assert_eq!(
        (asset.vendor.as_deref(), asset.model.as_deref(), asset.firmware.as_deref()),
        (Some("EXMP"), Some("METER-1"), Some("2.7"))
    );
}

/// Other protocols begin with the same tag: an application's, constructed.
#[test]
fn others_are_not_taken_for_it() {
    let security = [0x60, 8, 6, 6, 0x2b, 6, 1, 5, 5, 2, 0];
    let association = [0x60, 14, 0xa1, 9, 6, 7, 0x60, 0x85, 0x74, 5, 8, 1, 1, 0x8a, 1, 0];
    for bytes in [&security[..], &association] {
        assert_eq!(probe(bytes, &[]), Probe::No);
    }
}

fn probe(to_server: &[u8], to_client: &[u8]) -> Probe {
    C1222.probe(&Head { transport: Transport::TCP, to_server, to_client })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_message_of_the_standard_is_told(
        invocation: u8, answers: bool, code: u8, data in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let told = probe(&message(0x80, invocation, answers, &[&[&[code][..], &data].concat()]), &[]);
        let sure = matches!(told, Probe::Yes { confidence, .. } if confidence.get() > 0.96);
        prop_assert!(sure, "{told:?}");
    }

    #[test]
    fn random_bytes_are_not(a: [u8; 64], b: [u8; 64], marked: bool) {
        let mut a = a;
        if marked {
            a[..3].copy_from_slice(&[0x60, 62, 0xa2]);
        }
        let told = matches!(probe(&a, &b), Probe::Yes { .. });
        prop_assert!(!told);
    }
}
