//! Messages with their escapes and checksums, and what is none.

use super::*;
use crate::rehearsal::{c, rehearse, s};
use crate::{Dissector, Head, Probe};
use picket_event::Transport;
use proptest::prelude::*;

/// CRC-16 begun with ones, bit by bit.
fn sum(bytes: &[u8]) -> [u8; 2] {
    let mut crc = 0xffff_u16;
    for bit in bytes.iter().flat_map(|byte| (0..8).map(move |at| u16::from(byte >> at & 1))) {
        crc = if (crc ^ bit) & 1 == 1 { crc >> 1 ^ 0xa001 } else { crc >> 1 };
    }
    crc.to_le_bytes()
}

/// A message, its inside escaped.
fn message(code: u8, inside: &[u8]) -> Vec<u8> {
    let whole = [&[code][..], inside].concat();
    let mut bytes = vec![code];
    for byte in inside.iter().chain(&sum(&whole)) {
        match byte {
            0xf0.. => bytes.extend([0xf0, byte & 15]),
            _ => bytes.push(*byte),
        }
    }
    bytes.push(0xf6);
    bytes
}

#[test]
fn a_control_is_selected_and_executed() {
    assert_eq!(message(0xfb, &[1]), [0xfb, 1, 0x83, 0x40, 0xf6], "as published");
    let (control, data) = (message(0xfc, &[1, 2, 0xf7]), message(0xf2, &[1, 3, 1, 4, 9]));
    let heard = rehearse(
        40_001,
        2,
        &[
            c(&message(0xfb, &[1])),
            s(&[0xf1, 1, 0xf6]),
            c(&control),
            s(&message(0xf3, &[1, 2, 0xf7])),
            c(&message(0xfe, &[1])),
            s(&data),
            c(&message(0xfa, &[1])),
            s(&[0xf1, 1, 0xf6]),
            c(&message(0xfd, &[1])),
            c(&[0xfb, 1, 0xf6]),
        ],
    );
    let wanted = [
        "read/request",
        "session/response",
        "select/request",
        "select/response",
        "control/request",
        "report/response",
        "session/request",
        "session/response",
        "read/request",
        "read/request",
    ];
    assert_eq!(heard.operations(), wanted);
    let ics = heard.ics();
    assert_eq!((ics[2].range, ics[2].value), (Some((2, 2)), Some(247.0)));
    assert_eq!((ics[5].range, ics[5].value), (Some((3, 4)), None));
}

/// Some senders escape the data and not the checksum.
#[test]
fn checksums_that_are_not_escaped_are_read() {
    let mut seen = 0;
    for value in 0..=0xff_u8 {
        let whole = [0xf2, 1, 3, value & 0x7f, 4, value >> 4];
        let sum = sum(&whole);
        if sum.iter().any(|byte| *byte >= 0xf0) && !sum.contains(&0xf6) {
            let bytes = [&whole[..], &sum, &[0xf6]].concat();
            assert_eq!(rehearse(10_001, 4, &[s(&bytes)]).operations(), ["report/response"], "{bytes:02x?}");
            seen += 1;
        }
    }
    assert!(seen > 10);
}

#[test]
fn damage_is_told() {
    let mut broken = message(0xf2, &[1, 3, 1]);
    broken[2] ^= 1;
    let heard = rehearse(
        10_001,
        99,
        &[s(&message(0xf2, &[1, 3, 1])), s(&broken), s(&[0xf2, 0xff, 1, 2]), s(&message(0xf2, &[1, 3, 1]))],
    );
    assert_eq!(heard.ics().len(), 2);
    assert_eq!(heard.output.malformed, ["genisys: checksum", "genisys: byte that is not escaped"]);
}

fn probe(to_server: &[u8], to_client: &[u8]) -> Probe {
    Genisys.probe(&Head { transport: Transport::TCP, to_server, to_client })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_message_with_a_checksum_is_told(at in 0usize..7, station: u8, data in proptest::collection::vec(any::<u8>(), 0..100)) {
        let code = [0xf2, 0xf3, 0xf9, 0xfa, 0xfb, 0xfc, 0xfe][at];
        let told = probe(&message(code, &[&[station][..], &data].concat()), &[]);
        let sure = matches!(told, Probe::Yes { confidence, .. } if confidence.get() > 0.9);
        prop_assert!(sure, "{told:?}");
    }

    #[test]
    fn random_bytes_are_not(a: [u8; 64], b: [u8; 64]) {
        let told = matches!(probe(&a, &b), Probe::Yes { .. });
        prop_assert!(!told);
    }
}
