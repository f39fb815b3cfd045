//! Frames with their checksums, what they are called, and what is none.

use super::*;
use crate::rehearsal::{c, datagrams, ends, rehearse, s};
use crate::{Dissector, Head, Probe};
use picket_event::Transport;
use proptest::prelude::*;

/// CRC-CCITT, bit by bit.
fn sum(bytes: &[u8]) -> [u8; 2] {
    let mut crc = 0xffff_u16;
    for bit in bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| u16::from(byte >> at & 1))) {
        crc = if (crc >> 15) ^ bit == 1 { crc << 1 ^ 0x1021 } else { crc << 1 };
    }
    crc.to_be_bytes()
}

fn frame(kind: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xaa, kind << 4 | 1];
    bytes.extend(u16::try_from(data.len() + 16).unwrap().to_be_bytes());
    bytes.extend([0x1e, 0x36, 0x44, 0x85, 0x27, 0xf0, 0x56, 0x07, 0x10, 0x98]);
    bytes.extend(data);
    bytes.extend(sum(&bytes));
    bytes
}

/// The example of a command in the standard's annex D ends with this checksum.
#[test]
fn the_example_of_the_standard_has_its_checksum() {
    let mut command = vec![0xaa, 0x41, 0, 0x12, 0x1e, 0x36, 0x44, 0x85, 0x36, 0, 0x0f, 0x0b, 0xbf, 0xd0, 0, 2];
    command.extend(sum(&command));
    assert_eq!(command[16..], crate::checksum::ccitt(&command[..16]).to_be_bytes());
    assert_eq!(rehearse(40_001, 7, &[c(&command)]).operations(), ["subscribe/request"]);
}

fn configuration(names: &[&[u8; 16]]) -> Vec<u8> {
    let mut data = vec![0, 0x0f, 0x42, 0x40, 0, u8::try_from(names.len()).unwrap()];
    for name in names {
        data.extend(**name);
        data.extend([0x1e, 0x36, 0, 4, 0, 1, 0, 0, 0, 0]);
        data.extend(b"VA              ");
        data.extend([0, 0x0d, 0xf8, 0x47, 0, 0, 0, 1]);
    }
    data.extend([0, 30]);
    frame(3, &data)
}

#[test]
fn commands_and_their_answers_are_read_and_data_are_not() {
    let heard = rehearse(
        40_001,
        9,
        &[
            c(&frame(4, &[0, 5])),
            s(&configuration(&[b"Station A       "])),
            c(&frame(4, &[0, 3])),
            s(&frame(1, b"a header")),
            c(&frame(4, &[0, 2])),
            s(&frame(0, &[0; 22])),
            s(&frame(0, &[1; 22])),
            c(&frame(4, &[0, 1])),
            c(&frame(4, &[0, 8, 1, 2])),
            c(&frame(4, &[0x12, 0x34])),
        ],
    );
    let wanted = [
        "read/request",
        "read/response",
        "read/request",
        "read/response",
        "subscribe/request",
        "subscribe/request",
        "other/request",
        "other/request",
    ];
    assert_eq!(heard.operations(), wanted);
    assert_eq!(heard.ics()[0].unit, Some(0x1e36));
    assert_eq!(
        (heard.assets()[0].names.as_slice(), heard.assets()[0].roles[0].as_str()),
        (&["Station A".to_owned()][..], "pmu")
    );
}

#[test]
fn a_checksum_that_does_not_fit_is_damage() {
    let mut broken = frame(4, &[0, 2]);
    broken[15] ^= 1;
    let heard = datagrams(
        ends(40_001, Transport::UDP),
        &[s(&configuration(&[b"A               ", b"B               "])), c(&broken)],
    );
    assert_eq!((heard.ics().len(), heard.output.malformed.as_slice()), (1, &["synchrophasor: checksum"][..]));
    assert_eq!(heard.assets()[0].roles, ["pdc"]);
}

fn probe(to_server: &[u8], to_client: &[u8]) -> Probe {
    Synchrophasor.probe(&Head { transport: Transport::TCP, to_server, to_client })
}

#[test]
fn who_commands_is_the_client() {
    assert!(matches!(probe(&[], &frame(4, &[0, 2])), Probe::Yes { reversed: true, .. }));
    assert!(matches!(probe(&[], &frame(0, &[0, 2])), Probe::Yes { reversed: false, .. }));
    assert_eq!(probe(&frame(4, &[0, 2])[..10], &[]), Probe::More);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_frame_of_the_standard_is_told(kind in 0u8..6, data in proptest::collection::vec(any::<u8>(), 2..300)) {
        let told = probe(&frame(kind, &data), &[]);
        let sure = matches!(told, Probe::Yes { confidence, .. } if confidence.get() > 0.96);
        prop_assert!(sure, "{told:?}");
        rehearse(40_001, 50, &[s(&frame(kind, &data))]);
    }

    #[test]
    fn random_bytes_are_not(a: [u8; 64], b: [u8; 64]) {
        let told = matches!(probe(&a, &b), Probe::Yes { .. });
        prop_assert!(!told);
    }
}
