//! Messages with their checksums, errors, and what is none.

use super::*;
use crate::rehearsal::{c, datagrams, ends, rehearse, s};
use crate::{Dissector, Head, Probe};
use picket_event::Transport;
use proptest::prelude::*;

/// CRC-16, bit by bit.
fn sum(begin: u16, bytes: &[u8]) -> [u8; 2] {
    let mut crc = begin;
    for bit in bytes.iter().flat_map(|byte| (0..8).map(move |at| u16::from(byte >> at & 1))) {
        crc = if (crc ^ bit) & 1 == 1 { crc >> 1 ^ 0xa001 } else { crc >> 1 };
    }
    crc.to_le_bytes()
}

fn message(begin: u16, dest: [u8; 2], src: [u8; 2], opcode: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = [&dest[..], &src, &[opcode, u8::try_from(data.len()).unwrap()], data].concat();
    bytes.extend(sum(begin, &bytes));
    bytes
}

fn ask(opcode: u8, data: &[u8]) -> Vec<u8> {
    message(0, [7, 2], [1, 0], opcode, data)
}

fn answer(opcode: u8, data: &[u8]) -> Vec<u8> {
    message(0xffff, [1, 0], [7, 2], opcode, data)
}

#[test]
fn opcodes_give_operations_and_errors_those_of_their_requests() {
    let heard = rehearse(
        40_001,
        5,
        &[
            c(&ask(6, &[])),
            s(&answer(6, &[1, 2, 3])),
            c(&ask(166, &[3, 1, 2, 9, 0, 1])),
            s(&answer(255, &[4, 0])),
            c(&ask(167, &[3, 1, 2, 9])),
            s(&answer(167, &[3, 1, 2, 9, 0, 0])),
            s(&answer(224, &[1])),
            c(&ask(99, &[])),
            s(&answer(255, &[1, 4])),
            s(&answer(255, &[1, 4])),
        ],
    );
    let wanted = [
        "identify/request",
        "identify/response",
        "write/request",
        "write/exception",
        "read/request",
        "read/response",
        "alarm/unsolicited",
        "other/request",
        "other/exception",
        "other/exception",
    ];
    assert_eq!(heard.operations(), wanted);
    assert!(heard.ics().iter().all(|ics| ics.unit == Some(7)));
    assert_eq!(heard.ics()[4].range, Some((9, 10)));
}

#[test]
fn a_checksum_that_does_not_fit_is_damage() {
    let mut broken = ask(7, &[]);
    broken[0] ^= 1;
    let heard = datagrams(ends(4000, Transport::UDP), &[c(&ask(7, &[])), c(&broken), c(&ask(7, &[]))]);
    assert_eq!((heard.ics().len(), heard.output.malformed.as_slice()), (2, &["roc_plus: checksum"][..]));
}

/// Nothing marks a message's beginning: it is found by its checksum.
#[test]
fn a_stream_is_taken_up_again_inside_bytes_that_are_none() {
    let few = message(0, [1, 0], [7, 2], 7, &[1; 9]);
    let heard = rehearse(40_001, 99, &[s(&few), s(&[0, 0]), s(&few), s(&few), s(&few)]);
    assert_eq!(heard.ics().len(), 4);
    assert_eq!(heard.output.malformed, ["bytes that are no message"]);
}

fn probe(to_server: &[u8], to_client: &[u8]) -> Probe {
    RocPlus.probe(&Head { transport: Transport::TCP, to_server, to_client })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_message_of_the_manual_is_told(
        at in 0usize..8, ones: bool, ends: [u8; 4], data in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let opcode = [6, 7, 10, 17, 118, 166, 180, 203][at];
        let begin = if ones { 0xffff } else { 0 };
        let [a, b, c, d] = ends;
        let (asks, says) = (message(begin, [a, b], [c, d], opcode, &data), message(begin, [c, d], [a, b], opcode, &data));
        // A checksum that begins with ones is that of a serial line's Modbus too, and needs the answer.
        for (told, least) in [(probe(&asks, &[]), if ones { 0.5 } else { 0.9 }), (probe(&asks, &says), 0.79)] {
            let sure = matches!(told, Probe::Yes { confidence, .. } if confidence.get() > least);
            prop_assert!(sure, "{told:?}");
        }
    }

    #[test]
    fn random_bytes_are_not(a: [u8; 64], b: [u8; 64]) {
        let told = matches!(probe(&a, &b), Probe::Yes { .. });
        prop_assert!(!told);
    }
}
